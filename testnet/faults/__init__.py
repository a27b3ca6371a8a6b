"""Real faults for real processes: a chain of validators behind proxies, load, and figures.

`cluster` lays out and runs the validators, `proxy` stands on every link between two of them, `load`
hands in signed transactions, `figures` measures what faults cost (`python -m testnet.faults`).
"""
