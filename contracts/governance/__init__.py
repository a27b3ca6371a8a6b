"""Governance: who decides blocks. Proposals about other matters will stand beside it."""
