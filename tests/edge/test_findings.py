"""Arithmetic is a finding (DOMAIN.md): finance's own bill is taken with it, the bureau's is not."""

import json
import secrets
from typing import Any

import pytest

from proto.contracts_pb2 import IssueBlueRequest, UploadSettlementRequest
from proto.transaction_pb2 import Finding, TxBody
from tests.documents.support import edit_json
from tests.edge.outside import Outside
from tests.edge.variants import bill

pytestmark = [pytest.mark.processes, pytest.mark.timeout(120)]

KINDS = ("BILL_TOTAL_NOT_SUM_OF_KINDS", "error")
ITEMS = ("BILL_TOTAL_NOT_SUM_OF_ITEMS", "error")
WRONG_TOTAL = ("<TotalAmount>231.40", "<TotalAmount>231.41")
WRONG_KIND = ("<OwnPayAmount>15.96", "<OwnPayAmount>15.95")
WRONG_ITEM = ("<ItemAmount>85.00", "<ItemAmount>85.01")


def record(chain: Outside, key: str) -> dict[str, Any] | None:
    reply = chain.client.state(key)
    found: dict[str, Any] | None = json.loads(reply.record_json) if reply.found else None
    return found


@pytest.mark.parametrize(
    ("number", "wrong", "expected"),
    [
        ("0000000901", WRONG_TOTAL, {KINDS, ITEMS}),
        ("0000000902", WRONG_KIND, {KINDS}),
        ("0000000903", WRONG_ITEM, {ITEMS}),
    ],
)
def test_finance_is_the_authority_on_its_bills(
    finance: Outside, number: str, wrong: tuple[str, str], expected: set[tuple[str, str]]
) -> None:
    document = bill(wrong, number=number)
    prepared = finance.client.prepare("bill.issue_blue", document, finance.actor.public_key)
    told = {(one.code, one.grade) for one in prepared.findings}
    assert expected <= told
    (receipt,) = finance.commit(prepared.bodies[0])
    assert receipt.code == "OK"
    kept = record(finance, f"bill/46060124-{number}")
    assert kept is not None
    assert expected <= {(one["code"], one["grade"]) for one in kept["findings"]}
    assert "error" in json.dumps(kept["findings"])


@pytest.mark.parametrize(
    ("number", "wrong", "finding"),
    [
        ("0000000911", WRONG_TOTAL, ITEMS[0]),
        ("0000000912", WRONG_KIND, KINDS[0]),
        ("0000000913", WRONG_ITEM, ITEMS[0]),
    ],
)
def test_the_bureau_is_asked_to_correct_it(
    province: Outside, number: str, wrong: tuple[str, str], finding: str
) -> None:
    document = bill(wrong, number=number)
    prepared = province.client.prepare("bill.issue_blue", document, province.actor.public_key)
    before = province.client.status().state_root
    (receipt,) = province.commit(prepared.bodies[0])
    assert receipt.code == "FINDINGS_REFUSED"
    assert receipt.fields["finding"] == finding
    assert receipt.fields["grade"] == "error"
    assert record(province, f"bill/46060124-{number}") is None
    assert province.client.status().state_root == before


def test_silence_about_it_does_not_help(province: Outside) -> None:
    """The contract adds up the public amounts itself, whatever the submitter left out."""
    document = bill(WRONG_TOTAL, number="0000000914")
    prepared = province.client.prepare("bill.issue_blue", document, province.actor.public_key)
    body = TxBody.FromString(prepared.bodies[0])
    request = IssueBlueRequest.FromString(body.operations[0])
    del request.findings[:]
    with_less = _same_with(body, request.SerializeToString())
    (receipt,) = province.commit(with_less)
    assert (receipt.code, receipt.fields["finding"]) == ("FINDINGS_REFUSED", KINDS[0])


def test_amounts_changed_after_preparing_do_not_match_the_commitment(province: Outside) -> None:
    prepared = province.client.prepare(
        "bill.issue_blue", bill(number="0000000915"), province.actor.public_key
    )
    body = TxBody.FromString(prepared.bodies[0])
    request = IssueBlueRequest.FromString(body.operations[0])
    for one in request.form.fields:
        if one.path == "total_fen":
            one.value = "not a number"
    (receipt,) = province.commit(_same_with(body, request.SerializeToString()))
    assert (receipt.code, receipt.fields["field"]) == ("FORM_FIELDS_INVALID", "total_fen")


def test_a_settlement_whose_kinds_do_not_make_its_total_is_refused(province: Outside) -> None:
    def off_by_one(message: Any) -> None:
        message["response"]["output"]["setlinfo"]["psn_cash_pay"] = "15.95"
        message["response"]["output"]["setlinfo"]["setl_id"] = "300000900977"

    document = edit_json("setl_2207_bill02.json", off_by_one)
    prepared = province.client.prepare("settlement.upload", document, province.actor.public_key)
    kinds = "SETTLEMENT_TOTAL_NOT_SUM_OF_KINDS"
    assert (kinds, "error") in {(one.code, one.grade) for one in prepared.findings}
    *openings, upload = prepared.bodies
    for opening in openings:
        assert province.commit(opening)[0].code == "OK"
    (receipt,) = province.commit(upload)
    assert (receipt.code, receipt.fields["finding"]) == ("FINDINGS_REFUSED", kinds)
    request = UploadSettlementRequest.FromString(TxBody.FromString(upload).operations[0])
    del request.findings[:]
    silent = _same_with(TxBody.FromString(upload), request.SerializeToString())
    (receipt,) = province.commit(silent)
    assert (receipt.code, receipt.fields["finding"]) == ("FINDINGS_REFUSED", kinds)
    assert record(province, prepared.object) is None


def test_a_settlement_keeps_warnings_and_is_refused_an_error(province: Outside) -> None:
    def off_by_one(message: Any) -> None:
        message["response"]["output"]["setlinfo"]["psn_part_amt"] = "115.95"

    document = edit_json("setl_2207_bill02.json", off_by_one)
    prepared = province.client.prepare("settlement.upload", document, province.actor.public_key)
    told = {(one.code, one.grade) for one in prepared.findings}
    assert ("SETTLEMENT_PERSON_PARTS", "warn") in told
    *openings, upload = prepared.bodies
    for opening in openings:
        assert province.commit(opening)[0].code == "OK"
    body = TxBody.FromString(upload)
    request = UploadSettlementRequest.FromString(body.operations[0])
    request.findings.append(Finding(code="SETTLEMENT_IS_WRONG", grade="error", field="total_fen"))
    (receipt,) = province.commit(_same_with(body, request.SerializeToString()))
    assert (receipt.code, receipt.fields["finding"]) == ("FINDINGS_REFUSED", "SETTLEMENT_IS_WRONG")
    assert record(province, prepared.object) is None
    (receipt,) = province.commit(upload)
    assert receipt.code == "OK"
    kept = record(province, prepared.object)
    assert kept is not None
    assert "SETTLEMENT_PERSON_PARTS" in {one["code"] for one in kept["findings"]}


def _same_with(body: TxBody, operation: bytes) -> bytes:
    """The same body with another operation and a fresh nonce."""
    changed = TxBody()
    changed.CopyFrom(body)
    changed.operations[0] = operation
    changed.nonce = secrets.token_bytes(16)
    return changed.SerializeToString()
