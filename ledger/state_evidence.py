"""State evidence: a leaf's value or absence under a certified header, as chains show each other.

For a reader whose light client is behind it also carries the changes of validators in between.
"""

from dataclasses import dataclass

from crypto.suites import Suite
from faults import Rejected
from ledger.block import HEADER_BYTES_MAX, Header
from ledger.certificate import CERTIFICATE_BYTES_MAX, Certificate, verify_header
from ledger.codec import Reader, Writer
from ledger.codes import BAD_PROOF
from ledger.limits import (
    STATE_EVIDENCE_BYTES_MAX,
    STATE_KEY_BYTES_MAX,
    STATE_VALUE_BYTES_MAX,
)
from ledger.lineage import LineageStep, read_lineage, write_lineage
from ledger.state_proof import StateProof, verify_state
from ledger.validators import ValidatorSet

_PROOF_BYTES_MAX = 64 * 1024


@dataclass(frozen=True, slots=True)
class StateEvidence:
    """A key's value (None: its absence) with state proof, header and certificate.

    lineage: changes of validators that a light client may need to know the header's set.
    """

    header: Header
    certificate: Certificate
    key: str
    value: bytes | None
    proof: StateProof
    lineage: tuple[LineageStep, ...] = ()

    def encode(self) -> bytes:
        """Canonical bytes: header, certificate, key, u8 present, value, proof, lineage if any."""
        writer = Writer().lp(self.header.encode()).lp(self.certificate.encode()).text(self.key)
        if self.value is None:
            writer.u8(0)
        else:
            writer.u8(1).lp(self.value)
        writer.lp(self.proof.encode())
        if self.lineage:
            write_lineage(writer, self.lineage)
        return writer.done()

    @staticmethod
    def decode(data: bytes) -> "StateEvidence":
        """Read `encode`'s bytes; MALFORMED otherwise. Checks no proof."""
        reader = Reader(data, "state evidence", limit=STATE_EVIDENCE_BYTES_MAX)
        header = Header.decode(reader.lp(HEADER_BYTES_MAX))
        certificate = Certificate.decode(reader.lp(CERTIFICATE_BYTES_MAX))
        key = reader.text(STATE_KEY_BYTES_MAX)
        present = reader.u8()
        if present > 1:
            raise reader.refusal("present is 0 or 1")
        value = reader.lp(STATE_VALUE_BYTES_MAX) if present else None
        proof = StateProof.decode(reader.lp(_PROOF_BYTES_MAX))
        lineage = read_lineage(reader) if reader.more() else ()
        reader.end()
        return StateEvidence(header, certificate, key, value, proof, lineage)


def verify_state_evidence(suite: Suite, validators: ValidatorSet, evidence: StateEvidence) -> None:
    """Check certificate, header and proof. Raises Rejected: BAD_CERTIFICATE or BAD_PROOF."""
    verify_header(suite, validators, evidence.header, evidence.certificate)
    check_state_proof(suite, evidence)


def check_state_proof(suite: Suite, evidence: StateEvidence) -> None:
    """Check the proof against the header's state root only. Raises Rejected(BAD_PROOF)."""
    root = evidence.header.state_root
    if not verify_state(suite.hash, root, evidence.key, evidence.value, evidence.proof):
        raise Rejected(BAD_PROOF, reason="state proof does not lead to the header's state root")
