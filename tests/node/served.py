"""A node's services on loopback, on a loop of their own, with blocks decided by the test."""

import asyncio
import threading
from types import TracebackType

import grpc

from ledger.kv import MemoryKeyValue
from node.addresses import open_listener
from node.contract_api.documents import Prepare
from node.contract_api.service import ContractApi
from node.contract_api.unsigned import BodyMaker
from node.executor import Executor
from node.grpc_service import Services, server_options
from node.http_api import HttpServer, make_app
from node.ledger_service import LedgerService
from node.mempool import PoolLimits
from node.metrics import Metrics
from node.reader import Reader
from node.waiters import Waiters
from proto import services_pb2 as pb
from proto.services_pb2 import DESCRIPTOR
from tests.node.chains import Keys, decide, open_executor


class Served:
    """Use as a context manager; `grpc_address` and `http_address` are where it listens."""

    def __init__(self, keys: Keys, limits: PoolLimits | None = None) -> None:
        self.keys = keys
        self.executor: Executor = open_executor(MemoryKeyValue(), keys, limits)
        self.metrics = Metrics()
        self.reader = Reader(self.executor, "test-node")
        self.announced: list[bytes] = []
        self.faults: list[BaseException] = []
        self.waits_for = ""
        self.prepare: Prepare | None = None
        self.why_reply = pb.WhyReply(verdict="idle", node_name="test-node")
        self.grpc_address = self.http_address = ""
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._stopping = asyncio.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._run(),))

    def __enter__(self) -> "Served":
        self._thread.start()
        assert self._ready.wait(20)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(20)
        self._loop.close()
        self.executor.close()

    def why(self) -> pb.WhyReply:
        return self.why_reply

    def decide(self) -> None:
        decide(self.executor, self.keys)

    async def _run(self) -> None:
        waiters = Waiters(asyncio.get_running_loop())
        self.executor.on_commit(waiters.committed)
        server = grpc.aio.server(options=server_options())
        services = Services(server, self.metrics, self.faults.append)
        ledger = LedgerService(
            self.executor,
            self.reader,
            waiters,
            self.announced.append,
            self.why,
            pb.ValidatorsReply,
        )
        services.add(DESCRIPTOR.services_by_name["Ledger"], ledger)
        bodies = BodyMaker(self.keys.suite, self.executor.genesis.chain_id, self.executor.height)
        for service, calls in ContractApi(bodies, self.reader, self.prepare).services():
            services.add_calls(service, calls)
        self.grpc_address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
        listener = open_listener("http.listen", "127.0.0.1:0")
        self.http_address = f"127.0.0.1:{listener.getsockname()[1]}"
        app = make_app(self.reader, self.metrics, lambda: self.waits_for, self.why)
        http = HttpServer(app, listener)
        await server.start()
        await http.start()
        self._ready.set()
        await self._stopping.wait()
        await http.stop()
        await server.stop(None)
