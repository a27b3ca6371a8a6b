"""Channels by motion: every state × action, what a paused one and a closed one still answer."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from contracts.bridge.closing import acknowledge
from contracts.bridge.inbox import deliver
from contracts.bridge.outbox import send_packet
from contracts.bridge.records import Channel, ChannelList, channel_key, client_key
from contracts.framework import Context
from contracts.governance import channels
from contracts.governance.channels import (
    CHANGE,
    CLOSE,
    CLOSED,
    MAKE,
    OPEN,
    PAUSE,
    PAUSED,
    RESUME,
    TABLE,
    state_of,
)
from contracts.states import START
from crypto.suites import suite
from faults import Rejected
from ledger.block import block_hash
from ledger.genesis import core_hash
from ledger.light_client import LightClientState
from ledger.packet import Packet, outbox_key
from ledger.trace import decode_event
from proto.contracts_pb2 import DeliverRequest
from proto.governance_pb2 import (
    CarriedOperation,
    CloseChannel,
    MotionAction,
    OpenChannel,
    PauseChannelRequest,
    PeerValidator,
    ReanchorPeer,
    ResumeChannel,
    SetChannelOperation,
    SetPeerRouterKey,
)
from tests.contracts.bridge.chain import (
    APPLY,
    CHANNEL,
    ROUTER,
    MemoryChain,
    NoteBody,
    note_key,
    two_chains,
)
from tests.contracts.governance.council import (
    action,
    council,
    decide,
    execute,
    move,
    not_moved,
    vote,
)
from tests.contracts.harness import PROVINCE, Chain, channel, key_bytes

ENVELOPE = key_bytes("envelope")
MEMBERS = [PeerValidator(public_key=key_bytes("validator"), power=1)]


def described(name: str = "fp", **changes: Any) -> OpenChannel:
    given: dict[str, Any] = {
        "channel": name,
        "peer_chain": PROVINCE,
        "peer_suite": "gm",
        "peer_genesis_hash": bytes(32),
        "peer_validators": MEMBERS,
        "peer_router_key": ENVELOPE,
        "operations": [
            CarriedOperation(operation="BILL_BLUE", assurance="L3"),
            CarriedOperation(operation="LOCK", assurance="L3"),
        ],
    }
    return OpenChannel(**{**given, **changes})


def make(name: str = "fp", **changes: Any) -> MotionAction:
    return action(open_channel=described(name, **changes))


def operation(before: str, after: str, name: str = "LOCK") -> MotionAction:
    wanted = SetChannelOperation(channel="fp", operation=name, before=before, after=after)
    return action(set_channel_operation=wanted)


RESUMED = action(resume_channel=ResumeChannel(channel="fp"))
CLOSING = action(close_channel=CloseChannel(channel="fp"))
PAUSING = PauseChannelRequest(channel="fp", reason="strange packets")


@pytest.fixture
def chain() -> Chain:
    return council(Chain())


def of(chain: Chain, name: str = "fp") -> Channel:
    return chain.load(Channel, channel_key(name))


def in_state(chain: Chain, state: str) -> None:
    if state == START:
        return
    decide(chain, make())
    if state == PAUSED:
        chain.ok("bureau", "governance.pause_channel", PAUSING)
    elif state == CLOSED:
        decide(chain, CLOSING)


@pytest.mark.parametrize("row", list(TABLE.rows()))
def test_every_state_and_action(chain: Chain, row: tuple[str, str, str, str]) -> None:
    state, wanted, after, code = row
    in_state(chain, state)
    if wanted == PAUSE:
        result = chain.call("governor", "governance.pause_channel", PAUSING)
        assert result.code == (code or "OK")
        assert bool(chain.writes) is not bool(code)
    else:
        actions = {MAKE: make(), RESUME: RESUMED, CLOSE: CLOSING, CHANGE: operation("L3", "")}
        if code:
            not_moved(chain, code, actions[wanted])
            return
        decide(chain, actions[wanted])
    if after:
        assert state_of(of(chain)) == after


# ---- opening


def test_one_opened_by_motion_is_as_one_of_the_genesis(chain: Chain) -> None:
    decide(chain, make())
    first = Chain(channels=(channel("fp", PROVINCE, "gm", "BILL_BLUE LOCK", home=False),))
    for key in (channel_key("fp"), client_key(PROVINCE), "bridge/channels"):
        assert chain.state[key] == first.state[key], key
    decide(chain, make("np", peer_chain="yl-national", home=True, ttl_ms=3_600_000))
    assert (of(chain, "np").home, of(chain, "np").ttl_ms) == (True, 3_600_000)
    assert chain.load(ChannelList, "bridge/channels").channel_ids == ("fp", "np")


def test_a_second_channel_to_a_peer_keeps_its_light_client(chain: Chain) -> None:
    decide(chain, make())
    client = chain.state[client_key(PROVINCE)]
    other = [PeerValidator(public_key=key_bytes("stranger"), power=1)]
    decide(chain, make("second", peer_validators=other))
    assert chain.state[client_key(PROVINCE)] == client
    not_moved(chain, "PEER_DIFFERS", make("third", peer_genesis_hash=b"x" * 32))
    not_moved(chain, "PEER_DIFFERS", make("third", peer_suite="intl"))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"channel": "no/name"}, "MALFORMED_REQUEST"),
        ({"channel": ""}, "MALFORMED_REQUEST"),
        ({"peer_chain": "yl-finance"}, "MALFORMED_REQUEST"),  # itself
        ({"peer_chain": "No Chain"}, "MALFORMED_REQUEST"),
        ({"peer_suite": "rot13"}, "MALFORMED_REQUEST"),
        ({"peer_genesis_hash": b"short"}, "MALFORMED_REQUEST"),
        ({"peer_validators": []}, "MALFORMED_REQUEST"),
        ({"peer_validators": [PeerValidator(public_key=b"x", power=1)]}, "MALFORMED_REQUEST"),
        ({"peer_validators": MEMBERS * 2}, "MALFORMED_REQUEST"),
        ({"peer_router_key": b""}, "MALFORMED_REQUEST"),
        ({"ttl_ms": 1}, "MALFORMED_REQUEST"),
        ({"operations": [CarriedOperation(operation="FLY", assurance="L3")]}, "MALFORMED_REQUEST"),
        ({"operations": [CarriedOperation(operation="LOCK")]}, "MALFORMED_REQUEST"),
        ({"operations": [CarriedOperation(operation="LOCK", assurance="L9")]}, "MALFORMED_REQUEST"),
        (
            {"operations": [CarriedOperation(operation="LOCK", assurance="L3")] * 2},
            "MALFORMED_REQUEST",
        ),
        ({"operations": [CarriedOperation(operation="LOCK", assurance="L0")]}, "NO_VERIFIER"),
    ],
)
def test_what_cannot_be_opened_is_not_moved(
    chain: Chain, changes: dict[str, Any], code: str
) -> None:
    not_moved(chain, code, make(**changes))


# ---- changing


def test_an_operation_changes_only_from_what_it_is(chain: Chain) -> None:
    in_state(chain, OPEN)
    not_moved(chain, "CHANGED_MEANWHILE", operation("", "L3"))
    not_moved(chain, "CHANGED_MEANWHILE", operation("L2", ""))
    not_moved(chain, "CHANGED_MEANWHILE", operation("L3", "L3"))
    not_moved(chain, "NO_VERIFIER", operation("L3", "L1"))
    not_moved(chain, "MALFORMED_REQUEST", operation("", "L3", "FLY"))
    decide(chain, operation("L3", ""), operation("", "L3", "ENTRY"))
    assert of(chain).operations == (("BILL_BLUE", "L3"), ("ENTRY", "L3"))


def test_what_was_moved_before_another_change_is_not_carried_out(chain: Chain) -> None:
    in_state(chain, OPEN)
    late = move(chain, operation("L3", ""))
    decide(chain, operation("L3", ""))
    vote(chain, late, "gov_b")
    assert execute(chain, late) == "CHANGED_MEANWHILE"


def test_the_peer_s_router_key_changes_from_one_to_the_other(chain: Chain) -> None:
    in_state(chain, PAUSED)
    other = key_bytes("other")

    def rekey(before: bytes, after: bytes) -> MotionAction:
        wanted = SetPeerRouterKey(channel="fp", before=before, after=after)
        return action(set_peer_router_key=wanted)

    not_moved(chain, "CHANGED_MEANWHILE", rekey(other, ENVELOPE))
    not_moved(chain, "MALFORMED_REQUEST", rekey(ENVELOPE, b""))
    decide(chain, rekey(ENVELOPE, other))
    assert of(chain).peer_envelope_key == other
    assert of(chain).paused


# ---- pausing


@pytest.mark.parametrize(("who", "code"), [
    ("bureau", "OK"), ("gov_c", "OK"), ("router", "NOT_PERMITTED"), ("agency_a", "NOT_PERMITTED"),
    ("finance", "NOT_PERMITTED"),
])  # fmt: skip
def test_one_of_the_bureau_or_of_governance_pauses(chain: Chain, who: str, code: str) -> None:
    in_state(chain, OPEN)
    assert chain.call(who, "governance.pause_channel", PAUSING).code == code
    assert bool(chain.writes) is (code == "OK")


def test_a_pause_says_why(chain: Chain) -> None:
    in_state(chain, OPEN)
    silent = PauseChannelRequest(channel="fp")
    chain.refused("bureau", "governance.pause_channel", silent, "MALFORMED_REQUEST")
    assert not chain.writes


def test_a_paused_or_closed_channel_does_not_send() -> None:
    """Finance issues a bill, which it tells every chain that takes bills."""
    chain = council(Chain(channels=(channel("fp", PROVINCE, "gm", "BILL_BLUE", home=False),)))
    chain.ok("bureau", "governance.pause_channel", PAUSING)
    chain.refused("finance", "bill.issue_blue", chain.blue(1), "CHANNEL_PAUSED")
    assert not chain.writes
    decide(chain, RESUMED)
    chain.issue(1)
    assert of(chain).next_outbound == 2
    decide(chain, CLOSING)
    chain.issue(2)  # told to nobody, for nobody is left who asked to be told
    assert of(chain).next_outbound == 2


# ---- between two chains, proved for real


def paused(chain: MemoryChain) -> None:
    request = PauseChannelRequest(channel=CHANNEL, reason="test")
    chain.run(lambda ctx: channels.pause(ctx, request))


def closed(chain: MemoryChain) -> None:
    chain.run(lambda ctx: channels.close(ctx, CloseChannel(channel=CHANNEL)))


def code_of(act: Callable[[], Any]) -> str:
    with pytest.raises(Rejected) as caught:
        act()
    return caught.value.code.name


def test_receipts_come_in_while_paused_and_packets_after_resuming() -> None:
    a, b = two_chains()
    packet, waiting = a.send("n1"), a.send("n2")
    b.run(lambda ctx: deliver(ctx, a.delivery_of(packet)), ROUTER)
    paused(a)
    paused(b)
    assert code_of(lambda: a.send("n3")) == "CHANNEL_PAUSED"
    request = a.delivery_of(waiting)
    assert code_of(lambda: b.run(lambda ctx: deliver(ctx, request), ROUTER)) == "CHANNEL_PAUSED"
    # What was done there is known here, so nothing is half-way.
    a.run(lambda ctx: acknowledge(ctx, b.acknowledgement_of(packet)), ROUTER)
    assert a.note("n1").heard == ("OK:OK",)
    b.run(lambda ctx: channels.resume(ctx, ResumeChannel(channel=CHANNEL)))
    request = a.delivery_of(waiting)
    assert b.run(lambda ctx: deliver(ctx, request), ROUTER)["outcome"] == "OK"
    assert code_of(lambda: a.send("n4")) == "CHANNEL_PAUSED"  # resuming takes both


def test_a_closed_channel_answers_what_arrives_and_hears_what_comes_back() -> None:
    a, b = two_chains()
    done, under_way = a.send("n1"), a.send("n2")
    b.run(lambda ctx: deliver(ctx, a.delivery_of(done)), ROUTER)
    closed(b)
    closed(a)
    assert code_of(lambda: a.send("n3", channel=CHANNEL)) == "CHANNEL_CLOSED"
    assert code_of(lambda: a.send("n3")) == "NO_CHANNEL"
    result = b.run(lambda ctx: deliver(ctx, a.delivery_of(under_way)), ROUTER)
    assert (result["outcome"], result["code"]) == ("GOV", "CHANNEL_CLOSED")
    assert b.tree.get("note/n2", b.height) is None
    for packet in (done, under_way):
        a.run(lambda ctx, one=packet: acknowledge(ctx, b.acknowledgement_of(one)), ROUTER)
    assert a.note("n1").heard == ("OK:OK",)
    assert a.note("n2").heard == ("GOV:CHANNEL_CLOSED",)
    assert a.channel().closed_below == a.channel().next_outbound == 3
    failures = [decode_event(raw) for _, raw in a.last_events]
    assert [one.code for one in failures if one.action == "FAIL_SAVED"] == ["CHANNEL_CLOSED"]


def test_what_came_by_a_closed_channel_goes_on_by_its_successor() -> None:
    a, b = two_chains()
    for chain in (a, b):
        closed(chain)
    for name in ("second", "third"):
        wanted = described(
            name,
            peer_chain=b.chain_id,
            peer_suite=b.suite.name,
            peer_genesis_hash=core_hash(b.genesis),
            operations=[CarriedOperation(operation=APPLY, assurance="L3")],
        )
        a.run(lambda ctx, one=wanted: channels.open_channel(ctx, one))
        if name == "second":
            a.run(lambda ctx: _sent_on(ctx, "n1"))
            sent = decode_event(a.last_events[-1][1])
            assert (a.last_events[-1][0], sent.action) == (channel_key("second"), "send")
    # Two that could be meant: nobody guesses.
    assert code_of(lambda: a.run(lambda ctx: _sent_on(ctx, "n2"))) == "CHANNEL_CLOSED"


def _sent_on(ctx: Context, name: str) -> None:
    """Send about a thing that came by the first channel."""
    send_packet(
        ctx,
        operation=APPLY,
        channel=CHANNEL,
        lane_object=note_key(name),
        home_chain=ctx.chain_id,
        body=NoteBody(name=name, amount_fen=1),
    )


def frozen_by_a_fork(a: MemoryChain, b: MemoryChain) -> Packet:
    """`b` is shown two certified blocks of `a` at one height; a packet waits."""
    packet = a.send("n1")
    b.run(lambda ctx: deliver(ctx, a.delivery_of(packet)), ROUTER)
    waiting = a.send("n2")
    key = outbox_key(CHANNEL, 1, waiting.sequence)
    twin = replace(a.headers[client(b).height - 1], receipts_root=b"\2" * 32)
    evidence = replace(a.evidence(key), header=twin, certificate=a.certify(twin))
    request = DeliverRequest(packet=waiting.encode(), proof=evidence.encode())
    assert b.run(lambda ctx: deliver(ctx, request), ROUTER)["frozen"] == 1
    return waiting


def client(b: MemoryChain) -> LightClientState:
    found = b.load(LightClientState, client_key("chain-a"))
    assert isinstance(found, LightClientState)
    return found


def anchor(a: MemoryChain, **changes: Any) -> ReanchorPeer:
    """Trust `a` from its newest block on."""
    header = a.headers[-1]
    given: dict[str, Any] = {
        "peer_chain": a.chain_id,
        "height": header.height,
        "block_hash": block_hash(a.suite, header),
        "time_ms": header.time_ms,
        "validators": [
            PeerValidator(public_key=one.public_key, power=one.power)
            for one in a.validators.validators
        ],
    }
    return ReanchorPeer(**{**given, **changes})


def test_a_frozen_peer_is_trusted_again_from_a_block_agreed_on() -> None:
    a, b = two_chains()
    waiting = frozen_by_a_fork(a, b)
    request = a.delivery_of(waiting)
    assert code_of(lambda: b.run(lambda ctx: deliver(ctx, request), ROUTER)) == "CLIENT_FROZEN"
    b.run(lambda ctx: channels.reanchor(ctx, anchor(a)))
    assert (client(b).frozen, client(b).height) == (False, a.height)
    a.send("n3")
    request = a.delivery_of(waiting)
    assert b.run(lambda ctx: deliver(ctx, request), ROUTER)["outcome"] == "OK"


def test_a_peer_trusted_again_is_not_the_one_that_lied() -> None:
    """Who signs under the set that was agreed on is believed, and nobody else."""
    a, b = two_chains()
    waiting = frozen_by_a_fork(a, b)
    stranger = suite(a.suite.name)
    key = stranger.public_key(stranger.generate_private_key())
    wanted = anchor(a, validators=[PeerValidator(public_key=key, power=1)])
    b.run(lambda ctx: channels.reanchor(ctx, wanted))
    request = a.delivery_of(waiting)
    code = code_of(lambda: b.run(lambda ctx: deliver(ctx, request), ROUTER))
    assert code == "UNKNOWN_VALIDATORS"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"peer_chain": "yl-nobody"}, "NO_CHANNEL"),
        ({"peer_chain": "a/b"}, "MALFORMED_REQUEST"),
        ({"block_hash": b"short"}, "MALFORMED_REQUEST"),
        ({"height": 0}, "MALFORMED_REQUEST"),
        ({"time_ms": 0}, "MALFORMED_REQUEST"),
        ({"validators": []}, "MALFORMED_REQUEST"),
    ],
)
def test_an_anchor_is_well_formed(changes: dict[str, Any], code: str) -> None:
    a, b = two_chains()
    frozen_by_a_fork(a, b)
    wanted = anchor(a, **changes)
    assert code_of(lambda: b.run(lambda ctx: channels.reanchor(ctx, wanted))) == code
    assert client(b).frozen


def test_a_peer_that_is_not_frozen_keeps_its_anchor() -> None:
    a, b = two_chains()
    wanted = anchor(a)
    code = code_of(lambda: b.run(lambda ctx: channels.reanchor(ctx, wanted)))
    assert code == "CLIENT_NOT_FROZEN"
