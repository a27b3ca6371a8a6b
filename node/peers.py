"""The network of authenticated peers over TLS, behind the port `consensus.network.Network`.

Every node dials every node on its list and accepts only those. A peer that misbehaves or is slow
costs its own connection and nothing else; it is dialed again after a growing, jittered pause, and
one that does so again and again (`peer_limits.Scores`) is left out for longer and longer.
"""

import asyncio
import logging
import secrets
import socket
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from faults import Misuse, PeerFault
from node.addresses import open_listener
from node.peer_codes import PEER_UNKNOWN
from node.peer_limits import Scores
from node.peer_link import FRAME_BYTES_MAX, Link, PeerIdentity, shake_hands
from node.peer_tls import Channel, TlsKey, secure
from node.peer_troubles import Troubles

_log = logging.getLogger(__name__)

PeerId = bytes
ACCEPT_PAUSE_SECONDS = 0.5


class CountMetric(Protocol):
    """How the network tells its numbers (`metrics.Metrics.count`)."""

    def __call__(self, name: str, amount: int = 1, **labels: str) -> None:
        """Add `amount` to a counter."""


def _uncounted(name: str, amount: int = 1, **labels: str) -> None:
    """For networks nobody measures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerSettings:
    """How patient the network is. Times in seconds."""

    dial_seconds: float = 5.0
    handshake_seconds: float = 5.0
    """For certificates, TLS and the signatures together."""
    backoff_first_seconds: float = 0.2
    backoff_last_seconds: float = 2.0
    yield_seconds: float = 0.5
    """The end with the larger key dials this much later, so that seldom both do at once."""
    steady_seconds: float = 5.0
    """A connection that lasted this long makes the next pause a first one again."""
    penalty_first_seconds: float = 1.0
    """Doubled whenever the same peer is left out again, up to `penalty_last_seconds`."""
    penalty_last_seconds: float = 300.0
    strangers_max: int = 64
    """Connections from outside that have not finished their handshake."""


class PeerNetwork:
    """Connections to all known peers. `start` and `stop` it in one event loop."""

    def __init__(
        self,
        identity: PeerIdentity,
        known: Mapping[bytes, tuple[str, int]],
        settings: PeerSettings | None = None,
        guests: Iterable[bytes] = (),
        count: CountMetric = _uncounted,
    ) -> None:
        self._identity = identity
        self._own_key = identity.signer.public_key
        self._known = {key: place for key, place in known.items() if key != self._own_key}
        self._admitted = frozenset((*self._known, *guests))
        """Guests are let in and never dialed: observers, who know where we are."""
        self._settings = settings or PeerSettings()
        self._measure = count
        self._tls: TlsKey | None = None
        self._links: dict[PeerId, Link] = {}
        self._tasks: set[asyncio.Task[object]] = set()
        self._listener: socket.socket | None = None
        self._strangers = 0
        self._scores = Scores(
            self._settings.penalty_first_seconds, self._settings.penalty_last_seconds
        )
        self._on_message: Callable[[PeerId, bytes], None] = lambda _peer, _message: None
        self._on_peer: Callable[[PeerId, bool], None] = lambda _peer, _connected: None
        self.faults: Counter[str] = Counter()
        """Connections dropped or refused, by code."""
        self.troubles = Troubles()

    async def start(self, host: str, port: int) -> None:
        """Listen (port 0 takes a free one) and begin to dial. Rejected if the address is taken."""
        if self._listener is not None:
            raise Misuse("the peer network is already started")
        place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        self._listener = open_listener("peers.listen", place)
        self._listener.setblocking(False)
        self._tls = TlsKey()
        self._spawn(self._accept(self._listener))
        for key in sorted(self._known):
            self._spawn(self._keep_dialing(key))

    async def stop(self) -> None:
        """Close everything; no callback is called afterwards."""
        self._on_message = lambda _peer, _message: None
        self._on_peer = lambda _peer, _connected: None
        for link in list(self._links.values()):
            link.close()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._links.clear()
        if self._listener is not None:
            self._listener.close()
        if self._tls is not None:
            self._tls.close()

    @property
    def port(self) -> int:
        """The port it listens on."""
        if self._listener is None:
            raise Misuse("the peer network is not started")
        return int(self._listener.getsockname()[1])

    def connected(self) -> int:
        """How many peers are connected."""
        return len(self._links)

    def lowest_score(self) -> float:
        """The score of the peer that did worst; 100 is a peer without faults."""
        return self._scores.lowest(self._now())

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
            gave_way = link.outbox.put(message)
            self._measure("yilian_peer_messages_dropped_total", gave_way)

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
        """Drop the peer's connection and lower its score."""
        self._blame(fault, peer)
        link = self._links.get(peer)
        if link is not None:
            link.close()

    # ---- connecting

    async def _accept(self, listener: socket.socket) -> None:
        """Take connections; when there are too many, or no descriptors are left, they wait."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, _ = await loop.sock_accept(listener)
            except OSError as error:
                _log.warning(
                    "peer.accept_failed", extra={"yilian_fields": {"reason": error.strerror or ""}}
                )
                self._measure("yilian_peer_accept_failures_total")
                await asyncio.sleep(ACCEPT_PAUSE_SECONDS)
                continue
            if self._strangers >= self._settings.strangers_max:
                connection.close()
                self._measure("yilian_peer_strangers_refused_total")
                continue
            self._spawn(self._serve(connection, dialed=None))

    async def _keep_dialing(self, key: PeerId) -> None:
        """Dial a peer whenever it isn't connected, after a growing pause with jitter."""
        yields = self._settings.yield_seconds if self._own_key > key else 0.0
        pause = self._settings.backoff_first_seconds
        await asyncio.sleep(yields)
        while True:
            if key not in self._links and not self._scores.left_out(key, self._now()):
                try:
                    connection = await self._dial(*self._known[key])
                except (OSError, TimeoutError) as error:
                    self.troubles.unreachable(key, error)
                else:
                    if await self._serve(connection, dialed=key):
                        pause = self._settings.backoff_first_seconds
            else:
                pause = self._settings.backoff_first_seconds
            await asyncio.sleep(yields + pause * (0.5 + secrets.randbelow(1000) / 1000))
            pause = min(2 * pause, self._settings.backoff_last_seconds)

    async def _dial(self, host: str, port: int) -> socket.socket:
        """A TCP connection to the first address of `host` that answers. Raises OSError."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(self._settings.dial_seconds):
            places = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            for family, kind, protocol, _, place in places:
                connection = socket.socket(family, kind, protocol)
                try:
                    connection.setblocking(False)
                    await loop.sock_connect(connection, place)
                except BaseException as error:
                    connection.close()
                    if not isinstance(error, OSError):
                        raise
                else:
                    return connection
        raise ConnectionError(f"nobody answers at {host}:{port}")

    async def _serve(self, connection: socket.socket, *, dialed: PeerId | None) -> bool:
        """Run a connection to its end; whether it was a steady one. `dialed`: whom we called."""
        link: Link | None = None
        try:
            link = await self._become_link(connection, dialed)
            if link is not None:
                await self._run(link)
        except PeerFault as fault:
            self.troubles.fault(link.key if link is not None else dialed or b"", fault)
            self._blame(fault, link.key if link is not None else b"")
        except (OSError, EOFError, TimeoutError) as error:
            self.troubles.unreachable(link.key if link is not None else dialed or b"", error)
            self.faults["connection.lost"] += 1
            self._measure("yilian_peer_connections_lost_total")
        finally:
            if link is not None:
                link.close()
                self._forget(link)
        lasted = self._now() - link.since if link is not None else 0.0
        return lasted >= self._settings.steady_seconds

    async def _become_link(self, connection: socket.socket, dialed: PeerId | None) -> Link | None:
        """Secure a connection and find out who is there; None if we don't want them now."""
        self._strangers += dialed is None
        try:
            async with asyncio.timeout(self._settings.handshake_seconds):
                key, channel = await self._shake_hands(connection, dialed)
        finally:
            self._strangers -= dialed is None
        link = Link(key, channel, dialed=dialed is not None)
        if not self._scores.left_out(key, self._now()) and self._admit(link):
            return link
        link.close()
        return None

    async def _shake_hands(
        self, connection: socket.socket, dialed: PeerId | None
    ) -> tuple[PeerId, Channel]:
        if self._tls is None:
            raise Misuse("the peer network is not started")
        channel = await secure(connection, self._tls, dialing=dialed is not None)
        try:
            key = await shake_hands(channel, self._identity, dialing=dialed is not None)
            if key not in self._admitted or dialed not in (None, key):
                raise PeerFault(PEER_UNKNOWN)
        except BaseException:
            channel.writer.transport.abort()
            raise
        return key, channel

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
            for message in present.outbox.empty():
                link.outbox.put(message)
            present.close()
        self._measure("yilian_peer_connections_total")
        self.troubles.connected(link.key)
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
            self._measure("yilian_peer_messages_received_total")
            self._measure("yilian_peer_bytes_received_total", len(message))
            if self._links.get(link.key) is link:
                self._on_message(link.key, message)

    # ---- helpers

    def _spawn(self, work: Coroutine[Any, Any, object]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _blame(self, fault: PeerFault, peer: PeerId) -> None:
        """Count a fault; one of a peer we know by its key lowers its score."""
        self.faults[fault.code.name] += 1
        self._measure("yilian_peer_faults_total", code=fault.code.name)
        fields: dict[str, str] = {"code": fault.code.name, "reason": str(fault)}
        fields["peer"] = peer[1:9].hex()
        if peer in self._admitted and self._scores.fault(peer, fault.code, self._now()):
            self._measure("yilian_peer_penalties_total")
            fields["left_out"] = "yes"
        _log.warning("peer.dropped", extra={"yilian_fields": fields})

    def _now(self) -> float:
        return time.monotonic()  # the event loop's clock, readable from any thread
