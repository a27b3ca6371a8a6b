"""Transactions between nodes, over the same authenticated connections as consensus.

A transaction submitted at one node is announced to all, so that whoever proposes next can take it;
what a node still holds is announced again at intervals, because connections come and go. Messages
of this kind begin with a byte no consensus message begins with; the rest belong to the driver.
"""

import asyncio
from collections.abc import Callable, Sequence

from consensus.network import Network, PeerId
from faults import PeerFault, Rejected
from ledger.codec import Reader, Writer
from ledger.limits import TX_BYTES_MAX
from node.codes import GOSSIP_MALFORMED
from node.executor import Executor
from node.logs import get_logger, log_event
from node.why import wire
from node.why.diagnosis import Diagnosis

KIND = 0x80
MESSAGE_BYTES_MAX = 10 * 1024 * 1024
TRANSACTIONS_MAX = 1_000
REPEAT_SECONDS = 1.0
REPEAT_BYTES_MAX = 4 * 1024 * 1024
INBOX_MAX = 2_000

_TRANSACTION_MAX = TX_BYTES_MAX + 128
_CALLER_FAULTS = frozenset({"MALFORMED", "BAD_SIGNATURE", "WRONG_CHAIN", "TX_TOO_LARGE"})
"""Refusals an honest node never causes: it checks these before it announces."""

_log = get_logger("node.gossip")


def encode_transactions(transactions: Sequence[bytes]) -> bytes:
    """One message: the kind, u32 count, each transaction length-prefixed."""
    writer = Writer().u8(KIND).u32(len(transactions))
    for raw in transactions:
        writer.lp(raw)
    return writer.done()


def decode_transactions(message: bytes) -> tuple[bytes, ...]:
    """Undo `encode_transactions`; PeerFault for anything else."""
    try:
        reader = Reader(message, "transactions", limit=MESSAGE_BYTES_MAX)
        if reader.u8() != KIND:
            raise reader.refusal("another kind")
        count = reader.count(TRANSACTIONS_MAX)
        transactions = tuple(reader.lp(_TRANSACTION_MAX) for _ in range(count))
        reader.end()
    except Rejected as refused:
        raise PeerFault(GOSSIP_MALFORMED, refused.fields.get("reason", "")) from None
    return transactions


class Gossip:
    """Announces transactions of this node's pool and takes those that others announce."""

    def __init__(self, executor: Executor, network: Network) -> None:
        self._executor = executor
        self._network = network
        self._inbox: asyncio.Queue[tuple[PeerId, bytes]] = asyncio.Queue(INBOX_MAX)
        self.pooled: Callable[[], None] = lambda: None

    def announce(self, raw: bytes) -> None:
        """Tell all peers of a transaction that is new here."""
        self._network.broadcast(encode_transactions([raw]))

    def on_message(self, peer: PeerId, message: bytes) -> None:
        """Take a message of this kind; when too many wait it is dropped (it comes again)."""
        if not self._inbox.full():
            self._inbox.put_nowait((peer, message))

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._take())
            tasks.create_task(self._repeat())

    async def _take(self) -> None:
        while True:
            peer, message = await self._inbox.get()
            try:
                taken = await asyncio.to_thread(self._pool, message)
            except PeerFault as fault:
                self._network.report(peer, fault)
                continue
            if taken:
                self.pooled()

    def _pool(self, message: bytes) -> int:
        taken = 0
        for raw in decode_transactions(message):
            try:
                taken += self._executor.submit(raw)[1]
            except Rejected as refused:
                if refused.code.name in _CALLER_FAULTS:
                    raise PeerFault(GOSSIP_MALFORMED, refused.code.name) from None
                log_event(_log, "debug", "gossip.refused", code=refused.code.name)
        return taken

    async def _repeat(self) -> None:
        while True:
            await asyncio.sleep(REPEAT_SECONDS)
            waiting = self._executor.pool.take(TRANSACTIONS_MAX, REPEAT_BYTES_MAX)
            if waiting:
                self._network.broadcast(encode_transactions([one.raw for one in waiting]))


class DriverNetwork:
    """The network as the consensus driver sees it: everything but transactions and diagnosis."""

    def __init__(
        self, network: Network, gossip: Gossip, diagnosis: Diagnosis | None = None
    ) -> None:
        self._network = network
        self._gossip = gossip
        self._diagnosis = diagnosis
        self.others: dict[int, Callable[[PeerId, bytes], None]] = {}
        """Who takes messages of further kinds, by their first byte."""

    def broadcast(self, message: bytes) -> None:
        """Send to every connected peer."""
        self._network.broadcast(message)

    def send(self, peer: PeerId, message: bytes) -> None:
        """Send to one peer; nothing happens if it is not connected."""
        self._network.send(peer, message)

    def listen(
        self,
        on_message: Callable[[PeerId, bytes], None],
        on_peer: Callable[[PeerId, bool], None],
    ) -> None:
        """Say who takes the driver's messages and news of peers."""
        diagnosis = self._diagnosis

        def sort(peer: PeerId, message: bytes) -> None:
            if message[:1] == bytes([KIND]):
                self._gossip.on_message(peer, message)
            elif message[:1] == bytes([wire.KIND]) and diagnosis is not None:
                diagnosis.on_message(peer, message)
            elif message[:1] and message[0] in self.others:
                self.others[message[0]](peer, message)
            else:
                on_message(peer, message)

        def tell(peer: PeerId, connected: bool) -> None:
            if diagnosis is not None:
                diagnosis.on_peer(peer, connected)
            on_peer(peer, connected)

        self._network.listen(sort, tell)

    def report(self, peer: PeerId, fault: PeerFault) -> None:
        """The peer broke the protocol."""
        self._network.report(peer, fault)
