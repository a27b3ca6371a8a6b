"""What of a payment file goes to the ledger: parts of its lines as forms, accounts as commitments.

A part is up to 1,000 lines: its public fields say which, its private ones hold the payees, and its
document is those lines as they stand in the file. An account number is low in entropy, so it is
never hashed bare: whoever can open the part has the salt, and can compare; nobody else can guess.
"""

from crypto import hmac_sm3, sm3
from crypto.domain import tagged
from documents.codes import FORM_INVALID, FUND_FILE_COUNT
from documents.forms import FUND_LINES, StandardForm, make_form
from documents.fund_file import FundDetail, FundFile, parse_lines, write_lines
from documents.fund_layout import LAYOUT, Layout
from documents.payload import SECRET_BYTES, PayloadPlain, make_payload
from faults import Misuse, Rejected

PART_LINES = 1_000
SALT_BYTES = 16

_PRIVATE = (
    "payee_code",
    "name",
    "id_type",
    "id_number",
    "bank_number",
    "bank_name",
    "account_number",
    "account_name",
    "linked_account",
    "voucher_number",
    "summary",
    "remark",
)


def part_payload(
    file: FundFile, first: int, count: int, secret: bytes, layout: Layout = LAYOUT
) -> PayloadPlain:
    """The plaintext to seal for `count` lines from line `first` on; its form is `fund-lines/1`.

    Rejected FUND_FILE_COUNT when the file has not these lines or a part would be too long.
    """
    lines = file.lines[first - 1 : first - 1 + count] if first >= 1 else ()
    if not 1 <= count <= PART_LINES or len(lines) != count:
        raise Rejected(FUND_FILE_COUNT, first=first, count=count, lines=len(file.lines))
    document = write_lines(file.batch_number, lines, layout)
    private = {
        f"line.{line.number}.{name}": str(getattr(line, name))
        for line in lines
        for name in _PRIVATE
        if getattr(line, name)
    }
    private["document.sm3"] = sm3(document).hex()
    public = {
        "batch_number": file.batch_number,
        "first": str(first),
        "line_count": str(count),
        "total_fen": str(sum(line.amount_fen for line in lines)),
    }
    form: StandardForm = make_form(FUND_LINES, public, private)
    return make_payload(form, secret, document)


def parse_part_lines(plain: PayloadPlain, layout: Layout = LAYOUT) -> tuple[FundDetail, ...]:
    """The lines of an opened part. Rejected as `parse_lines`, or FORM_INVALID for another form."""
    if plain.schema != FUND_LINES:
        raise Rejected(FORM_INVALID, reason="schema")
    first = int(plain.public["first"])
    return parse_lines(plain.document, plain.public["batch_number"], first, layout)


def account_salt(secret: bytes, batch_number: str, number: int) -> bytes:
    """The salt of one line's account, from the secret of the part that the line stands in."""
    if len(secret) != SECRET_BYTES:
        raise Misuse("a commitment secret has 32 bytes")
    return hmac_sm3(secret, f"account/{batch_number}/{number}".encode())[:SALT_BYTES]


def account_commitment(salt: bytes, account_number: str) -> bytes:
    """32 bytes that are equal for equal accounts under one salt and say nothing without it."""
    return sm3(tagged("yilian/fund/account/v1", salt, account_number.encode()))
