"""Evidence against validators on its way from this node's eyes onto the chain.

What consensus noticed is kept in the store at once, so a restart forgets nothing, and submitted as
a transaction that the node signs with its own key. It is forgotten when the record stands in the
state, whoever's report it was that put it there. Store: `Q/` state key of the record -> evidence.
"""

import contextlib
from collections.abc import Callable

from contracts.equivocation import (
    RECORDS_MAX,
    OffencesRecord,
    equivocation_key,
    offences_key,
)
from crypto.domain import tagged
from crypto.ports import Signer
from faults import Rejected
from ledger.equivocation import Equivocation
from ledger.records import decode
from ledger.transaction import encode_transaction, sign_body
from node.executor import Executor
from node.logs import get_logger, log_event
from proto.contracts_pb2 import ReportEquivocationRequest
from proto.transaction_pb2 import TxBody

PENDING = b"Q/"

PENDING_MAX = RECORDS_MAX
"""Evidence kept until it is on record; a validator that gives more has given enough."""

PATIENCE_HEIGHTS = 50
"""A report that is not in a block after so many is made anew."""

_log = get_logger("node.evidence_desk")


class EvidenceDesk:
    """Sees to it that every contradiction this node noticed gets on record.

    `announce` takes the transaction that reports one, to be told to the other nodes.
    """

    def __init__(
        self, executor: Executor, signer: Signer, announce: Callable[[bytes], None]
    ) -> None:
        self._executor = executor
        self._signer = signer
        self._announce = announce
        self._kv = executor.store.kv
        self._pending: dict[str, tuple[bytes, int]] = {}
        for key, evidence in self._kv.scan(PENDING):
            self._pending[key[len(PENDING) :].decode()] = (evidence, 0)
        executor.reporter = self.take
        executor.on_commit(self._committed)

    def __len__(self) -> int:
        """How many contradictions wait to get on record."""
        return len(self._pending)

    def take(self, found: Equivocation) -> None:
        """Keep a contradiction, durably, and report it."""
        key = equivocation_key(found)
        if key in self._pending or self._on_record(key) or len(self._pending) >= PENDING_MAX:
            return
        evidence = found.encode()
        self._kv.write({PENDING + key.encode(): evidence})
        self._pending[key] = (evidence, 0)
        log_event(_log, "error", "validator.equivocated", object=key, kind=found.kind.name)
        self._report(key)

    def _committed(self, height: int, _tx_hashes: tuple[bytes, ...]) -> None:
        """After each block: what is on record is done with; what is not by now is told again."""
        for key, (_, patience) in list(self._pending.items()):
            if self._on_record(key) or self._enough(key):
                del self._pending[key]
                self._kv.write({PENDING + key.encode(): None})
            elif height >= patience:
                self._report(key)

    def _report(self, key: str) -> None:
        evidence, _ = self._pending[key]
        patience = self._executor.height() + PATIENCE_HEIGHTS
        self._pending[key] = (evidence, patience)
        request = ReportEquivocationRequest(evidence=evidence)
        nonce = tagged("yilian/equivocation-report/v1", evidence, patience.to_bytes(8, "big"))
        body = TxBody(
            chain_id=self._executor.genesis.chain_id,
            contract="equivocation",
            method="report",
            operations=[request.SerializeToString(deterministic=True)],
            signer=self._signer.public_key,
            nonce=self._executor.suite.hash(nonce)[:16],
            last_height=patience,
        )
        signed = sign_body(self._signer, body.SerializeToString(deterministic=True))
        raw = encode_transaction(signed)
        with contextlib.suppress(Rejected):  # a full pool, say: there will be another time
            self._executor.submit(raw)
            self._announce(raw)

    def _on_record(self, key: str) -> bool:
        return self._executor.tree.get(key) is not None

    def _enough(self, key: str) -> bool:
        """Whether the contract takes no more against this validator."""
        summary = self._executor.tree.get(offences_key(bytes.fromhex(key.split("/")[1])))
        return summary is not None and decode(OffencesRecord, summary).count >= RECORDS_MAX
