"""The port to the other nodes. Delivery is best effort: what is lost is sent again on Status."""

from collections.abc import Callable
from typing import Protocol

from faults import PeerFault

PeerId = bytes
"""A peer's authenticated node key, 65 bytes."""


class Network(Protocol):
    """Sends whole messages to authenticated peers. No method waits and none fails."""

    def broadcast(self, message: bytes) -> None:
        """Send to every connected peer."""

    def send(self, peer: PeerId, message: bytes) -> None:
        """Send to one peer; nothing happens if it is not connected."""

    def listen(
        self,
        on_message: Callable[[PeerId, bytes], None],
        on_peer: Callable[[PeerId, bool], None],
    ) -> None:
        """Say who takes messages and news of peers that come (True) and go (False)."""

    def report(self, peer: PeerId, fault: PeerFault) -> None:
        """The peer broke the protocol: count it and drop its connection."""
