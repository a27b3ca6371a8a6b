"""Running a block's transactions over the state as it was before: the same input, the same roots.

Everything here is a function of its arguments and the committed state; nothing is written. The next
stop on the main path is contracts/registry.py:apply_transaction.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from contracts.framework import BlockContext
from contracts.registry import OperationResult, apply_transaction
from contracts.state_view import StateView
from crypto.suites import Suite
from faults import invariant
from ledger.block import Block, Header, block_hash, transactions_root
from ledger.limits import RECEIPT_FIELDS_MAX
from ledger.receipt import Receipt, events_hash, receipts_root
from ledger.state_tree import StateTree
from ledger.transaction import ParsedTransaction
from node.block_store import Applied

FIELD_BYTES_SHOWN = 512
"""Of a refusal's field; well within what a receipt may hold."""


class Unapplicable(Exception):
    """The transaction at `index` made a contract fail in a way that is no refusal: a defect."""

    def __init__(self, index: int) -> None:
        self.index = index
        super().__init__(f"transaction {index} can't be applied")


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What is known about a block before its transactions ran."""

    chain_id: str
    height: int
    time_ms: int
    previous_hash: bytes
    history_root: bytes
    validators_hash: bytes
    next_validators_hash: bytes
    proposer: bytes


@dataclass(frozen=True, slots=True)
class Outcome:
    """A block as executed: its roots are in its header, its effects wait for the commit."""

    block: Block
    block_hash: bytes
    applied: tuple[Applied, ...]
    state_batch: Mapping[bytes, bytes | None]
    writes: Mapping[str, bytes | None]
    """Every state key written, with its new value: what nodes compare when their roots differ."""


def run(
    suite: Suite, tree: StateTree, frame: Frame, transactions: Sequence[ParsedTransaction]
) -> Outcome:
    """Apply the transactions in order and fill in the header. Raises Unapplicable.

    The tree's newest version must be the height before the frame's.
    """
    view = StateView(tree)
    context = BlockContext(
        chain_id=frame.chain_id, suite=suite, height=frame.height, time_ms=frame.time_ms
    )
    applied = tuple(
        _apply(suite, view, context, index, parsed) for index, parsed in enumerate(transactions)
    )
    writes = view.writes()
    staged = tree.stage(frame.height, frame.height - 1, writes)
    receipts = [receipt for one in applied for receipt in one.receipts]
    raw = tuple(parsed.raw for parsed in transactions)
    header = Header(
        chain_id=frame.chain_id,
        height=frame.height,
        time_ms=frame.time_ms,
        previous_hash=frame.previous_hash,
        transactions_root=transactions_root(suite, raw),
        receipts_root=receipts_root(suite, receipts),
        state_root=staged.root,
        history_root=frame.history_root,
        validators_hash=frame.validators_hash,
        next_validators_hash=frame.next_validators_hash,
        proposer=frame.proposer,
    )
    return Outcome(Block(header, raw), block_hash(suite, header), applied, staged.batch, writes)


def _apply(
    suite: Suite, view: StateView, context: BlockContext, index: int, parsed: ParsedTransaction
) -> Applied:
    savepoint = view.savepoint()
    try:
        results = apply_transaction(view, context, parsed)
    except Exception as error:  # contracts refuse with results; anything else is a defect
        view.rollback(savepoint)
        raise Unapplicable(index) from error
    invariant(len(results) == len(parsed.body.operations), "one result for each operation")
    return Applied(
        tx_hash=parsed.hash,
        signer=parsed.body.signer,
        nonce=parsed.body.nonce,
        last_height=parsed.body.last_height,
        receipts=tuple(
            _receipt(suite, parsed.hash, operation, result)
            for operation, result in enumerate(results)
        ),
        events=tuple(event for result in results for event in result.events),
    )


def _receipt(suite: Suite, tx_hash: bytes, operation: int, result: OperationResult) -> Receipt:
    return Receipt(
        tx_hash=tx_hash,
        operation=operation,
        code=result.code,
        fields=_bounded(result.fields),
        result=result.result,
        events_hash=events_hash(suite, result.events),
    )


def _bounded(fields: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """A refusal's fields as a receipt may hold them: what quotes a long request is cut, visibly."""
    kept = sorted(fields.items())[:RECEIPT_FIELDS_MAX]
    return tuple((name, _cut(value)) for name, value in kept)


def _cut(value: str) -> str:
    raw = value.encode("utf-8")
    if len(raw) <= FIELD_BYTES_SHOWN:
        return value
    return raw[:FIELD_BYTES_SHOWN].decode("utf-8", errors="ignore") + "..."
