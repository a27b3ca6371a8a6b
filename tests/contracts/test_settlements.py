"""Settlements, their link and comparison with bills, and what is reported to the national chain."""

import json
from typing import Any

import pytest

from contracts.settlement import SettlementRecord
from contracts.voucher import VoucherRecord
from proto import contracts_pb2 as pb
from proto.governance_pb2 import ExecuteRequest, MotionAction, ProposeRequest, SetFindingRule
from tests.contracts.harness import (
    SETTLEMENT_FIELDS,
    Chain,
    Network,
    bill_name,
    bill_ref,
    finding,
    reversal_form,
    settlement_form,
    voucher_form,
)

ID, KEY = "300000900001", "settlement/300000900001"
AMOUNTS = [path for path in SETTLEMENT_FIELDS if path.endswith("_fen")]


@pytest.fixture
def chain() -> Chain:
    made = Chain()
    made.open_account(1)
    made.issue(1, account=1)
    return made


def upload(chain: Chain, account: int = 1, **changes: Any) -> pb.UploadSettlementRequest:
    return pb.UploadSettlementRequest(
        form=settlement_form(**changes),
        payload=chain.payload(account),
        account_id=f"{account:032x}" if account else "",
    )


def reversal(chain: Chain, **changes: Any) -> pb.ReverseSettlementRequest:
    return pb.ReverseSettlementRequest(form=reversal_form(**changes), payload=chain.payload(1))


def link() -> pb.LinkSettlementRequest:
    return pb.LinkSettlementRequest(bill=bill_ref(1), settlement_id=ID)


# ---- upload and reversal


def test_upload_puts_a_settlement_into_its_account(chain: Chain) -> None:
    chain.ok("hospital", "settlement.upload", upload(chain))
    record = chain.load(SettlementRecord, KEY)
    assert (record.account_id, record.home_chain) == (f"{1:032x}", "yl-finance")
    assert chain.account(f"{1:032x}").item_count == 2
    chain.check_trace(KEY, record.trace_count, record.trace_head)
    chain.refused("bureau", "settlement.upload", upload(chain), "SETTLEMENT_EXISTS")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("settlement_id", ""),
        ("settlement_id", "a/b"),
        ("settlement_type", "far"),
        ("settled_date", "20240816102107"),
        ("color", "red"),
        ("original__settlement_id", "1"),
        ("bill__code", ""),
        ("region", "4601"),
        ("total_fen", "-23140"),
        ("selfpay_fen", "1.0"),
        ("psn_no", "1"),
    ],
)
def test_public_fields_are_well_formed(chain: Chain, path: str, value: str) -> None:
    changes: dict[str, Any] = {path: value}
    request = upload(chain, **changes)
    chain.refused("hospital", "settlement.upload", request, "FORM_FIELDS_INVALID")


KINDS = "SETTLEMENT_TOTAL_NOT_SUM_OF_KINDS"


@pytest.mark.parametrize("who", ["hospital", "bureau"])
@pytest.mark.parametrize(
    "kind",
    ["fund_total_fen", "account_fen", "cash_fen", "wallet_fen", "credit_fen", "hospital_fen"],
)
@pytest.mark.parametrize("off", [1, -1])
def test_kinds_that_do_not_make_the_total_are_refused(
    chain: Chain, who: str, kind: str, off: int
) -> None:
    """Off by one fen, whether or not the submitter says so."""
    given = int(SETTLEMENT_FIELDS[kind])
    if given + off < 0:
        return
    request = upload(chain, **{kind: given + off})
    result = chain.refused(who, "settlement.upload", request, "FINDINGS_REFUSED")
    told = (result.fields["finding"], result.fields["grade"], result.fields["field"])
    assert told == (KINDS, "error", "total_fen")
    assert result.fields["detail"] == f"total_fen=23140 sum_fen={23140 + off}"
    assert not chain.writes


def test_no_split_at_all_is_no_contradiction(chain: Chain) -> None:
    """The one public record: a total, and nothing of who paid it."""
    kinds = ("pooled_fund_fen", "fund_total_fen", "account_fen", "cash_fen")
    chain.ok("hospital", "settlement.upload", upload(chain, **dict.fromkeys(kinds, 0)))
    assert chain.load(SettlementRecord, KEY).findings == ()


def test_where_governance_says_so_it_is_kept_and_can_be_reversed_after_all(chain: Chain) -> None:
    set_rule(chain, "none")
    chain.ok("hospital", "settlement.upload", upload(chain, wallet_fen=1))
    found = chain.load(SettlementRecord, KEY).findings
    assert [(one.code, one.grade) for one in found] == [(KINDS, "error")]
    set_rule(chain, "error")
    # The mirror image repeats what was accepted; refusing that would leave the original for ever.
    mirrored = reversal(chain, wallet_fen=-1)
    mirrored.findings.append(finding("SETTLEMENT_OTHER", "error"))
    chain.refused("hospital", "settlement.reverse", mirrored, "FINDINGS_REFUSED")
    chain.ok("hospital", "settlement.reverse", reversal(chain, wallet_fen=-1))
    kept = chain.load(SettlementRecord, "settlement/300000900091").findings
    assert [(one.code, one.grade) for one in kept] == [(KINDS, "error")]


def set_rule(chain: Chain, submitted: str) -> None:
    """What refuses from now on, by a motion of the only organisation that governs."""
    rule = SetFindingRule(submitted=submitted, proved="none")
    motion = ProposeRequest(actions=[MotionAction(set_finding_rule=rule)], reason="试点")
    number = json.loads(chain.ok("governor", "governance.propose", motion).result)["motion"]
    chain.ok("governor", "governance.execute", ExecuteRequest(motion=number))


def test_an_error_in_what_a_hospital_submits_is_refused(chain: Chain) -> None:
    request = upload(chain)
    request.findings.append(finding("SETTLEMENT_FEE_ROWS", "error"))
    chain.refused("hospital", "settlement.upload", request, "FINDINGS_REFUSED")


def test_a_settlement_is_reversed_once(chain: Chain) -> None:
    chain.ok("hospital", "settlement.upload", upload(chain))
    chain.ok("hospital", "settlement.reverse", reversal(chain))
    assert chain.load(SettlementRecord, KEY).reversed_by == "settlement/300000900091"
    assert chain.load(SettlementRecord, "settlement/300000900091").public.total_fen == -23140
    again = reversal(chain, settlement_id="300000900092")
    chain.refused("hospital", "settlement.reverse", again, "SETTLEMENT_REVERSED")
    assert chain.trace(KEY)[-1].code == "SETTLEMENT_REVERSED"
    of_reversal = reversal(
        chain, settlement_id="300000900093", original__settlement_id="300000900091"
    )
    chain.refused("hospital", "settlement.reverse", of_reversal, "SETTLEMENT_REVERSED")
    chain.refused("bureau", "bill.link_settlement", link(), "SETTLEMENT_REVERSED")
    report = pb.ReportSettlementRequest(settlement_id=ID)
    chain.refused("bureau", "settlement.report", report, "SETTLEMENT_REVERSED")


def test_a_linked_bill_is_told_of_the_reversal(chain: Chain) -> None:
    chain.ok("hospital", "settlement.upload", upload(chain))
    chain.ok("bureau", "bill.link_settlement", link())
    chain.ok("hospital", "settlement.reverse", reversal(chain))
    event = chain.trace(bill_name(1))[-1]
    assert (event.action, event.details) == ("settlement_reversed", {"settlement": KEY})


def test_a_reversal_may_carry_the_originals_id(chain: Chain) -> None:
    chain.ok("hospital", "settlement.upload", upload(chain))
    chain.ok("hospital", "settlement.reverse", reversal(chain, settlement_id=ID))
    assert chain.load(SettlementRecord, KEY).reversed_by == f"{KEY}~reversal"
    chain.refused(
        "hospital", "settlement.reverse", reversal(chain, settlement_id=ID), "SETTLEMENT_REVERSED"
    )


@pytest.mark.parametrize("path", AMOUNTS)
def test_a_reversal_mirrors_every_amount(chain: Chain, path: str) -> None:
    chain.ok("hospital", "settlement.upload", upload(chain))
    mirrored = -int(SETTLEMENT_FIELDS[path])
    request = reversal(chain, **{path: mirrored - 1})
    result = chain.refused("hospital", "settlement.reverse", request, "REVERSAL_MISMATCH")
    assert result.fields["field"] == path
    assert chain.load(SettlementRecord, KEY).reversed_by == ""


def test_what_a_reversal_needs(chain: Chain) -> None:
    chain.refused("hospital", "settlement.reverse", reversal(chain), "SETTLEMENT_NOT_FOUND")
    chain.ok("hospital", "settlement.upload", upload(chain))
    blue = pb.ReverseSettlementRequest(form=settlement_form(), payload=chain.payload(1))
    chain.refused("hospital", "settlement.reverse", blue, "FORM_FIELDS_INVALID")
    elsewhere = reversal(chain, institution_code="H46020399902")
    chain.refused("hospital", "settlement.reverse", elsewhere, "REVERSAL_MISMATCH")
    chain.ok("hospital", "settlement.upload", upload(chain, settlement_id="300000900091"))
    chain.refused("hospital", "settlement.reverse", reversal(chain), "SETTLEMENT_EXISTS")


# ---- linking and comparing


def test_bill_and_settlement_point_at_each_other(chain: Chain) -> None:
    chain.ok("hospital", "settlement.upload", upload(chain))
    chain.ok("bureau", "bill.link_settlement", link())
    assert chain.bill(1).settlement_id == ID
    assert chain.load(SettlementRecord, KEY).bill == bill_name(1)
    chain.refused("bureau", "bill.link_settlement", link(), "ALREADY_LINKED")


@pytest.mark.parametrize(
    ("account", "changes", "field"),
    [
        (2, {}, "account"),
        (0, {}, "account"),
        (1, {"total_fen": 23141, "cash_fen": 1597}, "total_fen"),
    ],
)
def test_a_link_needs_one_account_and_one_total(
    chain: Chain, account: int, changes: dict[str, Any], field: str
) -> None:
    chain.open_account(2)
    chain.ok("hospital", "settlement.upload", upload(chain, account, **changes))
    result = chain.refused("bureau", "bill.link_settlement", link(), "LINK_MISMATCH")
    assert result.fields["field"] == field
    assert chain.trace(bill_name(1))[-1].code == "LINK_MISMATCH"


def test_two_unbound_documents_have_no_account_in_common(chain: Chain) -> None:
    chain.issue(2)
    chain.ok("hospital", "settlement.upload", upload(chain, 0))
    request = pb.LinkSettlementRequest(bill=bill_ref(2), settlement_id=ID)
    chain.refused("bureau", "bill.link_settlement", request, "LINK_MISMATCH")


def test_a_link_needs_a_settlement(chain: Chain) -> None:
    chain.refused("bureau", "bill.link_settlement", link(), "SETTLEMENT_NOT_FOUND")
    wrong = pb.LinkSettlementRequest(bill=bill_ref(1), settlement_id="../x")
    chain.refused("bureau", "bill.link_settlement", wrong, "MALFORMED_REQUEST")


def test_every_difference_is_recorded(chain: Chain) -> None:
    other = upload(chain, pooled_fund_fen=11543, account_fen=9999, cash_fen=1597)
    chain.ok("hospital", "settlement.upload", other)
    request = pb.VerifyRequest(
        bill=bill_ref(1),
        settlement_id=ID,
        findings=[
            finding("VERIFY_SELFPAY", "warn", "selfpay_fen"),
            finding("VERIFY_CASH", "info", "cash_fen"),
        ],
    )
    result = json.loads(chain.ok("bureau", "bill.verify", request).result)
    verification = chain.bill(1).verification
    assert verification is not None
    assert [(one.code, one.grade) for one in verification.differences] == [
        ("VERIFY_ACCOUNT", "error"),
        ("VERIFY_CASH", "error"),
        ("VERIFY_FUND_TOTAL_AS_POOLED", "warn"),
        ("VERIFY_SELFPAY", "warn"),
    ]
    assert (result["differences"], result["errors"]) == (4, 2)
    event = chain.trace(bill_name(1))[-1]
    assert event.details["codes"] == (
        "VERIFY_ACCOUNT,VERIFY_CASH,VERIFY_FUND_TOTAL_AS_POOLED,VERIFY_SELFPAY"
    )


def test_verifying_again_replaces_the_comparison_and_keeps_the_trace(chain: Chain) -> None:
    chain.ok("hospital", "settlement.upload", upload(chain))
    for _ in range(2):
        request = pb.VerifyRequest(bill=bill_ref(1), settlement_id=ID)
        chain.ok("bureau", "bill.verify", request)
    assert [one.action for one in chain.trace(bill_name(1))].count("verify") == 2
    wrong = pb.VerifyRequest(bill=bill_ref(1), settlement_id=ID, findings=[finding("bad", "warn")])
    chain.refused("bureau", "bill.verify", wrong, "MALFORMED_REQUEST")


# ---- reports to the national chain


@pytest.fixture
def net(monkeypatch: pytest.MonkeyPatch) -> Network:
    """The province has a bill of finance's, its owner, and their settlement."""
    made = Network(monkeypatch)
    made.finance.issue(1)
    made.province.open_account(1)
    made.send_all(made.finance, account_id=f"{1:032x}")
    made.province.ok("hospital", "settlement.upload", upload(made.province))
    return made


def report_voucher(chain: Chain, **changes: Any) -> pb.ReportVoucherRequest:
    return pb.ReportVoucherRequest(
        settlement_id=ID,
        bill=bill_ref(1),
        form=voucher_form(**changes),
        payload=chain.payload(1),
    )


def test_a_settlement_and_its_voucher_are_reported_and_acknowledged(net: Network) -> None:
    province, national = net.province, net.national
    report = pb.ReportSettlementRequest(settlement_id=ID)
    province.ok("bureau", "settlement.report", report)
    province.refused("bureau", "settlement.report", report, "REPORT_PENDING")
    province.ok("bureau", "voucher.report", report_voucher(province))
    province.refused("bureau", "voucher.report", report_voucher(province), "REPORT_PENDING")
    assert net.send_all(province) == ["OK", "OK"]
    kinds: tuple[tuple[str, type[SettlementRecord] | type[VoucherRecord]], ...] = (
        (KEY, SettlementRecord),
        (f"voucher/{ID}", VoucherRecord),
    )
    for key, kind in kinds:
        here, there = province.load(kind, key), national.load(kind, key)
        assert (here.report, there.home_chain) == ("confirmed", "yl-province")
        assert (here.pcommit, here.public) == (there.pcommit, there.public)
        assert there.account_id == ""
        province.check_trace(key, here.trace_count, here.trace_head)
    province.refused("bureau", "settlement.report", report, "ALREADY_REPORTED")
    province.refused("bureau", "voucher.report", report_voucher(province), "ALREADY_REPORTED")
    assert province.account(f"{1:032x}").item_count == 3


def test_a_voucher_waits_for_its_settlement(net: Network) -> None:
    net.province.ok("bureau", "voucher.report", report_voucher(net.province))
    assert net.send_all(net.province) == ["SETTLEMENT_NOT_FOUND"]
    assert net.province.load(VoucherRecord, f"voucher/{ID}").report == "failed"
    net.province.ok("bureau", "settlement.report", pb.ReportSettlementRequest(settlement_id=ID))
    net.province.ok("bureau", "voucher.report", report_voucher(net.province, fee_count=8))
    assert net.send_all(net.province) == ["OK", "OK"]
    assert net.national.load(VoucherRecord, f"voucher/{ID}").public.fee_count == 8
    assert net.province.account(f"{1:032x}").item_count == 3


def test_a_voucher_joins_no_other_chains_settlement(net: Network) -> None:
    net.national.ok("hospital", "settlement.upload", upload(net.national, 0))
    net.province.ok("bureau", "settlement.report", pb.ReportSettlementRequest(settlement_id=ID))
    net.province.ok("bureau", "voucher.report", report_voucher(net.province))
    assert net.send_all(net.province) == ["SETTLEMENT_EXISTS", "PACKET_INCONSISTENT"]
    assert f"voucher/{ID}" not in net.national.state
    saved = [(event.action, event.code) for event in net.national.trace(KEY)[1:]]
    assert saved == [
        ("receive", "SETTLEMENT_EXISTS"),
        ("receive_voucher", "PACKET_INCONSISTENT"),
    ]


def test_a_replicas_voucher_is_reported_by_its_home_only(net: Network) -> None:
    net.province.ok("bureau", "settlement.report", pb.ReportSettlementRequest(settlement_id=ID))
    net.settle()
    net.national.issue(1, who="bureau")
    request = report_voucher(net.national)
    net.national.refused("bureau", "voucher.report", request, "SETTLEMENT_FOREIGN")
    assert f"voucher/{ID}" not in net.national.state


def test_a_report_that_came_too_late_may_be_sent_again(net: Network) -> None:
    report = pb.ReportSettlementRequest(settlement_id=ID)
    net.province.ok("bureau", "settlement.report", report)
    net.national.time_ms += 2 * 24 * 3_600_000
    assert net.send_all(net.province) == ["TIMED_OUT"]
    assert KEY not in net.national.state
    net.province.time_ms = net.national.time_ms
    net.province.ok("bureau", "settlement.report", report)
    assert net.send_all(net.province) == ["OK"]


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        ("settlement_id", "300000900002", "VOUCHER_NOT_MATCHING"),
        ("bill__number", "0000000002", "VOUCHER_NOT_MATCHING"),
        ("bill_amount_fen", "23141", "VOUCHER_NOT_MATCHING"),
        ("fee_count", "-1", "FORM_FIELDS_INVALID"),
        ("fee_count", "100001", "FORM_FIELDS_INVALID"),
        ("bill__code", "", "FORM_FIELDS_INVALID"),
    ],
)
def test_a_voucher_speaks_of_its_settlement_and_bill(
    net: Network, path: str, value: str, code: str
) -> None:
    request = report_voucher(net.province, **{path: value})
    net.province.refused("bureau", "voucher.report", request, code)
    assert f"voucher/{ID}" not in net.province.state


def test_a_chain_without_a_channel_reports_nothing(chain: Chain) -> None:
    chain.ok("hospital", "settlement.upload", upload(chain))
    report = pb.ReportSettlementRequest(settlement_id=ID)
    chain.refused("bureau", "settlement.report", report, "NO_CHANNEL")
    assert chain.load(SettlementRecord, KEY).report == ""
