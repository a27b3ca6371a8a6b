"""gRPC services from plain objects: parsing, limits, errors and counters in one place.

A service object has one method per rpc, `name(request, context) -> reply`, plain or async; a plain
one runs on a thread of its own, so it may take its time. Rejected becomes a status with its stable
code; bytes that are no message of the method are refused like any other wrong request.
"""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import grpc
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass

from faults import InvariantBroken, Misuse, PeerFault, Rejected, StorageFault
from node.codes import NODE_BUSY, REQUEST_INVALID
from node.grpc_errors import detail_of, to_status
from node.logs import get_logger, log_event
from node.metrics import Metrics

MESSAGE_BYTES_MAX = 12 * 1024 * 1024
"""Largest request and reply: a transaction of 8 MiB and its framing fit."""

CALLS_AT_ONCE_MAX = 512

_log = get_logger("node.grpc")

Calls = Mapping[str, Callable[..., Any]]
Fatal = Callable[[BaseException], None]
Refusal = tuple[grpc.StatusCode, str, tuple[tuple[str, bytes], ...]]


def server_options() -> list[tuple[str, int]]:
    """Channel options of the node's gRPC server."""
    return [
        ("grpc.max_receive_message_length", MESSAGE_BYTES_MAX),
        ("grpc.max_send_message_length", MESSAGE_BYTES_MAX),
        ("grpc.max_concurrent_streams", 256),
        ("grpc.so_reuseport", 0),
    ]


class Services:
    """Registers service objects on a server; counts and bounds the calls of all of them."""

    def __init__(self, server: grpc.aio.Server, metrics: Metrics, fatal: Fatal) -> None:
        """`fatal` is told of InvariantBroken and StorageFault: the process has to stop."""
        self._server = server
        self._metrics = metrics
        self._fatal = fatal
        self._running = 0

    def add(self, service: ServiceDescriptor, servicer: object) -> None:
        """Serve every rpc of `service` by the method of that name of `servicer`."""
        self.add_calls(service, {rpc.name: getattr(servicer, rpc.name) for rpc in service.methods})

    def add_calls(
        self, service: ServiceDescriptor, calls: Mapping[str, Callable[..., Any]]
    ) -> None:
        """Serve every rpc of `service` by the call of that name."""
        handlers: dict[str, grpc.RpcMethodHandler[bytes, bytes]] = {
            rpc.name: grpc.unary_unary_rpc_method_handler(self._wrap(rpc, calls[rpc.name]))
            for rpc in service.methods
        }
        handler = grpc.method_handlers_generic_handler(service.full_name, handlers)
        self._server.add_generic_rpc_handlers((handler,))

    def _wrap(
        self, method: MethodDescriptor, call: Callable[..., Any]
    ) -> Callable[[bytes, grpc.aio.ServicerContext[bytes, bytes]], Awaitable[bytes]]:
        request_class = GetMessageClass(method.input_type)

        async def answer(raw: bytes, context: grpc.aio.ServicerContext[bytes, bytes]) -> bytes:
            self._running += 1
            try:
                outcome = await self._outcome(method, call, request_class, raw, context)
            finally:
                self._running -= 1
            if isinstance(outcome, bytes):
                return outcome
            # Not `abort`: grpc keeps what that raises with the call, and with it, in a circle, our
            # frames and the megabytes of a refused request, until the garbage collector comes by.
            status, sentence, trailer = outcome
            context.set_code(status)
            context.set_details(sentence)
            context.set_trailing_metadata(trailer)
            return b""

        return answer

    async def _outcome(
        self,
        method: MethodDescriptor,
        call: Callable[..., Any],
        request_class: type[Message],
        raw: bytes,
        context: grpc.aio.ServicerContext[bytes, bytes],
    ) -> bytes | Refusal:
        """The reply, or what to tell the caller; an error itself ends here, with its frames."""
        try:
            reply = await self._call(call, request_class, raw, context)
        except (Rejected, PeerFault) as error:
            return self._refusal(method, error)
        except (InvariantBroken, StorageFault) as error:
            self._fatal(error)
            return self._refusal(method, Misuse("stopping"))
        except (asyncio.CancelledError, grpc.aio.AbortError):
            raise
        except Exception as error:  # a bug: the caller learns only that it is ours
            log_event(_log, "error", "grpc.bug", method=method.full_name)
            _log.error("grpc.bug.trace", exc_info=True)
            return self._refusal(method, error)
        self._count(method, "OK")
        return reply

    async def _call(
        self,
        call: Callable[..., Any],
        request_class: type[Message],
        raw: bytes,
        context: grpc.aio.ServicerContext[bytes, bytes],
    ) -> bytes:
        if self._running > CALLS_AT_ONCE_MAX:
            raise Rejected(NODE_BUSY, limit=CALLS_AT_ONCE_MAX)
        try:
            request = request_class.FromString(raw)
        except DecodeError:
            raise Rejected(REQUEST_INVALID, request=request_class.DESCRIPTOR.name) from None
        if inspect.iscoroutinefunction(call):
            reply = await call(request, context)
        else:
            reply = await asyncio.to_thread(call, request, context)
        serialized: bytes = reply.SerializeToString()
        return serialized

    def _refusal(self, method: MethodDescriptor, error: Exception) -> Refusal:
        self._count(method, detail_of(error).code)
        return to_status(error)

    def _count(self, method: MethodDescriptor, code: str) -> None:
        service = method.containing_service.name
        self._metrics.count(
            "yilian_grpc_calls_total", service=service, method=method.name, code=code
        )
