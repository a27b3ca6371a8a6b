"""A 6131 payment file as a fund batch (基金费用明细上链): header, parts of lines, settlements.

The secrets of the parts, and with them the salts of the accounts, follow from the vault and the
file. The same file prepared again therefore is the same batch, and what the chain has of it already
is left out: a batch that was interrupted, or is too long for one answer, goes on where it stands.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from google.protobuf.message import Message

from contracts.fund.codes import FUND_BATCH_NOT_FOUND
from contracts.fund.line_form import LINES_MAX, SETTLEMENTS_MAX, lines_root, settlements_head
from contracts.fund.records import BatchRecord, Header, LineRecord, batch_key, line_key
from contracts.fund.rules import PAYOUT
from crypto import sm3
from documents import (
    FundDetail,
    FundFile,
    PayloadPlain,
    account_commitment,
    account_salt,
    encode_payload,
    fund_file_findings,
    parse_fund_file,
    part_payload,
)
from documents.fund_forms import PART_LINES
from faults import Rejected
from ledger.limits import OPERATION_BYTES_MAX, OPERATIONS_MAX
from ledger.records import decode
from node.codes import REQUEST_INVALID
from node.custodian.preparing.desk import Desk, reply
from node.custodian.preparing.job import Job
from node.custodian.preparing.options import original_lines, settlements_by_line
from node.custodian.preparing.owners import NO_PERSON
from proto.fund_pb2 import (
    AddFundLinesRequest,
    AddFundSettlementsRequest,
    CompensateFundBatchRequest,
    FundBatchHeader,
    FundLine,
    SubmitFundBatchRequest,
)
from proto.services_pb2 import PrepareReply

REPLY_BYTES_MAX = 8 * 1024 * 1024
"""What one answer holds of a batch; preparing the file once more gives the rest."""

_BESIDES_BYTES = 4 * 1024  # of an operation: form, wrapped key, numbers
_BODY_SETTLEMENTS = 20_000  # ids in one body


@dataclass(frozen=True, slots=True)
class Part:
    """Lines that go into one operation, and their plaintext."""

    plain: PayloadPlain
    lines: Sequence[FundLine]

    @property
    def first(self) -> int:
        """The number of its first line."""
        return self.lines[0].number


@dataclass(frozen=True, slots=True)
class Beside:
    """What is said of lines beside the file: settlements paid, and failed lines paid again."""

    settlements: Mapping[int, Sequence[str]]
    originals: Mapping[int, int]

    def ids(self, number: int) -> Sequence[str]:
        """The settlements that line `number` pays."""
        return self.settlements.get(number, ())


def submit(desk: Desk, job: Job) -> PrepareReply:
    """Declare the batch, add its lines, then the settlements that had no room beside them."""
    return _prepared(desk, job, job.text("direction") or PAYOUT, {})


def compensate(desk: Desk, job: Job) -> PrepareReply:
    """The same for a batch that pays failed lines of another one again, in its direction."""
    number = job.text("original")
    raw = desk.chain.state(batch_key(number))
    if raw is None:
        raise Rejected(FUND_BATCH_NOT_FOUND, batch=number)
    direction = decode(BatchRecord, raw).header.direction
    return _prepared(desk, job, direction, original_lines(job.text("originals")))


def _prepared(desk: Desk, job: Job, direction: str, originals: Mapping[int, int]) -> PrepareReply:
    file = parse_fund_file(job.document)
    if any(number > len(file.lines) for number in originals):
        raise Rejected(REQUEST_INVALID, field="options.originals", reason="not in the file")
    beside = Beside(_settlements(job, file), originals)
    parts = list(_parts(desk, file, beside, sm3(job.document)))
    bodies = _fitting(_bodies(desk, job, _header(file, parts, direction), parts, beside))
    return reply(batch_key(file.batch_number), NO_PERSON, bodies, fund_file_findings(file))


def _settlements(job: Job, file: FundFile) -> Mapping[int, Sequence[str]]:
    given = job.text("settlements")
    found = settlements_by_line(given) if given else {}
    for number, ids in sorted(found.items()):
        if number > len(file.lines) or len(ids) > SETTLEMENTS_MAX:
            reason = f"line {number}: not in the file, or too many ids"
            raise Rejected(REQUEST_INVALID, field="options.settlements", reason=reason)
    return found


def _parts(desk: Desk, file: FundFile, beside: Beside, digest: bytes) -> Iterator[Part]:
    """The file's lines cut into operations that a block takes."""
    at = 1
    while at <= len(file.lines):
        count = min(PART_LINES, len(file.lines) - at + 1)
        while True:
            part = _part(desk, file, beside, digest, (at, count))
            size = len(encode_payload(part.plain)) + sum(one.ByteSize() + 8 for one in part.lines)
            if size + _BESIDES_BYTES <= OPERATION_BYTES_MAX or count == 1:
                break
            count = (count + 1) // 2
        yield part
        at += count


def _part(desk: Desk, file: FundFile, beside: Beside, digest: bytes, span: tuple[int, int]) -> Part:
    first, count = span
    secret = desk.derive("fund part", file.batch_number, str(first), str(count), digest)
    plain = part_payload(file, first, count, secret)
    room, lines = LINES_MAX, []
    for detail in file.lines[first - 1 : first - 1 + count]:
        ids = beside.ids(detail.number)
        line = _line(file, detail, secret, ids, ids[:room])
        line.original_line = beside.originals.get(detail.number, 0)
        lines.append(line)
        room -= min(room, len(ids))
    return Part(plain, lines)


def _line(
    file: FundFile,
    detail: FundDetail,
    secret: bytes,
    ids: Sequence[str],
    named: Sequence[str],
) -> FundLine:
    salt = account_salt(secret, file.batch_number, detail.number)
    return FundLine(
        number=detail.number,
        slip_number=detail.slip_number,
        payee_kind=detail.payee_kind,
        institution_code=detail.payee_code if detail.payee_kind == "unit" else "",
        insurance_type=detail.insurance_type,
        category=detail.category,
        amount_fen=detail.amount_fen,
        account_commitment=account_commitment(salt, detail.account_number),
        settlement_count=len(ids),
        settlements_head=settlements_head(ids),
        settlement_ids=named,
    )


def _header(file: FundFile, parts: Sequence[Part], direction: str) -> FundBatchHeader:
    kinds = sorted({line.insurance_type for line in file.lines})
    return FundBatchHeader(
        batch_number=file.batch_number,
        period=file.period,
        business_date=file.business_date,
        region=file.region,
        insurance_type=kinds[0] if len(kinds) == 1 else "",
        direction=direction,
        count=len(file.lines),
        total_fen=file.total_fen,
        lines_root=lines_root(line for part in parts for line in part.lines),
    )


def _bodies(
    desk: Desk,
    job: Job,
    header: FundBatchHeader,
    parts: Sequence[Part],
    beside: Beside,
) -> Iterator[bytes]:
    """What the chain lacks of the batch, in order; it refuses another batch of the number."""
    batch = _batch(desk, header, job.text("original"))
    if batch is None:
        yield _declaration(desk, job, header)
    added = batch.added_count if batch is not None else 0
    for part in parts:
        if part.first > added:
            committed, payload = desk.seal_plain(part.plain, None)
            lines = AddFundLinesRequest(
                batch_number=header.batch_number,
                lines=part.lines,
                form=committed.to_form(),
                payload=payload,
            )
            yield desk.bodies.make("fund", "add_lines", lines, job.signer)
    yield from _settlement_bodies(desk, job, header.batch_number, parts, beside)


def _declaration(desk: Desk, job: Job, header: FundBatchHeader) -> bytes:
    original = job.text("original")
    if not original:
        request = SubmitFundBatchRequest(header=header)
        return desk.bodies.make("fund", "submit", request, job.signer)
    again = CompensateFundBatchRequest(header=header, original=original, reason=job.text("reason"))
    return desk.bodies.make("fund", "compensate", again, job.signer)


def _settlement_bodies(
    desk: Desk, job: Job, batch_number: str, parts: Sequence[Part], beside: Beside
) -> Iterator[bytes]:
    waiting: list[Message] = []
    held = 0
    for line in (line for part in parts for line in part.lines):
        ids = beside.ids(line.number)
        at = _claimed(desk, batch_number, line)
        while at < len(ids):
            some = ids[at : at + LINES_MAX]
            waiting.append(
                AddFundSettlementsRequest(
                    batch_number=batch_number, line=line.number, offset=at, settlement_ids=some
                )
            )
            at, held = at + len(some), held + len(some)
            if len(waiting) == OPERATIONS_MAX or held >= _BODY_SETTLEMENTS:
                yield desk.bodies.make_many("fund", "add_settlements", waiting, job.signer)
                waiting, held = [], 0
    if waiting:
        yield desk.bodies.make_many("fund", "add_settlements", waiting, job.signer)


def _fitting(bodies: Iterator[bytes]) -> list[bytes]:
    """As many of the bodies as one answer holds, the first in any case."""
    found: list[bytes] = []
    size = 0
    for body in bodies:
        size += len(body)
        if found and size > REPLY_BYTES_MAX:
            break
        found.append(body)
    return found


def _batch(desk: Desk, header: FundBatchHeader, original: str) -> BatchRecord | None:
    """The batch on the chain, if it is this one."""
    raw = desk.chain.state(batch_key(header.batch_number))
    batch = decode(BatchRecord, raw) if raw is not None else None
    same = batch is not None and batch.original == original and _is_of(header, batch.header)
    return batch if same else None


def _is_of(given: FundBatchHeader, kept: Header) -> bool:
    return all(getattr(given, name) == getattr(kept, name) for name in Header.__struct_fields__)


def _claimed(desk: Desk, batch_number: str, line: FundLine) -> int:
    """How many of the line's settlements the chain has, or will have with the line itself."""
    raw = desk.chain.state(line_key(batch_number, line.number))
    return decode(LineRecord, raw).claimed_count if raw is not None else len(line.settlement_ids)
