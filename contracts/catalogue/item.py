"""What a catalogue says of one item: typed, public, checked before it is kept."""

from collections.abc import Iterable

from contracts.catalogue.codes import CATALOGUE_CHUNK_TOO_LARGE, CATALOGUE_ITEM_TWICE
from contracts.fields import identifier, malformed, text
from contracts.forms import AMOUNT_FEN_MAX
from contracts.publication.region import read_digits, read_number, read_period
from crypto.digest import sm3
from faults import Rejected
from ledger.records import Record, encode
from proto.catalogue_pb2 import CatalogueItem as ItemMessage

CLASS_A, CLASS_B, CLASS_C = "01", "02", "03"  # 甲, 乙, 丙
CATEGORIES = (CLASS_A, CLASS_B, CLASS_C)
LEVELS = ("", "1", "2", "3")
UNIT_BP = 10_000
CODE_MAX = 50
EDITION_MAX = 1_000_000

CHUNK_ITEMS_MAX = 100
CHUNK_BYTES_MAX = 12 * 1024  # with the edition's head it fits a packet's body of 16 KiB


class CatalogueItem(Record, frozen=True, kw_only=True):
    """One item (目录项目) as an edition has it."""

    code: str
    name: str
    list_type: str
    category: str
    self_pay_bp: int
    level: str
    price_limit_fen: int  # for one unit; 0 = none
    effective_from: str
    effective_to: str  # "" = open
    valid: bool


class Chunk(Record, frozen=True, kw_only=True):
    """Items that travel together."""

    items: tuple[CatalogueItem, ...]

    def digest(self) -> bytes:
        """SM3 of the chunk's canonical bytes: the same on every chain."""
        return sm3(encode(self))


def read_items(messages: Iterable[ItemMessage]) -> tuple[CatalogueItem, ...]:
    """The items a request brings, checked."""
    items = tuple(_item(message) for message in messages)
    check_items(items)
    return items


def check_items(items: tuple[CatalogueItem, ...]) -> None:
    """Raise Rejected MALFORMED_REQUEST, CATALOGUE_CHUNK_TOO_LARGE or CATALOGUE_ITEM_TWICE."""
    if not items:
        raise malformed("items", "none")
    if len(items) > CHUNK_ITEMS_MAX:
        raise Rejected(CATALOGUE_CHUNK_TOO_LARGE, items=len(items), limit=CHUNK_ITEMS_MAX)
    for number, item in enumerate(items, start=1):
        check_item(f"items[{number}]", item)
    codes = [item.code for item in items]
    for code in sorted(codes):
        if codes.count(code) > 1:
            raise Rejected(CATALOGUE_ITEM_TWICE, item=code)
    size = len(encode(Chunk(items=items)))
    if size > CHUNK_BYTES_MAX:
        raise Rejected(CATALOGUE_CHUNK_TOO_LARGE, bytes=size, limit=CHUNK_BYTES_MAX)


def check_item(at: str, item: CatalogueItem) -> None:
    """Raise Rejected MALFORMED_REQUEST naming the field."""
    read_code(f"{at}.code", item.code)
    text(f"{at}.name", item.name, required=True)
    read_digits(f"{at}.list_type", item.list_type, 1, 3)
    if item.category not in CATEGORIES:
        raise malformed(f"{at}.category", "not 01, 02 or 03")
    read_number(f"{at}.self_pay_bp", item.self_pay_bp, UNIT_BP)
    if item.level not in LEVELS:
        raise malformed(f"{at}.level", "not empty, 1, 2 or 3")
    read_number(f"{at}.price_limit_fen", item.price_limit_fen, AMOUNT_FEN_MAX)
    read_period(item.effective_from, item.effective_to)


def read_code(field: str, value: str) -> str:
    """An item's code (医保目录编码): an identifier of at most 50 characters."""
    if len(value) > CODE_MAX:
        raise malformed(field, f"longer than {CODE_MAX} characters")
    return identifier(field, value)


def read_edition(value: int) -> int:
    """An edition's number."""
    return read_number("edition", value, EDITION_MAX, 1)


def _item(message: ItemMessage) -> CatalogueItem:
    return CatalogueItem(
        code=message.code,
        name=message.name,
        list_type=message.list_type,
        category=message.category,
        self_pay_bp=message.self_pay_bp,
        level=message.level,
        price_limit_fen=message.price_limit_fen,
        effective_from=message.effective_from,
        effective_to=message.effective_to,
        valid=not message.withdrawn,
    )
