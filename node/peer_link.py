"""One connection to a peer: frames, the mutual handshake, a bounded queue of what to send.

Everything here runs over a stream pair; that the pair is plain TCP today and TLS later is the
affair of whoever opens it (`peers.PeerNetwork`). With TLS the handshake's statement will also cover
the hash of the TLS key, so that the channel is bound to the node key.
"""

import asyncio
import contextlib
import secrets
from collections import deque
from dataclasses import dataclass

from crypto.domain import tagged
from crypto.ports import Signer
from crypto.suites import Suite
from faults import PeerFault, Rejected
from ledger.codec import Reader, Writer
from ledger.limits import CHAIN_ID_BYTES_MAX, HASH_BYTES, PUBLIC_KEY_BYTES, SIGNATURE_BYTES
from node.peer_codes import PEER_FRAME, PEER_HANDSHAKE, PEER_SLOW

PROTOCOL_VERSION = 1
FRAME_BYTES_MAX = 16 * 1024 * 1024
HANDSHAKE_FRAME_BYTES_MAX = 1024
CHALLENGE_BYTES = 32
HANDSHAKE_SECONDS = 5.0
KEEPALIVE_SECONDS = 5.0
SILENCE_SECONDS = 20.0
DRAIN_SECONDS = 20.0
QUEUE_MESSAGES_MAX = 2_000
QUEUE_BYTES_MAX = 64 * 1024 * 1024

_TAG = "yilian/peer-hello/v1"
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


async def shake_hands(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    identity: PeerIdentity,
    *,
    dialing: bool,
) -> bytes:
    """Prove each to the other who they are; the peer's authenticated node key.

    Each side signs both challenges, both keys and its own role, so that nothing signed in one
    handshake is of use in another. Raises PeerFault; TimeoutError when the peer takes too long.
    """
    key = identity.signer.public_key
    ours = Hello(
        identity.chain_id, identity.genesis_hash, key, secrets.token_bytes(CHALLENGE_BYTES)
    )
    async with asyncio.timeout(HANDSHAKE_SECONDS):
        writer.write(frame(ours.encode()))
        await writer.drain()
        theirs = Hello.decode(await read_frame(reader, HANDSHAKE_FRAME_BYTES_MAX))
        if (theirs.chain_id, theirs.genesis_hash) != (ours.chain_id, ours.genesis_hash):
            raise PeerFault(PEER_HANDSHAKE, "another chain or genesis")
        if theirs.public_key == key:
            raise PeerFault(PEER_HANDSHAKE, "our own key")
        dialer, listener = (ours, theirs) if dialing else (theirs, ours)
        ours_role, their_role = (_DIALER, _LISTENER) if dialing else (_LISTENER, _DIALER)
        writer.write(frame(identity.signer.sign(_statement(dialer, listener, ours_role))))
        await writer.drain()
        signature = await read_frame(reader, SIGNATURE_BYTES)
        statement = _statement(dialer, listener, their_role)
        if not identity.suite.verify(theirs.public_key, statement, signature):
            raise PeerFault(PEER_HANDSHAKE, "the signature does not verify")
    return theirs.public_key


def _statement(dialer: Hello, listener: Hello, role: bytes) -> bytes:
    return tagged(
        _TAG,
        dialer.chain_id.encode(),
        dialer.genesis_hash,
        dialer.challenge,
        listener.challenge,
        dialer.public_key,
        listener.public_key,
        role,
    )


class Outbox:
    """Messages waiting for one peer; when it is too slow the oldest are dropped."""

    def __init__(
        self, messages_max: int = QUEUE_MESSAGES_MAX, bytes_max: int = QUEUE_BYTES_MAX
    ) -> None:
        self._messages: deque[bytes] = deque()
        self._messages_max = messages_max
        self._bytes_max = bytes_max
        self._ready = asyncio.Event()
        self.size_bytes = 0
        """Bytes waiting."""
        self.dropped = 0
        """Messages that had to give way."""

    def __len__(self) -> int:
        return len(self._messages)

    def put(self, message: bytes) -> None:
        """Queue a message; the oldest ones give way until it has room."""
        self._messages.append(message)
        self.size_bytes += len(message)
        while len(self._messages) > self._messages_max or (
            self.size_bytes > self._bytes_max and len(self._messages) > 1
        ):
            self.size_bytes -= len(self._messages.popleft())
            self.dropped += 1
        self._ready.set()

    async def take(self) -> bytes:
        """The oldest message, as soon as there is one."""
        while not self._messages:
            self._ready.clear()
            await self._ready.wait()
        message = self._messages.popleft()
        self.size_bytes -= len(message)
        return message


class Link:
    """An authenticated connection."""

    def __init__(
        self,
        key: bytes,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        dialed: bool,
    ) -> None:
        self.key = key
        """The peer's node key."""
        self.dialed = dialed
        """Whether this side opened the connection."""
        self.outbox = Outbox()
        self._reader = reader
        self._writer = writer

    async def receive(self) -> bytes:
        """The next message. Raises PeerFault for a bad frame or silence, EOFError at the end."""
        while True:
            try:
                async with asyncio.timeout(SILENCE_SECONDS):
                    message = await read_frame(self._reader, FRAME_BYTES_MAX)
            except TimeoutError:
                raise PeerFault(PEER_SLOW, "silent") from None
            if message:
                return message

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
