"""Where a node is put together: configuration in, a running process out. Nothing is decided here.

The main path of a transaction: `ledger_service` (submit) -> `executor` (check, pool) -> the
consensus driver, whose pure core is the next stop to read (consensus/machine.py:step) -> `executor`
(build, execute) -> contracts/registry.py:apply_transaction -> `executor` (commit) ->
node/block_store.py:commit -> node/store.py:write.
"""

import asyncio
import contextlib
import os
import signal
import time
from pathlib import Path
from typing import Any

import grpc
import msgspec

from consensus.driver import Driver
from consensus.settings import ConsensusSettings
from faults import InvariantBroken, Rejected, StorageFault
from ledger.genesis import load_genesis
from node.addresses import (
    cannot_listen,
    forget_addresses,
    join_address,
    open_listener,
    split_address,
    write_addresses,
)
from node.block_store import BlockStore
from node.chain_view import ChainView
from node.codes import CONFIG_INVALID
from node.config import ConsensusSection, NodeConfig
from node.contract_api.documents import Prepare
from node.contract_api.service import ContractApi
from node.contract_api.unsigned import BodyMaker
from node.evidence_desk import EvidenceDesk
from node.executor import Executor
from node.files import load_signer
from node.files import read_genesis as read_genesis
from node.files import read_passphrase as read_passphrase
from node.first_start import take_first_start
from node.gossip import DriverNetwork, Gossip
from node.grpc_service import Services, server_options
from node.http_api import HttpServer, make_app
from node.ledger_service import LedgerService
from node.logs import get_logger, log_event, setup_logs
from node.mempool import Pool, PoolLimits
from node.metrics import Metrics
from node.peer_link import PeerIdentity
from node.peers import PeerNetwork
from node.reader import Reader
from node.snapshots.messages import KIND as SNAPSHOT_KIND
from node.snapshots.node_part import Snapshots
from node.snapshots.places import settle
from node.snapshots.sync import SyncSettings
from node.store import RocksStore
from node.validators_view import ValidatorsView
from node.waiters import Waiters
from node.why.answer import why_reply
from node.why.diagnosis import Diagnosis
from node.why.gauges import add_gauges
from node.why.stopped import remember_stop
from node.why.watch import Parts, Watch, position_of
from proto.services_pb2 import DESCRIPTOR, WhyReply

EXIT_FATAL = 70
"""Exit code after InvariantBroken or StorageFault (EX_SOFTWARE of sysexits.h)."""

GRPC_GRACE_SECONDS = 2.0
SETTLE_SECONDS = 2.0
"""A node that ends by a fault may take so long to find out, with its peers, where results part."""

_log = get_logger("node.runtime")


def serve(config: NodeConfig) -> int:
    """Run a node until it is told to stop; the process's exit code.

    Raises Rejected when it can't start (configuration, key, genesis, a second process).
    """
    try:
        asyncio.run(run_node(config))
    except (InvariantBroken, StorageFault):
        return EXIT_FATAL
    return 0


async def run_node(config: NodeConfig) -> None:
    """Open everything, serve until SIGTERM or SIGINT, close everything in the reverse order.

    Raises Rejected when it can't start, InvariantBroken or StorageFault (after one log line, with
    nothing more acknowledged) when it must not go on.
    """
    setup_logs(config.log.level, config.log.format)
    stop = _Stop()
    while stop.opens_again():
        await _run_once(config, stop)
    log_event(_log, "info", "node.stopped", node=config.node.name)


async def _run_once(config: NodeConfig, stop: "_Stop") -> None:
    async with contextlib.AsyncExitStack() as stack:
        try:
            node = await _Node.open(config, stack, stop)
            await node.run()
        except (InvariantBroken, StorageFault) as fault:
            stop.fail(fault)
        if stop.fault is not None:
            kind = type(stop.fault).__name__
            log_event(_log, "error", "node.fatal", kind=kind, reason=str(stop.fault))
            remember_stop(Path(config.node.home), stop.fault)
    if stop.fault is not None:
        raise stop.fault


class _Stop:
    """Why and when the node ends: a signal, or a fault that nobody may pass over."""

    def __init__(self) -> None:
        self.requested = asyncio.Event()
        self.fault: BaseException | None = None
        self._again = True
        self._signalled = False
        self._loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            self._loop.add_signal_handler(number, self._signal)

    def opens_again(self) -> bool:
        """Whether the node is to be opened: the first time, and after `reopen`."""
        again = self._again and not self._signalled
        self._again = False
        self.requested.clear()
        return again

    def reopen(self) -> None:
        """Close everything and open it anew: another store takes this one's place."""
        self._again = True
        self.requested.set()

    def _signal(self) -> None:
        self._signalled = True
        self.requested.set()

    def fail(self, fault: BaseException) -> None:
        """End the node because of `fault`; the first one counts. From any thread."""
        if self.fault is None:
            self.fault = fault
        self._loop.call_soon_threadsafe(self.requested.set)


CLOCK_OFFSET = "YILIAN_TEST_CLOCK_OFFSET_MS"
"""Test aid: a node that is started with it has a clock that is wrong by so many ms."""


class WallClock:
    """Time of day, in ms, for the consensus driver."""

    def __init__(self, offset_ms: int = 0) -> None:
        self._offset_ms = offset_ms

    def now_ms(self) -> int:
        """Milliseconds since 1970-01-01 UTC."""
        return time.time_ns() // 1_000_000 + self._offset_ms


class _Node:
    """The parts of one running node: built bottom up, closed by the stack top down."""

    def __init__(self, config: NodeConfig, stop: _Stop) -> None:
        self.config = config
        self.stop = stop
        self.metrics = Metrics()
        self.addresses: dict[str, str] = {}

    @classmethod
    async def open(
        cls, config: NodeConfig, stack: contextlib.AsyncExitStack, stop: _Stop
    ) -> "_Node":
        """Open store, chain, network and services; nothing is served before `run`."""
        node = cls(config, stop)
        node._open_chain(stack)
        await node._open_network(stack)
        await node._open_services(stack)
        return node

    def _open_chain(self, stack: contextlib.AsyncExitStack) -> None:
        config = self.config
        home = Path(config.node.home)
        home.mkdir(parents=True, exist_ok=True)
        settle(home)
        genesis_file = read_genesis(config.node.genesis)
        self.suite, self.signer = load_signer(config)
        genesis = load_genesis(genesis_file)
        if genesis.suite != self.suite.name:
            advice = f"use a key of the chain's suite, {genesis.suite}"
            raise Rejected(CONFIG_INVALID, key="node.key_file", advice=advice)
        self.store = RocksStore(home / "store")
        stack.callback(self.store.close)
        forget_addresses(home)
        pool = config.pool
        self.executor = Executor(
            BlockStore(self.store),
            genesis_file,
            Pool(PoolLimits(pool.max_count, pool.max_bytes, pool.max_per_signer)),
        )
        stack.callback(self.executor.close)

    async def _open_network(self, stack: contextlib.AsyncExitStack) -> None:
        config, genesis = self.config, self.executor.genesis
        identity = PeerIdentity(
            genesis.chain_id, self.executor.genesis_hash, self.suite, self.signer
        )
        known = {
            bytes.fromhex(peer.public_key): split_address(peer.address)
            for peer in config.peers.known
        }
        guests = [bytes.fromhex(peer.public_key) for peer in config.peers.observers]
        self.peers = PeerNetwork(identity, known, guests=guests, count=self.metrics.count)
        stack.push_async_callback(self.peers.stop)
        await self.peers.start(*split_address(config.peers.listen))
        self.addresses["peers"] = join_address(config.peers.listen, self.peers.port)
        self.gossip = Gossip(self.executor, self.peers)
        clock = WallClock(int(os.environ.get(CLOCK_OFFSET, "0")))
        settings = consensus_settings(config.consensus, self.executor)
        self.diagnosis = Diagnosis(
            self.peers,
            self.suite,
            self.executor.write_sets,
            clock,
            lambda: position_of(self.driver.status()),
        )
        network = DriverNetwork(self.peers, self.gossip, self.diagnosis)
        directory = Path(config.node.home) / "consensus"
        take_first_start(Path(config.node.key_file), self.signer.public_key, directory)
        self.driver = Driver(
            chain_id=genesis.chain_id,
            application=self.executor,
            signer=self.signer if config.node.mode == "validator" else None,
            suite=self.suite,
            network=network,
            directory=directory,
            clock=clock,
            settings=settings,
            foresee=self.executor.admission.foresee,
            admitted=self.executor.signing_record,
        )
        self._open_snapshots(stack, network)
        self.watch = self._make_watch(settings)
        self.gossip.pooled = self.driver.notify_pool
        if config.node.mode == "validator":
            self.evidence = EvidenceDesk(self.executor, self.signer, self._announce)

    def _open_snapshots(self, stack: contextlib.AsyncExitStack, network: DriverNetwork) -> None:
        section = self.config.snapshots
        takes = not self.config.custodian.enabled  # a custodian needs the payloads in every block
        self.snapshots = Snapshots(
            Path(self.config.node.home),
            self.store,
            self.executor,
            self.peers,
            self.driver,
            self.stop.reopen,
            every=section.every,
            keep=section.keep,
            settings=SyncSettings(behind=section.take_when_behind if takes else 0),
        )
        stack.callback(self.snapshots.close)
        network.others[SNAPSHOT_KIND] = self.snapshots.on_message

    async def _open_services(self, stack: contextlib.AsyncExitStack) -> None:
        config = self.config
        self.reader = Reader(self.executor, config.node.name, self.peers.connected)
        waiters = Waiters(asyncio.get_running_loop())
        self.executor.on_commit(waiters.committed)
        self.executor.on_commit(self._count_block)
        server = grpc.aio.server(options=server_options())
        services = Services(server, self.metrics, self.stop.fail)
        validators = ValidatorsView(
            self.executor,
            self.signer.public_key,
            self.driver,
            self.diagnosis.peers,
            time.monotonic,
        )
        ledger = LedgerService(
            self.executor, self.reader, waiters, self._announce, self._why, validators.reply
        )
        services.add(DESCRIPTOR.services_by_name["Ledger"], ledger)
        self._add_contracts(services, self._add_custodian(services, stack))
        try:
            port = server.add_insecure_port(config.grpc.listen)
        except RuntimeError:
            raise cannot_listen("grpc.listen", config.grpc.listen, "in use") from None
        self.addresses["grpc"] = join_address(config.grpc.listen, port)
        listener = open_listener("http.listen", config.http.listen)
        self.addresses["http"] = join_address(config.http.listen, listener.getsockname()[1])
        self.reader.http_address = self.addresses["http"]
        self._add_gauges()
        app = make_app(self.reader, self.metrics, self._waits_for, self._why)
        self.http = HttpServer(app, listener)
        self.server = server
        stack.push_async_callback(self._stop_services)

    def _make_watch(self, settings: ConsensusSettings) -> Watch:
        config, own_key = self.config, self.signer.public_key
        known = {bytes.fromhex(peer.public_key): peer.name or "" for peer in config.peers.known}
        for observer in config.peers.observers:
            known[bytes.fromhex(observer.public_key)] = observer.name or ""
        return Watch(
            Parts(
                executor=self.executor,
                driver=self.driver,
                troubles=self.peers.troubles,
                diagnosis=self.diagnosis,
                settings=settings,
                home=Path(config.node.home),
                own_key=own_key,
                names=known | {own_key: config.node.name},
            )
        )

    def _why(self) -> WhyReply:
        return why_reply(self.watch.facts(), self.config.node.name)

    def _add_contracts(self, services: Services, prepare: Prepare | None) -> None:
        """The contracts' own services; documents go to this node's custodian, if it has one."""
        chain_id = self.executor.genesis.chain_id
        bodies = BodyMaker(self.suite, chain_id, self.executor.height)
        for service, calls in ContractApi(bodies, self.reader, prepare).services():
            services.add_calls(service, calls)

    def _add_custodian(
        self, services: Services, stack: contextlib.AsyncExitStack
    ) -> Prepare | None:
        if not self.config.custodian.enabled:
            return None
        from node.custodian.service import make_custodian  # other nodes need none of it

        custodian = make_custodian(self.config, ChainView(self.executor))
        stack.callback(custodian.close)
        services.add(DESCRIPTOR.services_by_name["Custodian"], custodian)
        return custodian.Prepare

    async def run(self) -> None:
        """Serve until something ends it."""
        await self.server.start()
        await self.http.start()
        tasks: set[asyncio.Task[Any]] = {
            asyncio.create_task(self.driver.run(), name="consensus"),
            asyncio.create_task(self.gossip.run(), name="gossip"),
            asyncio.create_task(self.diagnosis.run(), name="diagnosis"),
            asyncio.create_task(self.snapshots.run(), name="snapshots"),
        }
        stopped = asyncio.create_task(self.stop.requested.wait())
        write_addresses(Path(self.config.node.home), self.addresses)
        self._log_start()
        done, _ = await asyncio.wait({*tasks, stopped}, return_when=asyncio.FIRST_COMPLETED)
        for task in done & tasks:
            self._ended(task)
        if self.stop.fault is not None:
            self.watch.fault = str(self.stop.fault)
            await self.diagnosis.settle(SETTLE_SECONDS)
        self.driver.stop()
        for task in tasks:
            if task.get_name() != "consensus":
                task.cancel()
        stopped.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _ended(self, task: "asyncio.Task[Any]") -> None:
        """A part that runs for ever has ended: by a fault, or by a defect, which is as fatal."""
        error = task.exception()
        if not isinstance(error, InvariantBroken | StorageFault):
            _log.error("node.part.ended", exc_info=error)
            error = InvariantBroken(f"{task.get_name()} ended: {type(error).__name__}")
        self.stop.fail(error)

    def _announce(self, raw: bytes) -> None:
        self.gossip.announce(raw)
        self.driver.notify_pool()

    def _count_block(self, height: int, tx_hashes: tuple[bytes, ...]) -> None:
        self.metrics.count("yilian_blocks_total")
        self.metrics.count("yilian_transactions_total", len(tx_hashes))
        log_event(_log, "info", "block.committed", height=height, transactions=len(tx_hashes))

    def _waits_for(self) -> str:
        if self.executor.height() == 0:
            return "the first block"
        return "blocks from peers" if self.driver.status().syncing else ""

    def _add_gauges(self) -> None:
        gauge, executor, driver = self.metrics.gauge, self.executor, self.driver
        gauge("yilian_height", "Newest committed height", executor.height)
        gauge("yilian_pool_transactions", "Transactions that wait", executor.pool_size)
        gauge("yilian_pool_bytes", "Their bytes", lambda: executor.pool.size_bytes)
        gauge("yilian_peers", "Connected peers", self.peers.connected)
        gauge("yilian_peer_score_lowest", "Worst peer's score of 100", self.peers.lowest_score)
        gauge("yilian_round", "Round being decided", lambda: driver.status().round)
        gauge(
            "yilian_double_votes",
            "Double votes seen by this process",
            lambda: driver.status().double_votes,
        )

        add_gauges(self.metrics, self.watch.facts)

    def _log_start(self) -> None:
        log_event(
            _log,
            "info",
            "node.started",
            node=self.config.node.name,
            chain_id=self.executor.genesis.chain_id,
            suite=self.suite.name,
            height=self.executor.height(),
            grpc=self.addresses["grpc"],
            http=self.addresses["http"],
        )

    async def _stop_services(self) -> None:
        """Stop taking calls; after a fault at once, so that nothing more is acknowledged."""
        await self.server.stop(None if self.stop.fault else GRPC_GRACE_SECONDS)
        await self.http.stop()


def consensus_settings(section: ConsensusSection, executor: Executor) -> ConsensusSettings:
    """Timeouts from the configuration; what all nodes must agree on from genesis."""
    parameters = executor.genesis.parameters
    return ConsensusSettings(
        **msgspec.structs.asdict(section),
        empty_block_interval_ms=parameters.block_interval_ms,
        clock_drift_ms=parameters.clock_drift_ms,
    )
