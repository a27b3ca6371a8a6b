"""The parties of the stage, each with keys of its own. Their keys live in memory."""

from dataclasses import dataclass

from crypto.ports import Signer
from crypto.suites import Suite


@dataclass(frozen=True)
class Actor:
    """An organisation's desk or system on one chain: its roles there, and its key pair."""

    label: str
    chain: str
    org: str
    roles: tuple[str, ...]
    suite: Suite
    private_key: bytes

    @property
    def signer(self) -> Signer:
        """Signs for this actor."""
        return self.suite.signer(self.private_key)

    @property
    def public_key(self) -> bytes:
        """65 bytes, as registered on the chain."""
        return self.suite.public_key(self.private_key)
