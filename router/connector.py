"""The two ports through which a router reaches the world: its own chain, and a peer's router.

Another kind of chain joins by another implementation of these; `grpc_connector` is the one for
chains of our own kind.
"""

from dataclasses import dataclass
from typing import Protocol

from router.messages import Carried, CarriedBack


class CallFailed(Exception):
    """A call came to nothing. `poison`: the same call will fail again."""

    def __init__(self, code: str, *, poison: bool = False) -> None:
        self.code = code
        self.poison = poison
        super().__init__(code)


@dataclass(frozen=True, slots=True)
class OwnValues:
    """State leaves in the order asked, read from our own node, and the newest block."""

    values: tuple[bytes | None, ...]
    height: int
    block_time_ms: int


@dataclass(frozen=True, slots=True)
class ProvedLeaf:
    """A leaf with the evidence that another chain's light client checks; None: nothing there."""

    value: bytes | None
    proof: bytes


class OwnChain(Protocol):
    """The chain this router writes to. Every method raises CallFailed when it comes to nothing."""

    async def read(self, keys: tuple[str, ...]) -> OwnValues:
        """These leaves, without proof: our own node is believed, because only we are harmed."""
        ...

    async def read_proved(self, key: str, trusted_height: int | None = None) -> ProvedLeaf:
        """One leaf with its proof, to be carried to a peer whose light client is at that height."""
        ...

    async def submit(self, body: bytes) -> str:
        """Sign a body, submit it and wait; the code of its last operation once it is in a block."""
        ...

    async def open_for_router(self, packet_id: bytes) -> bytes:
        """Have the custodian open the document a packet of ours carries."""
        ...

    async def prepare_delivery(
        self, packet: bytes, proof: bytes, plaintext: bytes
    ) -> tuple[bytes, ...]:
        """Have the custodian seal and attribute what arrived; bodies to sign in this order."""
        ...


class PeerRouter(Protocol):
    """The router of a channel's other chain. Nothing it says is believed without proof."""

    async def pull_packets(
        self, channel: str, from_sequence: int, limit: int, trusted_height: int | None
    ) -> tuple[Carried, ...]:
        """Packets addressed to us, ascending, from that sequence on.

        `trusted_height`: how far our chain's light client knows the peer's chain, so that proofs
        bring the changes of validators since.
        """
        ...

    async def pull_receipts(
        self, channel: str, sequences: tuple[int, ...], trusted_height: int | None
    ) -> tuple[CarriedBack, ...]:
        """The receipts there are for packets we sent."""
        ...
