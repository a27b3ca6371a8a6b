"""Who is ahead of us, and whom to ask next for decided blocks. Pure: time comes in."""

from dataclasses import dataclass, field

from consensus.messages import BLOCK_BYTES_MAX, BlockRequest, BlockResponse
from consensus.network import PeerId
from consensus.settings import ConsensusSettings

_SHUN_FACTOR = 5
BATCH_BYTES = 12 * 1024 * 1024
"""What a peer answers to one request at most, beside its last block."""


@dataclass(slots=True)
class BlockSync:
    """Asks one peer at a time; one that doesn't answer comes last for a while.

    The next batch is asked for when half of the last one is committed, so that blocks keep coming
    while others are executed; large blocks make small batches. A claimed height is only a claim: it
    makes us ask, and stops counting when no block comes.
    """

    settings: ConsensusSettings
    heights: dict[PeerId, int] = field(default_factory=dict)
    """Committed height that each connected peer claims."""
    held: bool = False
    """Ask nobody for now: the node is catching up in another way."""
    _asked: PeerId | None = None
    _deadline_ms: int = 0
    _until: int = 0
    _helped: bool = False
    _large: int = 0
    _shunned: dict[PeerId, int] = field(default_factory=dict)
    _early: dict[int, tuple[PeerId, BlockResponse]] = field(default_factory=dict)

    def saw(self, peer: PeerId, committed: int) -> None:
        """A peer says up to where it has committed."""
        self.heights[peer] = committed

    def left(self, peer: PeerId) -> None:
        """A peer's connection ended."""
        self.heights.pop(peer, None)
        if self._asked == peer:
            self._asked = None

    def behind(self, committed: int, now_ms: int) -> bool:
        """Whether some peer that we have no reason to doubt claims more than we have."""
        return any(
            height > committed and self._shunned.get(peer, 0) <= now_ms
            for peer, height in self.heights.items()
        )

    def next_request(self, committed: int, now_ms: int) -> tuple[PeerId, BlockRequest] | None:
        """Whom to ask for what now, if anybody; then that peer's time runs."""
        if self.held:
            return None
        if self._asked is not None:
            if now_ms < self._deadline_ms:
                return self._further(committed)
            if not self._helped:
                self.doubt(self._asked, now_ms)
        ahead = [peer for peer in sorted(self.heights) if self.heights[peer] > committed]
        if not ahead:
            return None
        # With every peer in doubt, the one doubted first is asked again: its answer may be lost.
        in_doubt = {peer: max(0, self._shunned.get(peer, 0) - now_ms) for peer in ahead}
        self._asked = min(ahead, key=lambda peer: (in_doubt[peer], -self.heights[peer], peer))
        self._deadline_ms = now_ms + self.settings.sync_timeout_ms
        self._until, self._helped = committed, False
        return self._batch(self._asked)

    def doubt(self, peer: PeerId, now_ms: int) -> None:
        """The peer didn't answer, or wrongly: others come first for a while."""
        self._shunned[peer] = now_ms + _SHUN_FACTOR * self.settings.sync_timeout_ms
        if self._asked == peer:
            self._asked = None

    def progressed(self, committed: int, now_ms: int) -> None:
        """A block was committed: the asked peer's time starts again, or the batch is done."""
        self._helped = True
        self._deadline_ms = now_ms + self.settings.sync_timeout_ms
        if committed >= self._until:
            self._asked = None
        for height in [height for height in self._early if height <= committed]:
            del self._early[height]

    def arrived(self, size: int) -> None:
        """A block of so many bytes came: the larger the latest ones are, the fewer are asked for.

        A peer sends no more bytes for one request than `BATCH_BYTES`; what it leaves out would have
        to be waited for.
        """
        self._large = max(size, self._large * 15 // 16)

    def keep(self, peer: PeerId, response: BlockResponse, committed: int) -> bool:
        """Keep a block that came before its predecessors, if it was asked for and there is room."""
        size = sum(len(kept.block) for _, kept in self._early.values()) + len(response.block)
        wanted = committed < response.height <= self._until and response.height not in self._early
        if peer != self._asked or not wanted or size > 2 * BLOCK_BYTES_MAX:
            return False
        self._early[response.height] = (peer, response)
        return True

    def _further(self, committed: int) -> tuple[PeerId, BlockRequest] | None:
        """The batch after the one that is coming, when that one is half done."""
        peer = self._asked
        half_done = 2 * (self._until - committed) <= self.settings.sync_batch_blocks
        if peer is None or not half_done or self.heights.get(peer, 0) <= self._until:
            return None
        return self._batch(peer)

    def _batch(self, peer: PeerId) -> tuple[PeerId, BlockRequest]:
        fitting = max(1, BATCH_BYTES // self._large) if self._large else 1 << 16
        count = min(self.settings.sync_batch_blocks, fitting, self.heights[peer] - self._until)
        request = BlockRequest(self._until + 1, count)
        self._until += count
        return peer, request

    def take(self, height: int) -> tuple[PeerId, BlockResponse] | None:
        """The block of this height, if it came early."""
        return self._early.pop(height, None)
