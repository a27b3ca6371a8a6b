"""Four drivers in one process, over a net in memory, with real keys, logs and certificates."""

import asyncio
import random
from dataclasses import dataclass, field, replace

import pytest

from consensus.bisection import EVERYTHING
from consensus.codes import SETTING_INVALID
from consensus.driver import Driver
from consensus.messages import BlockResponse, Committed, Status, Vote, VoteKind, encode
from consensus.settings import ConsensusSettings
from crypto.suites import suite as suite_named
from faults import InvariantBroken, Rejected, StorageFault
from ledger.block import Block, Header, block_hash, transactions_root
from ledger.certificate import COMMITTED, PRECOMMIT, verify_header
from ledger.validators import Validator, ValidatorSet

CHAIN = "yl-test"
SUITE = suite_named("intl")
GENESIS = SUITE.hash(b"genesis")
FAST = ConsensusSettings(
    timeout_propose_ms=300,
    timeout_prevote_ms=100,
    timeout_precommit_ms=100,
    timeout_propose_delta_ms=100,
    timeout_prevote_delta_ms=50,
    timeout_precommit_delta_ms=50,
    empty_block_interval_ms=60_000,
    status_interval_ms=50,
    sync_timeout_ms=500,
)


class FakeClock:
    def __init__(self):
        self.time_ms = 1_700_000_000_000

    def now_ms(self):
        self.time_ms += 1
        return self.time_ms


class FakeApplication:
    """A chain in memory; its "state root" is the hash of all transactions so far."""

    def __init__(self, validators):
        self.set = validators
        self.chain = []
        self.pool = []
        self.attached = {}
        self.reported = []
        self.executed = 0

    def _header(self, height, proposer, time_ms, transactions):
        parent = self.last_header()
        return Header(
            chain_id=CHAIN,
            height=height,
            time_ms=time_ms,
            previous_hash=block_hash(SUITE, parent) if parent else GENESIS,
            transactions_root=transactions_root(SUITE, transactions),
            receipts_root=SUITE.hash(b""),
            state_root=self._state(transactions),
            history_root=SUITE.hash(b""),
            validators_hash=self.set.hash(SUITE),
            next_validators_hash=self.set.hash(SUITE),
            proposer=proposer,
        )

    def _state(self, transactions):
        before = self.chain[-1][0].header.state_root if self.chain else b""
        return SUITE.hash(before + b"".join(transactions))

    def transaction_hashes(self, block):
        return tuple(SUITE.hash(raw) for raw in block.transactions)

    def report(self, found):
        self.reported.append(found)

    def quarantine(self, tx_hash):
        self.pool = [raw for raw in self.pool if SUITE.hash(raw) != tx_hash]

    def build(self, height, proposer, time_ms, selection=EVERYTHING):
        waiting = [raw for raw in self.pool if selection.allows(SUITE.hash(raw))]
        transactions = tuple(waiting[:10])
        return Block(self._header(height, proposer, time_ms, transactions), transactions)

    def execute(self, block):
        self.executed += 1
        right = self._state(block.transactions)
        return None if block.header.state_root == right else "state root"

    def commit(self, block, certificate):
        assert block.header.height == self.height() + 1
        self.chain.append([block, certificate])
        self.pool = [raw for raw in self.pool if raw not in block.transactions]

    def attach_committed(self, height, certificate):
        assert height not in self.attached
        assert certificate.kind == COMMITTED
        self.attached[height] = certificate
        self.chain[height - 1][1] = certificate

    def height(self):
        return len(self.chain)

    def block(self, height):
        return tuple(self.chain[height - 1]) if 1 <= height <= len(self.chain) else None

    def validators(self, height):
        assert height <= self.height() + 2
        return self.set

    def last_header(self):
        return self.chain[-1][0].header if self.chain else None

    def pool_size(self):
        return len(self.pool)


class Hub:
    """Delivers messages between ports that are plugged in; `lose` says which get lost."""

    def __init__(self):
        self.ports = {}
        self.lose = lambda sender, receiver, message: False
        self.sent = []

    def plug(self, port):
        self.ports[port.key] = port
        for other in list(self.ports.values()):
            if other is not port:
                other.on_peer(port.key, True)
                port.on_peer(other.key, True)

    def unplug(self, port):
        if self.ports.pop(port.key, None):
            for other in self.ports.values():
                other.on_peer(port.key, False)

    def deliver(self, sender, receiver, message):
        if receiver in self.ports and not self.lose(sender, receiver, message):
            port = self.ports[receiver]
            asyncio.get_running_loop().call_later(0.001, port.on_message, sender, message)


class Port:
    def __init__(self, hub, key):
        self.hub, self.key = hub, key
        self.reported = []

    def broadcast(self, message):
        for other in list(self.hub.ports):
            if other != self.key:
                self.send(other, message)

    def send(self, peer, message):
        if self.key in self.hub.ports:
            self.hub.deliver(self.key, peer, message)

    def listen(self, on_message, on_peer):
        self.on_message, self.on_peer = on_message, on_peer
        self.hub.plug(self)

    def report(self, peer, fault):
        self.reported.append((peer, fault.code.name))


@dataclass
class Node:
    hub: Hub
    signer: object
    application: FakeApplication
    directory: object
    settings: ConsensusSettings = FAST
    clock: FakeClock = field(default_factory=FakeClock)
    driver: Driver | None = None
    task: asyncio.Task | None = None
    port: Port | None = None

    def start(self):
        self.port = Port(self.hub, self.signer.public_key)
        self.driver = Driver(
            chain_id=CHAIN,
            application=self.application,
            signer=self.signer,
            suite=SUITE,
            network=self.port,
            directory=self.directory,
            clock=self.clock,
            settings=self.settings,
        )
        self.task = asyncio.create_task(self.driver.run())
        return self

    async def stop(self):
        self.driver.stop()
        await self.task
        self.hub.unplug(self.port)

    def kill(self):
        """Without a word, as if by SIGKILL: nothing is written any more."""
        self.task.cancel()
        self.hub.unplug(self.port)

    def submit(self, raw):
        self.application.pool.append(raw)
        self.driver.notify_pool()


def consortium(tmp_path, size=4, settings=FAST):
    keys = [SUITE.generate_private_key() for _ in range(size)]
    signers = [SUITE.signer(key) for key in keys]
    validators = ValidatorSet.of(*(Validator(signer.public_key, 1) for signer in signers))
    hub = Hub()
    return [
        Node(hub, signer, FakeApplication(validators), tmp_path / str(i), settings)
        for i, signer in enumerate(signers)
    ]


async def until(condition, seconds=30.0):
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


def heights(nodes):
    return [node.application.height() for node in nodes]


def check_chains(nodes):
    """Every certificate is right, and no two nodes have different blocks at a height."""
    for node in nodes:
        for block, certificate in node.application.chain:
            verify_header(SUITE, node.application.set, block.header, certificate)
    for blocks in zip(*(node.application.chain for node in nodes), strict=False):
        assert len({block_hash(SUITE, block.header) for block, _ in blocks}) == 1


async def finish(nodes):
    for node in nodes:
        if not node.task.done():
            await node.stop()
    check_chains(nodes)


def run(story):
    asyncio.run(asyncio.wait_for(story, 90))


def test_a_single_validator_commits_at_once_and_attaches_committed(tmp_path):
    async def story():
        (node,) = nodes = consortium(tmp_path, 1)
        node.start()
        for number in range(25):
            node.submit(b"tx %d" % number)
        await until(lambda: not node.application.pool)
        assert set(node.application.attached) == set(range(1, node.application.height() + 1))
        await finish(nodes)

    run(story())


def test_the_first_block_is_made_at_once_and_the_next_when_there_is_something(tmp_path):
    async def story():
        nodes = [node.start() for node in consortium(tmp_path)]
        await until(lambda: min(heights(nodes)) == 1)
        await asyncio.sleep(0.3)
        assert heights(nodes) == [1, 1, 1, 1]
        await finish(nodes)

    run(story())


def test_an_empty_block_comes_after_the_interval(tmp_path):
    async def story():
        settings = replace(FAST, empty_block_interval_ms=100)
        nodes = [node.start() for node in consortium(tmp_path, 1, settings)]
        await until(lambda: nodes[0].application.height() >= 2)
        await finish(nodes)
        times = [block.header.time_ms for block, _ in nodes[0].application.chain]
        assert times == sorted(set(times))

    run(story())


def test_four_validators_commit_and_all_get_committed_certificates(tmp_path):
    async def story():
        nodes = [node.start() for node in consortium(tmp_path)]
        for number in range(5):
            for node in nodes:
                node.submit(b"tx %d" % number)
            await until(lambda goal=number + 1: min(heights(nodes)) >= goal)
        await until(lambda: all(5 in node.application.attached for node in nodes))
        status = nodes[0].driver.status()
        assert status.height == nodes[0].application.height() + 1
        assert len(status.peers) == 3
        assert status.last_commit_ms > 0
        assert status.double_votes == 0
        await finish(nodes)
        assert all(node.port.reported == [] for node in nodes)

    run(story())


@pytest.mark.slow
def test_one_node_down_the_chain_goes_on_and_the_node_catches_up(tmp_path):
    async def story():
        nodes = [node.start() for node in consortium(tmp_path)]
        for node in nodes:
            node.submit(b"first")
        await until(lambda: min(heights(nodes)) >= 1)
        nodes[3].kill()
        for number in range(40):
            for node in nodes[:3]:
                node.submit(b"tx %d" % number)
            await until(lambda: not any(node.application.pool for node in nodes[:3]))
        assert nodes[3].application.height() < nodes[0].application.height() - 16
        nodes[3].start()
        await until(lambda: heights(nodes)[3] >= heights(nodes)[0])
        top = heights(nodes)[0]
        for node in nodes:
            node.submit(b"last")
        await until(lambda: min(heights(nodes)) > top)
        await finish(nodes)

    run(story())


def test_all_killed_and_restarted_go_on(tmp_path):
    async def story():
        nodes = [node.start() for node in consortium(tmp_path)]
        for turn in range(6):
            for node in nodes:
                node.submit(b"tx %d" % turn)
            await asyncio.sleep(0.01 * turn)
            for node in nodes:
                node.kill()
            await asyncio.sleep(0.01)
            for node in nodes:
                node.start()
            await until(lambda goal=turn + 1: min(heights(nodes)) >= goal)
        assert all(node.driver.status().double_votes == 0 for node in nodes)
        await finish(nodes)

    run(story())


@pytest.mark.slow
def test_lost_messages_do_not_stall(tmp_path):
    async def story():
        nodes = consortium(tmp_path)
        dice = random.Random(3)
        nodes[0].hub.lose = lambda *_: dice.random() < 0.33
        for node in nodes:
            node.start()
        for number in range(5):
            for node in nodes:
                node.submit(b"tx %d" % number)
            await until(lambda goal=number + 1: min(heights(nodes)) >= goal)
        await finish(nodes)

    run(story())


@pytest.mark.slow
def test_a_partition_stops_both_halves_and_heals(tmp_path):
    async def story():
        nodes = consortium(tmp_path)
        half = {node.signer.public_key for node in nodes[:2]}
        nodes[0].hub.lose = lambda sender, receiver, _: (sender in half) != (receiver in half)
        for node in nodes:
            node.start().submit(b"tx")
        await asyncio.sleep(1.0)
        assert heights(nodes) == [0, 0, 0, 0]
        nodes[0].hub.lose = lambda *_: False
        await until(lambda: min(heights(nodes)) >= 1)
        await finish(nodes)

    run(story())


@pytest.mark.covers(row=8)
def test_a_block_with_a_wrong_root_gets_no_vote(tmp_path):
    async def story():
        nodes = consortium(tmp_path)
        honest = nodes[0].application._state
        nodes[0].application._state = lambda transactions: SUITE.hash(b"wrong" + honest(()))
        nodes[0].application.execute = lambda block: None
        for node in nodes[:]:
            node.start()
        for node in nodes[1:]:
            node.submit(b"tx")
        await until(lambda: min(heights(nodes[1:])) >= 1)
        assert nodes[1].application.chain[0][0].transactions == (b"tx",)
        await finish(nodes)

    run(story())


@pytest.mark.covers(row=7)
def test_malformed_forged_and_foreign_messages_are_reported(tmp_path):
    async def story():
        nodes = [node.start() for node in consortium(tmp_path)]
        node, stranger = nodes[0], SUITE.signer(SUITE.generate_private_key())
        await until(lambda: node.driver.status().height == 2)
        peer = nodes[1].signer.public_key
        voter = nodes[2].signer.public_key
        bad = [
            b"",
            b"\xff",
            b"\x02" + b"\0" * 30,
            encode(Vote(VoteKind.PREVOTE, 2, 0, b"x" * 32, voter, b"s" * 64)),
            encode(Vote(VoteKind.PREVOTE, 2, 0, b"", stranger.public_key, b"s" * 64)),
            encode(Committed(2, b"x" * 32, voter, b"s" * 64)),
            encode(BlockResponse(2, b"no block", b"no certificate")),
            encode(Status(1, 0, True, False, 0, 0)) + b"\0",
        ]
        for message in bad:
            node.port.on_message(peer, message)
        await until(lambda: len(node.port.reported) == len(bad))
        assert {key for key, _ in node.port.reported} == {peer}
        assert node.application.height() == 1
        for each in nodes:
            each.submit(b"tx")
        await until(lambda: min(heights(nodes)) >= 2)
        await finish(nodes)

    run(story())


def test_a_lying_status_does_not_stop_the_chain(tmp_path):
    async def story():
        nodes = [node.start() for node in consortium(tmp_path)]
        await asyncio.sleep(0.05)
        lie = encode(Status(10**12, 0, True, False, 0, 0))
        for node in nodes[1:]:
            node.port.on_message(nodes[0].signer.public_key, lie)
        for node in nodes:
            node.submit(b"tx")
        await until(lambda: min(heights(nodes)) >= 1)
        await finish(nodes)

    run(story())


@pytest.mark.covers(row=24)
def test_a_flood_from_one_peer_is_dropped_at_the_door(tmp_path):
    async def story():
        nodes = consortium(tmp_path, 1, replace(FAST, inbox_messages_max=16))
        node = nodes[0].start()
        await asyncio.sleep(0.02)
        for _ in range(100):
            node.port.on_message(b"peer", encode(Status(1, 0, True, False, 0, 0)))
        assert node.driver.status().dropped_messages == 84
        node.submit(b"tx")
        await until(lambda: node.application.height() == 1)
        await finish(nodes)

    run(story())


def test_synced_blocks_need_a_right_certificate(tmp_path):
    async def story():
        nodes = consortium(tmp_path)
        for node in nodes[:3]:
            node.start()
            node.submit(b"tx")
        await until(lambda: min(heights(nodes[:3])) >= 1)
        block, certificate = nodes[0].application.chain[0]
        late = nodes[3]
        late.hub.lose = lambda _, receiver, __: receiver == late.signer.public_key
        late.start()
        await asyncio.sleep(0.02)
        weak = replace(certificate, bitmap=b"\x01", signatures=certificate.signatures[:1])
        peer = nodes[0].signer.public_key
        late.port.on_message(peer, encode(BlockResponse(1, block.encode(), weak.encode())))
        other = replace(block.header, time_ms=block.header.time_ms + 1)
        forged = Block(other, block.transactions).encode()
        late.port.on_message(peer, encode(BlockResponse(1, forged, certificate.encode())))
        await until(lambda: len(late.port.reported) == 2)
        assert late.application.height() == 0
        good = BlockResponse(1, block.encode(), certificate.encode())
        late.port.on_message(peer, encode(good))
        await until(lambda: late.application.height() == 1)
        await finish(nodes)

    run(story())


def test_a_certified_block_that_does_not_execute_stops_the_node(tmp_path):
    async def story():
        nodes = consortium(tmp_path)
        nodes[3].application.execute = lambda block: "state root"
        for node in nodes[:3]:
            node.start()
            node.submit(b"tx")
        await until(lambda: min(heights(nodes[:3])) >= 1)
        nodes[3].start()
        with pytest.raises(InvariantBroken):
            await nodes[3].task
        assert nodes[3].application.height() == 0
        nodes[3].hub.unplug(nodes[3].port)
        await finish(nodes[:3])

    run(story())


@pytest.mark.covers(row=17)
def test_a_storage_fault_ends_the_driver_before_anything_is_sent(tmp_path, monkeypatch):
    async def story():
        (node,) = consortium(tmp_path, 1)
        node.start()
        await until(lambda: node.driver.status().height == 2)

        def broken(_descriptor):
            raise OSError(5, "Input/output error")

        monkeypatch.setattr("os.fdatasync", broken)
        node.submit(b"tx")
        with pytest.raises(StorageFault):
            await node.task
        assert node.application.height() == 1

    run(story())


def test_a_restart_between_commit_and_committed_signs_it_then(tmp_path):
    async def story():
        (node,) = nodes = consortium(tmp_path, 1)
        node.application.attach_committed = lambda height, certificate: None
        node.start()
        node.submit(b"tx")
        await until(lambda: node.application.height() == 1)
        await node.stop()
        assert node.application.chain[0][1].kind == PRECOMMIT
        del node.application.attach_committed
        node.start()
        await until(lambda: 1 in node.application.attached)
        await finish(nodes)

    run(story())


@pytest.mark.parametrize(
    "wrong",
    [
        {"timeout_propose_ms": 0},
        {"timeout_prevote_ms": -1},
        {"empty_block_interval_ms": 10**9},
        {"sync_batch_blocks": 257},
        {"timeout_precommit_delta_ms": True},
        {"clock_drift_ms": 1.5},
    ],
)
def test_settings_out_of_range_are_refused_by_name(wrong):
    with pytest.raises(Rejected) as refusal:
        ConsensusSettings(**wrong)
    assert refusal.value.code is SETTING_INVALID
    assert refusal.value.fields["key"] in wrong
