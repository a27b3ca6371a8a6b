"""What a bill's XML may and may not be, beyond the samples."""

from collections.abc import Callable
from functools import partial

import pytest

from documents import SettlementIdRule, bill_findings, parse_ebill, verify_signatures
from documents.codes import (
    AMOUNT_INVALID,
    AMOUNT_SIGN,
    EBILL_SIGNATURE,
    ELEMENT_DUPLICATED,
    ELEMENT_INVALID,
    ELEMENT_MISSING,
    IDENTIFIER_INVALID,
)
from documents.ebill_fields import LEAVES, REQUIRED
from faults import Code, Misuse, Rejected
from tests.documents.support import edit, institutions, refused, sample, shows_a_person

BLUE, RED = sample("ebill_out_01.xml"), sample("ebill_out_06_red_of_01.xml")
MAIN = "EInvoiceData/Main"


def _element(path: str) -> tuple[str, str]:
    name = path.rsplit("/", 1)[-1]
    start = BLUE.decode().index(f"<{name}>") + len(name) + 2
    return name, BLUE.decode()[start : BLUE.decode().index(f"</{name}>")]


@pytest.mark.parametrize("path", REQUIRED)
def test_required_elements(path: str) -> None:
    name, text = _element(path)
    whole = f"<{name}>{text}</{name}>"
    for without in ("", f"<{name}/>", f"<{name}>  </{name}>"):
        refused(ELEMENT_MISSING, partial(parse_ebill, edit(BLUE, whole, without)), path)


@pytest.mark.parametrize("path", [path for path in LEAVES if "Custom" not in path])
def test_a_repeated_single_element_is_refused_by_name(path: str) -> None:
    name = path.rsplit("/", 1)[-1]
    parent = path.rsplit("/", 2)[-2]
    raw = BLUE.decode()
    at = raw.index(f"<{parent}>") + len(parent) + 2
    doubled = raw[:at] + f"<{name}/><{name}/>" + raw[at:]
    refused(ELEMENT_DUPLICATED, lambda: parse_ebill(doubled.encode()), path)


@pytest.mark.parametrize("name", ["Header", "EInvoiceData", "EInvoiceSignature"])
def test_a_repeated_section_is_refused(name: str) -> None:
    raw = edit(BLUE, "</EInvoice>", f"<{name}></{name}></EInvoice>")
    refused(ELEMENT_DUPLICATED, lambda: parse_ebill(raw), name)


def test_both_spellings_of_a_first_letter_are_one_element() -> None:
    raw = edit(
        BLUE, "<PatientNumber>MZ00990001</PatientNumber>", "<patientNumber>Z</patientNumber>"
    )
    assert parse_ebill(raw).form.private["patient_number"] == "Z"
    both = edit(BLUE, "<PatientNumber>", "<patientNumber>Z</patientNumber><PatientNumber>")
    refused(ELEMENT_DUPLICATED, lambda: parse_ebill(both), f"{MAIN}/MainExt/PatientNumber")


@pytest.mark.parametrize(
    ("old", "new", "code", "path"),
    [
        ("<EInvoiceCode>46060124", "<EInvoiceCode>4606012", ELEMENT_INVALID, "EInvoiceCode"),
        ("<EInvoiceCode>46060124", "<EInvoiceCode>４6060124", ELEMENT_INVALID, "EInvoiceCode"),
        ("Number>0000000101", "Number>000000010", ELEMENT_INVALID, "EInvoiceNumber"),
        ("482913", "48291G", ELEMENT_INVALID, "RandomNumber"),
        ("482913", "55E825", ELEMENT_INVALID, "RandomNumber"),
        ("<IssueDate>20240816", "<IssueDate>20240231", ELEMENT_INVALID, "IssueDate"),
        ("<IssueTime>10:21:07", "<IssueTime>25:21:07", ELEMENT_INVALID, "IssueTime"),
        ("<TotalAmount>231.40", "<TotalAmount>2.314e2", AMOUNT_INVALID, "TotalAmount"),
        ("<TotalAmount>231.40", "<TotalAmount>NaN", AMOUNT_INVALID, "TotalAmount"),
        ("<TotalAmount>231.40", "<TotalAmount>231.405", AMOUNT_INVALID, "TotalAmount"),
        ("<TotalAmount>231.40", "<TotalAmount>999999999999999", AMOUNT_INVALID, "TotalAmount"),
        ("<PayMode>4", "<PayMode>card", ELEMENT_INVALID, "PayMode"),
        ("12460105999999015Q", "12460105999999015R", IDENTIFIER_INVALID,
         "InvoicingParty/InvoicingPartyCode"),
        ("469900198403129992", "469900198403129993", IDENTIFIER_INVALID,
         "PayerParty/PayerPartyCode"),
        ("<OwnPayAmount>15.96", "<OwnPayAmount>x", AMOUNT_INVALID, "MainExt/OwnPayAmount"),
        ("医保结算号:300000900001", "x" * 1001, ELEMENT_INVALID, "Remark"),
    ],
)  # fmt: skip
def test_wrong_values_are_refused_by_name(old: str, new: str, code: Code, path: str) -> None:
    refused(code, lambda: parse_ebill(edit(BLUE, old, new)), f"{MAIN}/{path}")


@pytest.mark.parametrize("old", ["<ItemAmount>85.00</ItemAmount>"])
def test_rows_need_their_amount_and_have_each_element_once(old: str) -> None:
    path = "EInvoiceData/Details/Item[2]/ItemAmount"
    refused(ELEMENT_MISSING, lambda: parse_ebill(edit(BLUE, old, "")), path)
    refused(ELEMENT_DUPLICATED, lambda: parse_ebill(edit(BLUE, old, old + old)), path)
    wrong = edit(BLUE, old, "<ItemAmount>1e1</ItemAmount>")
    refused(AMOUNT_INVALID, lambda: parse_ebill(wrong), path)


def test_text_where_elements_belong_and_elements_where_text_belongs() -> None:
    nested = edit(BLUE, "<PayMode>4", "<PayMode><a>4</a>")
    refused(ELEMENT_INVALID, lambda: parse_ebill(nested), f"{MAIN}/PayMode")
    flat = edit(BLUE, "<MainExt>", "<InvoicingPartySeal>x</InvoicingPartySeal><MainExt>")
    refused(ELEMENT_INVALID, lambda: parse_ebill(flat), f"{MAIN}/InvoicingPartySeal")


def test_signs() -> None:
    negative = edit(BLUE, "<TotalAmount>231.40", "<TotalAmount>-231.40")
    refused(AMOUNT_SIGN, lambda: parse_ebill(negative), "total_fen")
    kind = edit(BLUE, "<OwnPayAmount>15.96", "<OwnPayAmount>-15.96")
    refused(AMOUNT_SIGN, lambda: parse_ebill(kind), "cash_fen")
    positive = edit(RED, "<TotalAmount>-231.40", "<TotalAmount>231.40")
    refused(AMOUNT_SIGN, lambda: parse_ebill(positive), "total_fen")
    # A returned drug is a negative line of a blue bill.
    line = edit(BLUE, "<AuxItemAmount>40.00", "<AuxItemAmount>-40.00")
    assert parse_ebill(line).form.private["aux.6.amount_fen"] == "-4000"


def test_a_red_bill_names_a_whole_blue_bill_and_not_itself() -> None:
    half = edit(RED, "<RelatedInvoiceCode>46060124</RelatedInvoiceCode>", "")
    refused(ELEMENT_MISSING, lambda: parse_ebill(half), f"{MAIN}/MainExt/RelatedInvoiceCode")
    itself = edit(RED, "<RelatedInvoiceNumber>0000000101", "<RelatedInvoiceNumber>0000000180")
    refused(ELEMENT_INVALID, lambda: parse_ebill(itself), "RelatedInvoiceNumber")


def test_masked_old_and_foreign_payer_codes_are_taken() -> None:
    for code in ("469900********9992", "**************9992", "110105491231002", "E12345678"):
        raw = edit(BLUE, "469900198403129992", code)
        assert parse_ebill(raw).form.private["payer.code"] == code
    unit = edit(BLUE, "<PayerPartyType>1", "<PayerPartyType>2")
    assert parse_ebill(edit(unit, "469900198403129992", "469900198403129993")).code == "46060124"


def test_unknown_elements_are_kept() -> None:
    raw = edit(
        BLUE,
        "<PayCode/>",
        "<PayCode/><New>1</New><New>2</New><deep><Er>3</Er></deep><Empty/><At a='5'>6</At>",
    )
    private = parse_ebill(raw).form.private
    prefix = "extra.EInvoiceData.Main.MainExt"
    assert private[f"{prefix}.New"] == "1" and private[f"{prefix}.New#2"] == "2"
    assert private[f"{prefix}.deep.Er"] == "3"
    assert private[f"{prefix}.At"] == "6" and private[f"{prefix}.At.@a"] == "5"
    assert f"{prefix}.Empty" not in private


def test_other_kind_digits_and_dashed_dates_are_taken() -> None:
    raw = edit(BLUE, "<EInvoiceCode>46060124", "<EInvoiceCode>23061425")
    raw = edit(raw, "<IssueDate>20240816", "<IssueDate>2024-08-16")
    form = parse_ebill(raw).form
    assert form.public["kind"] == "outpatient" and form.public["issue_date"] == "20240816"
    codes = [finding.code for finding in bill_findings(form)]
    assert codes == ["BILL_ID_RULE", "BILL_SPECIMEN_CODE"]


def test_a_bill_without_medical_extension_is_taken() -> None:
    text = BLUE.decode()
    start, end = text.index("<MainExt>"), text.index("</MainExt>") + len("</MainExt>")
    form = parse_ebill((text[:start] + text[end:]).encode()).form
    assert form.absent() == (
        "fund_fen",
        "other_fund_fen",
        "account_fen",
        "cash_fen",
        "business_date",
    )
    assert form.public["business_date"] == "20240816" and form.public["cash_fen"] == "0"
    codes = [finding.code for finding in bill_findings(form)]
    assert codes == ["BILL_KINDS_ABSENT", "BILL_BUSINESS_DATE_ABSENT"]


@pytest.mark.parametrize(
    ("remark", "settlement_id"),
    [
        ("医保结算号：300000900009", "300000900009"),
        ("冲红原因:x;医保结算号:1;医保结算号:1", "1"),
        ("结算号 300000900009", ""),
    ],
)
def test_settlement_id_in_the_remark(remark: str, settlement_id: str) -> None:
    form = parse_ebill(edit(BLUE, "医保结算号:300000900001", remark)).form
    assert form.public["settlement_id"] == settlement_id


def test_two_settlement_ids_give_none_and_a_finding() -> None:
    form = parse_ebill(edit(BLUE, "医保结算号:300000900001", "医保结算号:1 医保结算号:2")).form
    assert form.public["settlement_id"] == ""
    assert [f.code for f in bill_findings(form)] == ["BILL_SETTLEMENT_ID_AMBIGUOUS"]


def test_what_can_not_be_an_id_in_a_remark_is_a_finding() -> None:
    for remark in ("医保结算号:１２３", f"医保结算号:{'9' * 65}"):
        form = parse_ebill(edit(BLUE, "医保结算号:300000900001", remark)).form
        assert form.public["settlement_id"] == ""
        assert [f.code for f in bill_findings(form)] == ["BILL_SETTLEMENT_ID_AMBIGUOUS"]
    with pytest.raises(Misuse):
        SettlementIdRule(remark="医保结算号")


def test_settlement_id_by_path() -> None:
    rule = SettlementIdRule(paths=(f"{MAIN}/MainExt/Custom3", f"{MAIN}/MainExt/BalancedNumber"))
    raw = edit(BLUE, "<PayCode/>", "<PayCode/><BalancedNumber>30A-7</BalancedNumber>")
    assert parse_ebill(raw, rule).form.public["settlement_id"] == "30A-7"
    raw = edit(BLUE, "<PayCode/>", "<PayCode/><Custom3>9</Custom3>")
    assert parse_ebill(raw, rule).form.public["settlement_id"] == "9"
    raw = edit(BLUE, "<PayCode/>", "<PayCode/><Custom3>9/../x</Custom3>")
    refused(ELEMENT_INVALID, lambda: parse_ebill(raw, rule), f"{MAIN}/MainExt/Custom3")
    assert parse_ebill(BLUE, rule).form.public["settlement_id"] == "300000900001"


def _verify(raw: bytes) -> Callable[[], object]:
    table = institutions()
    hospital, finance = table.hospital_key("12460105999999015Q"), table.finance_key("460000")
    return lambda: verify_signatures(parse_ebill(raw), hospital, finance)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("<TotalAmount>231.40", "<TotalAmount>231.41", "wrong"),
        ("    <Version>", "     <Version>", "wrong"),
        ("<SignatureValue>MEQC", "<SignatureValue>MEQD", "wrong"),
        ("<SignatureValue>MEQC", "<SignatureValue>!!!!", "encoding"),
        ("<SignatureAlgorithm>SM3withSM2", "<SignatureAlgorithm>MD5withRSA", "algorithm"),
    ],
)
def test_a_changed_bill_or_signature_is_refused(old: str, new: str, reason: str) -> None:
    rejected = refused(EBILL_SIGNATURE, _verify(edit(BLUE, old, new)))
    assert rejected.fields == {"party": "issuer", "reason": reason}


def test_swapped_and_missing_signatures_are_refused() -> None:
    bill, table = parse_ebill(BLUE), institutions()
    hospital, finance = table.hospital_key("12460105999999015Q"), table.finance_key("460000")
    refused(EBILL_SIGNATURE, lambda: verify_signatures(bill, finance, hospital))
    refused(EBILL_SIGNATURE, lambda: verify_signatures(bill, b"\x04" + bytes(64), None))
    refused(EBILL_SIGNATURE, lambda: verify_signatures(bill, b"", None))
    text = BLUE.decode()
    start = text.index("<EInvoiceSignature>")
    unsigned = (text[:start] + "</EInvoice>").encode()
    rejected = refused(EBILL_SIGNATURE, _verify(unsigned))
    assert rejected.fields["reason"] == "missing"
    assert verify_signatures(parse_ebill(unsigned), None, None) == ()


def test_the_signed_text_can_not_be_wrapped() -> None:
    """Signed bytes hidden in a comment or an element would verify something else."""
    signed = parse_ebill(BLUE).signed.decode()
    forged = edit(BLUE, "<TotalAmount>231.40", "<TotalAmount>999.00")
    hidden = edit(forged, "<EInvoice>", f"<!-- {signed.replace('--', '')} --><EInvoice>")
    refused(ELEMENT_DUPLICATED, lambda: parse_ebill(hidden), "Header")
    inside = edit(forged, "<PayCode/>", f"<PayCode/><Old>{signed}</Old>")
    refused(ELEMENT_DUPLICATED, lambda: parse_ebill(inside), "Header")
    between = edit(BLUE, "<EInvoiceData>", "<Other>1</Other><EInvoiceData>")
    refused(ELEMENT_INVALID, lambda: parse_ebill(between), "EInvoice")


def test_no_refusal_shows_a_value() -> None:
    """Each element in turn gets a value it cannot have; whatever is said of it is not the value."""
    text = BLUE.decode()
    for path in LEAVES:
        name = path.rsplit("/", 1)[-1]
        if f"<{name}>" not in text:
            continue
        for bad in ("测试甲469900198403129992\x7f", "<x>测试甲</x>", "测试甲" * 4000):
            raw = text.replace(f"<{name}>", f"<{name}>{bad}", 1).encode()
            with pytest.raises(Rejected) as caught:
                parse_ebill(raw)
            assert not shows_a_person(str(caught.value)), path
