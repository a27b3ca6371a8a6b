"""A TCP proxy on every link between two nodes, which can hold, delay, slow or cut what passes.

What is withheld is delivered later, as TCP would do with lost packets: a stream has no gaps. Rules
are for a way (from one node to another), whichever of the two opened the connection. Everything
runs in one thread of its own; rules may be changed from any thread at any time.
"""

import asyncio
import contextlib
import itertools
import random
import threading
from collections.abc import Iterable
from dataclasses import dataclass, replace

CHUNK_BYTES = 64 * 1024
CHUNKS_UNDER_WAY = 64
LOOK_SECONDS = 0.01
RETRANSMISSION_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Rule:
    """What happens to bytes on one way. The default is a good line."""

    held: bool = False
    """Nothing arrives until this ends; connections stay open (a partition's silence)."""
    refused: bool = False
    """Connections are cut and none can be made (a pulled plug that is noticed)."""
    delay_seconds: float = 0.0
    loss: float = 0.0
    """The share of chunks that arrive one retransmission later."""
    bytes_per_second: float = 0.0
    """0: no limit."""


GOOD = Rule()


class Proxies:
    """All links of a cluster, by the numbers of the nodes at their ends."""

    def __init__(self, seed: int = 0) -> None:
        self._rules: dict[tuple[int, int], Rule] = {}
        self._random = random.Random(seed)
        self._writers: dict[asyncio.StreamWriter, tuple[int, int]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxies", daemon=True)
        self._thread.start()

    def link(self, source: int, destination: int, target_port: int) -> int:
        """Open a link on which `source` can call `destination`; the port it is to call."""
        opening = self._open(source, destination, target_port)
        return asyncio.run_coroutine_threadsafe(opening, self._loop).result()

    def close(self) -> None:
        """End all connections and the thread."""
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    # ---- rules

    def rule(self, source: int, destination: int, rule: Rule) -> None:
        """From now on this is what happens to bytes from `source` to `destination`."""
        self._rules[source, destination] = rule
        if rule.refused:
            self._loop.call_soon_threadsafe(self._cut, source, destination)

    def rule_everywhere(self, nodes: Iterable[int], rule: Rule) -> None:
        """One rule for all ways between these nodes."""
        for source, destination in itertools.permutations(nodes, 2):
            self.rule(source, destination, rule)

    def partition(self, *groups: Iterable[int], refused: bool = False) -> None:
        """Nothing passes between groups; within a group the rules stay as they are."""
        for one, other in itertools.permutations([tuple(group) for group in groups], 2):
            for source, destination in itertools.product(one, other):
                self.rule(source, destination, Rule(held=True, refused=refused))

    def one_way(self, source: int, destinations: Iterable[int]) -> None:
        """What `source` sends doesn't arrive; what it is sent does."""
        for destination in destinations:
            self.rule(source, destination, replace(GOOD, held=True))

    def heal(self) -> None:
        """Every line is good again; what was held arrives now."""
        self._rules.clear()

    # ---- in the thread

    async def _open(self, source: int, destination: int, target_port: int) -> int:
        def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            way = source, destination
            task = self._loop.create_task(self._serve(way, target_port, reader, writer))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        return int(server.sockets[0].getsockname()[1])

    async def _serve(
        self,
        way: tuple[int, int],
        target_port: int,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        """Carry one connection both ways until either end closes it."""
        back = way[1], way[0]
        far_writer: asyncio.StreamWriter | None = None
        try:
            if self._rule(way).refused or self._rule(back).refused:
                return
            await self._pass(way)
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", target_port)
            self._writers |= {writer: way, far_writer: way}
            pumps = [
                asyncio.ensure_future(self._carry(way, reader, far_writer)),
                asyncio.ensure_future(self._carry(back, far_reader, writer)),
            ]
            try:
                await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for pump in pumps:
                    pump.cancel()
                await asyncio.gather(*pumps, return_exceptions=True)
        except OSError:
            return
        finally:
            for one in (writer, far_writer):
                if one is not None:
                    self._writers.pop(one, None)
                    one.transport.abort()

    async def _carry(
        self, way: tuple[int, int], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """A delay line: chunks are read as they come and delivered when their time has come."""
        line: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(CHUNKS_UNDER_WAY)
        deliver = asyncio.ensure_future(self._deliver(way, line, writer))
        try:
            while data := await reader.read(CHUNK_BYTES):
                rule = self._rule(way)
                late = RETRANSMISSION_SECONDS * (self._random.random() < rule.loss)
                await line.put((self._loop.time() + rule.delay_seconds + late, data))
                if rule.bytes_per_second:
                    await asyncio.sleep(len(data) / rule.bytes_per_second)
            await line.join()
        finally:
            deliver.cancel()
            with contextlib.suppress(asyncio.CancelledError, OSError):
                await deliver

    async def _deliver(
        self,
        way: tuple[int, int],
        line: "asyncio.Queue[tuple[float, bytes]]",
        writer: asyncio.StreamWriter,
    ) -> None:
        while True:
            due, data = await line.get()
            await asyncio.sleep(due - self._loop.time())
            await self._pass(way)
            writer.write(data)
            await writer.drain()
            line.task_done()

    async def _pass(self, way: tuple[int, int]) -> None:
        while self._rule(way).held:
            await asyncio.sleep(LOOK_SECONDS)

    def _rule(self, way: tuple[int, int]) -> Rule:
        return self._rules.get(way, GOOD)

    def _cut(self, source: int, destination: int) -> None:
        for writer, way in list(self._writers.items()):
            if way in ((source, destination), (destination, source)):
                writer.transport.abort()

    async def _end(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
