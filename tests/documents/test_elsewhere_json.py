"""Filings, applications and vouchers of treatment elsewhere: fields, refusals, findings."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from contracts.filing.rules import KINDS as CONTRACT_KINDS
from contracts.forms import (
    FILING,
    REIMBURSEMENT,
    VOUCHER,
    check_form,
    filing_fields,
    reimbursement_fields,
    voucher_fields,
)
from documents import (
    PersonIdentity,
    StandardForm,
    build_voucher,
    filing_findings,
    parse_application,
    parse_ebill,
    parse_filing,
    parse_settlement,
    parse_voucher,
    person_of,
    reimbursement_findings,
    voucher_findings,
)
from documents import codes as c
from documents.filing_json import ELEMENTS as FILING_ELEMENTS
from documents.filing_json import KINDS
from documents.reimbursement_json import ELEMENTS as APPLICATION_ELEMENTS
from faults import Code
from ledger.commitment import commit_form
from tests.documents.support import edit_json, refused, sample, shows_a_person

FILING_FILE, APPLICATION_FILE = "filing_01.json", "application_bill07.json"
VOUCHER_FILE = "voucher_4901_bill07.json"
HEAD = "mid_bsw_bill_mdtrt_info"


def changed(name: str, **elements: Any) -> bytes:
    """The sample with elements set, or taken out where the value is None."""

    def change(message: Any) -> None:
        target = message.get(HEAD, message)
        for element, value in elements.items():
            target[element] = value
            if value is None:
                del target[element]

    return edit_json(name, change)


def proved(form: StandardForm) -> Any:
    """The form as a contract takes it: its public fields typed."""
    committed = commit_form(form.schema, form.public, form.private, bytes(32)).to_form()
    read = {FILING: filing_fields, REIMBURSEMENT: reimbursement_fields, VOUCHER: voucher_fields}
    return read[form.schema](check_form(committed, form.schema))


def test_the_samples_are_read_as_contracts_take_them() -> None:
    filing = parse_filing(sample(FILING_FILE))
    fields = proved(filing.form)
    assert (fields.kind, fields.insured_region, fields.treatment_region) == (
        "long_term_resident",
        "460100",
        "430100",
    )
    assert (fields.begin_date, fields.end_date) == ("20240801", "")
    application = proved(parse_application(sample(APPLICATION_FILE)).form)
    assert (application.claimed_fen, application.bill_number) == (17_820, "0000000777")
    voucher = proved(parse_voucher(sample(VOUCHER_FILE)).form)
    assert (voucher.bill_amount_fen, voucher.fund_fen, voucher.fee_count) == (126_000, 96_160, 2)


@pytest.mark.parametrize("name", [FILING_FILE, APPLICATION_FILE, VOUCHER_FILE])
def test_the_person_is_private_and_found(name: str) -> None:
    parse: Callable[[bytes], Any] = {
        FILING_FILE: parse_filing,
        APPLICATION_FILE: parse_application,
        VOUCHER_FILE: parse_voucher,
    }[name]
    document = parse(sample(name))
    assert not shows_a_person(repr(document) + repr(document.form) + str(document.form.public))
    said = person_of(document.form)
    assert (said.name, said.id_type, said.id_number) == ("测试乙", "01", "469900195607189985")
    assert said.psn_no == "46000000000000009900000002"
    assert isinstance(said, PersonIdentity)
    assert document.form.private["document.sm3"]


def test_kinds_are_the_contracts() -> None:
    assert KINDS == CONTRACT_KINDS


def test_no_two_elements_go_to_one_place() -> None:
    for elements in (FILING_ELEMENTS, APPLICATION_ELEMENTS):
        assert len({one.name for one in elements}) == len(elements)
        assert len({one.path for one in elements}) == len(elements)


REFUSALS: list[tuple[str, Code, dict[str, Any], str]] = [
    (FILING_FILE, c.ELEMENT_MISSING, {"filing_id": None}, "filing_id"),
    (FILING_FILE, c.ELEMENT_INVALID, {"filing_id": "a b"}, "filing_id"),
    (FILING_FILE, c.ELEMENT_INVALID, {"filing_id": 7}, "filing_id"),
    (FILING_FILE, c.ELEMENT_MISSING, {"format": None}, "format"),
    (FILING_FILE, c.ELEMENT_INVALID, {"format": "filing/2"}, "format"),
    (FILING_FILE, c.ELEMENT_UNKNOWN, {"endate": "20250101"}, "document"),
    (FILING_FILE, c.ELEMENT_MISSING, {"psn_name": ""}, "psn_name"),
    (FILING_FILE, c.ELEMENT_MISSING, {"certno": "", "psn_no": ""}, "certno"),
    (FILING_FILE, c.IDENTIFIER_INVALID, {"certno": "469900195607189986"}, "certno"),
    (FILING_FILE, c.ELEMENT_INVALID, {"psn_no": "x y"}, "psn_no"),
    (FILING_FILE, c.IDENTIFIER_INVALID, {"mdtrtarea_admdvs": "999999"}, "mdtrtarea_admdvs"),
    (FILING_FILE, c.ELEMENT_INVALID, {"begndate": "2024-02-30"}, "begndate"),
    (FILING_FILE, c.ELEMENT_INVALID, {"begndate": "2024-08-01 00:00:00"}, "begndate"),
    (FILING_FILE, c.PERIOD_INVALID, {"enddate": "2024-07-31"}, "enddate"),
    (FILING_FILE, c.ELEMENT_MISSING, {"kind": "referral"}, "reflin_medins_no"),
    (FILING_FILE, c.ELEMENT_INVALID, {"reflin_medins_no": "X43010500001"}, "reflin_medins_no"),
    (FILING_FILE, c.ELEMENT_INVALID, {"memo": "x" * 501}, "memo"),
    (FILING_FILE, c.ELEMENT_INVALID, {"memo": ["x"]}, "memo"),
    (FILING_FILE, c.ELEMENT_INVALID, {"memo": "a\u0000b"}, "memo"),
    (APPLICATION_FILE, c.ELEMENT_MISSING, {"application_id": None}, "application_id"),
    (APPLICATION_FILE, c.ELEMENT_MISSING, {"bill_no": None}, "bill_no"),
    (APPLICATION_FILE, c.ELEMENT_INVALID, {"bill_code": "430601"}, "bill_code"),
    (APPLICATION_FILE, c.ELEMENT_INVALID, {"care": "surgery"}, "care"),
    (APPLICATION_FILE, c.IDENTIFIER_INVALID, {"uscc": "12430100MB1X99993Q"}, "uscc"),
    (APPLICATION_FILE, c.AMOUNT_INVALID, {"claimed_amt": "178.205"}, "claimed_amt"),
    (APPLICATION_FILE, c.AMOUNT_INVALID, {"claimed_amt": 1e300}, "claimed_amt"),
    (APPLICATION_FILE, c.ELEMENT_INVALID, {"claimed_amt": "-1.00"}, "claimed_amt"),
    (APPLICATION_FILE, c.ELEMENT_INVALID, {"claimed_amt": True}, "claimed_amt"),
    (APPLICATION_FILE, c.ELEMENT_INVALID, {"bank_acct": "62-99"}, "bank_acct"),
    (APPLICATION_FILE, c.ELEMENT_INVALID, {"setl_id": "a/b"}, "setl_id"),
    (APPLICATION_FILE, c.ELEMENT_UNKNOWN, {"amount": "1"}, "document"),
    (VOUCHER_FILE, c.ELEMENT_MISSING, {"SETL_ID": None}, "SETL_ID"),
    (VOUCHER_FILE, c.ELEMENT_INVALID, {"BILL_NO": "777"}, "BILL_NO"),
    (VOUCHER_FILE, c.ELEMENT_INVALID, {"ELEC_SETL_CERT_FLAG": "2"}, "ELEC_SETL_CERT_FLAG"),
    (VOUCHER_FILE, c.ELEMENT_UNKNOWN, {"bill_no": "777"}, HEAD),
    (VOUCHER_FILE, c.AMOUNT_INVALID, {"BILL_AMT": ""}, "BILL_AMT"),
    (VOUCHER_FILE, c.AMOUNT_INVALID, {"MEDFEE_AMT": "1,260.00"}, "MEDFEE_AMT"),
    (VOUCHER_FILE, c.AMOUNT_SIGN, {"BILL_AMT": "-1260.00"}, "BILL_AMT"),
    (VOUCHER_FILE, c.AMOUNT_SIGN, {"ELEC_SETL_CERT_FLAG": "1"}, "BILL_AMT"),
    (VOUCHER_FILE, c.IDENTIFIER_INVALID, {"CERT_NO": "469900195607189986"}, "CERT_NO"),
    (VOUCHER_FILE, c.ELEMENT_INVALID, {"HI_NO": "46 00"}, "HI_NO"),
]
PARSERS: dict[str, Callable[[bytes], Any]] = {
    FILING_FILE: parse_filing,
    APPLICATION_FILE: parse_application,
    VOUCHER_FILE: parse_voucher,
}


@pytest.mark.parametrize(("name", "code", "elements", "element"), REFUSALS)
def test_refusals_name_the_element(
    name: str, code: Code, elements: dict[str, Any], element: str
) -> None:
    refused(code, lambda: PARSERS[name](changed(name, **elements)), element)


@pytest.mark.parametrize("name", PARSERS)
def test_every_element_of_a_sample_is_checked_for_its_type(name: str) -> None:
    message = json.loads(sample(name))
    for element in message.get(HEAD, message):
        for value in ({"a": "b"}, ["x"], True):
            with pytest.raises(Exception, match=element) as caught:
                PARSERS[name](changed(name, **{element: value}))
            assert type(caught.value).__name__ == "Rejected"


def test_rows_of_a_voucher_are_checked_too() -> None:
    def set_row(value: Any) -> Callable[[Any], None]:
        def change(message: Any) -> None:
            message["mid_bsw_fee_detl"][1]["DETITEM_FEE_SUMAMT"] = value

        return change

    element = "mid_bsw_fee_detl[2].DETITEM_FEE_SUMAMT"
    for value, code in (("980.001", c.AMOUNT_INVALID), ("x", c.AMOUNT_INVALID)):
        refused(code, lambda v=value: parse_voucher(edit_json(VOUCHER_FILE, set_row(v))), element)
    nested = edit_json(VOUCHER_FILE, set_row({"a": "b"}))
    refused(c.ELEMENT_INVALID, lambda: parse_voucher(nested), "mid_bsw_fee_detl[2]")
    renamed = sample(VOUCHER_FILE).replace(b"mid_bsw_fee_detl", b"mid_bsw_fees")
    refused(c.ELEMENT_UNKNOWN, lambda: parse_voucher(renamed), "document")


@pytest.mark.parametrize(("settlement", "bill"), [("bill01", "out_01"), ("bill02", "out_02")])
def test_a_voucher_that_was_built_is_read_back_as_it_was(settlement: str, bill: str) -> None:
    built = build_voucher(
        parse_settlement(sample(f"setl_2207_{settlement}.json")).form,
        parse_ebill(sample(f"ebill_{bill}.xml")).form,
    )
    read = parse_voucher(built.document)
    assert read.form == built.form
    assert voucher_findings(read) == ()


FINDINGS: list[tuple[str, dict[str, Any], list[str]]] = [
    (FILING_FILE, {}, []),
    (FILING_FILE, {"certno": "469900********9985"}, ["info FILING_PERSON_MASKED"]),
    (
        FILING_FILE,
        {"reflin_medins_no": "H43010500001"},
        ["info FILING_INSTITUTION_UNASKED"],
    ),
    (
        FILING_FILE,
        {"kind": "referral", "reflin_medins_no": "H43010500001", "refl_date": "20240901"},
        [
            "warn FILING_REFERRAL_NOT_AGREED",
            "info FILING_DIAGNOSIS_ABSENT",
            "warn FILING_REFERRED_LATER",
        ],
    ),
    (APPLICATION_FILE, {}, []),
    (APPLICATION_FILE, {"mdtrtarea_admvs": "460105"}, ["warn REIMBURSEMENT_NOT_REMOTE"]),
    (APPLICATION_FILE, {"claimed_amt": None}, ["info REIMBURSEMENT_CLAIM_ABSENT"]),
    (
        APPLICATION_FILE,
        {"claimed_amt": "1260.01"},
        ["warn REIMBURSEMENT_CLAIM_ABOVE_STATED"],
    ),
    (APPLICATION_FILE, {"endtime": "20240817"}, ["warn REIMBURSEMENT_CARE_DATES"]),
    (APPLICATION_FILE, {"acct_name": "测试丙"}, ["warn REIMBURSEMENT_ACCOUNT_NAME"]),
    (APPLICATION_FILE, {"acct_name": "测试丙", "agnter_name": "测试丙"}, []),
    (
        APPLICATION_FILE,
        {"bank_acct": "6299990000000000013"},
        ["warn REIMBURSEMENT_ACCOUNT_CHECK"],
    ),
    (VOUCHER_FILE, {}, []),
    (VOUCHER_FILE, {"FEE_DETL_COUNT": "3"}, ["error VOUCHER_ROWS"]),
    (VOUCHER_FILE, {"OTH_PAY": "0"}, ["warn VOUCHER_TOTAL_PARTS"]),
    (VOUCHER_FILE, {"BILL_AMT": "1260.01"}, ["warn VOUCHER_BILL_AMOUNT"]),
    (VOUCHER_FILE, {"MEDFEE_AMT": None}, ["info VOUCHER_TOTAL_ABSENT"]),
]


@pytest.mark.parametrize(("name", "elements", "expected"), FINDINGS)
def test_findings(name: str, elements: dict[str, Any], expected: list[str]) -> None:
    document = PARSERS[name](changed(name, **elements))
    found = {
        FILING_FILE: lambda: filing_findings(document.form),
        APPLICATION_FILE: lambda: reimbursement_findings(document.form),
        VOUCHER_FILE: lambda: voucher_findings(document),
    }[name]()
    assert [f"{one.grade} {one.code}" for one in found] == expected
    assert not shows_a_person(repr(found))


def test_a_red_voucher_is_told_apart() -> None:
    red = parse_voucher(changed(VOUCHER_FILE, ELEC_SETL_CERT_FLAG="1", BILL_AMT="-1260.00"))
    assert red.is_red
    assert not parse_voucher(sample(VOUCHER_FILE)).is_red
