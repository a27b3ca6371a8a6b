"""Peer connections over loopback: who gets in, what is dropped, and what a bad peer costs."""

import asyncio
import contextlib
import socket

import pytest

from consensus.codes import MESSAGE_MALFORMED
from crypto.suites import suite as suite_named
from faults import Misuse, PeerFault, Rejected
from node import peer_link
from node.peer_link import (
    FRAME_BYTES_MAX,
    Hello,
    Outbox,
    PeerIdentity,
    frame,
    read_frame,
    shake_hands,
)
from node.peer_tls import TlsKey, secure
from node.peers import PeerNetwork, PeerSettings

SUITE = suite_named("intl")
GENESIS = b"g" * 32
QUICK = PeerSettings(
    backoff_first_seconds=0.02, backoff_last_seconds=0.1, penalty_first_seconds=0.3
)


def identity(signer=None, chain_id="yl-test", genesis=GENESIS):
    signer = signer or SUITE.signer(SUITE.generate_private_key())
    return PeerIdentity(chain_id, genesis, SUITE, signer)


class Listener:
    def __init__(self, network):
        self.messages, self.news = [], []
        network.listen(
            lambda peer, message: self.messages.append((peer, message)),
            lambda peer, connected: self.news.append((peer, connected)),
        )


async def until(condition, seconds=5.0):
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


@contextlib.asynccontextmanager
async def networks(*identities, settings=QUICK, guests=()):
    """One network per identity, all knowing all; ports are found by starting twice."""
    keys = [one.signer.public_key for one in identities]
    ports = {}
    nets = []
    for key in keys:
        probe = await asyncio.start_server(lambda r, w: None, "127.0.0.1", 0)
        ports[key] = probe.sockets[0].getsockname()[1]
        probe.close()
        await probe.wait_closed()
    known = {key: ("127.0.0.1", ports[key]) for key in keys}
    try:
        for one in identities:
            net = PeerNetwork(one, known, settings, guests)
            await net.start("127.0.0.1", ports[one.signer.public_key])
            nets.append(net)
        yield nets
    finally:
        for net in nets:
            await net.stop()


async def dial(net):
    """A bare TCP connection to a network."""
    connection = socket.socket()
    connection.setblocking(False)
    await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", net.port))
    return connection


async def dial_tls(net, key=None):
    """A connection to a network with certificates exchanged and TLS on, and no hello yet."""
    return await secure(await dial(net), key or TlsKey(), dialing=True)


async def dial_in(net, who):
    """A connection that took the whole handshake, in our own hands."""
    channel = await dial_tls(net)
    await shake_hands(channel, who, dialing=True)
    return channel.reader, channel.writer


async def ends(reader):
    """Whether the other side cut the connection, in whatever way."""
    with contextlib.suppress(OSError):
        return await asyncio.wait_for(reader.read(), 5) == b""
    return True


def run(story):
    asyncio.run(asyncio.wait_for(story, 20))


def test_all_know_all_and_messages_arrive_whole_and_in_order():
    async def story():
        ids = [identity() for _ in range(4)]
        async with networks(*ids) as nets:
            listeners = [Listener(net) for net in nets]
            await until(lambda: all(net.connected() == 3 for net in nets))
            large = bytes(range(256)) * 4096 * 4
            nets[0].broadcast(b"first")
            nets[0].broadcast(large)
            nets[0].send(ids[1].signer.public_key, b"only you")
            sender = ids[0].signer.public_key
            await until(lambda: all(len(one.messages) >= 2 for one in listeners[1:]))
            await until(lambda: len(listeners[1].messages) == 3)
            assert [m for _, m in listeners[1].messages] == [b"first", large, b"only you"]
            assert {peer for peer, _ in listeners[2].messages} == {sender}

    run(story())


def test_both_ends_keep_the_same_one_connection():
    at_once = PeerSettings(backoff_first_seconds=0.02, yield_seconds=0.0)

    async def story():
        for _ in range(5):
            ids = [identity() for _ in range(2)]
            async with networks(*ids, settings=at_once) as nets:
                listeners = [Listener(net) for net in nets]
                await until(lambda nets=nets: all(net.connected() == 1 for net in nets))
                await asyncio.sleep(0.1)
                nets[0].broadcast(b"a")
                nets[1].broadcast(b"b")
                await until(lambda ls=listeners: all(one.messages for one in ls))
                links = [next(iter(net._links.values())) for net in nets]
                assert links[0].dialed != links[1].dialed

    run(story())


def test_a_lost_peer_comes_back():
    async def story():
        ids = [identity() for _ in range(2)]
        async with networks(*ids) as nets:
            listener = Listener(nets[0])
            await until(lambda: all(net.connected() == 1 for net in nets))
            port = nets[1].port
            known = {ids[0].signer.public_key: ("127.0.0.1", nets[0].port)}
            await nets[1].stop()
            await until(lambda: nets[0].connected() == 0)
            again = PeerNetwork(ids[1], known, QUICK)
            await again.start("127.0.0.1", port)
            await until(lambda: nets[0].connected() == 1)
            await again.stop()
            peer = ids[1].signer.public_key
            await until(lambda: listener.news[-1] == (peer, False))
            assert (peer, True) in listener.news

    run(story())


@pytest.mark.parametrize(
    ("stranger", "code"),
    [
        ({"chain_id": "yl-other"}, "PEER_HANDSHAKE"),
        ({"genesis": b"x" * 32}, "PEER_HANDSHAKE"),
        ({}, "PEER_UNKNOWN"),
    ],
)
def test_other_chains_and_unknown_keys_do_not_get_in(stranger, code):
    async def story():
        async with networks(identity()) as (net,):
            other = identity(**stranger)
            channel = await dial_tls(net)
            with contextlib.suppress(PeerFault, EOFError, OSError):
                await shake_hands(channel, other, dialing=True)
            assert await ends(channel.reader)
            assert net.faults[code] == 1
            assert net.connected() == 0
            channel.writer.close()

    run(story())


class WrongSigner:
    """Claims a key and signs with another."""

    def __init__(self, claimed):
        self.public_key = claimed
        self._signer = SUITE.signer(SUITE.generate_private_key())

    def sign(self, message):
        return self._signer.sign(message)


def test_a_claimed_key_without_its_signature_does_not_get_in():
    async def story():
        ids = [identity(), identity()]
        async with networks(*ids) as nets:
            await until(lambda: nets[0].connected() == 1)
            impostor = identity(WrongSigner(ids[1].signer.public_key))
            channel = await dial_tls(nets[0])
            with contextlib.suppress(PeerFault, EOFError, OSError):
                await shake_hands(channel, impostor, dialing=True)
            await until(lambda: nets[0].faults["PEER_HANDSHAKE"] == 1)
            assert nets[0].connected() == 1
            channel.writer.close()

    run(story())


def test_a_reflected_handshake_does_not_get_in():
    """Sending a node its own hello and signature back proves nothing."""

    async def story():
        async with networks(identity()) as (net,):
            channel = await dial_tls(net)
            hello = await read_frame(channel.reader, 1024)
            channel.writer.write(frame(hello))
            assert await ends(channel.reader)
            assert net.faults["PEER_HANDSHAKE"] == 1
            channel.writer.close()

    run(story())


HELLO = Hello("yl-test", GENESIS, b"\x04" * 65, b"c" * 32).encode()


@pytest.mark.parametrize(
    "first",
    [
        b"",
        b"GET / HTTP/1.1\r\n\r\n",
        b"\xff\xff\xff\xff",
        frame(b""),
        frame(b"x" * 1024),
        frame(HELLO) + frame(b"s" * 64),
        frame(HELLO) + frame(b"s" * 65),
    ],
)
def test_garbage_instead_of_a_handshake_is_dropped(first):
    async def story():
        async with networks(identity()) as (net,):
            channel = await dial_tls(net)
            channel.writer.write(first)
            with contextlib.suppress(OSError):
                await channel.writer.drain()
            channel.writer.close()
            await until(lambda: net.faults.total() == 1)
            assert (net.connected(), net._strangers) == (0, 0)

    run(story())


def test_a_silent_stranger_is_dropped_in_time():
    async def story():
        settings = PeerSettings(handshake_seconds=0.1)
        async with networks(identity(), settings=settings) as (net,):
            connection = await dial(net)
            loop = asyncio.get_running_loop()
            assert await asyncio.wait_for(loop.sock_recv(connection, 1), 2) == b""
            connection.close()
            channel = await dial_tls(net)
            assert await read_frame(channel.reader, 1024)
            assert await ends(channel.reader)
            channel.writer.close()
            assert net.connected() == 0

    run(story())


def test_strangers_are_bounded():
    async def story():
        settings = PeerSettings(strangers_max=3)
        async with networks(identity(), settings=settings) as (net,):
            connections = [await dial(net) for _ in range(10)]
            await asyncio.sleep(0.1)
            assert net._strangers == 3
            for connection in connections:
                connection.close()

    run(story())


async def connected_raw(net, known):
    """A connection that passed the handshake, in our own hands."""
    reader, writer = await dial_in(net, known)
    await until(lambda: net.connected() == 1)
    return reader, writer


@contextlib.asynccontextmanager
async def one_node_and_a_peer():
    peer = identity()
    net = PeerNetwork(identity(), {peer.signer.public_key: ("127.0.0.1", 1)}, QUICK)
    await net.start("127.0.0.1", 0)
    try:
        yield net, peer
    finally:
        await net.stop()


def test_an_oversized_frame_costs_the_connection_and_a_pause():
    async def story():
        async with one_node_and_a_peer() as (net, peer):
            _, writer = await connected_raw(net, peer)
            writer.write((FRAME_BYTES_MAX + 1).to_bytes(4, "big") + b"x" * 100)
            await until(lambda: net.connected() == 0)
            assert net.faults["PEER_FRAME"] == 1
            assert net.lowest_score() < 100
            writer.close()
            reader, writer = await dial_in(net, peer)
            assert await ends(reader)
            assert net.connected() == 0
            writer.close()
            await asyncio.sleep(0.4)
            _, writer = await connected_raw(net, peer)
            writer.close()

    run(story())


def test_a_reported_peer_is_dropped_and_counted():
    async def story():
        async with one_node_and_a_peer() as (net, peer):
            _, writer = await connected_raw(net, peer)
            net.report(peer.signer.public_key, PeerFault(MESSAGE_MALFORMED))
            await until(lambda: net.connected() == 0)
            assert net.faults["CONSENSUS_MESSAGE_MALFORMED"] == 1
            writer.close()

    run(story())


def test_a_frame_cut_off_is_never_delivered():
    async def story():
        async with one_node_and_a_peer() as (net, peer):
            listener = Listener(net)
            _, writer = await connected_raw(net, peer)
            writer.write(frame(b"whole") + frame(b"cut off")[:-1])
            await until(lambda: listener.messages)
            writer.close()
            await until(lambda: net.connected() == 0)
            assert [message for _, message in listener.messages] == [b"whole"]

    run(story())


def test_a_slow_reader_costs_only_its_own_connection(monkeypatch):
    monkeypatch.setattr(peer_link, "DRAIN_SECONDS", 0.3)

    async def story():
        ids = [identity(), identity()]
        slow = identity()
        async with networks(*ids, guests=[slow.signer.public_key]) as nets:
            net = nets[0]
            listener = Listener(nets[1])
            await until(lambda: net.connected() == 1)
            reader, writer = await dial_in(net, slow)
            reader._transport.pause_reading()
            await until(lambda: net.connected() == 2)
            block = bytes(4 * 1024 * 1024)
            for number in range(12):
                net.broadcast(number.to_bytes(1, "big") + block)
            await until(lambda: len(listener.messages) == 12)
            await until(lambda: net.connected() == 1)
            assert net.faults["PEER_SLOW"] == 1
            writer.close()

    run(story())


def test_a_hyperactive_peer_is_read_more_slowly_and_others_are_not(monkeypatch):
    monkeypatch.setattr(peer_link, "MESSAGES_PER_SECOND", 100)

    async def story():
        ids = [identity(), identity()]
        flood = identity()
        async with networks(*ids, guests=[flood.signer.public_key]) as nets:
            listener = Listener(nets[0])
            await until(lambda: all(net.connected() == 1 for net in nets))
            _, writer = await dial_in(nets[0], flood)
            await until(lambda: nets[0].connected() == 2)
            writer.write(frame(b"me!") * 5_000)
            await asyncio.sleep(0.5)
            nets[1].broadcast(b"and me")
            other = ids[1].signer.public_key
            await until(lambda: (other, b"and me") in listener.messages, 1.0)
            taken = len(listener.messages)
            assert 150 < taken < 400
            writer.close()

    run(story())


def test_the_outbox_drops_the_oldest_and_stays_bounded():
    async def story():
        outbox = Outbox(messages_max=10, bytes_max=100)
        for number in range(50):
            outbox.put(bytes([100 + number]) * 20)
        assert (len(outbox), outbox.size_bytes, outbox.dropped) == (5, 100, 45)
        assert (await outbox.take())[0] == 145
        outbox.put(b"x" * 1000)
        assert (len(outbox), await outbox.take()) == (1, b"x" * 1000)
        assert outbox.size_bytes == 0

    run(story())


def test_misuse_and_a_taken_address():
    async def story():
        async with networks(identity()) as (net,):
            with pytest.raises(Misuse):
                net.broadcast(b"")
                net.send(b"peer", b"")
            with pytest.raises(Misuse):
                await net.start("127.0.0.1", 0)
            with pytest.raises(Rejected):
                await PeerNetwork(identity(), {}).start("127.0.0.1", net.port)
            net.send(b"nobody", b"lost")

    run(story())
