"""The process of one ledger node: storage, execution, pool, services, and what joins them."""
