"""What is typed as a request is taken in one reading or refused with a sentence."""

import pytest

from cli.request import NotThisRequest, read_request
from proto.contracts_pb2 import EnterRequest

BILL = '{"code": "46060124", "number": "0000000101"}'


@pytest.mark.parametrize(
    "text",
    [
        f'{{"bill": {BILL}, "amount_fen": 23140, "voucher_number": "PZ-1"}}',
        f'{{"bill": {BILL}, "amountFen": "23140", "voucherNumber": "PZ-1"}}',
    ],
)
def test_both_spellings_and_text_for_wide_numbers(text: str) -> None:
    request = read_request(text, EnterRequest())
    assert isinstance(request, EnterRequest)
    assert (request.bill.number, request.amount_fen) == ("0000000101", 23140)
    assert request.voucher_number == "PZ-1"


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("1.0", "1.0 is not a whole number"),
        ("1e3", "1e3 is not a whole number"),
        ("9007199254740993.0", "is not a whole number"),
        ("NaN", "NaN is not a whole number"),
        ("-Infinity", "Infinity is not a whole number"),
        ("-0", "amount_fen: -0 is not a whole number"),
        ("007", "this is no JSON"),
        ("１２", "this is no JSON"),
        ('"１２"', "amount_fen: １２ is not a whole number"),
        ('"1e3"', "amount_fen: 1e3 is not a whole number"),
        ('"1.0"', "amount_fen: 1.0 is not a whole number"),
        ('"1_000"', "amount_fen: 1_000 is not a whole number"),
        ('"+1"', "amount_fen: +1 is not a whole number"),
        ('" 1"', "amount_fen:  1 is not a whole number"),
        ('"1\\n"', "is not a whole number"),
        ("9" * 30, "is not a whole number"),
        ("9" * 5_000, "is not a whole number"),
        ("9223372036854775808", "out of range"),
        ("true", "true"),
        ("[1]", "amount_fen"),
    ],
)
def test_an_amount_is_what_was_typed(value: str, sentence: str) -> None:
    with pytest.raises(NotThisRequest, match="(?i)" + sentence.replace("+", r"\+")) as caught:
        read_request(f'{{"amount_fen": {value}}}', EnterRequest())
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('{"amount_fen": 1, "amount_fen": 2}', "amount_fen is given twice"),
        ('{"amount_fen": 1, "amountFen": 2}', "is given twice"),
        ('{"bill": {"code": "1", "code": "2"}}', "code is given twice"),
        ("", "this is no JSON"),
        ("[]", "a JSON object is expected"),
        ("null", "a JSON object is expected"),
        ("{} {}", "this is no JSON"),
        ('{"amount": 1}', 'no field named "amount"'),
        ('{"voucher_number": "\\ud800"}', "surrogate"),
        ('{"bill":' * 50_000 + "1" + "}" * 50_000, "nested too deeply"),
        ('{"bill":' + "[" * 50_000 + "]" * 50_000 + "}", "nested too deeply"),
        ('{"bill":' * 200 + "{" + "}" * 201, "no field|deep"),
        ("{" + " " * 10_000_000, "this is no JSON"),
    ],
    ids=lambda value: value[:40].strip() or "blank",
)
def test_one_reading_or_none(text: str, sentence: str) -> None:
    with pytest.raises(NotThisRequest, match=sentence) as caught:
        read_request(text, EnterRequest())
    assert len(str(caught.value)) < 300
