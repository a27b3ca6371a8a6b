"""Agreement on the next block.

`machine` is the pure core (Tendermint, arXiv 1807.04938, algorithm 1): inputs in, `Output` out.
`driver` is the shell around it: it signs, logs, sends, commits, sets timers, syncs.
"""
