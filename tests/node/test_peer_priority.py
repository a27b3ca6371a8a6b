"""Over a real, slow connection a vote overtakes the block parts that wait before it."""

import asyncio
import contextlib
import socket
import time

import pytest

from consensus.messages import PART_BYTES, Part, Vote, VoteKind, decode, encode
from node.peer_link import Outbox
from node.peers import PeerNetwork
from tests.node.test_peers import QUICK, Listener, identity, run, until

KEY, HASH, SIGNATURE = b"\x04" + b"k" * 64, b"h" * 32, b"s" * 64
VOTE = Vote(VoteKind.PREVOTE, 7, 2, HASH, KEY, SIGNATURE)
PARTS = [
    encode(Part(7, HASH, 40, index, (HASH,), bytes([index]) * PART_BYTES)) for index in range(40)
]
BYTES_PER_SECOND = 1024 * 1024


async def slow_pipe(reader, writer):
    with contextlib.suppress(OSError):
        while data := await reader.read(16 * 1024):
            writer.write(data)
            await writer.drain()
            await asyncio.sleep(len(data) / BYTES_PER_SECOND)
    writer.close()


@contextlib.asynccontextmanager
async def slow_line(port):
    """A way to a local port that carries a megabyte a second and holds little on the way."""
    tasks = set()

    async def carry(reader, writer):
        near, far = await asyncio.open_connection("127.0.0.1", port, limit=16 * 1024)
        for pair in ((reader, far), (near, writer)):
            tasks.add(asyncio.create_task(slow_pipe(*pair)))

    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32 * 1024)
    listener.bind(("127.0.0.1", 0))
    server = await asyncio.start_server(carry, sock=listener, limit=16 * 1024)
    try:
        yield listener.getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@pytest.mark.slow
def test_a_vote_overtakes_megabytes_of_parts_on_a_slow_line():
    async def story():
        ours, theirs = identity(), identity()
        keys = [one.signer.public_key for one in (ours, theirs)]
        receiver = PeerNetwork(theirs, {keys[0]: ("127.0.0.1", 1)}, QUICK)
        await receiver.start("127.0.0.1", 0)
        heard = Listener(receiver)
        async with slow_line(receiver.port) as port:
            sender = PeerNetwork(ours, {keys[1]: ("127.0.0.1", port)}, QUICK)
            await sender.start("127.0.0.1", 0)
            Listener(sender)
            await until(lambda: sender.connected() == 1 and receiver.connected() == 1)
            for part in PARTS:
                sender.broadcast(part)
            await until(lambda: heard.messages)
            begun = time.monotonic()
            sender.broadcast(encode(VOTE))
            await until(lambda: any(decode(m) == VOTE for _, m in heard.messages))
            waited = time.monotonic() - begun
            before = len(heard.messages) - 1
            await until(lambda: len(heard.messages) == len(PARTS) + 1, 10)
            # The queue alone is more than two seconds long; what was in flight is much less.
            assert before < len(PARTS) // 2
            assert waited < 1.0
            assert [m for _, m in heard.messages if decode(m) != VOTE] == PARTS
            await sender.stop()
        await receiver.stop()

    run(story())


def test_votes_leave_first_parts_wait_once_and_give_way_first():
    async def story():
        outbox = Outbox(messages_max=4, bytes_max=1 << 20)
        vote = encode(VOTE)
        for message in (PARTS[0], PARTS[1], PARTS[0], vote, vote):
            outbox.put(message)
        assert len(outbox) == 4
        assert outbox.dropped == 0
        assert outbox.put(vote) == 1
        assert [await outbox.take() for _ in range(4)] == [vote, vote, vote, PARTS[1]]
        assert outbox.size_bytes == 0
        for _ in range(6):
            outbox.put(vote)
        assert (len(outbox), outbox.dropped) == (4, 3)

    run(story())
