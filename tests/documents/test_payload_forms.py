"""Payloads, forms and the institution table: strict at the boundary."""

from functools import partial
from typing import Any

import msgspec
import pytest

from crypto import sm3
from documents import (
    StandardForm,
    bill_findings,
    compare,
    decode_payload,
    encode_payload,
    load_institutions,
    make_payload,
    parse_ebill,
    parse_settlement,
    person_of,
)
from documents.codes import (
    DOCUMENT_TOO_LARGE,
    FORM_INVALID,
    INSTITUTION_TABLE,
    PAYLOAD_MALFORMED,
)
from documents.forms import MAX_FIELDS, MAX_VALUE, make_form
from documents.payload import MAX_PAYLOAD_BYTES
from faults import Misuse
from tests.documents.support import edit, institutions, refused, sample, shows_a_person

BILL = parse_ebill(sample("ebill_out_01.xml"))
SECRET = bytes(range(32))
PLAIN = make_payload(BILL.form, SECRET, BILL.document)
RAW = encode_payload(PLAIN)


def _packed(**changes: Any) -> bytes:
    fields = {
        "schema": PLAIN.schema,
        "public": PLAIN.public,
        "private": PLAIN.private,
        "secret": SECRET,
        "document": BILL.document,
        **changes,
    }
    return msgspec.msgpack.Encoder(order="sorted").encode(fields)


def test_a_payload_survives_and_hides_itself() -> None:
    decoded = decode_payload(RAW)
    assert decoded == PLAIN and decoded.form == BILL.form
    assert encode_payload(decoded) == RAW == _packed()
    assert parse_ebill(decoded.document).form == BILL.form
    assert not shows_a_person(repr(decoded)) and not shows_a_person(repr(decoded.form))


def test_the_findings_of_an_opened_payload_are_those_of_the_bill() -> None:
    form = decode_payload(RAW).form
    assert bill_findings(form) == bill_findings(BILL.form) == ()
    settlement = parse_settlement(sample("setl_2207_bill01.json")).form
    assert compare(form, settlement, institutions()).findings == ()
    assert person_of(form) == person_of(BILL.form)


def test_other_encodings_of_the_same_payload_are_refused() -> None:
    reordered = {"secret": SECRET, "schema": PLAIN.schema, "public": PLAIN.public}
    reordered.update({"private": PLAIN.private, "document": BILL.document})
    refused(PAYLOAD_MALFORMED, lambda: decode_payload(msgspec.msgpack.encode(reordered)))
    wide = RAW.replace(b"\xa7ebill/1", b"\xd9\x07ebill/1")
    assert wide != RAW
    refused(PAYLOAD_MALFORMED, lambda: decode_payload(wide))
    refused(PAYLOAD_MALFORMED, lambda: decode_payload(RAW + b"\x00"))
    for length in range(0, len(RAW), 997):
        refused(PAYLOAD_MALFORMED, partial(decode_payload, RAW[:length]))


@pytest.mark.parametrize(
    "raw",
    [
        b"\xdf\xff\xff\xff\xff",
        b"\x85\xa6schema\xdb\xff\xff\xff\xff",
        b"\x81" * 5000,
        b"\x91" * 100_000,
        b"\x81\xa5other" + b"\x91" * 100_000,
        b"\xc1",
        b"",
        b"\x80",
    ],
)
def test_hostile_bytes_are_refused(raw: bytes) -> None:
    refused(PAYLOAD_MALFORMED, lambda: decode_payload(raw))


def test_wrong_parts_are_refused() -> None:
    refused(PAYLOAD_MALFORMED, lambda: decode_payload(_packed(secret=b"short")))
    refused(PAYLOAD_MALFORMED, lambda: decode_payload(_packed(document=b"another")))
    refused(PAYLOAD_MALFORMED, lambda: decode_payload(_packed(more=1)))
    refused(PAYLOAD_MALFORMED, lambda: decode_payload(_packed(private={"a": 1})))
    refused(FORM_INVALID, lambda: decode_payload(_packed(schema="ebill/2")))
    refused(FORM_INVALID, lambda: decode_payload(_packed(public={"code": "1"})))
    huge = b"\x00" * (MAX_PAYLOAD_BYTES + 1)
    refused(DOCUMENT_TOO_LARGE, lambda: decode_payload(huge))
    large = make_payload(BILL.form, SECRET, huge)
    refused(DOCUMENT_TOO_LARGE, lambda: encode_payload(large))
    with pytest.raises(Misuse):
        make_payload(BILL.form, b"short", b"")


def test_false_rows_are_refused_with_the_payload_and_when_they_are_read() -> None:
    """Whoever opens a foreign payload computes findings over rows nobody here has written."""
    for path, value in (
        ("item.1.amount_fen", "1e9"),
        ("aux.1", "[1]"),
        ("aux.1", "{"),
        ("aux.1", "[" * 8000),
        ("aux.7", '{"a": 1}'),
        ("aux.7", '{"amount_fen": "1.0", "related_code": "C0105"}'),
        ("aux.1.amount_fen", "one"),
    ):
        private = {**BILL.form.private, path: value}
        refused(FORM_INVALID, partial(decode_payload, _packed(private=private)))
        form = StandardForm(BILL.form.schema, BILL.form.public, private)
        refused(FORM_INVALID, partial(bill_findings, form))
    for path in ("item.1", "custom.1"):
        private = {**BILL.form.private, path: "text"}
        assert bill_findings(decode_payload(_packed(private=private)).form) == ()


def test_forms_have_their_paths_and_limits() -> None:
    public, private = dict(BILL.form.public), dict(BILL.form.private)
    assert make_form("ebill/1", public, private) == BILL.form
    refused(FORM_INVALID, lambda: make_form("ebill/1", {**public, "name": "x"}, private))
    refused(FORM_INVALID, lambda: make_form("ebill/1", {**public, "total_fen": "01"}, private))
    refused(FORM_INVALID, lambda: make_form("ebill/1", {**public, "total_fen": ""}, private))
    refused(FORM_INVALID, lambda: make_form("none/1", public, private))
    long = {"x": "y" * (MAX_VALUE + 1)}
    refused(DOCUMENT_TOO_LARGE, lambda: make_form("ebill/1", public, long))
    many = {f"extra.{i}": "y" for i in range(MAX_FIELDS + 1)}
    refused(DOCUMENT_TOO_LARGE, lambda: make_form("ebill/1", public, many))


def test_packed_rows_read_as_flat_ones() -> None:
    private = {"document.sm3": sm3(b"").hex()}
    for index in range(1, 1500):
        for name in ("code", "name", "amount_fen"):
            private[f"aux.{index}.{name}"] = str(index)
    form = make_form("ebill/1", BILL.form.public, private)
    assert len(form.private) == 1500
    flat = StandardForm("ebill/1", BILL.form.public, private)
    assert list(form.rows("aux")) == list(flat.rows("aux"))


TABLE = sample("institutions.toml")


def test_the_sample_table() -> None:
    table = institutions()
    assert len(table) == 2
    haikou = table.by_code("H46010599901")
    assert haikou is not None and haikou.uscc == "12460105999999015Q"
    assert haikou.has_name("海口测试 综合医院") and not haikou.has_name("三亚测试人民医院")
    assert table.by_uscc(haikou.uscc) == (haikou,)
    assert table.by_code("H46010599999") is None and table.by_uscc("x") == ()
    assert table.hospital_key("x") is None and table.finance_key("110000") is None


def test_a_table_may_be_json() -> None:
    raw = """{"institution": [{"code": "H46010599901", "uscc": "12460105999999015Q",
              "name": "海口测试综合医院", "names": ["海口测试医院"]}]}"""
    table = load_institutions(raw.encode(), form="json")
    found = table.by_code("H46010599901")
    assert found is not None and found.signing_key is None and found.has_name("海口测试医院")
    assert table.hospital_key(found.uscc) is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("H46010599901", "H4601059990"),
        ("H46010599901", "H46020399902"),
        ("12460105999999015Q", "12460105999999015R"),
        ("12460105999999015Q", "12460105999999015q"),
        ("0409f9df", "0309f9df"),
        ("0409f9df", "0409f9"),
        ('code = "H46010599901"', "code = 1"),
        ('name = "海口测试综合医院"', 'name = ""'),
        ('name = "海口测试综合医院"', "name = 'x'\nnames = 'y'"),
        ('area = "460000"', 'area = "46"'),
        ("[[supervisor]]", "[supervisor]"),
        ("[[institution]]", "[[institution"),
        ("[[institution]]", "institution = [1]\n[[other]]"),
    ],
)
def test_a_wrong_table_is_refused(old: str, new: str) -> None:
    raw = edit(TABLE, old, new)
    refused(INSTITUTION_TABLE, lambda: load_institutions(raw, form="toml"))


def test_branches_share_a_code_and_a_key() -> None:
    shared = edit(TABLE, "12460203999999023U", "12460105999999015Q")
    table = load_institutions(shared, form="toml")
    assert len(table.by_uscc("12460105999999015Q")) == 2
    text = shared.decode()
    at = text.rindex('public_key = "0409f9df')
    other = text[:at] + text[at:].replace("0409f9df", "0409f9de", 1)
    refused(INSTITUTION_TABLE, lambda: load_institutions(other.encode(), form="toml"))
