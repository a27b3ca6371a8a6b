"""The checks of an evidence file. It needs a checkpoint the auditor trusts, and nothing else.

Each check has a stable name; a refusal names the first check that failed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from crypto.suites import suite as suite_of
from faults import Rejected
from ledger.block import Header, block_hash, verify_history, verify_transaction
from ledger.certificate import Certificate, verify_header
from ledger.checkpoint import Checkpoint, load_checkpoint
from ledger.codes import BAD_EVIDENCE
from ledger.evidence_file import (
    FORMAT,
    EvidenceFile,
    LineagePart,
    TransactionPart,
    dump_file,
)
from ledger.limits import EVIDENCE_BYTES_MAX, EVIDENCE_EVENTS_MAX, EVIDENCE_LINEAGE_MAX
from ledger.receipt import Receipt, verify_receipt
from ledger.records import untyped
from ledger.state_proof import StateProof, verify_state
from ledger.trace import Event, decode_event, head_of
from ledger.transaction import ParsedTransaction, check_signature, parse_transaction
from ledger.validators import ValidatorSet

FILE_FORM = "0 file form"
HEADER_HASH = "1 header hash"
CERTIFICATE = "2 certificate quorum"
STATE_PROOF = "3 state proof"
TRACE_HEAD = "4 trace head"
TRANSACTIONS = "5 transactions in blocks"
RECEIPTS = "6 receipts in blocks"
SIGNATURES = "7 transaction signatures"


@dataclass(frozen=True, slots=True)
class Check:
    """A check that passed: its stable name, and what it covered in words without personal data."""

    name: str
    detail: str


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of `verify_evidence`: what was proved, at which height, by which checks."""

    chain_id: str
    key: str
    height: int
    block_hash: bytes
    time_ms: int
    record: bytes | None
    events: tuple[Event, ...]
    checks: tuple[Check, ...]


def verify_evidence(file_bytes: bytes, checkpoint: bytes) -> Report:
    """Check an evidence file against a checkpoint (or genesis) file the auditor trusts.

    Raises Rejected(BAD_EVIDENCE, check=name, reason=...) naming the first check that fails, or
    Rejected(BAD_CHECKPOINT).
    """
    trusted = load_checkpoint(checkpoint)
    return _Verification(_load(file_bytes), trusted).run()


class _Verification:
    """The checks in their order; each method is one and leaves its sentence in `checks`."""

    def __init__(self, file: EvidenceFile, trusted: Checkpoint) -> None:
        self.file = file
        self.trusted = trusted
        self.suite = suite_of(trusted.suite)
        self.checks: list[Check] = []
        self.events: tuple[Event, ...] = ()

    def run(self) -> Report:
        """All checks; the report, or Rejected naming the check that failed."""
        header = self._header()
        hash_of_block = self._certificate(header)
        record = self._state(header)
        self._trace(header, record)
        parsed = self._transactions(header, hash_of_block)
        self._receipts(parsed)
        self._signatures(parsed)
        return Report(
            chain_id=header.chain_id,
            key=self.file.key,
            height=header.height,
            block_hash=hash_of_block,
            time_ms=header.time_ms,
            record=record,
            events=self.events,
            checks=tuple(self.checks),
        )

    def _header(self) -> Header:
        """1: the header is of the trusted chain, and its hash is the certificate's."""
        step = HEADER_HASH
        if (self.file.chain_id, self.file.suite) != (self.trusted.chain_id, self.trusted.suite):
            raise _failed(step, "the file is about another chain than the checkpoint")
        with _Step(step):
            header = Header.decode(_raw(self.file.header, step))
        with _Step(CERTIFICATE):
            certificate = Certificate.decode(_raw(self.file.certificate, CERTIFICATE))
        if header.chain_id != self.trusted.chain_id:
            raise _failed(step, "the header is of another chain than the checkpoint")
        hashed = block_hash(self.suite, header)
        if hashed != certificate.block_hash:
            raise _failed(step, "the header's hash is not the certified one")
        if header.height == self.trusted.height and hashed.hex() != self.trusted.block_hash:
            raise _failed(step, "the checkpoint has another block at this height")
        self._passed(step, f"block {header.height} is {hashed.hex()}")
        return header

    def _certificate(self, header: Header) -> bytes:
        """2: from the checkpoint's validators, through every change, to this header's quorum."""
        validators, height = self.trusted.validator_set, self.trusted.height
        with _Step(CERTIFICATE):
            later = self._after_checkpoint()
            for part in later:
                validators, height = self._next_set(part, validators, height)
            if later and header.height <= height:
                raise _failed(CERTIFICATE, "the lineage goes beyond the header")
            certificate = Certificate.decode(_raw(self.file.certificate, CERTIFICATE))
            hashed = verify_header(self.suite, validators, header, certificate)
        power = sum(validators.validators[index].power for index in certificate.signers)
        self._passed(
            CERTIFICATE,
            f"{len(certificate.signers)} of {len(validators)} validators with {power} of "
            f"{validators.total_power} power signed; {len(later)} changes of the set",
        )
        return hashed

    def _after_checkpoint(self) -> list[LineagePart]:
        """The lineage's steps beyond the checkpoint; those up to it must lead to its set."""
        steps = [(Header.decode(_raw(one.header, CERTIFICATE)), one) for one in self.file.lineage]
        validators, height = None, 0
        for header, part in steps:
            if header.height > self.trusted.height:
                break
            if validators is None:  # who decided this one nobody here can say
                announced = ValidatorSet.decode(_raw(part.next_validators, CERTIFICATE))
                if announced.hash(self.suite) != header.next_validators_hash:
                    raise _failed(CERTIFICATE, "a validator set is not the announced one")
                validators, height = announced, header.height
            else:
                validators, height = self._next_set(part, validators, height)
        if validators is not None and validators != self.trusted.validator_set:
            raise _failed(CERTIFICATE, "the lineage does not lead to the checkpoint's validators")
        return [part for header, part in steps if header.height > self.trusted.height]

    def _next_set(
        self, part: LineagePart, validators: ValidatorSet, height: int
    ) -> tuple[ValidatorSet, int]:
        header = Header.decode(_raw(part.header, CERTIFICATE))
        certificate = Certificate.decode(_raw(part.certificate, CERTIFICATE))
        if header.chain_id != self.trusted.chain_id or header.height <= height:
            raise _failed(CERTIFICATE, "the lineage does not ascend on this chain")
        verify_header(self.suite, validators, header, certificate)
        following = ValidatorSet.decode(_raw(part.next_validators, CERTIFICATE))
        if following.hash(self.suite) != header.next_validators_hash:
            raise _failed(CERTIFICATE, "a validator set is not the announced one")
        return following, header.height

    def _state(self, header: Header) -> bytes | None:
        """3: the record (or its absence) under the header's state root."""
        record = None if self.file.record is None else _raw(self.file.record, STATE_PROOF)
        with _Step(STATE_PROOF):
            proof = StateProof.decode(_raw(self.file.proof, STATE_PROOF))
        if not verify_state(self.suite.hash, header.state_root, self.file.key, record, proof):
            raise _failed(STATE_PROOF, "the proof does not lead to the header's state root")
        what = "is absent" if record is None else f"has this record of {len(record)} bytes"
        self._passed(STATE_PROOF, f"{self.file.key} {what} at height {header.height}")
        return record

    def _trace(self, header: Header, record: bytes | None) -> None:
        """4: the events are all there are: count and hash chain are those in the record."""
        events = [_raw(event, TRACE_HEAD) for event in self.file.events]
        count, head = _trace_of(record)
        if count is None:
            if events:
                raise _failed(TRACE_HEAD, "the object keeps no trace but events are listed")
            self._passed(TRACE_HEAD, "the object keeps no trace")
            return
        if len(events) != count:
            raise _failed(TRACE_HEAD, f"{count} events expected, {len(events)} listed")
        if head_of(self.suite.hash, events) != head:
            raise _failed(TRACE_HEAD, "the events do not give the record's trace head")
        with _Step(TRACE_HEAD):
            self.events = tuple(decode_event(event) for event in events)
        if any(event.index != number for number, event in enumerate(self.events)):
            raise _failed(TRACE_HEAD, "the events are not numbered in order")
        if any(event.height > header.height for event in self.events):
            raise _failed(TRACE_HEAD, "an event is later than the header")
        self._passed(TRACE_HEAD, f"all {count} events of the object, none missing")

    def _transactions(self, header: Header, hash_of_block: bytes) -> list[ParsedTransaction]:
        """5: each transaction is in this chain's history, at the height its event names."""
        step, found = TRANSACTIONS, []
        named = {(event.tx_hash, event.height) for event in self.events}
        for part in self.file.transactions:
            with _Step(step):
                block_header = Header.decode(_raw(part.header, step))
                raw = _raw(part.transaction, step)
                parsed = parse_transaction(raw, self.suite, chain_id=header.chain_id)
            self._in_history(header, hash_of_block, block_header, part)
            path, place = _raws(part.path, step), (part.index, part.size)
            if not verify_transaction(self.suite, block_header, raw, *place, path):
                raise _failed(step, "a transaction is not under its block's root")
            if (parsed.hash, block_header.height) not in named:
                raise _failed(step, "a transaction is named by no event at its height")
            found.append(parsed)
        if len({parsed.hash for parsed in found}) != len(found):
            raise _failed(step, "a transaction is listed twice")
        covered = len({tx for tx, _ in named} & {parsed.hash for parsed in found})
        self._passed(step, f"{covered} of the trace's {len(named)} transactions, in their blocks")
        return found

    def _in_history(
        self, header: Header, hash_of_block: bytes, old: Header, part: TransactionPart
    ) -> None:
        hashed, path = block_hash(self.suite, old), _raws(part.history_path, TRANSACTIONS)
        if hashed == hash_of_block and not path:
            return
        if not verify_history(self.suite, header, old.height, hashed, path):
            raise _failed(TRANSACTIONS, "a block is not in the certified header's history")

    def _receipts(self, parsed: Sequence[ParsedTransaction]) -> None:
        """6: each listed receipt is its transaction's and under its block's receipts root."""
        step, total = RECEIPTS, 0
        for transaction, part in zip(parsed, self.file.transactions, strict=True):
            with _Step(step):
                root = Header.decode(_raw(part.header, step)).receipts_root
                receipts = [Receipt.decode(_raw(entry.receipt, step)) for entry in part.receipts]
            for receipt, entry in zip(receipts, part.receipts, strict=True):
                path, place = _raws(entry.path, step), (entry.index, entry.size)
                if receipt.tx_hash != transaction.hash:
                    raise _failed(step, "a receipt is of another transaction")
                if not verify_receipt(self.suite, root, receipt, *place, path):
                    raise _failed(step, "a receipt is not under its block's root")
            operations = [receipt.operation for receipt in receipts]
            if operations != list(range(len(transaction.body.operations))):
                raise _failed(step, "one receipt for each operation expected, in order")
            total += len(receipts)
        self._passed(step, f"{total} receipts, one for each operation")

    def _signatures(self, parsed: Sequence[ParsedTransaction]) -> None:
        """7: each transaction is signed by the key it names."""
        with _Step(SIGNATURES):
            for transaction in parsed:
                check_signature(self.suite, transaction)
        self._passed(SIGNATURES, f"{len(parsed)} transactions signed by the keys they name")

    def _passed(self, name: str, detail: str) -> None:
        self.checks.append(Check(name, detail))


class _Step:
    """Turns any refusal inside the block into BAD_EVIDENCE naming the check."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, Rejected) and error.code is not BAD_EVIDENCE:
            about = error.fields.get("reason", error.code.name)
            raise _failed(self._name, f"{error.code.name}: {about}") from None


def _load(raw: bytes) -> EvidenceFile:
    if len(raw) > EVIDENCE_BYTES_MAX:
        raise _failed(FILE_FORM, "the file is too large")
    try:
        file = msgspec.json.decode(raw, type=EvidenceFile)
    except (msgspec.DecodeError, ValueError, RecursionError):
        raise _failed(FILE_FORM, "not an evidence file") from None
    if file.format != FORMAT:
        raise _failed(FILE_FORM, f"format {FORMAT} expected")
    if len(file.events) > EVIDENCE_EVENTS_MAX or len(file.lineage) > EVIDENCE_LINEAGE_MAX:
        raise _failed(FILE_FORM, "too many events or changes of validators")
    if dump_file(file) != raw:  # one form only: no repeated names, no second way to write a value
        raise _failed(FILE_FORM, "not in the prescribed form")
    return file


def _trace_of(record: bytes | None) -> tuple[int | None, bytes]:
    """trace_count and trace_head of a record that keeps a trace; (None, b"") of any other."""
    if record is None:
        return None, b""
    with _Step(TRACE_HEAD):
        fields = untyped(record)
    if not isinstance(fields, dict) or "trace_count" not in fields:
        return None, b""
    count, head = fields["trace_count"], fields.get("trace_head")
    if not isinstance(count, int) or not isinstance(head, bytes):
        raise _failed(TRACE_HEAD, "trace_count and trace_head are not a number and bytes")
    return count, head


def _raw(text: str, step: str) -> bytes:
    """The bytes of lower-case hex."""
    if len(text) % 2 or text.strip("0123456789abcdef"):
        raise _failed(step, "lower-case hex expected")
    return bytes.fromhex(text)


def _raws(texts: Sequence[str], step: str) -> list[bytes]:
    return [_raw(text, step) for text in texts]


def _failed(check: str, reason: str) -> Rejected:
    return Rejected(BAD_EVIDENCE, check=check, reason=reason)
