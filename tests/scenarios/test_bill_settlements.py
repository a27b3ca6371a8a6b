"""A bill and its settlement point at each other, and are compared (关联结算, 票实核对)."""

import pytest

from tests.edge.variants import bill
from tests.scenarios.looking import actions, denial, events, refused
from tests.scenarios.papers import CODE, TOTAL_FEN, fresh_id, fresh_number, red, remote_settlement
from tests.scenarios.parties import Parties, refusal, until

pytestmark = [pytest.mark.processes, pytest.mark.slow]


@pytest.mark.clause("2.2.1.4.1.4", "2.2.1.6.10", "2.2.1.6.1")
def test_a_bill_that_names_its_settlement_is_linked_with_it_once(parties: Parties) -> None:
    settlement_id, number = parties.settled()
    bureau = parties["bureau desk"]
    named = bureau.bills.get(CODE, number).record.public.settlement_id
    assert named == settlement_id
    hospital = parties["hospital desk"].bills
    link = lambda: hospital.link_settlement(CODE, number, settlement_id=named)  # noqa: E731
    assert refusal(link) == "NOT_PERMITTED"
    done = bureau.bills.link_settlement(CODE, number, settlement_id=named)
    assert len(bytes.fromhex(done.tx_hash)) == 32
    assert bureau.bills.get(CODE, number).record.settlement_id == settlement_id
    linked = bureau.settlements.get(settlement_id).record
    assert (linked.bill, linked.public.total_fen) == (f"bill/{CODE}-{number}", TOTAL_FEN)
    assert events(bureau.bills.trace(CODE, number))[-1]["details"] == {
        "settlement": f"settlement/{settlement_id}"
    }
    assert actions(bureau.settlements.trace(settlement_id))[-1] == "link"
    again = lambda: bureau.bills.link_settlement(CODE, number, settlement_id=named)  # noqa: E731
    assert refusal(again) == "ALREADY_LINKED"
    assert refused(bureau.bills.trace(CODE, number)) == ["ALREADY_LINKED"]


@pytest.mark.clause("2.2.1.4.1.4", "2.2.1.6.10")
def test_a_bill_is_not_linked_with_what_is_not_its_settlement(parties: Parties) -> None:
    settlement_id, number = parties.settled()
    bureau = parties["bureau desk"]
    strange = fresh_id()
    bureau.settlements.upload(remote_settlement(strange, fresh_number()))

    def link(which: str) -> str:
        return refusal(lambda: bureau.bills.link_settlement(CODE, number, settlement_id=which))

    assert link(fresh_id()) == "SETTLEMENT_NOT_FOUND"
    assert link(strange) == "LINK_MISMATCH"
    parties["finance desk"].bills.issue_red(red(fresh_number(), number))
    until(lambda: bureau.bills.get(CODE, number).record.flush == "red_flushed")
    assert link(settlement_id) == "BILL_RED"
    assert bureau.bills.get(CODE, number).record.settlement_id == ""
    assert bureau.settlements.get(settlement_id).record.bill == ""
    kept = refused(bureau.bills.trace(CODE, number))
    assert kept == ["SETTLEMENT_NOT_FOUND", "LINK_MISMATCH", "BILL_RED"]


@pytest.mark.clause("2.2.1.4.1.5", "2.2.1.3.6")
def test_a_bill_that_agrees_with_its_settlement_has_no_difference(parties: Parties) -> None:
    settlement_id, number = parties.settled()
    bureau = parties["bureau desk"].bills
    done = bureau.verify(CODE, number, settlement_id=settlement_id)
    found = bureau.get(CODE, number).record.verification
    assert (list(done.findings), list(found.differences)) == ([], [])
    assert found.settlement_id == settlement_id
    assert events(bureau.trace(CODE, number))[-1]["details"] == {
        "settlement": f"settlement/{settlement_id}",
        "errors": "0",
        "warnings": "0",
        "codes": "",
    }
    hospital = parties["hospital desk"].bills
    asked = lambda: hospital.verify(CODE, number, settlement_id=settlement_id)  # noqa: E731
    assert denial(asked) == "NOT_PERMITTED"


@pytest.mark.clause("2.2.1.4.1.5", "2.2.1.3.6")
def test_every_difference_between_bill_and_settlement_is_recorded(parties: Parties) -> None:
    settlement_id, _ = parties.settled()
    number = fresh_number()
    differing = bill(
        ("300000900001", fresh_id()),
        ("<BusinessDate>20240816", "<BusinessDate>20240815"),
        ("<FundPayAmount>115.44", "<FundPayAmount>110.44"),
        ("<AccountPayAmount>100.00", "<AccountPayAmount>105.00"),
        ("<SelfpaymentAmount>100.96", "<SelfpaymentAmount>90.96"),
        number=number,
    )
    parties["finance desk"].bills.issue_blue(differing)
    bureau = parties["bureau desk"].bills
    until(lambda: bureau.get(CODE, number).HasField("record"))
    done = bureau.verify(CODE, number, settlement_id=settlement_id)
    kept = bureau.get(CODE, number).record.verification.differences
    assert {(one.code, one.grade, one.field) for one in kept} == {
        ("VERIFY_SETTLEMENT_ID", "error", "settlement_id"),
        ("VERIFY_BILL_KEY", "error", "bill.number"),
        ("VERIFY_DATE", "warn", "business_date"),
        ("VERIFY_POOLED_FUND", "error", "fund_fen"),
        ("VERIFY_ACCOUNT", "error", "account_fen"),
        ("VERIFY_SELFPAY", "warn", "selfpay_fen"),
    }
    assert {one.code for one in done.findings} == {one.code for one in kept}
    pooled = next(one.detail for one in kept if one.code == "VERIFY_POOLED_FUND")
    assert pooled == "bill=11044 settlement=11544"
