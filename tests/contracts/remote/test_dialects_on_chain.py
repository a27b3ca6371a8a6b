"""From another province's XML to a leaf: the table's form is what the chain proves."""

from pathlib import Path

from contracts.remote.records import RemoteBillRecord
from crypto import sm3
from documents import bill_findings, load_dialects, parse_remote_ebill
from ledger.commitment import commit_form
from proto.reimbursement_pb2 import StoreBillRequest
from proto.transaction_pb2 import Finding
from tests.contracts.harness import Chain

ROOT = Path(__file__).parents[3]
KEY = "remote_bill/46060224-0000000201"


def test_the_remote_sample_is_stored_as_its_dialect_read_it() -> None:
    table = (ROOT / "documents" / "dialects" / "national_einvoice.toml").read_bytes()
    xml = (ROOT / "testnet" / "samples" / "ebill_in_04_remote.xml").read_bytes()
    bill = parse_remote_ebill(xml, load_dialects([table]))
    committed = commit_form(bill.form.schema, bill.form.public, bill.form.private, b"s" * 32)
    chain = Chain()
    request = StoreBillRequest(
        form=committed.to_form(),
        payload=chain.payload(),
        source="national",
        source_reference="FETCH-1",
        dialect=bill.dialect.name,
        dialect_sm3=bill.dialect.sm3,
        findings=[
            Finding(code=one.code, grade=one.grade, field=one.field, detail="")
            for one in bill_findings(bill.form)
        ],
    )
    chain.ok("bureau", "voucher.store_bill", request)
    record = chain.load(RemoteBillRecord, KEY)
    assert record.pcommit == committed.pcommit
    assert (record.public.total_fen, record.public.kind) == (1_843_275, "inpatient")
    assert record.public.settlement_id == "300000900003"
    assert (record.dialect, record.dialect_sm3) == ("national_einvoice", sm3(table))
    assert bill.form.private["dialect.sm3"] == record.dialect_sm3.hex()
    chain.check_trace(KEY, record.trace_count, record.trace_head)
    # Nothing of the person is in the clear.
    stored = b"".join(value for value in chain.writes.values() if value is not None)
    for personal in ("测试丁", "439900197909299964", "43000000000000009900000004"):
        assert personal.encode() not in stored
