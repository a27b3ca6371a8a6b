"""Declaring a batch and adding its lines: what they must be, what is found about them."""

from typing import Any

import pytest

from contracts.fund import line_form
from contracts.fund.line_form import lines_root, settlements_head
from contracts.fund.records import LineRecord, line_key
from contracts.state_view import StateView
from ledger.records import encode
from proto import fund_pb2 as fund
from proto.transaction_pb2 import Field
from tests.contracts.fund.desk import (
    HOSPITAL,
    Desk,
    audit,
    header,
    line,
    owed,
    sending,
    settlement_id,
    withdrawal,
)

LINES = (line(1, [1, 2]), line(2), line(3, [3]))


@pytest.fixture
def desk() -> Desk:
    made = Desk()
    made.settle(1, 2, 3, 4)
    return made


def declare(desk: Desk, lines: Any = LINES, **changes: Any) -> None:
    request = fund.SubmitFundBatchRequest(header=header("B1", lines, **changes))
    desk.chain.ok("centre", "fund.submit", request)


def refused(desk: Desk, lines: Any, code: str, **changes: Any) -> dict[str, str]:
    """Adding these lines to B1 is refused, and nothing but the trace is written."""
    result = desk.chain.refused("centre", "fund.add_lines", desk.part("B1", lines, **changes), code)
    assert set(desk.chain.writes) <= {"fund/B1"}
    return dict(result.fields)


# ---- the good path


def test_a_batch_is_submitted_when_it_is_what_it_declared(desk: Desk) -> None:
    declare(desk)
    desk.chain.ok("centre", "fund.add_lines", desk.part("B1", LINES[:2]))
    batch = desk.batch()
    assert (batch.state, batch.added_count, batch.added_fen) == ("collecting", 2, 3_502)
    assert "fund_summary/202408/payout/310" not in desk.chain.state
    desk.chain.ok("centre", "fund.add_lines", desk.part("B1", LINES[2:]))
    batch = desk.batch()
    assert (batch.state, batch.submitter_org, batch.waiting_count) == ("submitted", "org-centre", 3)
    assert (desk.summary().batch_count, desk.summary().count) == (1, 3)
    assert desk.summary().total_fen == owed(1) + owed(2) + owed(3) + 502
    desk.check_traces()
    actions = [event.action for event in desk.chain.trace("fund/B1")]
    assert actions == ["declare", "add", "add", "submit"]
    event = desk.chain.trace(f"settlement/{settlement_id(1)}")[-1]
    assert (event.action, event.details) == ("fund_payout", {"line": "fund_line/B1/1"})


def test_lines_keep_their_place_and_no_name(desk: Desk) -> None:
    desk.submit("B1", LINES)
    record = desk.line(1)
    assert (record.payload.height, record.payload.tx_hash) == (desk.chain.height, record_hash(desk))
    assert (record.claimed_count, record.claimed_fen) == (2, owed(1) + owed(2))
    # A form's private fields and a payload's plaintext never reach the state.
    assert not [key for key, raw in desk.chain.state.items() if "测试甲".encode() in raw]


def record_hash(desk: Desk) -> bytes:
    return desk.chain.trace("fund/B1")[-1].tx_hash


def test_the_insurance_types_of_a_batch_are_summed_apart(desk: Desk) -> None:
    desk.submit("B1", (LINES[0], line(2, insurance_type="390")))
    tallies = [(one.insurance_type, one.count, one.total_fen) for one in desk.batch().tallies]
    assert tallies == [("310", 1, owed(3)), ("390", 1, 502)]
    assert desk.summary("390").total_fen == 502


def test_a_line_takes_more_settlements_than_one_operation_carries(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("contracts.fund.lines.LINES_MAX", 2)
    ids = [settlement_id(one) for one in (1, 2, 3, 4)]
    big = line(1, [1, 2, 3, 4], settlement_ids=ids[:1])
    declare(desk, [big, line(2)])
    desk.chain.ok("centre", "fund.add_lines", desk.part("B1", [big, line(2)]))
    assert (desk.batch().state, desk.batch().incomplete) == ("collecting", 1)

    def more(offset: int, ids: list[str]) -> fund.AddFundSettlementsRequest:
        return fund.AddFundSettlementsRequest(
            batch_number="B1", line=1, offset=offset, settlement_ids=ids
        )

    for wrong, code in (
        (more(0, ids[1:3]), "FUND_LINES_ORDER"),
        (more(1, ids[1:4]), "MALFORMED_REQUEST"),
        (more(1, []), "MALFORMED_REQUEST"),
        (more(1, ids[:1]), "FUND_SETTLEMENT_CLAIMED"),
        (more(1, ["S999999"]), "SETTLEMENT_NOT_FOUND"),
    ):
        desk.chain.refused("centre", "fund.add_settlements", wrong, code)
        assert set(desk.chain.writes) == {"fund/B1"}
    unknown = fund.AddFundSettlementsRequest(batch_number="B1", line=9, settlement_ids=ids[:1])
    desk.chain.refused("centre", "fund.add_settlements", unknown, "FUND_LINES_ORDER")
    desk.chain.refused("platform", "fund.add_settlements", more(1, ids[1:3]), "FUND_NOT_SUBMITTER")
    desk.chain.ok("centre", "fund.add_settlements", more(1, ids[1:3]))
    swapped = more(3, ["S000099"])
    desk.settle(99)
    desk.chain.refused("centre", "fund.add_settlements", swapped, "FUND_SETTLEMENTS_MISMATCH")
    desk.chain.ok("centre", "fund.add_settlements", more(3, ids[3:]))
    assert (desk.batch().state, desk.batch().incomplete) == ("submitted", 0)
    assert desk.line(1).claimed_fen == owed(10)
    desk.check_traces()


def test_ten_thousand_lines_leave_small_leaves_and_small_transactions() -> None:
    desk = Desk()
    lines = [line(number) for number in range(1, 10_001)]
    declare(desk, lines)
    sizes = []
    for first in range(0, len(lines), 1_000):
        request = desk.part("B1", lines[first : first + 1_000])
        sizes.append(request.ByteSize())
        desk.chain.ok("centre", "fund.add_lines", request)
    assert desk.batch().state == "submitted"
    assert max(sizes) < 200_000
    assert len(encode(desk.batch())) < 2_000
    assert max(len(encode(desk.line(number))) for number in (1, 1_000, 10_000)) < 1_000


# ---- what is refused


@pytest.mark.parametrize(
    "changes",
    [
        {"batch_number": ""},
        {"batch_number": "a/b"},
        {"period": "202413"},
        {"period": "2024"},
        {"business_date": "20240230"},
        {"business_date": "2024-08-30"},
        {"region": "4600"},
        {"insurance_type": "31 "},
        {"direction": "sideways"},
        {"direction": ""},
        {"count": 0},
        {"count": line_form.COUNT_MAX + 1},
        {"total_fen": 0},
        {"total_fen": -1},
        {"total_fen": 10**13 + 1},
        {"lines_root": bytes(31)},
    ],
    ids=str,
)
def test_headers_are_well_formed(desk: Desk, changes: dict[str, Any]) -> None:
    request = fund.SubmitFundBatchRequest(header=header("B1", LINES, **changes))
    desk.chain.refused("centre", "fund.submit", request, "MALFORMED_REQUEST")
    assert not desk.chain.writes


@pytest.mark.parametrize(
    "changes",
    [
        {"slip_number": ""},
        {"slip_number": "JZ|1"},
        {"payee_kind": "bank"},
        {"institution_code": ""},
        {"institution_code": "H 1"},
        {"payee_kind": "person"},
        {"insurance_type": ""},
        {"insurance_type": "3100000"},
        {"category": ""},
        {"amount_fen": 0},
        {"amount_fen": -3_000},
        {"account_commitment": bytes(33)},
        {"settlement_count": line_form.SETTLEMENTS_MAX + 1},
        {"settlement_count": 0},
        {"settlements_head": bytes(32)},
        {"settlements_head": b""},
        {"original_line": 1},
        {"settlement_ids": ["../x", "y"]},
    ],
    ids=str,
)
def test_lines_are_well_formed(desk: Desk, changes: dict[str, Any]) -> None:
    declare(desk)
    wrong = line(1, [1, 2], **changes)
    refused(desk, [wrong], "MALFORMED_REQUEST")
    assert desk.batch().added_count == 0


def test_a_batch_of_one_insurance_takes_no_other(desk: Desk) -> None:
    declare(desk, insurance_type="390")
    assert refused(desk, LINES[:1], "MALFORMED_REQUEST")["field"] == "insurance_type"


def test_an_operation_carries_a_thousand_lines_and_settlements(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    declare(desk)
    refused(desk, [], "MALFORMED_REQUEST")
    monkeypatch.setattr("contracts.fund.lines.LINES_MAX", 2)
    refused(desk, LINES, "MALFORMED_REQUEST")
    monkeypatch.setattr("contracts.fund.lines.LINES_MAX", 1)
    refused(desk, LINES[:1], "MALFORMED_REQUEST")


def test_lines_come_in_their_order_and_once(desk: Desk) -> None:
    declare(desk)
    assert refused(desk, LINES[1:], "FUND_LINES_ORDER")["expected"] == "1"
    desk.chain.ok("centre", "fund.add_lines", desk.part("B1", LINES[:2]))
    assert refused(desk, LINES[:2], "FUND_LINES_ORDER")["expected"] == "3"
    assert refused(desk, [LINES[2], line(4)], "FUND_LINES_ORDER")["expected"] == "3"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"batch_number": "B2"}, "FUND_LINES_PART"),
        ({"first": 2}, "FUND_LINES_PART"),
        ({"line_count": 2}, "FUND_LINES_PART"),
        ({"total_fen": 1}, "FUND_LINES_PART"),
        ({"total_fen": "1.0"}, "FORM_FIELDS_INVALID"),
        ({"payee": "x"}, "FORM_FIELDS_INVALID"),
    ],
    ids=str,
)
def test_a_part_is_what_its_form_commits_to(desk: Desk, changes: dict[str, Any], code: str) -> None:
    declare(desk)
    refused(desk, LINES[:1], code, **changes)


def test_a_parts_form_and_payload_are_checked(desk: Desk) -> None:
    declare(desk)
    for spoil, code in (
        (lambda one: one.form.MergeFrom(type(one.form)(schema="ebill/1")), "FORM_FIELDS_INVALID"),
        (lambda one: one.form.fields.append(Field(path="a", value="b")), "BAD_FORM"),
        (lambda one: one.payload.Clear(), "PAYLOAD_INVALID"),
    ):
        request = desk.part("B1", LINES[:1])
        spoil(request)
        desk.chain.refused("centre", "fund.add_lines", request, code)
        assert set(desk.chain.writes) == {"fund/B1"}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"total_fen": 6_501}, "FUND_TOTAL_MISMATCH"),
        ({"lines_root": lines_root([*LINES[:2], line(3, [4], amount_fen=owed(3))])}, "ROOT"),
        ({"lines_root": lines_root([LINES[1], LINES[0], LINES[2]])}, "ROOT"),
        ({"lines_root": lines_root(LINES[:2])}, "ROOT"),
    ],
    ids=["total", "other settlement", "other order", "short"],
)
def test_lines_that_are_not_those_declared_never_make_a_batch(
    desk: Desk, changes: dict[str, Any], code: str
) -> None:
    declare(desk, **changes)
    refused(desk, LINES, "FUND_ROOT_MISMATCH" if code == "ROOT" else code)
    assert desk.batch().state == "collecting"
    desk.chain.ok("centre", "fund.withdraw", withdrawal("B1"))
    assert "fund_summary/202408/payout/310" not in desk.chain.state


def test_a_line_names_just_the_settlements_it_declares(desk: Desk) -> None:
    head = settlements_head([settlement_id(1)])
    for wrong in (
        line(1, [1, 2], settlement_count=1),
        line(1, [1, 2], settlements_head=settlements_head([settlement_id(2), settlement_id(1)])),
        line(1, [2], settlements_head=head),
    ):
        only = Desk()
        only.settle(1, 2)
        declare(only, [wrong])
        refused(only, [wrong], "FUND_SETTLEMENTS_MISMATCH")


def test_only_the_submitter_adds_lines(desk: Desk) -> None:
    declare(desk)
    request = desk.part("B1", LINES)
    desk.chain.refused("platform", "fund.add_lines", request, "FUND_NOT_SUBMITTER")
    desk.chain.refused("bureau", "fund.add_lines", request, "NOT_PERMITTED")
    assert not desk.chain.writes


# ---- no settlement is paid twice


def test_a_settlement_stands_in_one_live_line(desk: Desk) -> None:
    declare(desk)
    twice = line(1, [1, 1])
    assert refused(desk, [twice], "FUND_SETTLEMENT_CLAIMED")["settlement"] == settlement_id(1)
    desk.chain.ok("centre", "fund.add_lines", desk.part("B1", LINES[:2]))
    own = line(3, [2], slip_number="JZ9")
    assert refused(desk, [own], "FUND_SETTLEMENT_CLAIMED")["line"] == "fund_line/B1/1"
    other = [line(1, [1], slip_number="JZ9")]
    request = fund.SubmitFundBatchRequest(header=header("B2", other))
    desk.chain.ok("platform", "fund.submit", request)
    add = desk.part("B2", other)
    desk.chain.refused("platform", "fund.add_lines", add, "FUND_SETTLEMENT_CLAIMED")
    assert set(desk.chain.writes) == {"fund/B2"}
    desk.chain.ok("centre", "fund.withdraw", withdrawal("B1"))
    desk.chain.ok("platform", "fund.add_lines", add)
    assert desk.batch("B2").state == "submitted"


def test_paying_and_recovering_are_two_claims(desk: Desk) -> None:
    desk.submit("B1", LINES)
    back = [line(1, [1])]
    desk.submit("B2", back, direction="recovery")
    assert desk.batch("B2").state == "submitted"
    assert codes_of(desk, 1, "B2") == [("FUND_RECOVERY_UNPAID", "warn")]
    again = [line(1, [1], slip_number="JZ77")]
    request = fund.SubmitFundBatchRequest(header=header("B3", again, direction="recovery"))
    desk.chain.ok("centre", "fund.submit", request)
    part = desk.part("B3", again)
    desk.chain.refused("centre", "fund.add_lines", part, "FUND_SETTLEMENT_CLAIMED")


# ---- findings


def codes_of(desk: Desk, number: int, batch: str = "B1") -> list[tuple[str, str]]:
    return [(one.code, one.grade) for one in desk.line(number, batch).findings]


def relaxed(desk: Desk) -> None:
    """Governance says that no finding refuses."""
    from contracts.findings import NONE, RULE_KEY, FindingRule

    desk.chain.state[RULE_KEY] = encode(FindingRule(submitted=NONE))


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (line(1, [1, 2], amount_fen=owed(3) + 1), "FUND_LINE_ABOVE_SETTLEMENTS"),
        (line(1, [1, 2], institution_code="H46020399902"), "FUND_LINE_INSTITUTION"),
    ],
    ids=["above", "institution"],
)
def test_an_error_finding_refuses_unless_the_rule_says_otherwise(
    desk: Desk, wrong: fund.FundLine, code: str
) -> None:
    declare(desk, [wrong])
    assert refused(desk, [wrong], "FINDINGS_REFUSED")["finding"] == code
    relaxed(desk)
    desk.chain.ok("centre", "fund.add_lines", desk.part("B1", [wrong]))
    assert (code, "error") in codes_of(desk, 1)
    errors = desk.batch().errors
    assert errors >= 1
    # What may pass is still shown to whoever sends it.
    desk.accept()
    desk.chain.refused("centre", "fund.send", sending("B1", 0), "FUND_WARNINGS_UNSEEN")
    desk.chain.ok("centre", "fund.send", sending("B1", errors))


def test_a_deduction_and_another_insurance_are_shown(desk: Desk) -> None:
    desk.submit("B1", [line(1, [1, 2], amount_fen=owed(3) - 1, insurance_type="390")])
    assert codes_of(desk, 1) == [
        ("FUND_LINE_INSURANCE", "warn"),
        ("FUND_LINE_BELOW_SETTLEMENTS", "info"),
    ]
    # Two settlements of another insurance: the record keeps the first, the trace both.
    assert (desk.batch().warnings, desk.batch().errors) == (2, 0)
    events = [event for event in desk.chain.trace("fund_line/B1/1") if event.action == "finding"]
    assert [event.details["found"] for event in events] == [
        "FUND_LINE_INSURANCE",
        "FUND_LINE_INSURANCE",
        "FUND_LINE_BELOW_SETTLEMENTS",
    ]


def test_a_repeated_slip_number_warns_and_is_asked_for_again_at_payment(desk: Desk) -> None:
    desk.submit("B1", [line(1)])
    desk.submit("B2", [line(1)])
    assert codes_of(desk, 1, "B2") == [("FUND_SLIP_REPEATED", "warn")]
    desk.chain.ok("bureau", "fund.audit", audit("B2"))
    unseen = sending("B2", 0)
    result = desk.chain.refused("centre", "fund.send", unseen, "FUND_WARNINGS_UNSEEN")
    assert result.fields["warnings"] == "1"
    desk.chain.refused("centre", "fund.send", sending("B2", 2), "FUND_WARNINGS_UNSEEN")
    desk.chain.ok("centre", "fund.send", sending("B2", 1))


def test_a_slip_number_twice_in_one_batch_is_an_error(desk: Desk) -> None:
    lines = [line(1), line(2, slip_number="JZ0001")]
    declare(desk, lines)
    assert refused(desk, lines, "FINDINGS_REFUSED")["finding"] == "FUND_SLIP_REPEATED"


def test_a_slip_number_of_a_withdrawn_batch_is_free(desk: Desk) -> None:
    desk.submit("B1", [line(1)])
    desk.submit("B2", [line(1)])
    desk.chain.ok("centre", "fund.withdraw", withdrawal("B1"))
    desk.submit("B3", [line(1)])
    assert codes_of(desk, 1, "B3") == [("FUND_SLIP_REPEATED", "warn")]
    desk.chain.ok("centre", "fund.withdraw", withdrawal("B2"))
    desk.chain.ok("centre", "fund.withdraw", withdrawal("B3"))
    desk.submit("B4", [line(1)])
    assert codes_of(desk, 1, "B4") == []


def test_a_reversed_settlement_is_not_paid(desk: Desk) -> None:
    desk.chain.ok("hospital", "settlement.reverse", desk.reversal(1))
    declare(desk)
    assert refused(desk, LINES, "FINDINGS_REFUSED")["finding"] == "FUND_SETTLEMENT_REVERSED"


def test_another_institutions_settlement_is_found(desk: Desk) -> None:
    desk.settle(7, institution_code="H46020399902")
    wrong = line(1, [7])
    assert wrong.institution_code == HOSPITAL
    declare(desk, [wrong])
    assert refused(desk, [wrong], "FINDINGS_REFUSED")["finding"] == "FUND_LINE_INSTITUTION"


def test_an_unknown_settlement_is_refused(desk: Desk) -> None:
    unknown = line(1, [1, 88], amount_fen=owed(1))
    declare(desk, [unknown])
    refused(desk, [unknown], "SETTLEMENT_NOT_FOUND")
    assert StateView(desk.chain).load(LineRecord, line_key("B1", 1)) is None
