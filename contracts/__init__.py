"""The rules: deterministic functions from (context, typed request) to writes and events.

The main path stops here once: `contracts.registry.apply_transaction`. Everything else is a rule
that it finds by (contract, method), or a record such a rule keeps.
"""
