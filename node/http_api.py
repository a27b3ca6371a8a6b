"""The JSON side: health, metrics and the ledger's reads, for people, scripts and monitors.

The same answers as gRPC gives, from the same reader; bytes are lower-case hex. FastAPI and uvicorn
are imported only when the server is made, because they are the slowest imports of the process.
"""

import asyncio
import json
import re
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from faults import Rejected
from node.codes import INTERNAL, PATH_NOT_FOUND, REQUEST_INVALID
from node.grpc_errors import detail_of, status_of
from node.logs import get_logger
from node.metrics import Metrics
from node.why.answer import Why, why_json
from proto import services_pb2 as pb

if TYPE_CHECKING:
    from fastapi import FastAPI

_log = get_logger("node.http")

_HTTP_OF_STATUS: dict[str, int] = {
    "INVALID_ARGUMENT": 400,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "FAILED_PRECONDITION": 409,
    "RESOURCE_EXHAUSTED": 429,
    "INTERNAL": 500,
    "UNAVAILABLE": 503,
}

SHUTDOWN_SECONDS = 3


class Reads(Protocol):
    """What this shell needs of the node: the committed reads and whether it is ready."""

    def status(self) -> pb.StatusReply:
        """Where the node stands."""

    def block(self, height: int) -> pb.BlockReply:
        """A committed block."""

    def state(self, key: str) -> pb.StateReply:
        """A state leaf with its proof."""

    def trace(self, key: str) -> pb.TraceReply:
        """All events of an object."""

    def receipt(self, tx_hash: bytes) -> pb.ReceiptReply:
        """A committed transaction's receipts."""


def make_app(reads: Reads, metrics: Metrics, ready: Callable[[], str], why: Why) -> "FastAPI":
    """The application. `ready` answers "" when the node serves, else what it waits for.

    `why` explains how the node is; it is called in the event loop.
    """
    from fastapi import FastAPI, Request
    from fastapi.exceptions import RequestValidationError
    from fastapi.responses import JSONResponse, PlainTextResponse

    app = FastAPI(
        title="医链 Yilian node",
        description="Committed reads of one ledger node. 账本节点的只读接口。",
        version="1",
        docs_url="/docs",
        redoc_url=None,
    )

    async def refuse(request: Request, error: Exception) -> JSONResponse:
        detail = detail_of(error)
        if detail.code == INTERNAL.name:
            _log.error("http.bug.trace", exc_info=error)
        metrics.count("yilian_http_errors_total", code=detail.code)
        body = {"code": detail.code, "zh": detail.zh, "en": detail.en}
        return JSONResponse(
            {**body, "fields": dict(detail.fields)},
            status_code=_HTTP_OF_STATUS.get(status_of(detail.code).name, 500),
        )

    async def refuse_parameter(request: Request, error: Exception) -> JSONResponse:
        return await refuse(request, Rejected(REQUEST_INVALID, path=request.url.path[:200]))

    async def refuse_path(request: Request, error: Exception) -> JSONResponse:
        answer = await refuse(request, Rejected(PATH_NOT_FOUND, path=request.url.path[:200]))
        answer.status_code = getattr(error, "status_code", 404)
        return answer

    app.add_exception_handler(Rejected, refuse)
    app.add_exception_handler(RequestValidationError, refuse_parameter)
    app.add_exception_handler(404, refuse_path)
    app.add_exception_handler(405, refuse_path)
    app.add_exception_handler(Exception, refuse)

    @app.get("/healthz", summary="The process runs / 进程在运行")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/readyz", summary="The node serves / 节点可服务")
    async def readyz() -> JSONResponse:
        waits_for = ready()
        body = {"status": "waiting" if waits_for else "ready", "waits_for": waits_for}
        return JSONResponse(body, status_code=503 if waits_for else 200)

    @app.get("/metrics", response_class=PlainTextResponse, summary="Prometheus")
    async def metrics_text() -> PlainTextResponse:
        return PlainTextResponse(metrics.expose(), media_type="text/plain; version=0.0.4")

    @app.get("/v1/why", summary="Why no block is coming / 为何没有出块")
    async def why_now() -> dict[str, Any]:
        return why_json(why())

    _add_reads(app, reads)
    return app


def _add_reads(app: "FastAPI", reads: Reads) -> None:
    # Plain functions: FastAPI runs them on its worker threads, so a long proof delays nobody.
    @app.get("/v1/status", summary="Chain, height, roots / 链、高度与状态根")
    def status() -> dict[str, Any]:
        return status_json(reads.status())

    @app.get("/v1/blocks/{height}", summary="One block; 0 = newest / 区块")
    def block(height: int) -> dict[str, Any]:
        if not 0 <= height < 2**63:
            raise Rejected(REQUEST_INVALID, height=height)
        return block_json(reads.block(height))

    @app.get("/v1/state/{key:path}", summary="One record with its proof / 链上记录及证明")
    def state(key: str) -> dict[str, Any]:
        return state_json(key, reads.state(key))

    @app.get("/v1/trace/{key:path}", summary="All events of an object / 对象的完整轨迹")
    def trace(key: str) -> dict[str, Any]:
        return trace_json(key, reads.trace(key))

    @app.get("/v1/receipts/{tx_hash}", summary="Receipts of a transaction / 交易回执")
    def receipt(tx_hash: str) -> dict[str, Any]:
        if not re.fullmatch(r"[0-9a-f]{64}", tx_hash):
            raise Rejected(REQUEST_INVALID, tx_hash="64 lower-case hex digits are expected")
        return receipt_json(reads.receipt(bytes.fromhex(tx_hash)))


def status_json(reply: pb.StatusReply) -> dict[str, Any]:
    """The status as JSON."""
    return {
        "chain_id": reply.chain_id,
        "suite": reply.suite,
        "node": reply.node_name,
        "height": reply.height,
        "block_hash": reply.block_hash.hex(),
        "state_root": reply.state_root.hex(),
        "block_time_ms": reply.block_time_ms,
        "validators": reply.validators,
        "peers": reply.peers,
        "pool": reply.pool,
    }


def block_json(reply: pb.BlockReply) -> dict[str, Any]:
    """A block as JSON: header and certificate as the bytes that are hashed and verified."""
    return {
        "height": reply.height,
        "block_hash": reply.block_hash.hex(),
        "header": reply.header.hex(),
        "certificate": reply.certificate.hex(),
        "transactions": [
            {"body": one.body.hex(), "signature": one.signature.hex()} for one in reply.transactions
        ],
    }


def state_json(key: str, reply: pb.StateReply) -> dict[str, Any]:
    """A state leaf as JSON."""
    return {
        "key": key,
        "found": reply.found,
        "height": reply.height,
        "record": json.loads(reply.record_json) if reply.record_json else None,
        "value": reply.value.hex(),
        "proof": reply.proof.hex(),
    }


def trace_json(key: str, reply: pb.TraceReply) -> dict[str, Any]:
    """A trace as JSON."""
    return {
        "key": key,
        "events": [
            {
                "index": one.index,
                "height": one.height,
                "tx_hash": one.tx_hash.hex(),
                "event": json.loads(one.event_json),
            }
            for one in reply.events
        ],
        "state": state_json(key, reply.state),
    }


def receipt_json(reply: pb.ReceiptReply) -> dict[str, Any]:
    """Receipts as JSON."""
    return {
        "tx_hash": reply.tx_hash.hex(),
        "height": reply.height,
        "operations": [
            {
                "code": one.code,
                "result": json.loads(one.result) if one.result else None,
                "fields": dict(one.fields),
            }
            for one in reply.operations
        ],
    }


class HttpServer:
    """uvicorn in the node's event loop, on a socket the node opened."""

    def __init__(self, app: "FastAPI", listener: socket.socket) -> None:
        import uvicorn

        self._listener = listener
        config = uvicorn.Config(
            app,
            access_log=False,
            log_config=None,
            lifespan="off",
            server_header=False,
            limit_concurrency=256,
            h11_max_incomplete_event_size=16 * 1024,
            timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        )
        self._server = uvicorn.Server(config)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Serve until `stop`; answers when the server accepts."""
        # `_serve` is `serve` without the signal handlers, which belong to the node.
        self._task = asyncio.create_task(self._server._serve(sockets=[self._listener]))
        while not self._server.started and not self._task.done():
            await asyncio.sleep(0.01)

    async def stop(self) -> None:
        """Let running requests end, then close."""
        self._server.should_exit = True
        if self._task is not None:
            await self._task
        self._listener.close()
