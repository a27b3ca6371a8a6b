"""The evidence file's form and its making; `ledger/SPEC.md` describes it. Bytes are lower-case hex.

Nothing stands in the file that no check covers, so changing any byte of it makes a check fail.
"""

from collections.abc import Iterable, Sequence

import msgspec

from crypto.suites import Suite
from ledger.block import Block, Header, transaction_path
from ledger.certificate import Certificate
from ledger.receipt import Receipt, receipt_paths
from ledger.state_evidence import StateEvidence
from ledger.transaction import parse_transaction
from ledger.validators import ValidatorSet

FORMAT = "yilian-evidence/1"


class _Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of the file's parts: no unknown fields. All bytes are lower-case hex."""


class LineagePart(_Part, frozen=True, kw_only=True):
    """A change of validators: a certified header that announces `next_validators`."""

    header: str
    certificate: str
    next_validators: str


class ReceiptPart(_Part, frozen=True, kw_only=True):
    """One receipt, number `index` of the `size` in its block, and its path."""

    receipt: str
    index: int
    size: int
    path: tuple[str, ...]


class TransactionPart(_Part, frozen=True, kw_only=True):
    """One transaction, number `index` of `size`, its block's header, and its receipts.

    history_path shows the header's hash in the certified header's log; empty when it is that
    header.
    """

    transaction: str
    header: str
    history_path: tuple[str, ...]
    index: int
    size: int
    path: tuple[str, ...]
    receipts: tuple[ReceiptPart, ...]


class EvidenceFile(_Part, frozen=True, kw_only=True):
    """The whole file. record is None when the key's absence is proved."""

    format: str
    chain_id: str
    suite: str
    key: str
    record: str | None
    events: tuple[str, ...]
    header: str
    certificate: str
    proof: str
    lineage: tuple[LineagePart, ...]
    transactions: tuple[TransactionPart, ...]


def lineage_part(
    header: Header, certificate: Certificate, next_validators: ValidatorSet
) -> LineagePart:
    """One change of validators for `build_evidence`."""
    return LineagePart(
        header=header.encode().hex(),
        certificate=certificate.encode().hex(),
        next_validators=next_validators.encode().hex(),
    )


def transaction_part(
    suite: Suite,
    block: Block,
    receipts: Sequence[Receipt],
    index: int,
    history_path: Sequence[bytes],
) -> TransactionPart:
    """Transaction `index` of a block, with its receipts, for `build_evidence`.

    `receipts` are all of the block's, in order. `history_path` is the path of the block's entry in
    the log under the evidence's header (see `merkle.log_path`), empty when the block is that
    header's.
    """
    raw = block.transactions[index]
    tx_hash = parse_transaction(raw, suite, chain_id=block.header.chain_id).hash
    own = [number for number, receipt in enumerate(receipts) if receipt.tx_hash == tx_hash]
    paths = receipt_paths(suite, receipts, own)
    return TransactionPart(
        transaction=raw.hex(),
        header=block.header.encode().hex(),
        history_path=_hexes(history_path),
        index=index,
        size=len(block.transactions),
        path=_hexes(transaction_path(suite, block.transactions, index)),
        receipts=tuple(
            ReceiptPart(
                receipt=receipts[number].encode().hex(),
                index=number,
                size=len(receipts),
                path=_hexes(path),
            )
            for number, path in zip(own, paths, strict=True)
        ),
    )


def build_evidence(
    suite: Suite,
    state: StateEvidence,
    events: Sequence[bytes],
    transactions: Sequence[TransactionPart] = (),
    lineage: Sequence[LineagePart] = (),
) -> bytes:
    """The evidence file of one object: its leaf, its whole trace, and transactions of the trace."""
    return dump_file(
        EvidenceFile(
            format=FORMAT,
            chain_id=state.header.chain_id,
            suite=suite.name,
            key=state.key,
            record=None if state.value is None else state.value.hex(),
            events=_hexes(events),
            header=state.header.encode().hex(),
            certificate=state.certificate.encode().hex(),
            proof=state.proof.encode().hex(),
            lineage=tuple(lineage),
            transactions=tuple(transactions),
        )
    )


def dump_file(file: EvidenceFile) -> bytes:
    """The one form of the file: JSON, fields in order, indented by two, a final line break."""
    return msgspec.json.format(msgspec.json.encode(file), indent=2) + b"\n"


def _hexes(parts: Iterable[bytes]) -> tuple[str, ...]:
    return tuple(part.hex() for part in parts)
