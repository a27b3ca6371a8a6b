"""Every sample document goes through the rules as a hospital or the bureau would submit it.

What the parsers make of a sample is committed and sent with the findings its checks make. A finding
that refuses in a sample would be a rule that real documents break.
"""

import pytest

from contracts.bill.record import BillRecord, bill_key
from contracts.settlement import SettlementRecord, settlement_key
from documents import (
    Finding,
    StandardForm,
    bill_findings,
    parse_ebill,
    parse_settlement,
    settlement_findings,
)
from ledger.commitment import commit_form
from proto import contracts_pb2 as pb
from proto import transaction_pb2 as tx
from tests.contracts.harness import PROVINCE, Chain
from tests.documents.support import sample
from tests.documents.test_samples import BILLS, SETTLEMENTS

RED_SETTLEMENT, BLUE_SETTLEMENT = "setl_2208_reversal_of_bill01.json", "setl_2207_bill01.json"
RED_BILL, BLUE_BILL = "ebill_out_06_red_of_01.xml", "ebill_out_01.xml"


@pytest.fixture
def chain() -> Chain:
    return Chain(PROVINCE, "gm")


def committed(form: StandardForm) -> tx.CommittedForm:
    return commit_form(form.schema, form.public, form.private, b"s" * 32).to_form()


def told(findings: tuple[Finding, ...]) -> list[tx.Finding]:
    return [
        tx.Finding(code=one.code, grade=one.grade, field=one.field, detail=one.detail)
        for one in findings
    ]


def upload(chain: Chain, name: str) -> str:
    """Upload the sample; its state key."""
    form = parse_settlement(sample(name)).form
    request = pb.UploadSettlementRequest(
        form=committed(form),
        payload=chain.payload(),
        findings=told(settlement_findings(form)),
    )
    chain.ok("hospital", "settlement.upload", request)
    return settlement_key(form.public["settlement_id"])


def issue(chain: Chain, name: str) -> str:
    """The bureau issues the sample; its state key."""
    form = parse_ebill(sample(name)).form
    request = pb.IssueBlueRequest(
        form=committed(form), payload=chain.payload(), findings=told(bill_findings(form))
    )
    chain.ok("bureau", "bill.issue_blue", request)
    return bill_key(form.public["code"], form.public["number"])


@pytest.mark.parametrize("name", [name for name in SETTLEMENTS if name != RED_SETTLEMENT])
def test_settlements_are_taken_without_an_error(chain: Chain, name: str) -> None:
    record = chain.load(SettlementRecord, upload(chain, name))
    assert "error" not in {one.grade for one in record.findings}


def test_the_reversal_takes_its_settlement_back(chain: Chain) -> None:
    original = upload(chain, BLUE_SETTLEMENT)
    form = parse_settlement(sample(RED_SETTLEMENT)).form
    request = pb.ReverseSettlementRequest(
        form=committed(form),
        payload=chain.payload(),
        findings=told(settlement_findings(form)),
    )
    chain.ok("hospital", "settlement.reverse", request)
    assert chain.load(SettlementRecord, original).reversed_by


@pytest.mark.parametrize("name", [name for name in BILLS if name != RED_BILL])
def test_bills_are_taken_without_an_error(chain: Chain, name: str) -> None:
    record = chain.load(BillRecord, issue(chain, name))
    assert "error" not in {one.grade for one in record.findings}


def test_the_red_bill_flushes_its_blue_one(chain: Chain) -> None:
    blue = issue(chain, BLUE_BILL)
    form = parse_ebill(sample(RED_BILL)).form
    request = pb.IssueRedRequest(
        form=committed(form), payload=chain.payload(), findings=told(bill_findings(form))
    )
    chain.ok("bureau", "bill.issue_red", request)
    assert chain.load(BillRecord, blue).red
