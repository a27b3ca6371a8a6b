"""Every sample parses to the expected public fields, verifies, and agrees with its counterpart."""

import pytest

from documents import (
    bill_findings,
    build_voucher,
    compare,
    has_errors,
    parse_archive,
    parse_ebill,
    parse_settlement,
    person_of,
    settlement_findings,
    verify_signatures,
)
from documents.forms import PUBLIC_PATHS
from tests.documents.support import institutions, sample, shows_a_person

HAIKOU, SANYA = "12460105999999015Q", "12460203999999023U"

# file: code, number, dates issued and business, kind, issuer, settlement id, then fen: total,
# fund, other fund, account, cash.
BILLS = {
    "ebill_out_01.xml": "46060124 0000000101 20240816 20240816 outpatient "
    f"{HAIKOU} 300000900001 23140 11544 0 10000 1596",
    "ebill_out_02.xml": "46060124 0000000102 20240818 20240818 outpatient "
    f"{HAIKOU} 300000900002 126000 96160 12020 17820 0",
    "ebill_out_03_selfpay.xml": "46060124 0000000103 20240819 20240819 outpatient "
    f"{SANYA} - 9650 0 0 0 9650",
    "ebill_in_04_remote.xml": "46060224 0000000201 20240822 20240822 inpatient "
    f"{HAIKOU} 300000900003 1843275 1327700 0 200000 315575",
    "ebill_in_05.xml": "46060224 0000000202 20240826 20240826 inpatient "
    f"{SANYA} 300000900004 625000 412500 41250 0 171250",
    "ebill_out_06_red_of_01.xml": "46060124 0000000180 20240820 20240816 outpatient "
    f"{HAIKOU} 300000900001 -23140 -11544 0 -10000 -1596",
}
BILL_COLUMNS = [
    "code",
    "number",
    "issue_date",
    "business_date",
    "kind",
    "issuer_code",
    "settlement_id",
    "total_fen",
    "fund_fen",
    "other_fund_fen",
    "account_fen",
    "cash_fen",
]

# file: id, type, date, institution, insurance, region, insured region, bill, original, then
# fen: total, pooled, other funds, all funds, account, cash, self-paid.
SETTLEMENTS = {
    "setl_2207_bill01.json": "300000900001 local 20240816 H46010599901 310 460100 460100 "
    "46060124 0000000101 - 23140 11544 0 11544 10000 1596 10096",
    "setl_2207_bill02.json": "300000900002 local 20240818 H46010599901 310 460100 460100 "
    "46060124 0000000102 - 126000 96160 12020 108180 17820 0 17820",
    "setl_2208_reversal_of_bill01.json": "300000900091 local 20240820 H46010599901 - 460100 460100 "
    "- - 300000900001 -23140 -11544 0 -11544 -10000 -1596 -10096",
    "setl_2304_bill04.json": "300000900003 remote 20240822 H46010599901 310 460100 430100 "
    "46060224 0000000201 - 1843275 1327700 0 1327700 200000 315575 432300",
    "setl_2304_bill05.json": "300000900004 local 20240826 H46020399902 390 460200 460200 "
    "46060224 0000000202 - 625000 412500 41250 453750 0 171250 159250",
    "setl_5261_variant_of_bill05.json": "300000900004 local 20240826 H46020399902 390 - - "
    "- - - 625000 412500 41250 453750 0 171250 159250",
}
SETTLEMENT_COLUMNS = [
    "settlement_id",
    "settlement_type",
    "settled_date",
    "institution_code",
    "insurance_type",
    "region",
    "insured_region",
    "bill.code",
    "bill.number",
    "original.settlement_id",
    "total_fen",
    "pooled_fund_fen",
    "other_fund_fen",
    "fund_total_fen",
    "account_fen",
    "cash_fen",
    "selfpay_fen",
]

PAIRS = [
    ("ebill_out_01.xml", "setl_2207_bill01.json"),
    ("ebill_out_02.xml", "setl_2207_bill02.json"),
    ("ebill_in_04_remote.xml", "setl_2304_bill04.json"),
    ("ebill_in_05.xml", "setl_2304_bill05.json"),
    ("ebill_in_05.xml", "setl_5261_variant_of_bill05.json"),
    ("ebill_out_06_red_of_01.xml", "setl_2208_reversal_of_bill01.json"),
]


def _row(columns: list[str], text: str) -> dict[str, str]:
    return {c: "" if v == "-" else v for c, v in zip(columns, text.split(), strict=True)}


@pytest.mark.parametrize("name", BILLS)
def test_bills(name: str) -> None:
    bill = parse_ebill(sample(name))
    expected = _row(BILL_COLUMNS, BILLS[name])
    is_red = "red" in name
    expected["color"] = "red" if is_red else "blue"
    expected["blue.code"] = "46060124" if is_red else ""
    expected["blue.number"] = "0000000101" if is_red else ""
    assert dict(bill.form.public) == expected
    assert tuple(sorted(bill.form.public)) == PUBLIC_PATHS["ebill/1"]
    assert not has_errors(bill_findings(bill.form))
    assert {f.grade for f in bill_findings(bill.form)} <= {"info"}
    assert bill.is_red == is_red


@pytest.mark.parametrize("name", BILLS)
def test_signatures(name: str) -> None:
    bill, table = parse_ebill(sample(name)), institutions()
    hospital = table.hospital_key(bill.form.public["issuer_code"])
    finance = table.finance_key(bill.form.private["area"])
    assert hospital is not None and finance is not None
    assert verify_signatures(bill, hospital, finance) == ("issuer", "supervisor")
    assert verify_signatures(bill, None, finance) == ("supervisor",)
    assert bill.signed.startswith(b"<Header>") and bill.signed.endswith(b"</EInvoiceData>")


@pytest.mark.parametrize("name", SETTLEMENTS)
def test_settlements(name: str) -> None:
    form = parse_settlement(sample(name), institutions()).form
    for path, value in _row(SETTLEMENT_COLUMNS, SETTLEMENTS[name]).items():
        assert form.public[path] == value, path
    assert form.public["color"] == ("red" if "reversal" in name else "blue")
    uscc = SANYA if form.public["institution_code"] == "H46020399902" else HAIKOU
    assert form.public["institution_uscc"] == uscc
    assert tuple(sorted(form.public)) == PUBLIC_PATHS["settlement/1"]
    assert not has_errors(settlement_findings(form))
    if "5261" not in name:
        assert settlement_findings(form) == ()


def test_the_variant_spelling_says_the_same_as_its_settlement() -> None:
    one = parse_settlement(sample("setl_2304_bill05.json")).form
    other = parse_settlement(sample("setl_5261_variant_of_bill05.json")).form
    for path, value in one.public.items():
        if path.endswith("_fen") or path in ("settlement_id", "settled_date", "institution_code"):
            assert other.public[path] == value, path
    codes = [finding.code for finding in settlement_findings(other)]
    expected = ["SETTLEMENT_TOTAL_PARTS", "SETTLEMENT_PERSON_PARTS", "SETTLEMENT_REGION_UNKNOWN"]
    assert codes == expected


def test_archive() -> None:
    archive = parse_archive(sample("archive_01_record.json"), sample("archive_01_content.json"))
    assert dict(archive.form.public) == {
        "archive_code": "YB99-CBBG-2024-Y-0000001",
        "category": "CBBG",
        "content_bytes": "766",
        "file_number": "EF20240701990001",
        "filed_date": "20240701",
        "fonds_code": "YB99",
        "format": "JSON",
        "item_count": "1",
        "owner_kind": "person",
        "page_count": "2",
        "retention": "永久",
        "year": "2024",
    }


@pytest.mark.parametrize(("bill_name", "settlement_name"), PAIRS)
def test_pairs_agree_and_make_a_voucher(bill_name: str, settlement_name: str) -> None:
    bill = parse_ebill(sample(bill_name)).form
    settlement = parse_settlement(sample(settlement_name)).form
    verification = compare(bill, settlement, institutions())
    assert verification.findings == ()
    assert verification.agrees
    voucher = build_voucher(settlement, bill).form
    assert voucher.fen("bill_amount_fen") == bill.fen("total_fen")
    assert voucher.public["fee_count"] == str(len(list(settlement.rows("fee"))))


def test_no_public_field_and_no_repr_shows_a_person() -> None:
    documents: list[object] = [parse_ebill(sample(name)) for name in BILLS]
    documents += [parse_settlement(sample(name)) for name in SETTLEMENTS]
    documents.append(
        parse_archive(sample("archive_01_record.json"), sample("archive_01_content.json"))
    )
    for document in documents:
        form = document.form  # type: ignore[attr-defined]
        assert not shows_a_person("\n".join(form.public.values()))
        for shown in (document, form, person_of(form)):
            assert not shows_a_person(repr(shown))
