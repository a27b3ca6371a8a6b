"""Catalogues by file: every line is checked, and nothing is half imported."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.catalogue.item import CHUNK_ITEMS_MAX, read_items
from documents import CatalogueFile, catalogue_csv, parse_catalogue
from documents.catalogue_csv import COLUMNS
from faults import Rejected
from proto.catalogue_pb2 import CatalogueItem

HEADER = ",".join(COLUMNS)
ROWS = (
    'X0001,"阿莫西林, 胶囊",460000,101,01,0,,12.50,20240101,,1',
    "Z0002,测试中成药,460000,102,02,0.1000,2,,2024-01-01,2024-12-31,1",
    "C0003,停用耗材,460000,301,03,1,,,20240101,,0",
)
RAW = "\n".join((HEADER, *ROWS, "")).encode()


def refusal(raw: bytes) -> Rejected:
    with pytest.raises(Rejected) as caught:
        parse_catalogue(raw)
    return caught.value


def test_a_file_becomes_what_the_contract_takes() -> None:
    file = parse_catalogue(RAW)
    assert file.region == "460000"
    first, second, third = file.items
    assert (first.name, first.price_limit_fen, first.category) == ("阿莫西林, 胶囊", 1250, "01")
    assert (second.self_pay_bp, second.level, second.effective_to) == (1000, "2", "20241231")
    assert (third.self_pay_bp, third.withdrawn, first.withdrawn) == (10_000, True, False)
    assert [one.code for one in read_items(file.items)] == ["X0001", "Z0002", "C0003"]


@pytest.mark.parametrize("raw", [RAW[:-1], RAW.replace(b"\n", b"\r\n")])
def test_line_ends_are_those_of_any_system(raw: bytes) -> None:
    assert parse_catalogue(raw) == parse_catalogue(RAW)


LINE = ["X9", "药", "460000", "101", "02", "0.1", "", "", "20240101", "", "1"]
BASE = dict(zip(COLUMNS, LINE, strict=True))


@pytest.mark.parametrize(
    ("column", "value", "code"),
    [
        ("hilist_code", "", "ELEMENT_INVALID"),
        ("hilist_code", "A/B", "ELEMENT_INVALID"),
        ("hilist_code", "x" * 51, "ELEMENT_INVALID"),
        ("hilist_code", " X9", "ELEMENT_INVALID"),
        ("hilist_code", "X0001", "ROW_DUPLICATED"),
        ("hilist_name", "", "ELEMENT_MISSING"),
        ("hilist_name", "药" * 201, "ELEMENT_INVALID"),
        ("insu_admdvs", "469001", "ELEMENT_INVALID"),
        ("insu_admdvs", "990000", "ELEMENT_INVALID"),
        ("list_type", "1011", "ELEMENT_INVALID"),
        ("chrgitm_lv", "04", "ELEMENT_INVALID"),
        ("chrgitm_lv", "甲", "ELEMENT_INVALID"),
        ("selfpay_prop", "", "RATIO_INVALID"),
        ("selfpay_prop", "1.1", "RATIO_INVALID"),
        ("selfpay_prop", "10%", "RATIO_INVALID"),
        ("lowest_hosp_lv", "0", "ELEMENT_INVALID"),
        ("hilist_pric_uplmt_amt", "1.234", "AMOUNT_INVALID"),
        ("hilist_pric_uplmt_amt", "-1", "ELEMENT_INVALID"),
        ("begndate", "", "ELEMENT_MISSING"),
        ("begndate", "20240230", "ELEMENT_INVALID"),
        ("begndate", "2024/01/01", "ELEMENT_INVALID"),
        ("enddate", "20231231", "PERIOD_INVALID"),
        ("vali_flag", "", "ELEMENT_INVALID"),
        ("vali_flag", "2", "ELEMENT_INVALID"),
    ],
)
def test_what_is_wrong_is_said_by_line_and_column(column: str, value: str, code: str) -> None:
    line = ",".join({**BASE, column: value}.values())
    refused = refusal(RAW + line.encode() + b"\n")
    assert (refused.code.name, refused.fields["line"]) == (code, "5")
    assert refused.fields["element"] == column
    if value:
        assert value not in str(refused)


@pytest.mark.parametrize(
    ("raw", "code", "line"),
    [
        (b"", "CSV_HEADER", "1"),
        (HEADER.encode(), "CSV_MALFORMED", "1"),
        (RAW.replace(b"hilist_code,hilist_name", b"hilist_name,hilist_code"), "CSV_HEADER", "1"),
        (RAW.replace(b"vali_flag", b"vali_flag,rid"), "CSV_HEADER", "1"),
        (RAW + b"\n", "CSV_MALFORMED", "5"),
        (RAW + b"X9,x\n", "CSV_MALFORMED", "5"),
        (RAW + b'X9,"x,460000,101,02,0,,,20240101,,1\n', "CSV_MALFORMED", "5"),
        (RAW + b'X9,"x"y,460000,101,02,0,,,20240101,,1\n', "CSV_MALFORMED", "5"),
        (RAW + b"X9,a\x00b,460000,101,02,0,,,20240101,,1\n", "ELEMENT_INVALID", "5"),
        (RAW + "X9,a\u202eb,460000,101,02,0,,,20240101,,1\n".encode(), "ELEMENT_INVALID", "5"),
        (RAW + b"X9,a\xff,460000,101,02,0,,,20240101,,1\n", "DOCUMENT_ENCODING", "5"),
        (RAW.decode().encode("gb18030"), "DOCUMENT_ENCODING", "2"),
        (b"\xef\xbb\xbf" + RAW, "DOCUMENT_ENCODING", "1"),
        (RAW.decode().encode("utf-16"), "DOCUMENT_ENCODING", "1"),
        (RAW + b"x" * 2001, "DOCUMENT_TOO_LARGE", "5"),
        (RAW.replace(b"\n", b"\r"), "ELEMENT_INVALID", "1"),
    ],
)
def test_the_text_itself_is_strict(raw: bytes, code: str, line: str) -> None:
    refused = refusal(raw)
    assert (refused.code.name, refused.fields["line"]) == (code, line)


def test_a_file_has_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue_csv, "MAX_ROWS", 2)
    assert refusal(RAW).code.name == "DOCUMENT_TOO_LARGE"
    monkeypatch.setattr(catalogue_csv, "MAX_ROWS", 3)
    assert len(parse_catalogue(RAW).items) == 3
    monkeypatch.setattr(catalogue_csv, "MAX_CSV_BYTES", len(RAW) - 1)
    assert refusal(RAW).fields["reason"] == "bytes"


items = st.lists(
    st.builds(
        CatalogueItem,
        code=st.just(""),
        name=st.text(st.sampled_from("a药𠀀"), min_size=1, max_size=200),
        list_type=st.sampled_from(["1", "101"]),
        category=st.just("02"),
        self_pay_bp=st.integers(0, 10_000),
        level=st.sampled_from(["", "3"]),
        price_limit_fen=st.integers(0, 10**13),
        effective_from=st.just("20240101"),
        effective_to=st.sampled_from(["", "20241231"]),
        withdrawn=st.booleans(),
    ),
    min_size=1,
    max_size=150,
)


@given(items, st.integers(1, 50))
def test_every_chunk_is_taken_by_the_contract(made: list[CatalogueItem], width: int) -> None:
    for number, one in enumerate(made):
        one.code = f"{number:0{width}}"
    chunks = list(CatalogueFile("460000", tuple(made)).chunks(3))
    assert [one.chunk for one in chunks] == list(range(1, len(chunks) + 1))
    assert [item for one in chunks for item in one.items] == made
    for one in chunks:
        assert (one.region, one.edition) == ("460000", 3)
        assert 1 <= len(read_items(one.items)) <= CHUNK_ITEMS_MAX


def test_short_items_fill_chunks_well() -> None:
    made = [CatalogueItem(code=f"X{n}", name="药", category="01") for n in range(300)]
    assert len(list(CatalogueFile("460000", tuple(made)).chunks(1))) <= 6


@given(st.lists(st.tuples(st.integers(0, len(RAW)), st.binary(max_size=4)), max_size=4))
def test_whatever_the_bytes_what_is_taken_the_contract_takes(
    edits: list[tuple[int, bytes]],
) -> None:
    raw = RAW
    for at, piece in edits:
        raw = raw[:at] + piece + raw[at + len(piece) :]
    with contextlib.suppress(Rejected):
        file = parse_catalogue(raw)
        assert len(read_items(file.items)) == raw.rstrip(b"\n").count(b"\n")
