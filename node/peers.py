"""The network of authenticated peers over TCP, behind the port `consensus.network.Network`.

Every node dials every node on its list and accepts only those. A peer that misbehaves or is slow
costs its own connection and nothing else; it is dialed again after a growing, jittered pause.
"""

import asyncio
import contextlib
import logging
import secrets
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

from faults import Misuse, PeerFault, Rejected
from node.codes import CONFIG_INVALID
from node.peer_codes import PEER_FRAME, PEER_UNKNOWN
from node.peer_link import FRAME_BYTES_MAX, Link, PeerIdentity, shake_hands

_log = logging.getLogger(__name__)

PeerId = bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerSettings:
    """How patient the network is. Times in seconds."""

    dial_seconds: float = 5.0
    backoff_first_seconds: float = 0.2
    backoff_last_seconds: float = 10.0
    penalty_first_seconds: float = 1.0
    """Doubled with every fault of the same peer, up to `penalty_last_seconds`."""
    penalty_last_seconds: float = 60.0
    strangers_max: int = 64
    """Connections that have not finished their handshake."""


class PeerNetwork:
    """Connections to all known peers. `start` and `stop` it in one event loop."""

    def __init__(
        self,
        identity: PeerIdentity,
        known: Mapping[bytes, tuple[str, int]],
        settings: PeerSettings | None = None,
    ) -> None:
        self._identity = identity
        self._own_key = identity.signer.public_key
        self._known = {key: place for key, place in known.items() if key != self._own_key}
        self._settings = settings or PeerSettings()
        self._links: dict[PeerId, Link] = {}
        self._tasks: set[asyncio.Task[object]] = set()
        self._server: asyncio.Server | None = None
        self._strangers = 0
        self._offences: Counter[PeerId] = Counter()
        self._penalty_until: dict[PeerId, float] = {}
        self._on_message: Callable[[PeerId, bytes], None] = lambda _peer, _message: None
        self._on_peer: Callable[[PeerId, bool], None] = lambda _peer, _connected: None
        self.faults: Counter[str] = Counter()
        """Connections dropped or refused, by code."""

    async def start(self, host: str, port: int) -> None:
        """Listen (port 0 takes a free one) and begin to dial. Rejected if the address is taken."""
        if self._server is not None:
            raise Misuse("the peer network is already started")
        try:
            self._server = await asyncio.start_server(self._accept, host, port)
        except OSError as error:
            advice = f"choose another address than {host}:{port} ({error.strerror})"
            raise Rejected(CONFIG_INVALID, key="peers.listen", advice=advice) from None
        for key in sorted(self._known):
            self._spawn(self._keep_dialing(key))

    async def stop(self) -> None:
        """Close everything; no callback is called afterwards."""
        self._on_message = lambda _peer, _message: None
        self._on_peer = lambda _peer, _connected: None
        if self._server is not None:
            self._server.close()
        for link in list(self._links.values()):
            link.close()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._links.clear()

    @property
    def port(self) -> int:
        """The port it listens on."""
        if self._server is None:
            raise Misuse("the peer network is not started")
        return int(self._server.sockets[0].getsockname()[1])

    def connected(self) -> int:
        """How many peers are connected."""
        return len(self._links)

    # ---- the port of consensus.network

    def broadcast(self, message: bytes) -> None:
        """Queue a message for every connected peer."""
        for peer in sorted(self._links):
            self.send(peer, message)

    def send(self, peer: PeerId, message: bytes) -> None:
        """Queue a message for one peer; nothing happens if it is not connected."""
        if not 0 < len(message) <= FRAME_BYTES_MAX:
            raise Misuse(f"a message of {len(message)} bytes fits no frame")
        link = self._links.get(peer)
        if link is not None:
            link.outbox.put(message)

    def listen(
        self,
        on_message: Callable[[PeerId, bytes], None],
        on_peer: Callable[[PeerId, bool], None],
    ) -> None:
        """Say who takes messages and news of peers; those already here are told at once."""
        self._on_message, self._on_peer = on_message, on_peer
        for peer in sorted(self._links):
            on_peer(peer, True)

    def report(self, peer: PeerId, fault: PeerFault) -> None:
        """Count a fault, drop the peer's connection and leave it out for a while."""
        self._count(fault, peer)
        self._penalize(peer)
        link = self._links.get(peer)
        if link is not None:
            link.close()

    # ---- connecting

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._strangers >= self._settings.strangers_max:
            writer.transport.abort()
            return
        self._spawn(self._serve(reader, writer, dialed=None))

    async def _keep_dialing(self, key: PeerId) -> None:
        """Dial a peer whenever it isn't connected, after a growing pause with jitter."""
        pause = self._settings.backoff_first_seconds
        while True:
            if key not in self._links and not self._penalized(key):
                with contextlib.suppress(OSError, TimeoutError):
                    host, port = self._known[key]
                    async with asyncio.timeout(self._settings.dial_seconds):
                        reader, writer = await asyncio.open_connection(host, port)
                    if await self._serve(reader, writer, dialed=key):
                        pause = self._settings.backoff_first_seconds
            else:
                pause = self._settings.backoff_first_seconds
            await asyncio.sleep(pause * (0.5 + secrets.randbelow(1000) / 1000))
            pause = min(2 * pause, self._settings.backoff_last_seconds)

    async def _serve(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        dialed: PeerId | None,
    ) -> bool:
        """Run a connection to its end; whether it ever became a link. `dialed`: whom we called."""
        link: Link | None = None
        try:
            link = await self._become_link(reader, writer, dialed)
            if link is not None:
                await self._run(link)
        except PeerFault as fault:
            self._count(fault, link.key if link is not None else b"")
            if link is not None and fault.code is PEER_FRAME:
                self._penalize(link.key)
        except (OSError, EOFError, TimeoutError):
            self.faults["connection.lost"] += 1
        finally:
            writer.transport.abort()
            if link is not None:
                self._forget(link)
        return link is not None

    async def _become_link(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        dialed: PeerId | None,
    ) -> Link | None:
        self._strangers += 1
        try:
            key = await shake_hands(reader, writer, self._identity, dialing=dialed is not None)
        finally:
            self._strangers -= 1
        if key not in self._known or dialed not in (None, key):
            raise PeerFault(PEER_UNKNOWN)
        if self._penalized(key):
            return None
        link = Link(key, reader, writer, dialed=dialed is not None)
        return link if self._admit(link) else None

    def _admit(self, link: Link) -> bool:
        """Keep one connection per peer, and the same one at both ends.

        Of two that were opened from different ends, the one dialed by the smaller key stays; of two
        from the same end the newer, for its dialer knows that the older is dead.
        """
        present = self._links.get(link.key)
        if present is not None and present.dialed != link.dialed:
            ours_stays = self._own_key < link.key
            if present.dialed == ours_stays:
                return False
        self._links[link.key] = link
        if present is not None:
            present.close()
        self._on_peer(link.key, True)
        return True

    def _forget(self, link: Link) -> None:
        if self._links.get(link.key) is link:
            del self._links[link.key]
            self._on_peer(link.key, False)

    async def _run(self, link: Link) -> None:
        pump = asyncio.create_task(link.pump())
        receive = asyncio.create_task(self._receive(link))
        try:
            done, _ = await asyncio.wait({pump, receive}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in (pump, receive):
                task.cancel()
            await asyncio.gather(pump, receive, return_exceptions=True)

    async def _receive(self, link: Link) -> None:
        while True:
            message = await link.receive()
            if self._links.get(link.key) is link:
                self._on_message(link.key, message)

    # ---- helpers

    def _spawn(self, work: Coroutine[Any, Any, object]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _count(self, fault: PeerFault, peer: bytes) -> None:
        self.faults[fault.code.name] += 1
        fields = {"code": fault.code.name, "peer": peer[1:9].hex(), "reason": str(fault)}
        _log.warning("peer.dropped", extra={"yilian_fields": fields})

    def _penalize(self, peer: PeerId) -> None:
        self._offences[peer] += 1
        exponent = min(self._offences[peer] - 1, 16)
        seconds = min(
            self._settings.penalty_first_seconds * 2**exponent,
            self._settings.penalty_last_seconds,
        )
        self._penalty_until[peer] = asyncio.get_running_loop().time() + seconds

    def _penalized(self, peer: PeerId) -> bool:
        return self._penalty_until.get(peer, 0.0) > asyncio.get_running_loop().time()
