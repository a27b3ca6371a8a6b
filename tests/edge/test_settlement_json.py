"""Bad settlement JSON, handed to the bureau's custodian over gRPC: refused by a stable code that
names the element, and nothing is written."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.documents.support import edit, edit_json, sample
from tests.edge.outside import Outside

pytestmark = [pytest.mark.processes, pytest.mark.timeout(120)]

MIB = 1024 * 1024
NAME = "setl_2207_bill01.json"
GOOD = sample(NAME)
INFO = "response.output.setlinfo"
TOTAL = f"{INFO}.medfee_sumamt"
TOTAL_TEXT = '"setl_time": "2024-08-16 10:21:07",'


def with_total(text: str) -> bytes:
    """The sample with another total in the reply, written as it is given."""
    start = GOOD.index(b'"setlinfo"')
    return GOOD[:start] + edit(GOOD[start:], '"medfee_sumamt": 231.40', f'"medfee_sumamt": {text}')


MALFORMED = {
    "nothing": (b"", "JSON_MALFORMED"),
    "no JSON": (b"<EInvoice/>", "JSON_MALFORMED"),
    "cut off": (GOOD[:-10], "JSON_MALFORMED"),
    "more behind it": (GOOD + b"{}", "JSON_MALFORMED"),
    "a list": (b"[" + GOOD + b"]", "JSON_MALFORMED"),
    "a number": (b"1", "JSON_MALFORMED"),
    "single quotes": (GOOD.replace(b'"', b"'"), "JSON_MALFORMED"),
    "a comma too many": (edit(GOOD, "{", "{,"), "JSON_MALFORMED"),
    "not a number": (with_total("NaN"), "JSON_MALFORMED"),
    "infinity": (with_total("-Infinity"), "JSON_MALFORMED"),
    "a key twice": (edit(GOOD, TOTAL_TEXT, TOTAL_TEXT * 2), "JSON_DUPLICATE_KEY"),
    "a key twice, once escaped": (
        edit(GOOD, TOTAL_TEXT, r'"setl\u005ftime": "2024-08-17 10:21:07",' + TOTAL_TEXT),
        "JSON_DUPLICATE_KEY",
    ),
    "GB 18030": (GOOD.decode().encode("gb18030"), "DOCUMENT_ENCODING"),
    "UTF-16": (GOOD.decode().encode("utf-16"), "DOCUMENT_ENCODING"),
    "a byte order mark": (b"\xef\xbb\xbf" + GOOD, "DOCUMENT_ENCODING"),
    "deep objects": (b'{"a":' * 50_000 + b"1" + b"}" * 50_000, "DOCUMENT_TOO_LARGE"),
    "deep lists": (b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "DOCUMENT_TOO_LARGE"),
    "many values": (b'{"a":[' + b"1," * 300_000 + b"1]}", "DOCUMENT_TOO_LARGE"),
    "a number of a million digits": (with_total("1" * 1_000_000), "DOCUMENT_TOO_LARGE"),
    "a key of a million characters": (
        edit(GOOD, TOTAL_TEXT, f'"{"k" * 1_000_000}": 1,' + TOTAL_TEXT),
        "DOCUMENT_TOO_LARGE",
    ),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_what_is_no_json_we_take(province: Outside, case: str) -> None:
    document, code = MALFORMED[case]
    with province.untouched():
        province.refuses(code, "settlement.upload", document)


@pytest.mark.parametrize("text", ["1e3", "1E400", "1e-400", "231.405", "1" * 30, "9" * 40, "0.1e1"])
def test_numbers_that_are_no_amounts(province: Outside, text: str) -> None:
    with province.untouched():
        assert (
            province.refuses("AMOUNT_INVALID", "settlement.upload", with_total(text))["element"]
            == TOTAL
        )


def test_a_hundred_megabytes(province: Outside) -> None:
    with province.untouched(seconds=20):
        province.refuses("REQUEST_TOO_LARGE", "settlement.upload", GOOD + b" " * (100 * MIB))
        about = province.refuses("REQUEST_TOO_LARGE", "settlement.upload", GOOD + b" " * (5 * MIB))
    assert about == {"field": "document", "limit": str(4 * MIB)}


def info(change: Callable[[dict[str, Any]], object]) -> bytes:
    return edit_json(NAME, lambda message: change(message["response"]["output"]["setlinfo"]))


ELEMENTS = {
    "no id": (info(lambda at: at.pop("setl_id")), "ELEMENT_MISSING", f"{INFO}.setl_id"),
    "no time": (info(lambda at: at.pop("setl_time")), "ELEMENT_MISSING", f"{INFO}.setl_time"),
    "no total": (info(lambda at: at.pop("medfee_sumamt")), "ELEMENT_MISSING", TOTAL),
    "no reply": (edit_json(NAME, lambda at: at.pop("response")), "ELEMENT_MISSING", "response"),
    "two spellings": (
        info(lambda at: at.update(med_fee_sumamt="1.00")),
        "ELEMENT_DUPLICATED",
        TOTAL,
    ),
    "a total in words": (info(lambda at: at.update(medfee_sumamt="abc")), "AMOUNT_INVALID", TOTAL),
    "a total that is a list": (
        info(lambda at: at.update(medfee_sumamt=[1])),
        "ELEMENT_INVALID",
        TOTAL,
    ),
    "a negative total": (
        info(lambda at: at.update(medfee_sumamt="-231.40")),
        "AMOUNT_SIGN",
        "total_fen",
    ),
    "an id number's check digit": (
        info(lambda at: at.update(certno="469900198403129993")),
        "IDENTIFIER_INVALID",
        f"{INFO}.certno",
    ),
    "an institution's code": (
        edit_json(NAME, lambda at: at["request"].update(fixmedins_code="X46010599901")),
        "IDENTIFIER_INVALID",
        "fixmedins_code",
    ),
    "an area that isn't": (
        edit_json(NAME, lambda at: at["request"].update(mdtrtarea_admvs="990000")),
        "IDENTIFIER_INVALID",
        "request.mdtrtarea_admvs",
    ),
    "an id with a path in it": (
        info(lambda at: at.update(setl_id="../../account/1")),
        "ELEMENT_INVALID",
        f"{INFO}.setl_id",
    ),
    "another person's request": (
        edit_json(NAME, lambda at: at["request"]["input"]["data"].update(psn_no="1")),
        "SETTLEMENT_PAIR",
        "psn_no",
    ),
    "a failed settlement": (
        edit_json(NAME, lambda at: at["response"].update(infcode=-1)),
        "SETTLEMENT_FAILED",
        "response.infcode",
    ),
    "another interface": (
        edit_json(NAME, lambda at: at["request"].update(infno="1101")),
        "SETTLEMENT_KIND",
        "request.infno",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", ELEMENTS)
def test_a_wrong_element_is_named(province: Outside, case: str) -> None:
    document, code, element = ELEMENTS[case]
    with province.untouched():
        assert province.refuses(code, "settlement.upload", document)["element"] == element


def test_a_reversal_is_no_settlement(province: Outside) -> None:
    with province.untouched():
        reversal = sample("setl_2208_reversal_of_bill01.json")
        assert province.refuses("REQUEST_INVALID", "settlement.upload", reversal)["field"] == "kind"
        assert province.refuses("REQUEST_INVALID", "settlement.reverse", GOOD)["field"] == "kind"
    # What it reverses is the contract's to know, not the custodian's.
    prepared = province.client.prepare("settlement.reverse", reversal, province.actor.public_key)
    (receipt,) = province.commit(prepared.bodies[0])
    assert receipt.code == "SETTLEMENT_NOT_FOUND"
    assert not province.client.state(prepared.object).found


def test_nobody_waits_unbound_after_all_this(province: Outside) -> None:
    assert province.client.list_unbound() == []
