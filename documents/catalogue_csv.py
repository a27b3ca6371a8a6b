"""File import of a catalogue (医保目录人工导入, 2.2.1.4.5.2): CSV to the contract's typed items.

The format is `catalogue/1` of docs/formats.md: the columns are elements of 1312, 1318 and 1319. A
file is taken whole or refused whole; a refusal names the line and the column.
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass

from documents.codes import (
    CSV_HEADER,
    CSV_MALFORMED,
    DOCUMENT_TOO_LARGE,
    ELEMENT_INVALID,
    ROW_DUPLICATED,
)
from documents.published import amount_fen, division, matching, period, plain_text, ratio_bp
from documents.text import decode_utf8
from faults import Rejected
from proto.catalogue_pb2 import AddCatalogueItemsRequest, CatalogueItem

MAX_CSV_BYTES = 64 * 1024 * 1024
MAX_ROWS = 200_000
MAX_LINE = 2000  # characters

COLUMNS = (
    "hilist_code",
    "hilist_name",
    "insu_admdvs",
    "list_type",
    "chrgitm_lv",
    "selfpay_prop",
    "lowest_hosp_lv",
    "hilist_pric_uplmt_amt",
    "begndate",
    "enddate",
    "vali_flag",
)

# What one chunk of the contract takes. Its record of an item is at most this much longer than the
# message: the names of ten fields and the heads of their values.
CHUNK_ITEMS_MAX = 100
CHUNK_BYTES_MAX = 12 * 1024 - 64
ITEM_OVERHEAD = 160

_CODE = re.compile(r"[0-9A-Za-z][0-9A-Za-z_.\-]{0,49}")
_LIST_TYPE = re.compile("[0-9]{1,3}")
_CATEGORY = re.compile("0[123]")
_LEVEL = re.compile("[123]?")
_FLAG = re.compile("[01]")


@dataclass(frozen=True)
class CatalogueFile:
    """A file's items, all of one region, in the file's order."""

    region: str
    items: tuple[CatalogueItem, ...]

    def chunks(self, edition: int) -> Iterator[AddCatalogueItemsRequest]:
        """The requests that bring the items on the chain, each as large as the contract takes."""
        number, size, batch = 1, 0, list[CatalogueItem]()
        for item in self.items:
            more = item.ByteSize() + ITEM_OVERHEAD
            if batch and (len(batch) == CHUNK_ITEMS_MAX or size + more > CHUNK_BYTES_MAX):
                yield self._chunk(edition, number, batch)
                number, size, batch = number + 1, 0, []
            batch.append(item)
            size += more
        yield self._chunk(edition, number, batch)

    def _chunk(
        self, edition: int, number: int, items: list[CatalogueItem]
    ) -> AddCatalogueItemsRequest:
        return AddCatalogueItemsRequest(
            region=self.region, edition=edition, chunk=number, items=items
        )


def parse_catalogue(raw: bytes) -> CatalogueFile:
    """The items in a file's bytes.

    Rejected with `line`, and `element` where it is one column: DOCUMENT_TOO_LARGE,
    DOCUMENT_ENCODING, CSV_HEADER, CSV_MALFORMED, ELEMENT_MISSING, ELEMENT_INVALID, AMOUNT_INVALID,
    RATIO_INVALID, PERIOD_INVALID, ROW_DUPLICATED.
    """
    lines = _lines(raw)
    if tuple(_fields(lines[0], 1)) != COLUMNS:
        raise Rejected(CSV_HEADER, line=1)
    if len(lines) == 1:
        raise Rejected(CSV_MALFORMED, line=1, reason="no rows")
    region, seen, items = "", dict[str, int](), []
    for number, line in enumerate(lines[1:], start=2):
        row = _row(line, number)
        try:
            here, item = _item(row)
        except Rejected as refused:
            raise _at_line(refused, number) from None
        if region and here != region:
            element = "insu_admdvs"
            raise Rejected(ELEMENT_INVALID, element=element, line=number, reason="another region")
        if item.code in seen:
            raise Rejected(
                ROW_DUPLICATED, element="hilist_code", line=number, first=seen[item.code]
            )
        region, seen[item.code] = here, number
        items.append(item)
    return CatalogueFile(region, tuple(items))


def _lines(raw: bytes) -> list[str]:
    if len(raw) > MAX_CSV_BYTES:
        raise Rejected(DOCUMENT_TOO_LARGE, limit=MAX_CSV_BYTES, reason="bytes")
    if raw.count(b"\n") > MAX_ROWS + 1:
        raise Rejected(DOCUMENT_TOO_LARGE, limit=MAX_ROWS, reason="rows")
    try:
        text = decode_utf8(raw)
    except Rejected as refused:
        offset = int(refused.fields.get("offset", 0))
        line = raw.count(b"\n", 0, offset) + 1
        raise _at_line(refused, line) from None
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    # A file ends with a line break or without; a line in the middle is never empty.
    return lines[:-1] if len(lines) > 1 and not lines[-1] else lines


def _fields(line: str, number: int) -> list[str]:
    if len(line) > MAX_LINE:
        raise Rejected(DOCUMENT_TOO_LARGE, limit=MAX_LINE, line=number, reason="line")
    if not line.isprintable():
        raise Rejected(ELEMENT_INVALID, line=number, reason="characters")
    try:
        rows = list(csv.reader([line], strict=True))
    except csv.Error:
        raise Rejected(CSV_MALFORMED, line=number, reason="quotes") from None
    return rows[0] if rows else []


def _row(line: str, number: int) -> dict[str, str]:
    fields = _fields(line, number)
    if len(fields) != len(COLUMNS):
        columns = len(fields)
        raise Rejected(CSV_MALFORMED, line=number, columns=columns, expected=len(COLUMNS))
    return dict(zip(COLUMNS, fields, strict=True))


def _item(row: dict[str, str]) -> tuple[str, CatalogueItem]:
    begins, ends = period(row["begndate"], row["enddate"], ("begndate", "enddate"))
    limit = row["hilist_pric_uplmt_amt"]
    item = CatalogueItem(
        code=matching(row["hilist_code"], _CODE, "hilist_code"),
        name=plain_text(row["hilist_name"], "hilist_name", required=True),
        list_type=matching(row["list_type"], _LIST_TYPE, "list_type"),
        category=matching(row["chrgitm_lv"], _CATEGORY, "chrgitm_lv"),
        self_pay_bp=ratio_bp(row["selfpay_prop"], "selfpay_prop"),
        level=matching(row["lowest_hosp_lv"], _LEVEL, "lowest_hosp_lv"),
        price_limit_fen=amount_fen(limit, "hilist_pric_uplmt_amt") if limit else 0,
        effective_from=begins,
        effective_to=ends,
        withdrawn=matching(row["vali_flag"], _FLAG, "vali_flag") == "0",
    )
    return division(row["insu_admdvs"], "insu_admdvs"), item


def _at_line(refused: Rejected, line: int) -> Rejected:
    about: dict[str, str | int] = {**refused.fields, "line": line}
    return Rejected(refused.code, **about)
