"""The bank's return file (回盘, 退票) as answers to a batch's lines.

An account in a return is committed to under the salt of the line that it answers, which only who
opens the batch's parts can make; so the chain compares accounts that nobody shows it. For the same
reason only the batch's bank is answered: the commitment to a guessed number tells whether it is
right.
"""

import secrets
from collections.abc import Iterator

from contracts.fund.codes import FUND_BATCH_NOT_FOUND, FUND_NOT_BANK
from contracts.fund.line_form import LINES_MAX
from contracts.fund.records import BatchRecord, LineRecord, batch_key, line_key
from contracts.fund.rules import BOUNCE, LINE_BOUNCED, RESULT
from documents import (
    FundDetail,
    PayloadPlain,
    ReturnDetail,
    ReturnFile,
    account_commitment,
    account_salt,
    parse_part_lines,
    parse_return_file,
    payee_differences,
)
from documents.fund_forms import SALT_BYTES
from documents.fund_return import PAID
from faults import Rejected
from ledger.records import decode
from node.codes import REQUEST_INVALID
from node.custodian.preparing.desk import Desk, reply
from node.custodian.preparing.job import Job
from node.custodian.preparing.owners import NO_PERSON
from proto.fund_pb2 import FundReturnLine, RecordFundResultRequest
from proto.services_pb2 import PrepareReply


class Parts:
    """The opened parts of one batch, each opened once."""

    def __init__(self, desk: Desk, batch_number: str) -> None:
        self._desk = desk
        self._batch_number = batch_number
        self._opened: dict[bytes, tuple[PayloadPlain, dict[int, FundDetail]]] = {}

    def line(self, number: int) -> tuple[bytes, FundDetail] | None:
        """The salt of a line's account and the line as it was sent; None when there is none."""
        key = line_key(self._batch_number, number)
        raw = self._desk.chain.state(key)
        if raw is None:
            return None
        record = decode(LineRecord, raw)
        if record.pcommit not in self._opened:
            plain = self._desk.payloads.open_own(key, record.payload, record.pcommit)
            details = {one.number: one for one in parse_part_lines(plain)}
            self._opened[record.pcommit] = (plain, details)
        plain, details = self._opened[record.pcommit]
        return account_salt(plain.secret, self._batch_number, number), details[number]


def record_result(desk: Desk, job: Job) -> PrepareReply:
    """Record the return part by part, from where the chain has it.

    The findings are what only the opened lines show: slip, payee and name that differ. They belong
    into the reconciliation; all the rest the chain finds by itself.
    """
    returned = parse_return_file(job.document)
    kind = job.text("kind") or RESULT
    if kind == BOUNCE and returned.of(PAID):
        reason = "a bounce file holds failed lines only"
        raise Rejected(REQUEST_INVALID, field="options.kind", reason=reason)
    batch = _batch(desk, returned.batch_number)
    if job.identity.org != batch.bank_org:
        raise Rejected(FUND_NOT_BANK, bank=batch.bank_org)
    parts = Parts(desk, returned.batch_number)
    found = [parts.line(answer.number) for answer in returned.lines]
    sent = [one[1] for one in found if one is not None]
    # A line that the batch doesn't have has no salt: any commitment says the same of it.
    salts = [one[0] if one is not None else secrets.token_bytes(SALT_BYTES) for one in found]
    answers = [_answer(one, kind, salt) for one, salt in zip(returned.lines, salts, strict=True)]
    number = job.text("return_number")
    opened = batch.open_return
    seen = opened.seen_count if opened is not None and opened.return_number == number else 0
    bodies = [
        desk.bodies.make("fund", "record_result", request, job.signer)
        for request in _requests(returned, number, kind, answers, seen)
    ]
    differences = payee_differences(sent, returned)
    return reply(batch_key(returned.batch_number), NO_PERSON, bodies, differences)


def _batch(desk: Desk, batch_number: str) -> BatchRecord:
    raw = desk.chain.state(batch_key(batch_number))
    if raw is None:
        raise Rejected(FUND_BATCH_NOT_FOUND, batch=batch_number)
    return decode(BatchRecord, raw)


def _answer(answer: ReturnDetail, kind: str, salt: bytes) -> FundReturnLine:
    return FundReturnLine(
        number=answer.number,
        amount_fen=answer.amount_fen,
        result=LINE_BOUNCED if kind == BOUNCE else answer.result,
        result_code=answer.result_code,
        account_commitment=account_commitment(salt, answer.account_number),
        bank_serial=answer.bank_serial,
        posted=answer.posted,
    )


def _requests(
    returned: ReturnFile, number: str, kind: str, answers: list[FundReturnLine], seen: int
) -> Iterator[RecordFundResultRequest]:
    at = seen
    while True:
        some = answers[at : at + LINES_MAX]
        last = at + len(some) >= len(answers)
        yield RecordFundResultRequest(
            batch_number=returned.batch_number,
            return_number=number,
            kind=kind,
            returned_date=returned.returned_date,
            count=returned.count,
            total_fen=returned.total_fen,
            paid_count=returned.paid_count,
            paid_fen=returned.paid_fen,
            failed_count=returned.failed_count,
            failed_fen=returned.failed_fen,
            offset=at,
            lines=some,
            last=last,
        )
        at += len(some)
        if last:
            return
