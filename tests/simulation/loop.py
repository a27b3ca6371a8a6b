"""An event loop without time and without I/O: the real asyncio code of a node runs on it.

One `Scheduler` holds what all nodes have to do, by virtual time and then by order of asking. Each
life of a node has its own `NodeLoop` on it: a clock that may run fast or slow, a pause, and an end
after which nothing of it ever runs again, as after a power cut.
"""

import asyncio
import contextlib
import heapq
from asyncio import events

SECOND = 1_000_000
"""Virtual time is in microseconds."""


def running():
    """The node loop whose code runs now; None outside of all nodes."""
    return events._get_running_loop()


class Handle:
    """Something to be done; the part of asyncio's handles that asyncio itself relies on."""

    __slots__ = ("args", "callback", "context", "loop", "when_us")

    def __init__(self, loop, when_us, callback, args, context) -> None:
        self.loop, self.when_us = loop, when_us
        self.callback, self.args, self.context = callback, args, context

    def cancel(self) -> None:
        self.callback, self.args = None, ()

    def cancelled(self) -> bool:
        return self.callback is None

    def when(self) -> float:
        return self.loop.local(self.when_us)


class Scheduler:
    """The world's time: one heap of handles, ordered by (time, number)."""

    def __init__(self) -> None:
        self.now_us = 0
        self.current = None
        self._heap: list = []
        self._number = 0
        self.steps = 0

    def at(self, when_us: int, loop, callback, *args, context=None) -> Handle:
        handle = Handle(loop, when_us, callback, args, context)
        self._number += 1
        heapq.heappush(self._heap, (when_us, self._number, handle))
        return handle

    def later(self, delay_ms: int, callback, *args) -> Handle:
        """Do something of the world itself, of no node."""
        return self.at(self.now_us + delay_ms * 1000, None, callback, *args)

    def run_until(self, end_us: int, until=lambda: False) -> None:
        """Do all that is due up to `end_us`, or until `until` after a step of the world."""
        heap = self._heap
        while heap and heap[0][0] <= end_us:
            when_us, number, handle = heapq.heappop(heap)
            if handle.callback is None:
                continue
            self.now_us = when_us
            loop = handle.loop
            if loop is None:
                handle.callback(*handle.args)
                if until():
                    return
            elif loop.paused_until_us > when_us:
                heapq.heappush(heap, (loop.paused_until_us, number, handle))
            elif not loop.is_closed():
                self.steps += 1
                self.enter(loop, handle)
        self.now_us = max(self.now_us, end_us)

    def enter(self, loop, handle) -> None:
        """Run one handle as its node's loop would."""
        self.current = loop.node
        events._set_running_loop(loop)
        try:
            if handle.context is None:
                handle.callback(*handle.args)
            else:
                handle.context.run(handle.callback, *handle.args)
        finally:
            events._set_running_loop(None)
            self.current = None


class NodeLoop(asyncio.AbstractEventLoop):
    """One life of one node on the scheduler. `rate` is its clock's speed per thousand."""

    def __init__(self, scheduler: Scheduler, node, rate: int = 1000) -> None:
        self._scheduler, self.node, self.rate = scheduler, node, rate
        self._base_us, self._base_local_us = scheduler.now_us, scheduler.now_us
        self.paused_until_us = 0
        self._closed = False
        self.unexpected = None

    def local(self, when_us: int) -> float:
        elapsed = (when_us - self._base_us) * self.rate // 1000
        return (self._base_local_us + elapsed) / SECOND

    def set_rate(self, rate: int) -> None:
        """From now on this node's clock runs at another speed."""
        now_us = self._scheduler.now_us
        self._base_local_us = round(self.local(now_us) * SECOND)
        self._base_us, self.rate = now_us, rate

    # ---- what asyncio, driver and gossip use of a loop

    def time(self) -> float:
        return self.local(self._scheduler.now_us)

    def call_soon(self, callback, *args, context=None) -> Handle:
        return self._scheduler.at(self._scheduler.now_us, self, callback, *args, context=context)

    call_soon_threadsafe = call_soon

    def call_later(self, delay, callback, *args, context=None) -> Handle:
        delay_us = max(0, round(delay * SECOND)) * 1000 // self.rate
        when_us = self._scheduler.now_us + delay_us
        return self._scheduler.at(when_us, self, callback, *args, context=context)

    def call_at(self, when, callback, *args, context=None) -> Handle:
        return self.call_later(when - self.time(), callback, *args, context=context)

    def create_future(self) -> asyncio.Future:
        return asyncio.Future(loop=self)

    def create_task(self, coroutine, *, name=None, context=None) -> asyncio.Task:
        return asyncio.Task(coroutine, loop=self, name=name, context=context)

    def run_in_executor(self, executor, function, *args) -> asyncio.Future:
        """No threads here: the work is done at once."""
        future = self.create_future()
        try:
            future.set_result(function(*args))
        except Exception as error:
            future.set_exception(error)
        return future

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return self._scheduler.current is self.node

    def is_closed(self) -> bool:
        return self._closed

    def close(self) -> None:
        self._closed = True

    def call_exception_handler(self, context) -> None:
        if not self._closed:
            self.unexpected = context

    def forget(self, tasks) -> None:
        """Nobody will ever ask how these tasks ended."""
        for task in tasks:
            task._log_destroy_pending = False
            if task.done() and not task.cancelled():
                with contextlib.suppress(BaseException):
                    task.exception()
