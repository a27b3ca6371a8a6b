"""A node far behind takes a snapshot over from several peers, some of them hostile or silent."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from consensus.network import PeerId
from faults import PeerFault
from node.fsck import fsck
from node.snapshots import parts, places
from node.snapshots.messages import (
    AskHead,
    AskOffers,
    AskPart,
    HeadAnswer,
    Message,
    Offers,
    Part,
    PartAnswer,
    PartName,
    decode,
    encode,
)
from node.snapshots.serving import WAITING_PER_PEER, SnapshotServer
from node.snapshots.shelf import Shelf
from node.snapshots.staging import Staging
from node.snapshots.sync import SnapshotSync, SyncSettings
from node.store import RocksStore
from tests.node.chains import decide, open_executor
from tests.node.snapshots.source import FILE, KEYS, Source, make_source, opened, submit

Answer = Callable[[Message], Message | None]
QUICK = SyncSettings(
    behind=8,
    look_seconds=0.01,
    offers_seconds=0.02,
    answer_seconds=0.3,
    pause_seconds=0.05,
)


def honest(source: Source) -> Answer:
    def answer(message: Message) -> Message | None:
        match message:
            case AskOffers():
                return Offers((source.height,))
            case AskHead():
                return HeadAnswer(message.height, source.head.encode())
            case AskPart():
                return PartAnswer(message.height, message.part, source.reader.read(message.part))
        return None

    return answer


@dataclass
class World:
    """One node that is behind, and peers that answer as their functions say."""

    home: Path
    source: Source
    peers: dict[PeerId, Answer]
    settings: SyncSettings = QUICK
    claimed: int | None = None
    faults: list[tuple[PeerId, str]] = field(default_factory=list)
    held: list[bool] = field(default_factory=list)
    asked: list[tuple[PeerId, Message]] = field(default_factory=list)
    ready: bool = False

    def __post_init__(self) -> None:
        executor = self.source.executor
        claimed = self.claimed if self.claimed is not None else self.source.height + 2
        self.sync = SnapshotSync(
            home=self.home,
            suite=KEYS.suite,
            genesis=executor.genesis,
            genesis_hash=executor.genesis_hash,
            network=self,
            height=lambda: 0,
            heights=lambda: dict.fromkeys(self.peers, claimed),
            hold=self.held.append,
            ready=lambda: setattr(self, "ready", True),
            settings=self.settings,
        )

    def broadcast(self, message: bytes) -> None:
        for peer in sorted(self.peers):
            self.send(peer, message)

    def send(self, peer: PeerId, message: bytes) -> None:
        question = decode(message)
        self.asked.append((peer, question))
        answer = self.peers[peer](question)
        if answer is not None:
            loop = asyncio.get_running_loop()
            loop.call_soon(self.sync.on_answer, peer, decode(encode(answer)))

    def listen(self, *_: object) -> None:
        raise AssertionError("nobody listens here")

    def report(self, peer: PeerId, fault: PeerFault) -> None:
        self.faults.append((peer, fault.code.name))

    def run(self, seconds: float = 10.0) -> bool:
        """Whether a complete store is there in time."""

        async def watch() -> None:
            async with asyncio.timeout(seconds):
                await self.sync.run()

        try:
            asyncio.run(watch())
        except TimeoutError:
            return False
        return self.ready


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> Source:
    monkeypatch.setattr(parts, "LEAVES_BYTES", 1_500)
    monkeypatch.setattr(parts, "PART_BYTES", 2_000)
    return make_source()


def check_taken(world: World) -> None:
    assert world.held and all(world.held)  # until the node opens anew
    assert places.settle(world.home)
    with opened(world.home) as ours:
        assert ours.height() == world.source.height
        assert dict(ours.tree.scan("")).keys() <= dict(world.source.executor.tree.scan("")).keys()
    assert fsck(world.home / "store", FILE) == world.source.height


def test_it_is_taken_from_all_peers_that_have_it(source: Source, tmp_path: Path) -> None:
    world = World(tmp_path, source, {b"a": honest(source), b"b": honest(source)})
    assert world.run() and not world.faults
    parts_of = {
        peer: [one.part for asked, one in world.asked if asked == peer and isinstance(one, AskPart)]
        for peer in world.peers
    }
    assert all(parts_of.values())
    assert not set(parts_of[b"a"]) & set(parts_of[b"b"])
    check_taken(world)


def spoiled(source: Source, part: Part) -> Answer:
    """Answers well but for one sort of parts, in which a byte is wrong."""
    good = honest(source)

    def answer(message: Message) -> Message | None:
        made = good(message)
        if isinstance(made, PartAnswer) and made.part.part is part:
            content = bytearray(made.content)
            content[len(content) // 2] ^= 1
            return PartAnswer(made.height, made.part, bytes(content))
        return made

    return answer


@pytest.mark.parametrize("part", [Part.STATE, Part.BLOCKS, Part.RECEIPTS])
@pytest.mark.covers(row=12)
def test_a_hostile_peer_is_reported_and_others_are_asked(
    source: Source, tmp_path: Path, part: Part
) -> None:
    world = World(tmp_path, source, {b"a": spoiled(source, part), b"b": honest(source)})
    assert world.run()
    assert {name for _, name in world.faults} == {"SNAPSHOT_UNPROVED"}
    assert {peer for peer, _ in world.faults} == {b"a"}
    check_taken(world)


@pytest.mark.slow
def test_only_hostile_peers_leave_the_node_as_it_was(source: Source, tmp_path: Path) -> None:
    world = World(tmp_path, source, {b"a": spoiled(source, Part.STATE)})
    assert not world.run(1.0)
    assert world.faults and not (tmp_path / places.READY).exists()
    assert False in world.held  # block sync goes on meanwhile


@pytest.mark.slow
def test_a_later_attempt_goes_on_from_what_was_taken(source: Source, tmp_path: Path) -> None:
    first = World(tmp_path, source, {b"a": spoiled(source, Part.RECEIPTS)})
    assert not first.run(1.0)
    staging = Staging.open(tmp_path, KEYS.suite, source.checked_head())
    asked = {one.part for _, one in first.asked if isinstance(one, AskPart)}
    taken = {part for part in asked if staging._note(part) is not None}
    staging.close()
    second = World(tmp_path, source, {b"b": honest(source)})
    assert second.run()
    again = {one.part for _, one in second.asked if isinstance(one, AskPart)}
    assert again and taken and not again & taken
    check_taken(second)


def test_a_silent_or_forgetful_peer_is_left_and_not_reported(
    source: Source, tmp_path: Path
) -> None:
    good = honest(source)

    def silent(message: Message) -> Message | None:
        return None if isinstance(message, AskPart) else good(message)

    def forgetful(message: Message) -> Message | None:
        if isinstance(message, AskPart):
            return PartAnswer(message.height, message.part, b"")
        return good(message)

    world = World(tmp_path, source, {b"a": silent, b"b": forgetful, b"c": good})
    assert world.run() and not world.faults
    check_taken(world)


def test_a_head_that_is_not_certified_is_reported_and_the_next_taken(
    source: Source, tmp_path: Path
) -> None:
    good = honest(source)

    def liar(message: Message) -> Message | None:
        if isinstance(message, AskOffers):
            return Offers((source.height, 10**9))
        if isinstance(message, AskHead):
            return HeadAnswer(message.height, source.head.encode())
        return good(message)

    world = World(tmp_path, source, {b"a": liar, b"b": good})
    assert world.run()
    assert world.faults == [(b"a", "SNAPSHOT_UNPROVED")]
    check_taken(world)


def test_answers_nobody_asked_for_change_nothing(source: Source, tmp_path: Path) -> None:
    world = World(tmp_path, source, {b"a": honest(source)})
    world.sync.on_answer(b"x", HeadAnswer(5, b"junk"))
    world.sync.on_answer(b"x", PartAnswer(5, PartName(Part.STATE), b"junk"))
    world.sync.on_answer(b"x", AskOffers())
    assert world.run() and not world.faults


def test_near_the_others_and_when_switched_off_nothing_is_taken(
    source: Source, tmp_path: Path
) -> None:
    near = World(tmp_path, source, {b"a": honest(source)}, claimed=QUICK.behind - 1)
    assert not near.run(0.2) and not near.asked
    assert near.held[0] is True and near.held[-1] is False
    (tmp_path / places.SYNC).mkdir()
    off = World(tmp_path, source, {b"a": honest(source)}, SyncSettings(behind=0))
    assert not off.run(5.0) and not off.asked
    assert not (tmp_path / places.SYNC).exists()


def test_a_snapshot_that_is_hardly_ahead_is_not_worth_it(source: Source, tmp_path: Path) -> None:
    far = SyncSettings(behind=100, look_seconds=0.01, offers_seconds=0.01, pause_seconds=0.01)
    world = World(tmp_path, source, {b"a": honest(source)}, far, claimed=10**6)
    assert not world.run(0.3)
    assert not any(isinstance(one, AskHead) for _, one in world.asked)


# ---- the other side: taking and serving


def test_snapshots_are_taken_kept_and_dropped(tmp_path: Path) -> None:
    store = RocksStore(tmp_path / "store")
    executor = open_executor(store, KEYS)
    shelf = Shelf(tmp_path, store, KEYS.suite, every=3, keep=2)
    executor.on_commit(shelf.committed)
    for number in range(10):
        submit(executor, number)
        decide(executor, KEYS)
    shelf._thread.submit(lambda: None).result()
    assert shelf.heights() == (6, 9)
    reader = shelf.reader(6)
    assert reader is not None and reader.read(PartName(Part.STATE))
    assert shelf.reader(3) is None and shelf.head(3) == b"" and shelf.head(9)
    shelf.close()
    (tmp_path / "snapshots" / "000000000012.new").mkdir()
    again = Shelf(tmp_path, store, KEYS.suite, every=3, keep=1)
    assert again.heights() == (9,)
    assert {path.name for path in (tmp_path / "snapshots").iterdir()} == {"000000000009"}
    again.close()
    executor.close()
    store.close()


def test_the_server_answers_and_bounds_what_waits(tmp_path: Path) -> None:
    store = RocksStore(tmp_path / "store")
    executor = open_executor(store, KEYS)
    for number in range(4):
        submit(executor, number)
        decide(executor, KEYS)
    shelf = Shelf(tmp_path, store, KEYS.suite, every=0, keep=2)
    shelf.take(4)
    sent: list[Message] = []

    class Wire:
        def send(self, peer: PeerId, message: bytes) -> None:
            sent.append(decode(message))

    async def serve() -> None:
        server = SnapshotServer(shelf, Wire())  # type: ignore[arg-type]
        server.on_question(b"a", AskOffers())
        server.on_question(b"a", AskHead(4))
        server.on_question(b"a", AskPart(9, PartName(Part.STATE)))
        for _ in range(50):
            server.on_question(b"b", AskPart(4, PartName(Part.STATE)))
        task = asyncio.create_task(server.run())
        while len(sent) < 3 + WAITING_PER_PEER:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        task.cancel()

    asyncio.run(asyncio.wait_for(serve(), 20))
    assert sent[0] == Offers((4,))
    assert sent[1] == HeadAnswer(4, shelf.head(4))
    assert sent[2] == PartAnswer(9, PartName(Part.STATE), b"")
    assert len(sent) == 3 + WAITING_PER_PEER
    shelf.close()
    executor.close()
    store.close()


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"\x82",
        b"\x81\x01",
        b"\x82\x09",
        b"\x82\x01\x00",
        b"\x82\x02" + (17).to_bytes(4, "big"),
        encode(AskPart(1, PartName(Part.STATE))).replace(b"\x01\x00\x00\x00\x00", b"\x07\0\0\0\0"),
        encode(PartAnswer(1, PartName(Part.STATE), b"abc"))[:-1],
        encode(AskPart(1, PartName(Part.STATE, "k" * 257))),
    ],
)
def test_malformed_messages_are_the_peers_fault(message: bytes) -> None:
    with pytest.raises(PeerFault, match="SNAPSHOT_MALFORMED"):
        decode(message)
