"""One connection to a peer: frames, the mutual handshake, a bounded queue of what to send.

Everything here runs inside the TLS of `peer_tls`. The handshake binds the two: each node key signs
the hashes of both TLS keys as seen on this connection, so that nobody can stand in between.
"""

import asyncio
import contextlib
import secrets
import socket
import time
from collections import deque
from dataclasses import dataclass

from consensus.messages import is_bulk
from crypto.domain import tagged
from crypto.ports import Signer
from crypto.suites import Suite
from faults import PeerFault, Rejected
from ledger.codec import Reader, Writer
from ledger.limits import CHAIN_ID_BYTES_MAX, HASH_BYTES, PUBLIC_KEY_BYTES, SIGNATURE_BYTES
from node.peer_codes import PEER_FRAME, PEER_HANDSHAKE, PEER_SLOW
from node.peer_limits import Allowance
from node.peer_tls import PROTOCOL_VERSION, Channel

FRAME_BYTES_MAX = 16 * 1024 * 1024
HANDSHAKE_FRAME_BYTES_MAX = 1024
CHALLENGE_BYTES = 32
KEEPALIVE_SECONDS = 5.0
SILENCE_SECONDS = 20.0
DRAIN_SECONDS = 20.0
QUEUE_MESSAGES_MAX = 2_000
QUEUE_BYTES_MAX = 64 * 1024 * 1024
UNSENT_BYTES_MAX = 64 * 1024
"""Bytes that may wait behind the outbox, each in TLS and in the kernel."""

MESSAGES_PER_SECOND = 5_000
BYTES_PER_SECOND = 64 * 1024 * 1024
"""A peer that sends more is read more slowly; its TCP window does the rest."""

_TAG = "yilian/peer-hello/v2"
_DIALER, _LISTENER = b"dialer", b"listener"


@dataclass(frozen=True, slots=True)
class PeerIdentity:
    """Who we are on the wire: the chain we are of, and our node key."""

    chain_id: str
    genesis_hash: bytes
    suite: Suite
    signer: Signer


@dataclass(frozen=True, slots=True)
class Hello:
    """The first frame of each side."""

    chain_id: str
    genesis_hash: bytes
    public_key: bytes
    challenge: bytes

    def encode(self) -> bytes:
        """The frame: u16 version, chain id, genesis hash, node key, challenge."""
        writer = Writer().u16(PROTOCOL_VERSION).text(self.chain_id)
        writer.fixed(self.genesis_hash, HASH_BYTES).fixed(self.public_key, PUBLIC_KEY_BYTES)
        return writer.fixed(self.challenge, CHALLENGE_BYTES).done()

    @staticmethod
    def decode(frame: bytes) -> "Hello":
        """Read `encode`'s bytes; PeerFault(PEER_HANDSHAKE) for anything else."""
        try:
            reader = Reader(frame, "peer hello", limit=HANDSHAKE_FRAME_BYTES_MAX)
            if reader.u16() != PROTOCOL_VERSION:
                raise PeerFault(PEER_HANDSHAKE, "another protocol version")
            hello = Hello(
                reader.text(CHAIN_ID_BYTES_MAX),
                reader.fixed(HASH_BYTES),
                reader.fixed(PUBLIC_KEY_BYTES),
                reader.fixed(CHALLENGE_BYTES),
            )
            reader.end()
        except Rejected:
            raise PeerFault(PEER_HANDSHAKE, "a malformed hello") from None
        return hello


async def read_frame(reader: asyncio.StreamReader, limit: int) -> bytes:
    """One frame: a 4-byte big-endian length of at most `limit`, and that many bytes.

    Raises PeerFault(PEER_FRAME) for a longer one, before any of it is read, and EOFError at the end
    of the connection.
    """
    length = int.from_bytes(await reader.readexactly(4), "big")
    if length > limit:
        raise PeerFault(PEER_FRAME, f"{length} bytes")
    return await reader.readexactly(length)


def frame(payload: bytes) -> bytes:
    """The payload with its length in front."""
    return len(payload).to_bytes(4, "big") + payload


async def shake_hands(channel: Channel, identity: PeerIdentity, *, dialing: bool) -> bytes:
    """Prove each to the other who they are; the peer's authenticated node key.

    Each side signs both challenges, both node keys, the hashes of both TLS keys and its own role:
    nothing signed in one handshake is of use in another, and one that runs through somebody else's
    TLS key fails. Raises PeerFault; EOFError at the end of the connection.
    """
    reader, writer, key = channel.reader, channel.writer, identity.signer.public_key
    ours = Hello(
        identity.chain_id, identity.genesis_hash, key, secrets.token_bytes(CHALLENGE_BYTES)
    )
    writer.write(frame(ours.encode()))
    await writer.drain()
    theirs = Hello.decode(await read_frame(reader, HANDSHAKE_FRAME_BYTES_MAX))
    if (theirs.chain_id, theirs.genesis_hash) != (ours.chain_id, ours.genesis_hash):
        raise PeerFault(PEER_HANDSHAKE, "another chain or genesis")
    if theirs.public_key == key:
        raise PeerFault(PEER_HANDSHAKE, "our own key")
    our_end = _End(ours, identity.suite.hash(channel.own_key))
    their_end = _End(theirs, identity.suite.hash(channel.peer_key))
    dialer, listener = (our_end, their_end) if dialing else (their_end, our_end)
    our_role, their_role = (_DIALER, _LISTENER) if dialing else (_LISTENER, _DIALER)
    writer.write(frame(identity.signer.sign(_statement(dialer, listener, our_role))))
    await writer.drain()
    signature = await read_frame(reader, SIGNATURE_BYTES)
    if not identity.suite.verify(
        theirs.public_key, _statement(dialer, listener, their_role), signature
    ):
        raise PeerFault(PEER_HANDSHAKE, "the signature does not verify")
    return theirs.public_key


@dataclass(frozen=True, slots=True)
class _End:
    """One end of a connection: what it said, and the hash of the TLS key it proved to hold."""

    hello: Hello
    tls_key_hash: bytes


def _statement(dialer: _End, listener: _End, role: bytes) -> bytes:
    return tagged(
        _TAG,
        dialer.hello.chain_id.encode(),
        dialer.hello.genesis_hash,
        dialer.hello.challenge,
        listener.hello.challenge,
        dialer.hello.public_key,
        listener.hello.public_key,
        dialer.tls_key_hash,
        listener.tls_key_hash,
        role,
    )


class Outbox:
    """Messages waiting for one peer: votes and the like before bulk (`consensus.messages.is_bulk`).

    When the peer is too slow the oldest give way, bulk first. Bulk that waits already is not queued
    again: it is what a peer asks for repeatedly when it is slow.
    """

    def __init__(
        self, messages_max: int = QUEUE_MESSAGES_MAX, bytes_max: int = QUEUE_BYTES_MAX
    ) -> None:
        self._urgent: deque[bytes] = deque()
        self._bulk: dict[bytes, None] = {}
        self._messages_max = messages_max
        self._bytes_max = bytes_max
        self._ready = asyncio.Event()
        self.size_bytes = 0
        """Bytes waiting."""
        self.dropped = 0
        """Messages that had to give way."""

    def __len__(self) -> int:
        return len(self._urgent) + len(self._bulk)

    def put(self, message: bytes) -> int:
        """Queue a message; the oldest ones give way until it has room: how many."""
        before = self.dropped
        if is_bulk(message):
            if message in self._bulk:
                return 0
            self._bulk[message] = None
        else:
            self._urgent.append(message)
        self.size_bytes += len(message)
        while len(self) > self._messages_max or (
            self.size_bytes > self._bytes_max and len(self) > 1
        ):
            self._pop(bulk=bool(self._bulk))
            self.dropped += 1
        self._ready.set()
        return self.dropped - before

    def empty(self) -> list[bytes]:
        """All messages, which are waiting here no longer."""
        messages = [*self._urgent, *self._bulk]
        self._urgent.clear()
        self._bulk.clear()
        self.size_bytes = 0
        return messages

    async def take(self) -> bytes:
        """The oldest message that need not wait, as soon as there is one; else the oldest bulk."""
        while not len(self):
            self._ready.clear()
            await self._ready.wait()
        return self._pop(bulk=not self._urgent)

    def _pop(self, *, bulk: bool) -> bytes:
        message = next(iter(self._bulk)) if bulk else self._urgent.popleft()
        if bulk:
            del self._bulk[message]
        self.size_bytes -= len(message)
        return message


def keep_short(writer: asyncio.StreamWriter) -> None:
    """Let little wait below the outbox, in TLS and in the kernel, where nothing can overtake."""
    writer.transport.set_write_buffer_limits(high=UNSENT_BYTES_MAX)
    connection = writer.get_extra_info("socket")
    if connection is not None and hasattr(socket, "TCP_NOTSENT_LOWAT"):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES_MAX)


class Link:
    """An authenticated connection."""

    def __init__(
        self,
        key: bytes,
        channel: Channel,
        *,
        dialed: bool,
    ) -> None:
        self.key = key
        """The peer's node key."""
        self.dialed = dialed
        """Whether this side opened the connection."""
        self.outbox = Outbox()
        self.since = time.monotonic()
        """When it was made, in seconds of `time.monotonic`."""
        self._reader = channel.reader
        self._writer = channel.writer
        keep_short(self._writer)
        self._messages = Allowance(MESSAGES_PER_SECOND, 2 * MESSAGES_PER_SECOND)
        self._bytes = Allowance(BYTES_PER_SECOND, 2 * BYTES_PER_SECOND)

    async def receive(self) -> bytes:
        """The next message, not sooner than the peer's allowance permits.

        Raises PeerFault for a bad frame or silence, EOFError at the end.
        """
        while True:
            try:
                async with asyncio.timeout(SILENCE_SECONDS):
                    message = await read_frame(self._reader, FRAME_BYTES_MAX)
            except TimeoutError:
                raise PeerFault(PEER_SLOW, "silent") from None
            await self._pause_for(len(message))
            if message:
                return message

    async def _pause_for(self, size: int) -> None:
        now = time.monotonic()
        # The pause is never omitted: a peer that always has more must not keep the others waiting.
        await asyncio.sleep(max(self._messages.spend(1, now), self._bytes.spend(size, now)))

    async def pump(self) -> None:
        """Send what is queued, and an empty frame when there is nothing, until cancelled.

        Raises PeerFault when the peer doesn't read.
        """
        while True:
            message = b""
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(KEEPALIVE_SECONDS):
                    message = await self.outbox.take()
            self._writer.write(frame(message))
            try:
                async with asyncio.timeout(DRAIN_SECONDS):
                    await self._writer.drain()
            except TimeoutError:
                raise PeerFault(PEER_SLOW, "not reading") from None

    def close(self) -> None:
        """Cut the connection at once; what is queued is lost."""
        self._writer.transport.abort()
