"""What a settlement message may and may not be, beyond the samples."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from documents import (
    compare,
    has_errors,
    parse_ebill,
    parse_settlement,
    person_of,
    settlement_findings,
)
from documents.codes import (
    AMOUNT_INVALID,
    AMOUNT_SIGN,
    ELEMENT_DUPLICATED,
    ELEMENT_INVALID,
    ELEMENT_MISSING,
    IDENTIFIER_INVALID,
    SETTLEMENT_FAILED,
    SETTLEMENT_KIND,
    SETTLEMENT_PAIR,
)
from documents.settlement_fields import AMOUNTS
from faults import Code
from tests.documents.support import edit, edit_json, institutions, refused, sample

BLUE, RED = "setl_2207_bill01.json", "setl_2208_reversal_of_bill01.json"
VARIANT = "setl_5261_variant_of_bill05.json"
INFO = "response.output.setlinfo"


def _info(message: Any) -> Any:
    return message["response"]["output"]["setlinfo"]


def _set(path: str, value: Any) -> Callable[[Any], None]:
    def change(message: Any) -> None:
        *parents, last = path.split(".")
        for name in parents:
            message = message[name]
        message[last] = value

    return change


@pytest.mark.parametrize("name", AMOUNTS)
@pytest.mark.parametrize("value", ["", None])
def test_amounts_may_be_empty(name: str, value: Any) -> None:
    raw = edit_json(BLUE, _set(f"{INFO}.{name}", value))
    if name == "medfee_sumamt":
        refused(ELEMENT_MISSING, lambda: parse_settlement(raw), f"{INFO}.{name}")
    else:
        form = parse_settlement(raw).form
        assert f"amount.{name}_fen" not in form.private
        # A kind of payment that is left out leaves the total unexplained.
        is_missed = name in ("acct_pay", "psn_cash_pay")
        assert has_errors(settlement_findings(form)) is is_missed


def test_amounts_may_be_numbers_or_text() -> None:
    as_text = edit_json(BLUE, lambda message: None)  # every decimal has become text
    assert parse_settlement(as_text).form.public == parse_settlement(sample(BLUE)).form.public


@pytest.mark.parametrize(
    ("path", "value", "code", "element"),
    [
        (f"{INFO}.hifp_pay", "1e2", AMOUNT_INVALID, f"{INFO}.hifp_pay"),
        (f"{INFO}.hifp_pay", "115.444", AMOUNT_INVALID, f"{INFO}.hifp_pay"),
        (f"{INFO}.hifp_pay", True, ELEMENT_INVALID, f"{INFO}.hifp_pay"),
        (f"{INFO}.hifp_pay", [1], ELEMENT_INVALID, f"{INFO}.hifp_pay"),
        (f"{INFO}.pool_prop_selfpay", "60%", AMOUNT_INVALID, f"{INFO}.pool_prop_selfpay"),
        (f"{INFO}.balc", "much", AMOUNT_INVALID, f"{INFO}.balc"),
        (f"{INFO}.setl_id", "", ELEMENT_MISSING, f"{INFO}.setl_id"),
        (f"{INFO}.setl_id", "3000/../x", ELEMENT_INVALID, f"{INFO}.setl_id"),
        (f"{INFO}.setl_id", {"a": 1}, ELEMENT_INVALID, f"{INFO}.setl_id"),
        (f"{INFO}.setl_time", "", ELEMENT_MISSING, f"{INFO}.setl_time"),
        (f"{INFO}.setl_time", "16/08/2024", ELEMENT_INVALID, f"{INFO}.setl_time"),
        (f"{INFO}.insutype", "职工", ELEMENT_INVALID, f"{INFO}.insutype"),
        (f"{INFO}.certno", "469900198403129993", IDENTIFIER_INVALID, f"{INFO}.certno"),
        (f"{INFO}.psn_no", "1", SETTLEMENT_PAIR, "psn_no"),
        (f"{INFO}.mdtrt_id", "1", SETTLEMENT_PAIR, "mdtrt_id"),
        (f"{INFO}.medfee_sumamt", "-231.40", AMOUNT_SIGN, "total_fen"),
        (f"{INFO}.refd_setl_flag", "1", SETTLEMENT_KIND, f"{INFO}.refd_setl_flag"),
        (INFO, [], ELEMENT_INVALID, INFO),
        (INFO, None, ELEMENT_MISSING, INFO),
        ("response.infcode", -1, SETTLEMENT_FAILED, "response.infcode"),
        ("response.infcode", "", SETTLEMENT_FAILED, "response.infcode"),
        ("response", None, ELEMENT_MISSING, "response"),
        ("request.infno", "2206", SETTLEMENT_KIND, "request.infno"),
        ("request.fixmedins_code", "X1", IDENTIFIER_INVALID, "fixmedins_code"),
        ("request.mdtrtarea_admvs", "990000", IDENTIFIER_INVALID, "request.mdtrtarea_admvs"),
        ("billinfo.bill_code", "4606012", ELEMENT_INVALID, "billinfo.bill_code"),
        ("billinfo.bill_no", "", ELEMENT_MISSING, "billinfo.bill_no"),
        ("billinfo.bill_no", "x", ELEMENT_INVALID, "billinfo.bill_no"),
        ("billinfo.bill_amt", "x", AMOUNT_INVALID, "billinfo.bill_amt"),
        ("feedetail", {}, ELEMENT_INVALID, "feedetail"),
        ("feedetail", [1], ELEMENT_INVALID, "feedetail"),
        ("feedetail", [{"mdtrt_id": "9"}], SETTLEMENT_PAIR, "feedetail[1].mdtrt_id"),
        ("feedetail", [{"cnt": "many"}], AMOUNT_INVALID, "feedetail[1].cnt"),
        ("feedetail", [{"x_fen": "1"}], ELEMENT_DUPLICATED, "unknown element"),
        ("feedetail", [{"x": {}}], ELEMENT_INVALID, "feedetail[1]"),
        ("request.input.data.medfee_sumamt_fen", "x", ELEMENT_DUPLICATED, "unknown element"),
        ("billinfo.code", "x", ELEMENT_DUPLICATED, "unknown element"),
    ],
)
def test_wrong_values_are_refused_by_name(path: str, value: Any, code: Code, element: str) -> None:
    refused(code, lambda: parse_settlement(edit_json(BLUE, _set(path, value))), element)


def test_infcode_may_be_text() -> None:
    raw = edit(sample(BLUE), '"infcode": 0', '"infcode": "0"')
    assert parse_settlement(raw).settlement_id == "300000900001"


def test_two_spellings_of_one_element_must_agree() -> None:
    refused(
        ELEMENT_DUPLICATED,
        lambda: parse_settlement(edit_json(BLUE, _set(f"{INFO}.med_fee_sumamt", "1.00"))),
        f"{INFO}.medfee_sumamt",
    )
    for value in ("", None, "231.40"):
        raw = edit_json(BLUE, _set(f"{INFO}.med_fee_sumamt", value))
        assert parse_settlement(raw).form.fen("total_fen") == 23140


def test_four_digit_medical_types_are_taken() -> None:
    assert parse_settlement(sample(VARIANT)).form.private["setl.med_type"] == "2101"


def test_unknown_members_are_kept() -> None:
    def change(message: Any) -> None:
        message["extra"] = {"a": [1, {"b": True}], "c": None}
        _info(message)["new"] = "1"
        _info(message)["nested"] = {"deep": "2"}
        message["feedetail"][0]["new"] = "3"
        message["response"]["output"]["setldetail"][0]["new"] = "4"

    private = parse_settlement(edit_json(BLUE, change)).form.private
    assert private["extra.extra.a.1"] == "1" and private["extra.extra.a.2.b"] == "true"
    assert private["setl.new"] == "1"
    assert private["extra.response.output.setlinfo.nested.deep"] == "2"
    assert private["fee.1.new"] == "3" and private["fund.1.extra.new"] == "4"


def test_diagnoses_and_operations_are_rows() -> None:
    raw = edit_json(BLUE, _set("diseinfo", [{"diag_code": "I10", "diag_type": "1"}]))
    form = parse_settlement(raw).form
    assert list(form.rows("diagnosis")) == [{"diag_code": "I10", "diag_type": "1"}]


def test_a_reversal_names_the_settlement_of_its_request() -> None:
    form = parse_settlement(sample(RED)).form
    assert form.public["original.settlement_id"] == "300000900001"
    without = edit_json(RED, _set("request.input.data.setl_id", ""))
    refused(ELEMENT_MISSING, lambda: parse_settlement(without), "request.input.data.setl_id")
    no_request = edit_json(RED, _set("request", None))
    refused(AMOUNT_SIGN, lambda: parse_settlement(no_request), "total_fen")


def test_a_reversal_with_positive_amounts_is_made_negative() -> None:
    raw = json.dumps(json.loads(sample(RED).replace(b": -", b": "), parse_float=str)).encode()
    form = parse_settlement(raw).form
    expected = parse_settlement(sample(RED)).form
    assert form.public == expected.public
    assert [f.code for f in settlement_findings(form)] == ["SETTLEMENT_REVERSAL_POSITIVE"]
    assert form.private["amount.balc_fen"] == "133456"


def test_a_reversal_that_repeats_the_original_id_is_noted() -> None:
    form = parse_settlement(edit_json(RED, _set(f"{INFO}.setl_id", "300000900001"))).form
    assert [f.code for f in settlement_findings(form)] == ["SETTLEMENT_REVERSAL_SAME_ID"]


def _codes(change: Callable[[Any], None]) -> list[str]:
    form = parse_settlement(edit_json(BLUE, change)).form
    findings = settlement_findings(form)
    errors = [finding.code for finding in findings if finding.grade == "error"]
    assert errors in ([], [KINDS])  # the rest is never more than a warning
    return [finding.code for finding in findings]


KINDS = "SETTLEMENT_TOTAL_NOT_SUM_OF_KINDS"


@pytest.mark.parametrize(
    ("path", "value", "codes"),
    [
        (f"{INFO}.hifmi_pay", "0.01", ["SETTLEMENT_FUND_PARTS"]),
        (f"{INFO}.hosp_part_amt", "0.01", [KINDS, "SETTLEMENT_TOTAL_PARTS"]),
        (f"{INFO}.psn_cash_pay", "15.97", [KINDS, "SETTLEMENT_PERSON_PARTS"]),
        (f"{INFO}.preselfpay_amt", "4.01", ["SETTLEMENT_SCOPE_PARTS"]),
        ("billinfo.bill_amt", "231.41", ["SETTLEMENT_BILL_AMOUNT"]),
        ("request.input.data.medfee_sumamt", "231.41", ["SETTLEMENT_REQUESTED_TOTAL"]),
        ("feedetail", [{"det_item_fee_sumamt": "231.41"}], ["SETTLEMENT_FEE_ROWS"]),
        (f"{INFO}.acct_mulaid_pay", "5.00", []),
        ("request.insuplc_admdvs", "", ["SETTLEMENT_REGION_UNKNOWN"]),
    ],
)
def test_identities_that_do_not_hold_are_findings(path: str, value: Any, codes: list[str]) -> None:
    assert _codes(_set(path, value)) == codes


@pytest.mark.parametrize(
    ("account", "shared", "public", "codes"),
    [
        ("100.00", "0.00", "10000", []),
        ("100.00", "40.00", "10000", []),  # inside
        ("60.00", "40.00", "10000", []),  # beside
        ("60.00", "39.99", "6000", [KINDS, "SETTLEMENT_PERSON_PARTS"]),
        ("60.00", "0.00", "6000", [KINDS, "SETTLEMENT_PERSON_PARTS"]),
    ],
)
def test_a_family_s_account_may_stand_inside_the_own_one_or_beside_it(
    account: str, shared: str, public: str, codes: list[str]
) -> None:
    def change(message: Any) -> None:
        _info(message).update(acct_pay=account, acct_mulaid_pay=shared)

    form = parse_settlement(edit_json(BLUE, change)).form
    assert form.public["account_fen"] == public
    assert form.private["amount.acct_pay_fen"] == account.replace(".", "")
    assert [finding.code for finding in settlement_findings(form)] == codes


def test_the_real_shape_of_a_wholly_own_expense_is_taken() -> None:
    """Total = full own expense, no fund, and a person's share and cash of 0 (seen in public)."""

    def change(message: Any) -> None:
        del message["request"], message["feedetail"], message["billinfo"]
        message["response"]["output"]["setldetail"] = None
        for name in AMOUNTS:
            _info(message)[name] = 0
        _info(message)["medfee_sumamt"] = _info(message)["fulamt_ownpay_amt"] = "3300.00"
        _info(message)["inscp_scp_amt"] = _info(message)["acct_mulaid_pay"] = ""

    def without_selfpay(message: Any) -> None:
        change(message)
        del _info(message)["psn_selfpay"]

    form = parse_settlement(edit_json(BLUE, without_selfpay)).form
    assert form.fen("total_fen") == 330000 and form.fen("selfpay_fen") == 0
    assert not has_errors(settlement_findings(form))


def test_a_long_stay_fits_into_a_form() -> None:
    """Thousands of fee lines are packed to a field each, and read back as they were."""
    lines = [
        {"feedetl_sn": str(i), "det_item_fee_sumamt": "0.01", "cnt": 1, "spec": "x", "memo": "y"}
        for i in range(3000)
    ]
    form = parse_settlement(edit_json(BLUE, _set("feedetail", lines))).form
    rows = list(form.rows("fee"))
    assert len(rows) == 3000 and len(form.private) < 4096
    assert rows[2999]["feedetl_sn"] == "2999" and rows[2999]["det_item_fee_sumamt_fen"] == "1"


def test_the_person_of_a_settlement() -> None:
    person = person_of(parse_settlement(sample(BLUE)).form)
    assert person.is_identified and len(person.id_number) == 18 and len(person.psn_no) == 26
    assert person.id_type == "01" and person.insured_type == "310"
    masked = edit_json(BLUE, _set(f"{INFO}.certno", "469900********9992"))
    person = person_of(parse_settlement(masked).form)
    assert person.id_number == "" and person.masked_id_number != ""


def test_a_settlement_across_new_year_agrees() -> None:
    """Settled on the last day of a year and billed the next day: the business date decides."""
    bill = edit(sample("ebill_out_01.xml"), "<IssueDate>20240816", "<IssueDate>20250101")
    bill = edit(bill, "<BusinessDate>20240816", "<BusinessDate>20241231")
    raw = edit_json(BLUE, _set(f"{INFO}.setl_time", "2024-12-31 23:59:59"))
    verification = compare(parse_ebill(bill).form, parse_settlement(raw).form, institutions())
    assert verification.findings == ()
