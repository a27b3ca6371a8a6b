"""Real drivers over real executors in one process, with governance to change who decides."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from consensus.driver import Driver
from consensus.guard import SigningGuard
from consensus.messages import Committed, ProposalHead, Vote, decode
from consensus.settings import ConsensusSettings
from contracts.governance import requests
from crypto.ports import Signer
from crypto.suites import INTL
from faults import PeerFault
from ledger.certificate import verify_header
from ledger.genesis import Genesis, GenesisIdentity, GenesisValidator, Parameters, dump_genesis
from ledger.kv import MemoryKeyValue
from ledger.transaction import encode_transaction, sign_body
from node.block_store import BlockStore
from node.client import build_body
from node.executor import Executor
from node.mempool import Pool, PoolLimits
from node.reader import Reader
from proto.contracts_pb2 import RegisterIdentityRequest, ValidatorChange
from tests.consensus.test_driver import FAST, FakeClock, Hub, Port
from tests.node.chains import TIME_MS, private_key

CHAIN = "yl-consortium"
SUITE = INTL
GOVERNOR = SUITE.signer(private_key(2))
SECONDS = 60.0


def validator(number: int) -> Signer:
    """The key of node `number`."""
    return SUITE.signer(private_key(5000 + number))


def genesis_file(first: int = 4) -> bytes:
    """`first` validators of power 10, and one organisation that governs."""
    identity = GenesisIdentity(
        public_key=GOVERNOR.public_key.hex(), org="bureau", roles=("governance",), label="desk"
    )
    members = tuple(
        GenesisValidator(public_key=validator(number).public_key.hex(), power=10)
        for number in range(first)
    )
    return dump_genesis(
        Genesis(
            chain_id=CHAIN,
            suite=SUITE.name,
            time_ms=TIME_MS,
            org="bureau",
            validators=members,
            identities=(identity,),
            parameters=Parameters(block_interval_ms=60_000),
        )
    )


@dataclass
class Member:
    """One node; a key outside the set follows."""

    number: int
    hub: Hub
    directory: Path
    genesis: bytes
    kv: MemoryKeyValue = field(default_factory=MemoryKeyValue)
    settings: ConsensusSettings = FAST
    clock: FakeClock = field(default_factory=FakeClock)
    executor: Executor = field(init=False)
    driver: Driver = field(init=False)
    task: "asyncio.Task[None]" = field(init=False)
    port: Port = field(init=False)

    @property
    def signer(self) -> Signer:
        return validator(self.number)

    @property
    def key(self) -> bytes:
        return self.signer.public_key

    @property
    def height(self) -> int:
        return self.executor.height()

    def start(self, *, first: bool = False) -> "Member":
        """`first`: the key has never signed, as the mark beside a new key says."""
        if first:
            SigningGuard.begin_first(self.directory)
        self.executor = Executor(BlockStore(self.kv), self.genesis, Pool(PoolLimits()))
        self.port = Port(self.hub, self.key)
        self.driver = Driver(
            chain_id=CHAIN,
            application=self.executor,
            signer=self.signer,
            suite=SUITE,
            network=self.port,
            directory=self.directory,
            clock=self.clock,
            settings=self.settings,
            admitted=self.executor.signing_record,
        )
        self.task = asyncio.create_task(self.driver.run())
        return self

    def kill(self) -> None:
        """Without a word; the files and the store stay."""
        self.task.cancel()
        self.hub.unplug(self.port)
        self.executor.close()

    def lose_data(self) -> None:
        """Store and signing record are gone; the key is kept."""
        self.kv = MemoryKeyValue()
        shutil.rmtree(self.directory)

    def submit(self, raw: bytes) -> None:
        """As gossip would: a transaction that is not known here comes into the pool."""
        self.executor.submit(raw)
        self.driver.notify_pool()


class Consortium:
    """`first` validators and more nodes that follow; all of them get every transaction."""

    def __init__(self, folder: Path, first: int = 4, more: int = 0) -> None:
        self.hub = Hub()
        self.genesis = genesis_file(first)
        self.members = [
            Member(number, self.hub, folder / str(number), self.genesis)
            for number in range(first + more)
        ]
        self.running: list[Member] = []
        self.said: dict[bytes, list[int]] = {}
        """Heights at which each node sent something that it signed."""
        self._count = 0
        self._listen()

    def start(self, *numbers: int) -> None:
        """Start these nodes for the first time; all without numbers."""
        for number in numbers or range(len(self.members)):
            self.running.append(self.members[number].start(first=True))

    async def stop(self) -> None:
        for member in self.running:
            if not member.task.done():
                member.driver.stop()
            await member.task
            self.hub.unplug(member.port)
            member.executor.close()

    @property
    def top(self) -> int:
        return max(member.height for member in self.running)

    def submit(self, raw: bytes) -> None:
        for member in self.running:
            member.submit(raw)

    def load(self, count: int = 1) -> None:
        """Business as usual: some identities are registered."""
        for _ in range(count):
            self._count += 1
            key = SUITE.public_key(private_key(100_000 + self._count))
            request = RegisterIdentityRequest(
                public_key=key, org="agency", roles=["agency"], label="desk"
            )
            self.submit(self._transaction("identity", "register", request))

    async def change(self, *changes: ValidatorChange, absent: Sequence[bytes] = ()) -> int:
        """Have governance make this change; the height it is in force from."""
        request = requests.propose(changes, absent=list(absent))
        raw = self._transaction("governance", "propose_validators", request)
        tx_hash = self.running[0].executor.check(raw).hash
        self.submit(raw)
        store = self.running[0].executor.store
        await until(lambda: store.receipts(tx_hash) is not None)
        (receipt,) = store.receipts(tx_hash) or ()
        assert receipt.code == "OK", receipt
        place = store.place(tx_hash)
        assert place is not None
        return place[0] + 2

    async def grow(self, height: int, members: Sequence[Member] | None = None) -> None:
        """Make blocks under load until all (or these) have committed `height`."""
        wanted = list(members if members is not None else self.running)
        async with asyncio.timeout(SECONDS):
            while min(member.height for member in wanted) < height:
                if all(not len(member.executor.pool) for member in self.running):
                    self.load()
                await asyncio.sleep(0.005)

    def check(self) -> None:
        """One chain; every block certified by the set of its height, as each header announces."""
        for member in self.running:
            executor = member.executor
            for height in range(1, executor.height() + 1):
                found = executor.block(height)
                assert found is not None
                block, certificate = found
                verify_header(SUITE, executor.validators(height), block.header, certificate)
                following = executor.validators(height + 1).hash(SUITE)
                assert block.header.next_validators_hash == following
                others = (one.executor.store.header(height) for one in self.running)
                hashes = {found[0] for found in others if found is not None}
                assert len(hashes) == 1
            assert member.driver.status().double_votes == 0
            assert member.port.reported == []

    def reader(self, number: int = 0) -> Reader:
        return Reader(self.members[number].executor, "test")

    def _transaction(self, contract: str, method: str, request: object) -> bytes:
        body = build_body(
            CHAIN,
            contract,
            method,
            [request],  # type: ignore[list-item]
            GOVERNOR.public_key,
            last_height=self.top + 500,
        )
        return encode_transaction(sign_body(GOVERNOR, body))

    def _listen(self) -> None:
        deliver: Callable[[bytes, bytes, bytes], None] = self.hub.deliver

        def heard(sender: bytes, receiver: bytes, message: bytes) -> None:
            for key, height in _signed(message):
                if key == sender:  # others pass on what it said in an earlier life
                    self.said.setdefault(key, []).append(height)
            deliver(sender, receiver, message)

        self.hub.deliver = heard  # type: ignore[method-assign]


def _signed(message: bytes) -> Iterator[tuple[bytes, int]]:
    try:
        decoded = decode(message)
    except PeerFault:
        return
    if isinstance(decoded, Vote | Committed):
        yield decoded.validator, decoded.height
    elif isinstance(decoded, ProposalHead):
        yield decoded.proposer, decoded.height


async def until(condition: Callable[[], bool], seconds: float = SECONDS) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


def run(story: Awaitable[None]) -> None:
    asyncio.run(asyncio.wait_for(story, 2 * SECONDS))
