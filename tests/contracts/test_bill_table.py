"""Every state of a bill × every action, at home and on a replica: allowed or unchanged."""

from collections.abc import Mapping

import pytest
from google.protobuf.message import Message
from msgspec.structs import replace

from contracts.bill.record import (
    CONFIRMED,
    CONFLICT,
    FLUSHED,
    PENDING,
    RELEASING,
    REVERSING,
    BillRecord,
    Entry,
    Lock,
    Paper,
    State,
    state_of,
)
from contracts.bill.rules import TABLE, Action
from ledger.records import decode, encode
from proto import contracts_pb2 as pb
from tests.contracts.harness import (
    FINANCE,
    HOUR_MS,
    PURPOSE,
    Chain,
    Network,
    bill_name,
    bill_ref,
    cancel_print,
    enter,
    key_bytes,
    print_bill,
    reverse_entry,
    settlement_form,
    unlock,
)

BILL, OTHER = 1, 2
PAPER = Paper(code="46060199", number="0000000007", printed_date="20240820", recorded_ms=1)

# The rules of DOMAIN.md written down a second time. "-" = allowed.
EXPECTED = """
                    flush        lock         unlock          enter           reverse_entry
free                -            -            BILL_NOT_LOCKED BILL_NOT_LOCKED BILL_NOT_ENTERED
lock_pending        BILL_LOCKED  BILL_LOCKED  LOCK_PENDING    LOCK_PENDING    BILL_NOT_ENTERED
locked              BILL_LOCKED  BILL_LOCKED  -               -               BILL_NOT_ENTERED
lock_expired        -            -            -               LOCK_EXPIRED    BILL_NOT_ENTERED
unlocking           BILL_LOCKED  BILL_LOCKED  UNLOCK_PENDING  UNLOCK_PENDING  BILL_NOT_ENTERED
entry_pending       BILL_ENTERED BILL_ENTERED BILL_ENTERED    BILL_ENTERED    ENTRY_PENDING
entered             BILL_ENTERED BILL_ENTERED BILL_ENTERED    BILL_ENTERED    -
reversing           BILL_ENTERED BILL_ENTERED BILL_ENTERED    BILL_ENTERED    REVERSAL_PENDING
conflict            BILL_RED     BILL_FROZEN  BILL_FROZEN     BILL_FROZEN     -
conflict_in_flight  BILL_RED     BILL_FROZEN  BILL_FROZEN     BILL_FROZEN     BILL_FROZEN
flushed             BILL_RED     BILL_RED     BILL_RED        BILL_RED        BILL_RED
red                 BILL_RED     BILL_RED     BILL_RED        BILL_RED        BILL_RED
"""
CANCELLED = {
    "conflict": "BILL_FROZEN",
    "conflict_in_flight": "BILL_FROZEN",
    "flushed": "BILL_RED",
    "red": "BILL_RED",
}


def expected_table() -> dict[tuple[State, Action], str]:
    lines = EXPECTED.strip().splitlines()
    columns = [Action(name) for name in lines[0].split()]
    cells = {}
    for line in lines[1:]:
        name, *row = line.split()
        for action, cell in zip(columns, row, strict=True):
            cells[State(name), action] = cell
        for action in (Action.LINK, Action.GRANT, Action.READ, Action.PRINT):
            cells[State(name), action] = CANCELLED.get(name, "-")
        cells[State(name), Action.CANCEL_PRINT] = "BILL_RED" if name == "red" else "-"
    return cells


CELLS = expected_table()


def test_the_table_is_complete_and_as_expected() -> None:
    assert {
        (state, action): code.name if code else "-"
        for state, row in TABLE.items()
        for action, code in row.items()
    } == CELLS
    assert len(CELLS) == len(State) * len(Action)


def put_into(bill: BillRecord, state: State, chain: Chain) -> BillRecord:
    """The bill as it would stand in `state` on this chain, held by agency A."""
    lock = Lock(
        state=CONFIRMED,
        holder_org="org-agency-a",
        holder_chain=chain.chain_id,
        purpose=PURPOSE,
        since_ms=chain.time_ms,
        expires_ms=chain.time_ms + HOUR_MS,
        token=1,
    )
    entry = Entry(
        state=CONFIRMED,
        agency_org="org-agency-a",
        agency_chain=chain.chain_id,
        amount_fen=10_000,
        voucher_number="PZ-1",
        token=1,
        cycle=0,
        entered_ms=chain.time_ms,
    )
    pending, releasing = replace(lock, state=PENDING, token=0), replace(lock, state=RELEASING)
    entering, reversing = replace(entry, state=PENDING), replace(entry, state=REVERSING)
    changes: Mapping[State, dict[str, object]] = {
        State.FREE: {},
        State.LOCK_PENDING: {"lock": pending},
        State.LOCKED: {"lock": lock},
        State.LOCK_EXPIRED: {"lock": replace(lock, expires_ms=chain.time_ms)},
        State.UNLOCKING: {"lock": releasing},
        State.ENTRY_PENDING: {"lock": lock, "entry": entering},
        State.ENTERED: {"lock": lock, "entry": entry},
        State.REVERSING: {"lock": lock, "entry": reversing},
        State.CONFLICT: {"lock": lock, "entry": entry, "flush": CONFLICT},
        State.CONFLICT_IN_FLIGHT: {"lock": lock, "entry": reversing, "flush": CONFLICT},
        State.FLUSHED: {"flush": FLUSHED},
        State.RED: {"public": replace(bill.public, color="red")},
    }
    return bill.changed(last_token=1, **changes[state])


def request_for(chain: Chain, action: Action) -> tuple[str, str, Message]:
    """Who asks, which method, and a request that only the bill's state could refuse."""
    to_ms = chain.time_ms + HOUR_MS
    requests: dict[Action, tuple[str, str, Message]] = {
        Action.FLUSH: ("finance", "bill.issue_red", chain.red(BILL, account=1)),
        Action.LOCK: ("agency_b", "bill.lock", chain.lock(BILL)),
        Action.UNLOCK: ("agency_a", "bill.unlock", unlock(BILL)),
        Action.ENTER: ("agency_a", "bill.enter", enter(BILL)),
        Action.REVERSE_ENTRY: ("agency_a", "bill.reverse_entry", reverse_entry(BILL)),
        Action.PRINT: ("finance", "bill.print", print_bill(BILL)),
        Action.CANCEL_PRINT: ("finance", "bill.cancel_print", cancel_print(BILL)),
        Action.LINK: (
            "bureau",
            "bill.link_settlement",
            pb.LinkSettlementRequest(bill=bill_ref(BILL), settlement_id="300000900001"),
        ),
        Action.GRANT: ("bureau", "authorization.grant", grant(BILL, "b" * 32, to_ms)),
        Action.READ: (
            "insurer",
            "authorization.read",
            pb.ReadRequest(
                object=bill_name(BILL),
                compartment="full",
                purpose="claim",
                reader_key=key_bytes("insurer"),
            ),
        ),
    }
    return requests[action]


def grant(number: int, authorization_id: str, to_ms: int) -> pb.GrantRequest:
    return pb.GrantRequest(
        authorization_id=authorization_id,
        account_id=f"{1:032x}",
        grantee_org="org-insurer",
        object=bill_name(number),
        compartments=["full"],
        purpose="claim",
        from_ms=0,
        to_ms=to_ms,
        identity_check="counter",
        identity_reference="desk-7",
    )


def prepared(monkeypatch: pytest.MonkeyPatch, *, replica: bool) -> Chain:
    """A chain with a bill, its owner, a settlement of theirs, and an insurer's grant."""
    net = Network(monkeypatch)
    chain = net.province if replica else net.finance
    chain.open_account(1)
    net.finance.issue(BILL, account=0 if replica else 1)
    if replica:
        net.send_all(net.finance, account_id=f"{1:032x}")
    chain.ok(
        "hospital",
        "settlement.upload",
        pb.UploadSettlementRequest(
            form=settlement_form(), payload=chain.payload(1), account_id=f"{1:032x}"
        ),
    )
    request = grant(BILL, "a" * 32, chain.time_ms + 100 * HOUR_MS)
    chain.ok("bureau", "authorization.grant", request)
    return chain


def without_trace(chain: Chain) -> dict[str, bytes]:
    """The state with the bill's trace left out: what a saved failure may add to."""
    bill = chain.bill(BILL)
    plain = encode(replace(bill, trace_count=0, trace_head=bytes(32)))
    return {**chain.state, bill_name(BILL): plain}


@pytest.mark.parametrize("replica", [False, True], ids=["home", "replica"])
@pytest.mark.parametrize("action", list(Action))
@pytest.mark.parametrize("state", list(State))
def test_state_and_action(
    state: State, action: Action, replica: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain = prepared(monkeypatch, replica=replica)
    bill = put_into(chain.bill(BILL), state, chain)
    if action is Action.CANCEL_PRINT:
        bill = bill.changed(paper=PAPER)
    chain.state[bill_name(BILL)] = encode(bill)
    assert state_of(bill, chain.time_ms + 1000) is state
    expected = CELLS[state, action]
    if action in (Action.FLUSH, Action.PRINT, Action.CANCEL_PRINT) and replica:
        expected = "NOT_HOME_CHAIN"
    before, traced = without_trace(chain), bill.trace_count

    result = chain.call(*request_for(chain, action))

    assert (result.code if result.code != "OK" else "-") == expected
    if expected == "-":
        assert (result.result and without_trace(chain) != before) or action is Action.READ
        return
    assert without_trace(chain) == before
    # Refusals are saved in the bill's trace, but for the bureau's own failed grant.
    saved = [] if action is Action.GRANT else [expected]
    assert chain.bill(BILL).trace_count == traced + len(saved)
    assert [event.code for event in chain.trace(bill_name(BILL)) if event.code != "OK"] == saved


@pytest.mark.parametrize("state", list(State))
def test_verifying_is_allowed_in_every_state(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    chain = prepared(monkeypatch, replica=False)
    chain.state[bill_name(BILL)] = encode(put_into(chain.bill(BILL), state, chain))
    request = pb.VerifyRequest(bill=bill_ref(BILL), settlement_id="300000900001")
    chain.ok("bureau", "bill.verify", request)
    verification = decode(BillRecord, chain.state[bill_name(BILL)]).verification
    assert verification is not None and verification.settlement_id == "300000900001"


@pytest.mark.parametrize("action", [*[*Action][:5], Action.PRINT, Action.CANCEL_PRINT])
def test_what_does_not_exist_is_not_found(action: Action) -> None:
    chain = Chain(FINANCE)
    chain.refused(*request_for(chain, action), "BILL_NOT_FOUND")
    assert not chain.writes
