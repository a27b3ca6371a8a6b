"""docs/contracts.md: made from the contracts' declarations, and checked against the tender."""
