"""Whatever the bytes, a parser gives a document or a refusal, and the refusal shows no person."""

import contextlib
from collections.abc import Callable
from functools import partial

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from documents import (
    Finding,
    StandardForm,
    bill_findings,
    decode_payload,
    encode_payload,
    filing_findings,
    load_institutions,
    make_payload,
    parse_application,
    parse_archive,
    parse_ebill,
    parse_filing,
    parse_settlement,
    parse_voucher,
    person_of,
    reimbursement_findings,
    settlement_findings,
    verify_signatures,
    voucher_findings,
)
from faults import Rejected
from tests.documents.support import institutions, sample, shows_a_person

BILLS = tuple(sample(name) for name in ("ebill_out_01.xml", "ebill_out_06_red_of_01.xml"))
SETTLEMENTS = tuple(
    sample(name) for name in ("setl_2207_bill01.json", "setl_5261_variant_of_bill05.json")
)
RECORD, CONTENT = sample("archive_01_record.json"), sample("archive_01_content.json")
BILL = parse_ebill(BILLS[0])
PAYLOAD = encode_payload(make_payload(BILL.form, bytes(32), BILL.document))
TABLE = sample("institutions.toml")
KEY = institutions().hospital_key("12460105999999015Q")

FRAGMENTS = (
    b"<", b">", b"&", b"</", b"/>", b"<!--", b"-->", b"<![CDATA[", b"]]>", b"<?", b"?>", b"&#0;",
    b"&lt;", b"&#x110000;", b"\x00", b"\xff", b"\xed\xa0\x80", b"{", b"}", b"[", b"]", b'"', b",",
    b":", b"null", b"true", b"NaN", b"-", b"1e999", b"\\ud800", b"\\u0000", b"9" * 5000,
    "\u202e".encode(), "\u3000".encode(), "１".encode(), b"Header>", b"<Header>",
    b"</EInvoiceData>", b'{"a":' * 20, b"<a>" * 20, b"=" * 3000,
)  # fmt: skip

edits = st.lists(
    st.tuples(
        st.integers(0, 1 << 20),
        st.integers(0, 60),
        st.one_of(st.sampled_from(FRAGMENTS), st.binary(max_size=8)),
    ),
    min_size=1,
    max_size=4,
)
fuzz = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def _mutated(raw: bytes, changes: list[tuple[int, int, bytes]]) -> bytes:
    for at, length, new in changes:
        start = at % (len(raw) + 1)
        raw = raw[:start] + new + raw[start + length :]
    return raw


def _only_rejected(call: Callable[[], object]) -> None:
    try:
        call()
    except Rejected as rejected:
        assert not shows_a_person(str(rejected)), "a refusal shows personal data"


def _bill(raw: bytes) -> None:
    bill = parse_ebill(raw)
    assert not shows_a_person(repr(bill_findings(bill.form)))
    person_of(bill.form)
    with contextlib.suppress(Rejected):
        verify_signatures(bill, KEY, KEY)
    payload = make_payload(bill.form, bytes(32), bill.document)
    assert decode_payload(encode_payload(payload)) == payload, "a payload did not survive"


def _settlement(raw: bytes) -> None:
    settlement = parse_settlement(raw)
    assert not shows_a_person(repr(settlement_findings(settlement.form)))
    person_of(settlement.form)
    payload = make_payload(settlement.form, bytes(32), settlement.document)
    assert decode_payload(encode_payload(payload)) == payload, "a payload did not survive"


@fuzz
@given(st.sampled_from(BILLS), edits)
def test_mutated_bills(raw: bytes, changes: list[tuple[int, int, bytes]]) -> None:
    _only_rejected(lambda: _bill(_mutated(raw, changes)))


@fuzz
@given(st.sampled_from(SETTLEMENTS), edits)
def test_mutated_settlements(raw: bytes, changes: list[tuple[int, int, bytes]]) -> None:
    _only_rejected(lambda: _settlement(_mutated(raw, changes)))


@fuzz
@given(edits, edits)
def test_mutated_archives(
    record: list[tuple[int, int, bytes]], content: list[tuple[int, int, bytes]]
) -> None:
    _only_rejected(lambda: parse_archive(_mutated(RECORD, record), CONTENT))
    _only_rejected(lambda: parse_archive(RECORD, _mutated(CONTENT, content)))


def _filing(raw: bytes) -> None:
    filing = parse_filing(raw)
    _whole(filing.form, filing.document, filing_findings(filing.form))


def _application(raw: bytes) -> None:
    application = parse_application(raw)
    _whole(application.form, application.document, reimbursement_findings(application.form))


def _voucher(raw: bytes) -> None:
    voucher = parse_voucher(raw)
    _whole(voucher.form, voucher.document, voucher_findings(voucher))


def _whole(form: StandardForm, document: bytes, findings: tuple[Finding, ...]) -> None:
    assert not shows_a_person(repr(findings))
    person_of(form)
    payload = make_payload(form, bytes(32), document)
    assert decode_payload(encode_payload(payload)) == payload, "a payload did not survive"


ELSEWHERE = {
    "filing_01.json": _filing,
    "application_bill07.json": _application,
    "voucher_4901_bill07.json": _voucher,
}


@fuzz
@given(st.sampled_from(sorted(ELSEWHERE)), edits)
def test_mutated_documents_of_treatment_elsewhere(
    name: str, changes: list[tuple[int, int, bytes]]
) -> None:
    _only_rejected(lambda: ELSEWHERE[name](_mutated(sample(name), changes)))


@fuzz
@given(edits)
def test_mutated_payloads_and_tables(changes: list[tuple[int, int, bytes]]) -> None:
    _only_rejected(lambda: bill_findings(decode_payload(_mutated(PAYLOAD, changes)).form))
    _only_rejected(lambda: load_institutions(_mutated(TABLE, changes), form="toml"))


@fuzz
@given(st.one_of(st.binary(max_size=400), st.text(max_size=400).map(lambda t: t.encode("utf-8"))))
def test_any_bytes(raw: bytes) -> None:
    for parse in (
        parse_ebill,
        parse_settlement,
        parse_filing,
        parse_application,
        parse_voucher,
        decode_payload,
        lambda raw: parse_archive(raw, raw),
        lambda raw: load_institutions(raw, form="toml"),
        lambda raw: load_institutions(raw, form="json"),
    ):
        _only_rejected(partial(parse, raw))


json_values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.text(max_size=12),
        st.sampled_from(
            ["1.00", "-1.00", "", "20240816", "2024-08-16 10:00:00", "0", "01", "2207"]
        ),
    ),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)


@fuzz
@given(st.data())
def test_settlements_with_any_member_replaced(data: st.DataObject) -> None:
    """Structure-aware: one member anywhere in the message becomes any JSON value."""
    import json

    message = json.loads(data.draw(st.sampled_from(SETTLEMENTS)), parse_float=str)
    node = message
    for _ in range(data.draw(st.integers(0, 4))):
        inner = [key for key, value in node.items() if isinstance(value, dict)]
        if not inner:
            break
        node = node[data.draw(st.sampled_from(sorted(inner)))]
    key = data.draw(st.sampled_from(sorted(node)))
    node[key] = data.draw(json_values)
    raw = json.dumps(message, ensure_ascii=True).encode()
    _only_rejected(lambda: _settlement(raw))
