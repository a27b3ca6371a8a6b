"""Standard forms, line by line: each public field with each wrong value of its kind, by name.

The documents' side of the table is tests/documents/test_bad_input.
"""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from google.protobuf.message import Message

from contracts.bill.record import BillRecord
from ledger.records import Record, decode
from proto import contracts_pb2 as pb
from proto.transaction_pb2 import CommittedForm
from tests.contracts.harness import Chain, bill_name, settlement_form
from tests.contracts.refusals.scenes import METHODS, NUMBERS, Stage, play
from tests.contracts.refusals.trying import Tried, attempt

FORMS = [name for name, one in METHODS.items() if "form" in one.request.DESCRIPTOR.fields_by_name]
CARRIED = "bridge.deliver"  # its form is committed to by the packet: another is another packet's

WRONG: Mapping[str, Mapping[str, str]] = {
    "amount": {
        "yuan": "231.40",
        "exponent": "1e3",
        "not a number": "NaN",
        "infinity": "Infinity",
        "negative zero": "-0",
        "leading zero": "0231",
        "plus": "+1",
        "blank before": " 1",
        "line feed behind": "1\n",
        "full width": "２３１",
        "Arabic digits": "٢٣١",
        "underscore": "1_000",
        "hexadecimal": "0x10",
        "empty": "",
        "out of range": "10000000000001",
        "forty digits": "9" * 40,
    },
    "count": {
        "negative": "-1",
        "fraction": "1.0",
        "exponent": "1e3",
        "not a number": "NaN",
        "negative zero": "-0",
        "leading zero": "07",
        "full width": "７",
        "empty": "",
        "out of range": "99999999999",
    },
    "day": {
        "29 February of no leap year": "20230229",
        "month 13": "20241301",
        "zeros": "00000000",
        "year 1899": "18991231",
        "year 2200": "22000101",
        "dashes": "2024-08-16",
        "full width": "２０２４０８１６",
        "line feed behind": "20240816\n",
    },
    "code": {
        "over-long": "7" * 1_000,
        "NUL": "1\x00",
        "line feed behind": "46060124\n",
        "zero width": "4606\u200b0124",
        "full width": "４６０６０１２４",
        "slash": "a/b",
        "blank": " ",
        "markup": "<b>",
    },
}


def kind_of(path: str) -> str:
    if path.endswith("_fen"):
        return "amount"
    if path.endswith("_date"):
        return "day"
    return "count" if path.endswith(("_count", "_bytes")) or path == "first" else "code"


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    return Stage(monkeypatch)


@pytest.mark.parametrize("name", sorted(set(FORMS) - {CARRIED}))
def test_each_public_field_is_refused_by_name(name: str, stage: Stage) -> None:
    who, request = play(name, stage)
    fields = [one.path for one in request.form.fields]  # type: ignore[attr-defined]
    assert len(fields) > 3
    for index, path in enumerate(fields):
        for line, value in WRONG[kind_of(path)].items():
            wrong = with_value(request, index, value)
            tried = attempt(stage.province, who, name, wrong)
            tried.refused("FORM_FIELDS_INVALID")
            assert tried.result.fields["field"] == path, (path, line)


def with_value(request: Message, index: int, value: str) -> Message:
    copy = type(request)()
    copy.CopyFrom(request)
    copy.form.fields[index].value = value  # type: ignore[attr-defined]
    return copy


@pytest.mark.parametrize("name", sorted(set(FORMS) - {CARRIED}))
def test_the_fields_are_exactly_the_schemas(name: str, stage: Stage) -> None:
    """Missing, twice, out of order, one more, and another schema's."""
    who, request = play(name, stage)
    changes: dict[str, Callable[[CommittedForm], object]] = {
        "missing": lambda form: form.fields.pop(0),
        "twice": lambda form: form.fields.insert(1, form.fields[0]),
        "out of order": lambda form: form.fields.reverse(),
        "one more": lambda form: form.fields.add(path="zz", value="测试甲"),
        "another schema": lambda form: setattr(form, "schema", "note/1"),
    }
    for line, change in changes.items():
        copy = type(request)()
        copy.CopyFrom(request)
        change(copy.form)
        tried = attempt(stage.province, who, name, copy)
        tried.refused("FORM_FIELDS_INVALID", "BAD_FORM")
        assert "测试甲" not in str(dict(tried.result.fields)), line


def test_a_carried_form_is_the_packets(stage: Stage) -> None:
    who, request = play(CARRIED, stage)
    for index, one in enumerate(request.form.fields):  # type: ignore[attr-defined]
        tried = attempt(stage.province, who, CARRIED, with_value(request, index, one.value + "0"))
        tried.refused("COMMITMENT_MISMATCH")


# ---- sums that are off by one fen


def blue(chain: Chain, n: int) -> Message:
    return chain.blue(n, cash_fen=1597)


def test_finances_bill_is_taken_with_its_finding(stage: Stage) -> None:
    n = NUMBERS["bill.issue_blue"]
    tried = attempt(stage.province, "finance", "bill.issue_blue", blue(stage.province, n))
    assert tried.code == "OK"
    assert findings(BillRecord, tried, bill_name(n)) == [
        ("BILL_TOTAL_NOT_SUM_OF_KINDS", "error", "total_fen")
    ]


def test_the_bureaus_bill_is_refused(stage: Stage) -> None:
    n = NUMBERS["bill.issue_blue"]
    tried = attempt(stage.province, "bureau", "bill.issue_blue", blue(stage.province, n))
    tried.refused("FINDINGS_REFUSED")
    assert not tried.writes


@pytest.mark.parametrize(
    "kind", ["fund_total_fen", "account_fen", "cash_fen", "wallet_fen", "credit_fen"]
)
def test_a_settlement_whose_kinds_do_not_make_its_total_is_refused(kind: str, stage: Stage) -> None:
    right = {"fund_total_fen": 11544, "account_fen": 10000, "cash_fen": 1596}
    request = pb.UploadSettlementRequest(
        form=settlement_form(**{kind: right.get(kind, 0) + 1}), payload=stage.province.payload()
    )
    tried = attempt(stage.province, "hospital", "settlement.upload", request)
    tried.refused("FINDINGS_REFUSED")
    assert tried.result.fields["finding"] == "SETTLEMENT_TOTAL_NOT_SUM_OF_KINDS"
    assert not tried.writes


def findings(cls: type[Record], tried: Tried, key: str) -> list[tuple[str, str, str]]:
    raw = tried.writes[key]
    assert raw is not None
    record: Any = decode(cls, raw)
    return [(one.code, one.grade, one.field) for one in record.findings]


OFF_BY_ONE = {
    "bill.issue_red": ("total_fen", "RED_MISMATCH", "total_fen"),
    "settlement.reverse": ("fund_total_fen", "REVERSAL_MISMATCH", "fund_total_fen"),
    "voucher.report": ("bill_amount_fen", "VOUCHER_NOT_MATCHING", "bill_amount_fen"),
    "fund.add_lines": ("total_fen", "FUND_LINES_PART", "total_fen"),
}


@pytest.mark.parametrize("name", OFF_BY_ONE)
def test_what_must_agree_is_refused(name: str, stage: Stage) -> None:
    path, code, field = OFF_BY_ONE[name]
    who, request = play(name, stage)
    form = request.form  # type: ignore[attr-defined]
    index = [one.path for one in form.fields].index(path)
    wrong = with_value(request, index, str(int(form.fields[index].value) + 1))
    tried = attempt(stage.province, who, name, wrong)
    tried.refused(code)
    assert tried.result.fields["field"] == field
