"""The journey of a real medical e-bill through three chains, one file a step.

Each step acts through the APIs that its real party would use, waits for the chains to settle,
checks what came of it from outside, and tells it in lines a person can read. `run.STEPS` has
them in order.
"""
