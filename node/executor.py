"""The application under consensus: builds, executes and commits blocks on this node's store.

Implements `consensus.application.Application`. A block is executed before it is voted for, and its
effects are kept by block hash until it is committed (or another is). Calls come from the consensus
driver one at a time; reads may come from any thread and see committed heights only.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable

from consensus.application import OtherRoots
from consensus.bisection import EVERYTHING, Selection
from contracts.governance.records import (
    DELAY,
    VALIDATORS_KEY,
    ValidatorsRecord,
    admitted_record,
)
from contracts.registry import check_signer, initial_state
from crypto.suites import Suite, suite
from faults import Misuse, Rejected, invariant
from ledger.block import Block, Header, block_hash, history_leaf
from ledger.certificate import Certificate
from ledger.equivocation import Equivocation
from ledger.genesis import genesis_hash, load_genesis
from ledger.merkle import HashLog
from ledger.records import decode
from ledger.state_tree import StateTree
from ledger.transaction import ParsedTransaction
from ledger.validators import ValidatorSet
from node.admission import Admission
from node.block_store import BlockStore, BlockWrite
from node.codes import TX_QUARANTINED
from node.execution import Frame, Outcome, Unapplicable, run
from node.logs import get_logger, log_event
from node.mempool import Pool, Waiting
from node.validator_history import ValidatorHistory
from node.why.write_sets import WriteSets

QUARANTINE_MAX = 1_000
"""Transactions held back; they are remembered by this process only, and found again if need be."""

OUTCOMES_KEPT = 8
"""Executed blocks whose effects wait for a decision: rounds of one height."""

_log = get_logger("node.executor")

BUILD_BYTES_MAX = 13 * 1024 * 1024
"""How much a block of ours holds at most: consensus messages carry blocks of up to 14 MiB."""

_ROOTS_OF_EXECUTION = ("receipts_root", "state_root")

CommitListener = Callable[[int, tuple[bytes, ...]], None]


class Executor:
    """One chain's application on one store."""

    def __init__(
        self,
        store: BlockStore,
        genesis_file: bytes,
        pool: Pool,
    ) -> None:
        """Open the chain in `store`, beginning it from the genesis file when the store is empty."""
        genesis = load_genesis(genesis_file)
        self.genesis = genesis
        self.suite: Suite = suite(genesis.suite)
        self.store = store
        self.pool = pool
        self.tree = StateTree(store.kv, self.suite.hash)
        self.admission = Admission(store, self.suite, genesis.chain_id)
        self.genesis_hash = genesis_hash(genesis_file)
        self._listeners: list[CommitListener] = []
        self.reporter: Callable[[Equivocation], None] | None = None
        self._outcomes: OrderedDict[bytes, Outcome] = OrderedDict()
        self._quarantine: OrderedDict[bytes, None] = OrderedDict()
        self.write_sets = WriteSets(self.suite)
        self._lock = threading.RLock()
        self._begin()
        self.validator_history = ValidatorHistory.of(store.validator_changes())
        self._height = store.height()
        self._log = store.log()
        self._last_hash: bytes = self.genesis_hash
        self._last_header: Header | None = None
        if last := store.header(self._height):
            self._last_hash, self._last_header = last

    def close(self) -> None:
        """Stop the helper threads; the store is closed by who opened it."""
        self.admission.close()

    # ---- consensus.application.Application

    def height(self) -> int:
        """The newest committed height; 0 before the first block."""
        return self._height

    def last_header(self) -> Header | None:
        """The newest committed header."""
        return self._last_header

    def validators(self, height: int) -> ValidatorSet:
        """Who decides the block at `height`, which is at most two above the newest committed."""
        if height > self._height + DELAY:
            raise Misuse(f"who decides height {height} is not known at height {self._height}")
        return self.validator_history.at(max(1, height))

    def signing_record(self, public_key: bytes, height: int) -> bytes | None:
        """Which signing record may sign with a validator's key at `height`; None: none may."""
        return admitted_record(self.tree, public_key, height)

    def block(self, height: int) -> tuple[Block, Certificate] | None:
        """A committed block with its best certificate."""
        block, certificate = self.store.block(height), self.store.certificate(height)
        return (block, certificate) if block and certificate else None

    def pool_size(self) -> int:
        """How many transactions wait."""
        return len(self.pool)

    def build(
        self, height: int, proposer: bytes, time_ms: int, selection: Selection = EVERYTHING
    ) -> Block:
        """Prepare the next block from the pool; what may not stand in it is dropped there.

        `time_ms` is moved behind the parent's, which for block 1 is the genesis file's: a clock may
        be behind that of the machine the file was made on.
        """
        with self._lock:
            self._expect(height)
            parsed = self._candidates(height, selection)
            frame = self._frame(max(time_ms, self._parent_time_ms() + 1), proposer)
            while True:
                try:
                    outcome = run(self.suite, self.tree, frame, parsed)
                    break
                except Unapplicable as defect:
                    culprit = parsed.pop(defect.index)
                    self.pool.remove([culprit.hash])
                    self._log_defect(culprit)
            self._keep(outcome)
            return outcome.block

    def execute(self, block: Block) -> str | None:
        """Process a proposed block: None when it may be voted for, else the reason it may not."""
        with self._lock:
            header = block.header
            known = self._outcomes.get(block_hash(self.suite, header))
            if known is not None:  # the hash covers the header only
                same = known.block.transactions == block.transactions
                return None if same else "its transactions_root differs"
            reason = self._header_fault(block)
            if reason is not None:
                return reason
            try:
                parsed = [self.admission.parse(raw) for raw in block.transactions]
            except Rejected as refused:
                return f"a transaction is {refused.code.name}"
            operations = sum(len(one.body.operations) for one in parsed)
            if operations > self.genesis.parameters.max_block_operations:
                return "it has more operations than a block may have"
            for index, refusal in enumerate(self.admission.check_block(parsed, header.height)):
                if refusal is not None:
                    return f"transaction {index} is {refusal.code.name}"
            try:
                frame = self._frame(header.time_ms, header.proposer)
                outcome = run(self.suite, self.tree, frame, parsed)
            except Unapplicable as defect:
                self._log_defect(parsed[defect.index])
                return OtherRoots(f"transaction {defect.index} can't be applied")
            if outcome.block.header != header:
                self.write_sets.differ(header, outcome)
                return _difference(header, outcome.block.header)
            self._keep(outcome)
            return None

    def transaction_hashes(self, block: Block) -> tuple[bytes, ...]:
        """The hashes by which clients know a block's transactions; none of a malformed block."""
        try:
            return tuple(self.admission.parse(raw).hash for raw in block.transactions)
        except Rejected:
            return ()

    def quarantine(self, tx_hash: bytes) -> None:
        """Hold a transaction back: nodes execute it to different roots."""
        with self._lock:
            self._quarantine[tx_hash] = None
            while len(self._quarantine) > QUARANTINE_MAX:
                self._quarantine.popitem(last=False)
        self.pool.remove([tx_hash])

    def report(self, found: Equivocation) -> None:
        """Pass on evidence against a validator; nothing happens in a node that reports none."""
        if self.reporter is not None:
            self.reporter(found)

    def commit(self, block: Block, certificate: Certificate) -> None:
        """Finalize: everything the block did becomes durable in one batch, then readers see it."""
        with self._lock:
            self._expect(block.header.height)
            decided = block_hash(self.suite, block.header)
            if certificate.block_hash != decided:
                raise Misuse("the certificate is for another block")
            reason = self.execute(block)
            invariant(reason is None, f"a decided block does not execute: {reason}")
            outcome = self._outcomes[decided]
            log, nodes = self._log.append_with_nodes(self.suite.hash, history_leaf(decided))
            change = self._validator_change(block.header.height, outcome)
            self.store.commit(
                BlockWrite(
                    block=block,
                    block_hash=decided,
                    certificate=certificate,
                    applied=outcome.applied,
                    log=log,
                    log_nodes=nodes,
                    state_batch=outcome.state_batch,
                    validators=change,
                )
            )
            if change is not None:
                self.validator_history = self.validator_history.with_change(*change)
            self._advance(block.header, decided, log)
        hashes = tuple(one.tx_hash for one in outcome.applied)
        self.pool.remove(hashes)
        self.pool.expire(self._height + 1)
        for listener in self._listeners:
            listener(block.header.height, hashes)

    def attach_committed(self, height: int, certificate: Certificate) -> None:
        """Keep the COMMITTED certificate of a block that is committed already."""
        stored = self.store.header(height)
        if stored is None or stored[0] != certificate.block_hash:
            raise Misuse("a COMMITTED certificate for a block that is not committed here")
        self.store.attach(certificate)

    def check(self, raw: bytes) -> ParsedTransaction:
        """Whether a transaction could stand in the next block; Rejected says why not."""
        return self.admission.admit(raw, self._height + 1)

    # ---- the node's own side

    def submit(self, raw: bytes) -> tuple[bytes, bool]:
        """Check a transaction and put it into the pool: its hash, and whether it was new there.

        Rejected as `check` does, and for a signer whom the newest state does not know: a block may
        hold such a transaction, refused in its receipt, but strangers shall not fill our blocks.
        """
        parsed = self.check(raw)
        check_signer(self.tree, parsed.body.signer)
        if parsed.hash in self._quarantine:
            raise Rejected(TX_QUARANTINED, tx_hash=parsed.hash.hex())
        waiting = Waiting(
            tx_hash=parsed.hash,
            signer=parsed.body.signer,
            nonce=parsed.body.nonce,
            last_height=parsed.body.last_height,
            operations=len(parsed.body.operations),
            raw=raw,
        )
        return parsed.hash, self.pool.add(waiting)

    def on_commit(self, listener: CommitListener) -> None:
        """Call `listener(height, tx hashes)` after each commit, on the committing thread."""
        self._listeners.append(listener)

    def _begin(self) -> None:
        if self.store.open(self.genesis.chain_id, self.genesis_hash):
            return
        staged = self.tree.stage(0, None, initial_state(self.genesis))
        leaf = history_leaf(self.genesis_hash)
        log, nodes = HashLog().append_with_nodes(self.suite.hash, leaf)
        chain_id = self.genesis.chain_id
        state = dict(staged.batch)
        first = self.genesis.validator_set
        self.store.begin(chain_id, self.genesis_hash, log, nodes, state, first)

    def _validator_change(self, height: int, outcome: Outcome) -> tuple[int, ValidatorSet] | None:
        """The set that block `height` puts in force, and from where on; None if it changes none."""
        raw = outcome.writes.get(VALIDATORS_KEY)
        if raw is None:
            return None
        record = decode(ValidatorsRecord, raw)
        validators = ValidatorSet.decode(record.pending)
        if record.next_height != height + DELAY or validators == self.validators(height + 1):
            return None
        return record.next_height, validators

    def _expect(self, height: int) -> None:
        if height != self._height + 1:
            raise Misuse(f"height {height} does not follow height {self._height}")

    def _frame(self, time_ms: int, proposer: bytes) -> Frame:
        height = self._height + 1
        return Frame(
            chain_id=self.genesis.chain_id,
            height=height,
            time_ms=time_ms,
            previous_hash=self._last_hash,
            history_root=self._log.root(self.suite.hash),
            validators_hash=self.validators(height).hash(self.suite),
            next_validators_hash=self.validators(height + 1).hash(self.suite),
            proposer=proposer,
        )

    def _candidates(self, height: int, selection: Selection) -> list[ParsedTransaction]:
        waiting = self.pool.take(
            self.genesis.parameters.max_block_operations,
            min(self.genesis.parameters.max_block_bytes, BUILD_BYTES_MAX) >> selection.halvings,
            selection.allows,
        )
        parsed = [self.admission.parse(one.raw) for one in waiting]
        refusals = self.admission.check_block(parsed, height)
        unfit = [one.hash for one, why in zip(parsed, refusals, strict=True) if why is not None]
        self.pool.remove(unfit)
        return [one for one, why in zip(parsed, refusals, strict=True) if why is None]

    def _parent_time_ms(self) -> int:
        return self._last_header.time_ms if self._last_header else self.genesis.time_ms

    def _header_fault(self, block: Block) -> str | None:
        """What can be seen wrong without running anything."""
        header = block.header
        if header.height != self._height + 1:
            return f"height {header.height} does not follow height {self._height}"
        if header.time_ms <= self._parent_time_ms():
            return "its time is not later than its parent's"
        if self.validators(header.height).index(header.proposer) is None:
            return "its proposer is no validator"
        if sum(len(raw) for raw in block.transactions) > self.genesis.parameters.max_block_bytes:
            return "its transactions are larger than a block may be"
        return None

    def _keep(self, outcome: Outcome) -> None:
        self._outcomes[outcome.block_hash] = outcome
        self.write_sets.keep(outcome)
        while len(self._outcomes) > OUTCOMES_KEPT:
            self._outcomes.popitem(last=False)

    def _advance(self, header: Header, decided: bytes, log: HashLog) -> None:
        self._outcomes.clear()
        self._log = log
        self._last_hash, self._last_header = decided, header
        self._height = header.height

    def _log_defect(self, parsed: ParsedTransaction) -> None:
        log_event(
            _log,
            "error",
            "transaction.defect",
            tx_hash=parsed.hash.hex(),
            contract=parsed.body.contract,
            method=parsed.body.method,
        )
        _log.error("transaction.defect.trace", exc_info=True)


def _difference(offered: Header, computed: Header) -> str:
    for name in Header.__slots__:
        if getattr(offered, name) != getattr(computed, name):
            reason = f"its {name} differs"
            return OtherRoots(reason) if name in _ROOTS_OF_EXECUTION else reason
    return "its header differs"
