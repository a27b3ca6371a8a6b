"""Evidence in one place: what chains show each other, and the file for auditors.

Between chains: `state_evidence`. The file is made in `evidence_file` and checked in
`evidence_check`, against a checkpoint of `checkpoint`.
"""

from ledger.checkpoint import Checkpoint, load_checkpoint, make_checkpoint
from ledger.evidence_check import Check, Report, verify_evidence
from ledger.evidence_file import (
    EvidenceFile,
    LineagePart,
    ReceiptPart,
    TransactionPart,
    build_evidence,
    lineage_part,
    transaction_part,
)
from ledger.lineage import LineageStep
from ledger.state_evidence import StateEvidence, check_state_proof, verify_state_evidence

__all__ = [
    "Check",
    "Checkpoint",
    "EvidenceFile",
    "LineagePart",
    "LineageStep",
    "ReceiptPart",
    "Report",
    "StateEvidence",
    "TransactionPart",
    "build_evidence",
    "check_state_proof",
    "lineage_part",
    "load_checkpoint",
    "make_checkpoint",
    "transaction_part",
    "verify_evidence",
    "verify_state_evidence",
]
