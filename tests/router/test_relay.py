"""The relay core: scripts, kills at every effect, races, and random interleavings."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.bridge.records import Channel, OutboxEntry, channel_key
from ledger.packet import Packet, outbox_key
from ledger.records import encode
from router.messages import (
    AskPeerPackets,
    AskPeerReceipts,
    Carried,
    CarriedBack,
    OwnRead,
    PacketsPulled,
    PrepareDelivery,
    ReadOwn,
    ReceiptsPulled,
    RelayState,
    SubmitAnswered,
    SubmitDeliver,
    Tick,
)
from router.relay import step
from router.views import channel_view, outbox_view
from tests.contracts.bridge.chain import CHANNEL
from tests.router.world import SETTINGS, Relay, World, do, failure, pull, reach

EFFECTS = [
    "ReadOwn",
    "AskPeerPackets",
    "AskPeerReceipts",
    "PrepareDelivery",
    "SubmitDeliver",
    "SubmitAcknowledge",
]


def test_the_views_read_what_the_contracts_write() -> None:
    world = World()
    world.send("n1")
    channel = world.a.channel()
    view = channel_view(encode(channel))
    for name in view.__struct_fields__:
        assert getattr(view, name) == getattr(channel, name)
    assert channel_key(CHANNEL) == f"bridge/channel/{CHANNEL}"
    entry = world.a.load(OutboxEntry, outbox_key(CHANNEL, 1, 1))
    assert isinstance(entry, OutboxEntry)
    seen = outbox_view(encode(entry))
    assert (seen.status, seen.packet, seen.packet_id) == ("pending", entry.packet, entry.packet_id)
    assert Channel.__struct_fields__[0] == "channel_id"


def test_the_script_of_one_packet() -> None:
    world = World()
    world.send("n1", document=True)
    (inbound,), (outbound,) = world.inbound, world.outbound
    inbound.tick(1)
    assert inbound.waiting == [ReadOwn("channel", (f"bridge/channel/{CHANNEL}",))]
    inbound.perform()
    assert inbound.waiting == [AskPeerPackets(CHANNEL, 1, 4)]
    inbound.perform()
    assert inbound.waiting == [ReadOwn("inbox", (f"bridge/in/{CHANNEL}/1/{1:012d}",))]
    inbound.perform()
    assert [type(one) for one in inbound.waiting] == [PrepareDelivery]
    inbound.perform()
    assert [type(one) for one in inbound.waiting] == [SubmitDeliver]
    inbound.perform()
    assert inbound.waiting == [] and inbound.state.delivered == 1
    outbound.tick(1)
    outbound.perform()
    assert [type(one) for one in outbound.waiting] == [AskPeerPackets, ReadOwn]
    outbound.perform(1)
    assert outbound.waiting[-1] == AskPeerReceipts(CHANNEL, (1,))
    outbound.perform(1)
    assert reach(outbound.waiting[-1]) == "SubmitAcknowledge"
    outbound.perform(1)
    assert outbound.state.acknowledged == 1
    world.check()


def test_step_leaves_the_state_it_got() -> None:
    world = World()
    world.send("n1")
    relay = world.inbound[0]
    relay.tick(1)
    before, shown = relay.state, repr(relay.state)
    event = OwnRead("channel", (encode(world.b.channel()),), 5)
    first = step(SETTINGS, before, event)
    assert repr(before) == shown
    assert repr(step(SETTINGS, before, event)) == repr(first)


def test_many_packets_in_many_lanes_arrive_in_order() -> None:
    world = World()
    for index in range(14):
        world.send(f"n{index % 3}", document=index % 2 == 0)
    world.settle()
    world.check()
    assert world.b.channel().next_inbound == 15
    assert world.inbound[0].notes == []


@pytest.mark.parametrize("kind", EFFECTS)
@pytest.mark.parametrize("carried_out", [False, True])
def test_killed_at_any_effect_it_resumes_from_the_chains(kind: str, carried_out: bool) -> None:
    world = World()
    for name in ("n1", "n1", "n2"):
        world.send(name, document=True)
    killed = 0
    for _ in range(60):
        world.tick()
        for relay in world.relays:
            while relay.waiting:
                if reach(relay.waiting[0]) == kind and killed < 3:
                    relay.perform(answer=False) if carried_out else relay.waiting.pop(0)
                    relay.kill()
                    killed += 1
                else:
                    relay.perform()
    assert killed == 3
    world.settle()
    world.check()


@pytest.mark.parametrize("kind", EFFECTS)
@pytest.mark.parametrize("poison", [False, True])
def test_any_effect_may_fail_again_and_again(kind: str, poison: bool) -> None:
    world = World()
    for name in ("n1", "n1", "n2"):
        world.send(name, document=True)
    failed = 0
    for _ in range(400):
        world.tick()
        for relay in world.relays:
            while relay.waiting:
                if reach(relay.waiting[0]) == kind and failed < 10:
                    relay.fail(0, poison)
                    failed += 1
                else:
                    relay.perform()
    assert failed == 10
    world.settle()
    world.check()


def test_two_routers_race_and_nothing_doubles() -> None:
    world = World(routers=2)
    for index in range(6):
        world.send(f"n{index % 2}", document=True)
    for _ in range(300):
        world.tick()
        for relays in (world.inbound, world.outbound):
            while any(relay.waiting for relay in relays):
                for relay in relays:  # in lockstep: both pull before either submits
                    if relay.waiting:
                        relay.perform()
    world.settle()
    world.check()
    assert sum(relay.state.delivered for relay in world.inbound) == 6
    assert sum(relay.state.acknowledged for relay in world.outbound) == 6


def test_a_poisoned_packet_does_not_hold_up_other_lanes() -> None:
    world = World()
    for name in ("bad", "bad", "n1", "n2", "n3", "n4", "n5", "n6"):
        world.send(name, document=True)
    relay = world.inbound[0]

    def run(rounds: int) -> None:
        for _ in range(rounds):
            world.tick(20)
            for one in world.relays:
                while one.waiting:
                    effect = one.waiting[0]
                    bad = isinstance(effect, PrepareDelivery) and effect.packet.sequence <= 2
                    one.fail(0, poison=True) if bad else one.perform()

    run(40)
    for name in ("n1", "n2", "n3", "n4", "n5", "n6"):
        assert world.b.note(name).total_fen == 100
    assert world.b.channel().next_inbound == 1
    assert relay.state.rejected > 0
    assert {note.sequence for note in relay.notes if note.poison} == {1}
    # Once its deadline is over, the tombstone needs no envelope, and the lane goes on.
    world.b.time_ms = world.a.sent(1).deadline_ms
    run(100)
    assert world.b.channel().next_inbound == 9
    assert world.a.note("bad").heard == ("TIMEOUT:TIMED_OUT",) * 2


def test_rest_grows_is_jittered_and_ends_in_a_park() -> None:
    world = World()
    world.send("n1")
    relay = world.inbound[0]
    rests = []
    for _ in range(10):
        relay.tick(world.now_ms, jitter=0)
        for _ in range(20):
            while relay.waiting and not isinstance(relay.waiting[0], SubmitDeliver):
                relay.perform()
            if relay.waiting:
                relay.fail(0)
                rests.append(relay.notes[-1].until_ms - world.now_ms)
                break
            world.now_ms += 5
            relay.tick(world.now_ms, jitter=0)
        world.now_ms += 250
    assert rests[:4] == [10, 20, 40, 80]
    assert rests[7:] == [200, 200, 200]
    state = replace_now(relay, jitter=999)
    assert relay.notes[-1].failures == 10 and state.jitter == 999


def replace_now(relay: Relay, jitter: int) -> RelayState:
    relay.tick(relay.state.now_ms, jitter)
    return relay.state


def test_a_peer_that_is_away_counts_once_a_poll_though_both_directions_fail() -> None:
    world = World()
    world.send("n1")
    relay = world.outbound[0]
    asked = (AskPeerPackets, AskPeerReceipts)
    for failures, rests_ms in ((1, 10), (2, 20), (3, 40)):
        world.tick(1_000)
        while not all(isinstance(one, asked) for one in relay.waiting):
            relay.perform(next(i for i, one in enumerate(relay.waiting) if type(one) not in asked))
        assert len(relay.waiting) == 2
        relay.fail(0)
        relay.fail(0)
        assert [note.failures for note in relay.notes[-2:]] == [failures, failures]
        assert relay.notes[-1].until_ms == world.now_ms + rests_ms


def test_an_answer_between_two_failures_of_a_poll_ends_the_outage() -> None:
    world = World()
    world.send("n1")
    relay = world.outbound[0]
    world.b.send("n2")
    world.tick(1_000)
    while not any(isinstance(one, AskPeerReceipts) for one in relay.waiting):
        relay.perform(next(i for i, one in enumerate(relay.waiting) if type(one) is ReadOwn))
    relay.fail(next(i for i, one in enumerate(relay.waiting) if type(one) is AskPeerReceipts))
    relay.perform()
    assert [reach(one) for one in relay.waiting] == ["ReadOwn"]
    relay.fail(0)
    assert [note.failures for note in relay.notes] == [1, 1]


def test_jitter_adds_up_to_half() -> None:
    relay = World().inbound[0]
    relay.tick(1_000, jitter=999)
    relay.fail(0)
    assert relay.notes[-1].until_ms == 1_000 + 10 + 10 * 999 // 2000


@pytest.mark.parametrize(
    "packet", [b"", b"\0" * 10, b"\xff" * 400, b"\x01" + b"\0" * 300], ids=repr
)
def test_what_is_no_packet_is_counted_and_skipped(packet: bytes) -> None:
    world = World()
    world.send("n1")
    relay = world.inbound[0]
    relay.tick(1)
    relay.perform()
    (good,) = pulled_by(world)
    relay.waiting.clear()
    relay.feed(PacketsPulled((Carried(packet, b"", b""), good)))
    assert relay.state.rejected == 1 and relay.notes[-1].poison
    while relay.waiting:
        relay.perform()
    assert world.b.note("n1").total_fen == 100


def pulled_by(world: World) -> tuple[Carried, ...]:
    return pull(world.a, 1, 4)


@pytest.mark.parametrize(
    "change", [{"channel": "zz"}, {"epoch": 2}, {"source": "chain-c"}], ids=repr
)
def test_a_packet_that_is_not_for_this_channel_is_skipped(change: dict[str, object]) -> None:
    world = World()
    world.send("n1")
    relay = world.inbound[0]
    relay.tick(1)
    relay.perform()
    relay.waiting.clear()
    (good,) = pulled_by(world)
    packet: Packet = replace(Packet.decode(good.packet), **change)  # type: ignore[arg-type]
    relay.feed(PacketsPulled((Carried(packet.encode(), good.proof, b""),)))
    assert relay.waiting == [] and relay.state.rejected == 1


def test_a_peer_that_sends_too_much_is_cut_off() -> None:
    world = World()
    for index in range(12):
        world.send(f"n{index}")
    relay = world.inbound[0]
    relay.tick(1)
    relay.perform()
    relay.waiting.clear()
    relay.feed(PacketsPulled(pull(world.a, 1, 12)))
    assert len(relay.state.inspected) == SETTINGS.page


def test_unasked_and_false_receipts_are_ignored() -> None:
    world = World()
    world.send("n1")
    relay = world.outbound[0]
    relay.tick(1)
    relay.perform()
    while relay.waiting and not isinstance(relay.waiting[-1], AskPeerReceipts):
        relay.perform()
    relay.waiting.clear()
    relay.feed(ReceiptsPulled((CarriedBack(99, b"x", b""), CarriedBack(1, b"junk", b""))))
    assert relay.waiting == []
    assert [note.sequence for note in relay.notes] == [1]


def test_answers_nobody_waits_for_do_no_harm() -> None:
    state = RelayState()
    for event in (
        SubmitAnswered("deliver", 7, "OK"),
        SubmitAnswered("acknowledge", 7, "BAD_PROOF"),
        PacketsPulled(()),
        ReceiptsPulled(()),
        OwnRead("inbox", (), 0),
        OwnRead("outbox", (), 0),
        OwnRead("channel", (None,), 0),
        OwnRead("channel", (b"junk",), 0),
    ):
        state, effects = step(SETTINGS, state, event)
        assert all(reach(one) == "Backoff" for one in effects)
    _, effects = step(SETTINGS, state, Tick(10_000, 0))
    assert [reach(one) for one in effects] == ["ReadOwn"]


def test_a_paused_channel_is_not_pulled() -> None:
    world = World()
    relay = world.inbound[0]
    relay.tick(1)
    paused = encode(world.b.channel()).replace(b"\xa6paused\xc2", b"\xa6paused\xc3")
    relay.waiting.clear()
    relay.feed(OwnRead("channel", (paused,), 0))
    assert relay.waiting == []


class Draws:
    """Choices out of a list of numbers: one interleaving."""

    def __init__(self, numbers: list[int]) -> None:
        self.numbers = numbers

    def below(self, bound: int) -> int:
        return self.numbers.pop() % bound if self.numbers else 0


@pytest.mark.slow
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(numbers=st.lists(st.integers(0, 2**16), min_size=40, max_size=160))
def test_random_interleavings_lose_and_double_nothing(numbers: list[int]) -> None:
    world, draws = World(routers=2), Draws(numbers)
    world.send("n0")
    while draws.numbers:
        relay = world.relays[draws.below(4)]
        match draws.below(8):
            case 0 if len(world.sent) < 12:
                world.send(f"n{draws.below(3)}", document=bool(draws.below(2)))
            case 1:
                relay.kill()
            case 2 if relay.waiting:
                relay.perform(draws.below(len(relay.waiting)), answer=False)
                relay.kill()
            case 3 if relay.waiting:
                relay.fail(draws.below(len(relay.waiting)), bool(draws.below(2)))
            case 4 if relay.waiting:  # carried out, but the answer says it came to nothing
                effect = relay.waiting.pop(draws.below(len(relay.waiting)))
                do(relay, effect)
                relay.feed(failure(effect, code="NODE_UNREACHABLE"))
            case 5:
                world.tick(5 + draws.below(100))
            case _:
                if relay.waiting:
                    relay.perform(draws.below(len(relay.waiting)))
                else:
                    world.tick()
        world.check_never_more()
    world.settle()
    world.check()


def test_the_cache_is_bounded() -> None:
    world = World()
    small = replace(SETTINGS, window=5)
    state = RelayState(
        finished=dict.fromkeys(range(2, 50)), resting=dict.fromkeys(range(2, 50), b"lane")
    )
    event = OwnRead("channel", (encode(world.b.channel()),), 0)
    after, _ = step(small, state, event)
    assert list(after.finished) == list(after.resting) == list(range(45, 50))
    assert len(state.finished) == 48
