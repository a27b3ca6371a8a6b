"""Governance: what organisations decide together, and how. docs/governance.md tells it as a whole.

`contract` is what may be called, `motions` how a vote goes, `actions` what a motion can change.
"""
