"""Reversals of settlements go where the settlements were reported (结算信息撤销上传)."""

from typing import Any

import pytest

from contracts.settlement import ReversalRef, SettlementRecord
from ledger.records import encode
from proto import contracts_pb2 as pb
from tests.contracts.crossing.packets import forge, send_late
from tests.contracts.harness import (
    FORMS,
    NATIONAL,
    PROVINCE,
    Chain,
    Network,
    reversal_form,
    settlement_form,
)

ID, REVERSAL_ID = "300000900001", "300000900091"
KEY, REVERSAL = f"settlement/{ID}", f"settlement/{REVERSAL_ID}"
REPORT = pb.ReportSettlementRequest(settlement_id=ID)
REPORT_REVERSAL = pb.ReportReversalRequest(settlement_id=ID)


def reverse(chain: Chain, **changes: Any) -> pb.ReverseSettlementRequest:
    return pb.ReverseSettlementRequest(form=reversal_form(**changes), payload=chain.payload(1))


@pytest.fixture
def net(monkeypatch: pytest.MonkeyPatch) -> Network:
    """The province has a settlement of an account."""
    made = Network(monkeypatch)
    made.province.open_account(1)
    upload = pb.UploadSettlementRequest(
        form=settlement_form(), payload=made.province.payload(1), account_id=f"{1:032x}"
    )
    made.province.ok("hospital", "settlement.upload", upload)
    return made


@pytest.fixture
def reported(net: Network) -> Network:
    """It was reported, and reversed afterwards."""
    net.province.ok("bureau", "settlement.report", REPORT)
    assert net.send_all(net.province) == ["OK"]
    net.province.ok("hospital", "settlement.reverse", reverse(net.province))
    return net


def at(chain: Chain, key: str = REVERSAL) -> SettlementRecord:
    return chain.load(SettlementRecord, key)


def test_a_reversal_is_reported_and_acknowledged(reported: Network) -> None:
    province, national = reported.province, reported.national
    assert at(national, KEY).reversed_by == ""
    province.ok("bureau", "settlement.report_reversal", REPORT_REVERSAL)
    assert at(province).report == "pending"
    province.refused("bureau", "settlement.report_reversal", REPORT_REVERSAL, "REPORT_PENDING")
    assert reported.send_all(province) == ["OK"]
    here, there = at(province), at(national)
    assert (here.report, there.home_chain, there.report) == ("confirmed", PROVINCE, "")
    assert (here.pcommit, here.public) == (there.pcommit, there.public)
    assert at(national, KEY).reversed_by == REVERSAL
    province.refused("bureau", "settlement.report_reversal", REPORT_REVERSAL, "ALREADY_REPORTED")
    for chain in (province, national):
        for key in (KEY, REVERSAL):
            record = at(chain, key)
            chain.check_trace(key, record.trace_count, record.trace_head)


def test_a_reversal_under_the_originals_id_travels_too(net: Network) -> None:
    net.province.ok("bureau", "settlement.report", REPORT)
    net.send_all(net.province)
    net.province.ok("hospital", "settlement.reverse", reverse(net.province, settlement_id=ID))
    net.province.ok("bureau", "settlement.report_reversal", REPORT_REVERSAL)
    assert net.send_all(net.province) == ["OK"]
    assert at(net.national, KEY).reversed_by == f"{KEY}~reversal"


def test_only_a_reversal_of_what_stands_there_is_reported(net: Network) -> None:
    province = net.province
    code = "SETTLEMENT_NOT_REVERSED"
    province.refused("bureau", "settlement.report_reversal", REPORT_REVERSAL, code)
    province.ok("hospital", "settlement.reverse", reverse(province))
    code = "SETTLEMENT_NOT_REPORTED"
    province.refused("bureau", "settlement.report_reversal", REPORT_REVERSAL, code)
    assert province.trace(KEY)[-1].code == code
    unknown = pb.ReportReversalRequest(settlement_id="300000900055")
    province.refused("bureau", "settlement.report_reversal", unknown, "SETTLEMENT_NOT_FOUND")
    province.refused("hospital", "settlement.report_reversal", REPORT_REVERSAL, "NOT_PERMITTED")
    assert net.pending(province) == []


def test_the_reversal_waits_for_the_reports_answer(net: Network) -> None:
    province = net.province
    province.ok("bureau", "settlement.report", REPORT)
    province.ok("hospital", "settlement.reverse", reverse(province))
    province.refused("bureau", "settlement.report_reversal", REPORT_REVERSAL, "REPORT_PENDING")
    assert send_late(net, province) == ["TIMED_OUT"]
    code = "SETTLEMENT_NOT_REPORTED"
    province.refused("bureau", "settlement.report_reversal", REPORT_REVERSAL, code)
    assert KEY not in net.national.state


def test_a_replica_is_reversed_and_reported_by_its_home_only(reported: Network) -> None:
    national = reported.national
    before = at(national, KEY)
    own = reverse(national, settlement_id="300000900077")
    national.refused("hospital", "settlement.reverse", own, "SETTLEMENT_FOREIGN")
    national.refused("bureau", "settlement.report", REPORT, "SETTLEMENT_FOREIGN")
    national.refused("bureau", "settlement.report_reversal", REPORT_REVERSAL, "SETTLEMENT_FOREIGN")
    after = at(national, KEY)
    assert after.changed(trace_count=0) == before.changed(
        trace_count=0, trace_head=after.trace_head
    )
    assert [one.code for one in national.trace(KEY)] == ["OK", *["SETTLEMENT_FOREIGN"] * 3]


BODY = ReversalRef(settlement_id=REVERSAL_ID, original_settlement_id=ID)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"settlement_id": "300000900077"}, "PACKET_INCONSISTENT"),
        ({"original_settlement_id": "300000900002"}, "PACKET_INCONSISTENT"),
    ],
)
def test_the_body_names_what_the_document_is(
    reported: Network, changes: dict[str, str], code: str
) -> None:
    reported.province.ok("bureau", "settlement.report_reversal", REPORT_REVERSAL)
    named = {"settlement_id": REVERSAL_ID, "original_settlement_id": ID, **changes}
    assert forge(reported, reported.province, ReversalRef(**named)) == code
    assert REVERSAL not in reported.national.state
    assert at(reported.national, KEY).reversed_by == ""


def test_a_reversal_without_its_document_or_with_wrong_amounts_is_refused(
    reported: Network,
) -> None:
    province, national = reported.province, reported.national
    wrong = reversal_form(total_fen=-23139)
    (commitment,) = (one for one, kept in FORMS.items() if kept == wrong)
    cases: tuple[tuple[dict[str, Any], str], ...] = (
        ({"pcommit": b"", "schema": ""}, "PACKET_INCONSISTENT"),
        ({"pcommit": commitment}, "REVERSAL_MISMATCH"),
    )
    for changes, code in cases:
        province.ok("bureau", "settlement.report_reversal", REPORT_REVERSAL)
        assert forge(reported, province, **changes) == code
        assert REVERSAL not in national.state
        # The forged packet's receipt is no answer to the one that was sent: start over.
        province.state[REVERSAL] = encode(at(province).changed(report="failed"))


def test_only_the_chain_that_reported_it_reverses_it(reported: Network) -> None:
    reported.province.ok("bureau", "settlement.report_reversal", REPORT_REVERSAL)
    moved = at(reported.national, KEY).changed(home_chain=NATIONAL)
    reported.national.state[KEY] = encode(moved)
    assert reported.send_all(reported.province) == ["SETTLEMENT_FOREIGN"]
    assert reported.national.trace(KEY)[-1].code == "SETTLEMENT_FOREIGN"
    assert at(reported.province).report == "failed"
