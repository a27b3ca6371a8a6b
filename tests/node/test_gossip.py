"""Transactions between nodes: a strict message, pooled where it arrives, and only there."""

import asyncio
from collections.abc import Callable

import pytest

from consensus.network import PeerId
from faults import PeerFault
from ledger.kv import MemoryKeyValue
from node.gossip import KIND, DriverNetwork, Gossip, decode_transactions, encode_transactions
from tests.node.chains import Keys, decide, open_executor, registration

KEYS = Keys()
PEER = b"\x04" + b"p" * 64


class Wire:
    """The port to the other nodes, remembering what it was told."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.reported: list[tuple[PeerId, str]] = []
        self.deliver: Callable[[PeerId, bytes], None] = lambda _peer, _message: None

    def broadcast(self, message: bytes) -> None:
        self.sent.append(message)

    def send(self, peer: PeerId, message: bytes) -> None:
        self.sent.append(message)

    def listen(
        self,
        on_message: Callable[[PeerId, bytes], None],
        on_peer: Callable[[PeerId, bool], None],
    ) -> None:
        self.deliver = on_message

    def report(self, peer: PeerId, fault: PeerFault) -> None:
        self.reported.append((peer, fault.code.name))


def test_the_message_is_strict() -> None:
    message = encode_transactions([b"one", b"", b"three"])
    assert decode_transactions(message) == (b"one", b"", b"three")
    for bad in (
        b"",
        message[:-1],
        message + b"\0",
        b"\x01" + message[1:],
        bytes([KIND]) + b"\xff\xff\xff\xff",
        bytes([KIND]) + b"\x00\x00\x00\x01\xff\xff\xff\xff",
        bytes(11_000_000),
    ):
        with pytest.raises(PeerFault, match="GOSSIP_MALFORMED"):
            decode_transactions(bad)


def test_what_one_node_announces_another_pools() -> None:
    async def story() -> None:
        wire, executor = Wire(), open_executor(MemoryKeyValue(), KEYS)
        gossip = Gossip(executor, wire)
        pooled = asyncio.Event()
        gossip.pooled = pooled.set
        for_driver: list[bytes] = []
        DriverNetwork(wire, gossip).listen(
            lambda _peer, message: for_driver.append(message), lambda _peer, _here: None
        )
        work = asyncio.create_task(gossip.run())
        raw = registration(KEYS, 1)
        other = Gossip(open_executor(MemoryKeyValue(), KEYS), wire)
        other.announce(raw)
        wire.deliver(PEER, wire.sent.pop())
        wire.deliver(PEER, b"\x01 a consensus message")
        await asyncio.wait_for(pooled.wait(), 5)
        assert executor.pool_size() == 1
        assert for_driver == [b"\x01 a consensus message"]
        decide(executor, KEYS)
        # Late copies of what is committed, or expired, are no fault of the peer.
        wire.deliver(PEER, encode_transactions([raw, registration(KEYS, 2, last_height=0)]))
        wire.deliver(PEER, encode_transactions([registration(KEYS, 3)[:-1] + b"\0"]))
        async with asyncio.timeout(5):
            while not wire.reported:
                await asyncio.sleep(0.01)
        assert wire.reported == [(PEER, "GOSSIP_MALFORMED")]
        assert executor.pool_size() == 0
        work.cancel()

    asyncio.run(story())


def test_what_still_waits_is_announced_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        monkeypatch.setattr("node.gossip.REPEAT_SECONDS", 0.01)
        wire, executor = Wire(), open_executor(MemoryKeyValue(), KEYS)
        raw = registration(KEYS, 1)
        executor.submit(raw)
        work = asyncio.create_task(Gossip(executor, wire).run())
        async with asyncio.timeout(5):
            while not wire.sent:
                await asyncio.sleep(0.01)
        assert wire.sent[0] == encode_transactions([raw])
        work.cancel()

    asyncio.run(story())
