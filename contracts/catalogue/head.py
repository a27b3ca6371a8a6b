"""What an edition says of itself, and the codes of a question: read and checked."""

from collections.abc import Iterable

from contracts.catalogue.item import read_code, read_edition
from contracts.catalogue.records import EditionHead
from contracts.fields import malformed, text
from contracts.publication.region import read_day, read_number, read_region
from proto.catalogue_pb2 import BeginCatalogueRequest

ITEMS_MAX = 200_000
# With names of full length an answer of so many still fits a packet's receipt (20 KiB).
QUESTION_CODES_MAX = 16


def read_head(request: BeginCatalogueRequest) -> EditionHead:
    """The head a request brings, checked."""
    head = EditionHead(
        region=request.region,
        edition=request.edition,
        title=request.title,
        document_number=request.document_number,
        issued_date=request.issued_date,
        item_count=request.item_count,
    )
    check_head(head)
    return head


def check_head(head: EditionHead) -> None:
    """Raise Rejected MALFORMED_REQUEST naming the field."""
    read_region(head.region)
    read_edition(head.edition)
    text("title", head.title, required=True)
    text("document_number", head.document_number)
    read_day("issued_date", head.issued_date)
    read_number("item_count", head.item_count, ITEMS_MAX, 1)


def read_codes(codes: Iterable[str]) -> tuple[str, ...]:
    """The codes of a question: 1 to 16, ascending, each once."""
    read = tuple(codes)
    if not 1 <= len(read) <= QUESTION_CODES_MAX:
        raise malformed("codes", f"not 1 to {QUESTION_CODES_MAX}")
    for code in read:
        read_code("codes", code)
    if tuple(sorted(set(read))) != read:
        raise malformed("codes", "not ascending, each once")
    return read
