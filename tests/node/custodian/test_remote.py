"""Other provinces' bills and vouchers: dialects, sources, owners, signatures."""

from functools import partial

from crypto import sm3
from documents import InstitutionTable, build_voucher, load_dialects
from documents.voucher_json import parse_voucher
from node.custodian.service import build_custodian
from proto.reimbursement_pb2 import StoreBillRequest
from tests.node.custodian import papers
from tests.node.custodian.papers import ONE, TWO
from tests.node.custodian.stage import (
    ROOT,
    Chain,
    body_of,
    check_nothing_personal,
    methods,
    refused,
    sample,
)

FETCH = {"source": "national", "source_reference": "FETCH-1"}
BILL = {**FETCH, "dialect": "national_einvoice"}
VOUCHER = {**FETCH, "region": "430100"}
BILL_KEY = "remote_bill/46060224-0000000201"
VOUCHER_KEY = "remote_voucher/430100-430000900001"
TABLE = (ROOT / "documents" / "dialects" / "national_einvoice.toml").read_bytes()


def test_a_bill_is_stored_as_its_dialect_reads_it(province: Chain) -> None:
    xml = sample("ebill_in_04_remote.xml")
    reply = province.do("clerk", "voucher.store_bill", xml, **BILL)
    assert (methods(reply), reply.object) == (["voucher.store_bill"], BILL_KEY)
    record = province.owned(BILL_KEY)
    assert (record.dialect, record.dialect_sm3) == ("national_einvoice", sm3(TABLE))
    assert (record.public.total_fen, record.account_id) == (1_843_275, "")
    assert reply.attribution == "unbound"
    check_nothing_personal(province, reply)


def test_a_bill_finds_the_account_of_its_payer(province: Chain) -> None:
    opened = province.do("desk", "account.open", sample("archive_01_record.json"))
    reply = province.do("desk", "voucher.store_bill", sample("ebill_out_01.xml"), **BILL)
    assert (reply.attribution, reply.account_id) == ("certificate", opened.account_id)
    assert province.owned(reply.object).account_id == opened.account_id


def test_a_red_bill_follows_its_blue_one(province: Chain) -> None:
    opened = province.do("desk", "account.open", sample("archive_01_record.json"))
    province.do("desk", "voucher.store_bill", sample("ebill_out_01.xml"), **BILL)
    red = province.do("desk", "voucher.store_bill", sample("ebill_out_06_red_of_01.xml"), **BILL)
    assert (red.account_id, red.attribution_reason != "") == (opened.account_id, True)
    assert province.owned("remote_bill/46060124-0000000101").state == "red_flushed"


def test_a_red_bill_goes_nowhere_before_its_blue_one(province: Chain) -> None:
    """Its own payer is known by now, but a red bill is where its blue bill is."""
    province.do("desk", "voucher.store_bill", sample("ebill_out_01.xml"), **BILL)
    opened = province.prepare("desk", "account.open", sample("archive_01_record.json"))
    province.submit("desk", opened.bodies[:1])
    red = province.do("desk", "voucher.store_bill", sample("ebill_out_06_red_of_01.xml"), **BILL)
    assert (red.attribution, province.owned(red.object).account_id) == ("none", "")


def test_another_provinces_settlement_id_is_not_ours(province: Chain) -> None:
    """Settlement ids are unique within a region only: one that is equal binds nothing."""
    xml = sample("ebill_out_02.xml")
    ours = province.do("desk", "settlement.upload", sample("setl_2207_bill02.json"))
    at_home = province.prepare("desk", "bill.issue_blue", xml)
    assert (at_home.attribution, at_home.account_id) == ("settlement", ours.account_id)
    with_dialects(province, TABLE)
    other = xml.replace(b"0000000102", b"0000000999").replace(b"460601", b"430601")
    other = other.replace(TWO["psn_no"].encode(), b"")
    reply = province.prepare("desk", "voucher.store_bill", other, **BILL)
    assert (reply.attribution, reply.account_id) == ("unbound", "")
    assert "masked" in reply.attribution_reason


def test_signatures_of_a_remote_bill(province: Chain) -> None:
    xml = sample("ebill_in_04_remote.xml")
    known = province.prepare("desk", "voucher.store_bill", xml, **BILL)
    assert [one.code for one in known.findings if "SIGN" in one.code] == []
    forged = xml.replace("测试丁".encode(), "测试戊".encode())
    assert forged != xml
    refused(
        province,
        "EBILL_SIGNATURE",
        partial(province.prepare, "desk", "voucher.store_bill", forged, **BILL),
    )
    province.custodian._desk.institutions._by_uscc.clear()  # type: ignore[union-attr]
    unknown = province.do("desk", "voucher.store_bill", xml, **BILL)
    assert [one.code for one in unknown.findings if "SIGN" in one.code] == ["BILL_SIGNER_UNKNOWN"]
    request = StoreBillRequest.FromString(body_of(unknown.bodies[0]).operations[0])
    assert list(request.findings) == list(unknown.findings)


def with_dialects(chain: Chain, *tables: bytes) -> None:
    """The chain's custodian with these tables, and without anybody's signature keys."""
    chain.custodian = build_custodian(
        suite=chain.suite,
        chain_id=chain.chain_id,
        org=chain.org,
        mode=chain.mode,
        chain=chain.view,
        vault=chain.custodian._people._vault,
        private_key=chain.own_key,
        institutions=InstitutionTable((), ()),
        dialects=load_dialects(tables),
        clock=lambda: 0,
    )


def test_a_layout_of_another_root_is_read_and_its_signatures_stay_unchecked(
    province: Chain,
) -> None:
    renamed = TABLE.replace(b'root = "EInvoice"', b'root = "Bill"').replace(
        b'name = "national_einvoice"', b'name = "hunan_1"'
    )
    with_dialects(province, TABLE, renamed)
    xml = sample("ebill_in_04_remote.xml").replace(b"<EInvoice>", b"<Bill>")
    xml = xml.replace(b"</EInvoice>", b"</Bill>")
    reply = province.do("desk", "voucher.store_bill", xml, **{**BILL, "dialect": "hunan_1"})
    assert province.owned(BILL_KEY).dialect == "hunan_1"
    assert "BILL_SIGNATURE_UNCHECKED" in [one.code for one in reply.findings]


def test_the_dialect_that_is_named_has_to_read_it(province: Chain) -> None:
    xml = sample("ebill_in_04_remote.xml")
    call = partial(province.prepare, "desk", "voucher.store_bill")
    cases = [
        ("REQUEST_INVALID", xml, {**BILL, "dialect": "hunan_1"}),
        ("DIALECT_UNKNOWN", xml.replace(b"EInvoice>", b"Bill>"), BILL),
        ("DIALECT_UNKNOWN", b"<EInvoice/>", BILL),
        ("XML_MALFORMED", b"<EInvoice>", BILL),
        ("XML_FORBIDDEN", b'<!DOCTYPE a [<!ENTITY b "c">]><EInvoice>&b;</EInvoice>', BILL),
    ]
    for code, document, options in cases:
        refused(province, code, partial(call, document, **options))


def test_a_voucher_goes_to_its_persons_account_and_stays_there(province: Chain) -> None:
    opened = province.do("desk", "account.open", sample("archive_01_record.json"))
    first = province.do("clerk", "voucher.store_voucher", papers.voucher(), **VOUCHER)
    assert (methods(first), first.object) == (["voucher.store_voucher"], VOUCHER_KEY)
    assert (first.attribution, first.account_id) == ("certificate", opened.account_id)
    again = papers.voucher({"psn_name": "测试甲"}, BILLER="测试收费员")
    second = province.do("desk", "voucher.store_voucher", again, **VOUCHER)
    assert second.account_id == opened.account_id
    assert (province.owned(VOUCHER_KEY).version, province.owned(VOUCHER_KEY).account_id) == (
        2,
        opened.account_id,
    )
    refused(
        province,
        "CUSTODIAN_IDENTITY_CONFLICT",
        partial(province.prepare, "desk", "voucher.store_voucher", papers.voucher(TWO), **VOUCHER),
    )
    check_nothing_personal(province, first, second)


def test_an_unbound_voucher_is_attached_when_its_person_comes(province: Chain) -> None:
    reply = province.do("desk", "voucher.store_voucher", papers.voucher(), **VOUCHER)
    assert reply.attribution == "unbound"
    opened = province.do("desk", "account.open", sample("archive_01_record.json"))
    assert province.owned(VOUCHER_KEY).account_id == opened.account_id


def test_a_voucher_of_ours_read_back_is_the_same(province: Chain) -> None:
    province.do("desk", "settlement.upload", sample("setl_2207_bill02.json"))
    province.do("desk", "bill.issue_blue", sample("ebill_out_02.xml"))
    options = {"code": "46060124", "number": "0000000102", "settlement_id": "300000900002"}
    prepared = province.prepare("desk", "voucher.report", **options)
    assert methods(prepared) == ["voucher.report"]
    opened = province.custodian._desk.payloads
    settlement = opened.open(opened.find("settlement/300000900002"))
    bill = opened.open(opened.find("bill/46060124-0000000102"))
    built = build_voucher(settlement.form, bill.form)
    assert parse_voucher(built.document).form == built.form


def test_findings_and_faults_of_vouchers(province: Chain) -> None:
    odd = papers.voucher(rows=3, MEDFEE_AMT="1300.00")
    reply = province.do("desk", "voucher.store_voucher", odd, **VOUCHER)
    codes = ["VOUCHER_ROWS", "VOUCHER_TOTAL_PARTS", "VOUCHER_BILL_AMOUNT"]
    assert [one.code for one in reply.findings] == codes
    assert [one.code for one in province.owned(VOUCHER_KEY).findings] == codes
    red = {"ELEC_SETL_CERT_FLAG": "1", "BILL_AMT": "-1260.50"}
    cases = [
        ("REQUEST_INVALID", papers.voucher(**red)),
        ("AMOUNT_SIGN", papers.voucher(BILL_AMT="-1260.50")),
        ("AMOUNT_INVALID", papers.voucher(BILL_AMT="1260.505")),
        ("AMOUNT_INVALID", papers.voucher(HIFP_PAY_AMT=None)),
        ("ELEMENT_INVALID", papers.voucher(BILL_CODE="4306012")),
        ("ELEMENT_MISSING", papers.voucher(SETL_ID=None)),
        ("ELEMENT_UNKNOWN", papers.voucher(bill_type="1")),
        ("IDENTIFIER_INVALID", papers.voucher({**ONE, "certno": "469900198403129993"})),
    ]
    for code, document in cases:
        call = partial(province.prepare, "desk", "voucher.store_voucher", document, **VOUCHER)
        refused(province, code, call)
