"""The two statements validators sign, and certificates: one statement by more than two thirds.

PRECOMMIT is a vote of one round; COMMITTED is said after finalization, one hash per height for
ever. Each has its own domain tag, so neither can pass for the other.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from crypto.domain import tagged
from crypto.suites import Suite
from faults import Misuse, Rejected
from ledger.block import Header, block_hash
from ledger.codec import Reader, Writer
from ledger.codes import BAD_CERTIFICATE
from ledger.limits import (
    CHAIN_ID_BYTES_MAX,
    HASH_BYTES,
    ROUND_MAX,
    SIGNATURE_BYTES,
    VALIDATORS_MAX,
)
from ledger.validators import ValidatorSet

PRECOMMIT = 1
COMMITTED = 2

CERTIFICATE_BYTES_MAX = 4096


def precommit_bytes(chain_id: str, height: int, round: int, block_hash: bytes) -> bytes:
    """The message a PRECOMMIT signature signs, domain tag included."""
    writer = Writer().text(chain_id).u64(height).u32(round).fixed(block_hash, HASH_BYTES)
    return tagged("yilian/precommit/v1", writer.done())


def committed_bytes(chain_id: str, height: int, block_hash: bytes) -> bytes:
    """The message a COMMITTED signature signs, domain tag included."""
    writer = Writer().text(chain_id).u64(height).fixed(block_hash, HASH_BYTES)
    return tagged("yilian/committed/v1", writer.done())


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """One statement and its signatures.

    bitmap: bit i (byte i // 8, least significant bit first) says that validator i of the set
    signed; signatures are in ascending order of i. round is 0 for COMMITTED.
    """

    kind: int
    chain_id: str
    height: int
    round: int
    block_hash: bytes
    bitmap: bytes
    signatures: tuple[bytes, ...]

    @staticmethod
    def assemble(
        *,
        kind: int,
        chain_id: str,
        height: int,
        round: int,
        block_hash: bytes,
        validators: ValidatorSet,
        signatures: Mapping[int, bytes],
    ) -> "Certificate":
        """Put collected signatures, by validator index, into a certificate; verifies nothing."""
        bitmap = bytearray((len(validators) + 7) // 8)
        for index in signatures:
            if not 0 <= index < len(validators):
                raise Misuse(f"no validator {index}")
            bitmap[index // 8] |= 1 << index % 8
        return Certificate(
            kind=kind,
            chain_id=chain_id,
            height=height,
            round=round,
            block_hash=block_hash,
            bitmap=bytes(bitmap),
            signatures=tuple(signatures[index] for index in sorted(signatures)),
        )

    @property
    def signers(self) -> tuple[int, ...]:
        """Indexes of the validators whose bit is set, ascending."""
        return tuple(i for i in range(8 * len(self.bitmap)) if self.bitmap[i // 8] >> i % 8 & 1)

    def message(self) -> bytes:
        """What every signature in this certificate signs."""
        if self.kind == PRECOMMIT:
            return precommit_bytes(self.chain_id, self.height, self.round, self.block_hash)
        return committed_bytes(self.chain_id, self.height, self.block_hash)

    def encode(self) -> bytes:
        """Canonical bytes, in the order of the fields."""
        writer = Writer().u8(self.kind).text(self.chain_id).u64(self.height).u32(self.round)
        writer.fixed(self.block_hash, HASH_BYTES).lp(self.bitmap).u32(len(self.signatures))
        for signature in self.signatures:
            writer.fixed(signature, SIGNATURE_BYTES)
        return writer.done()

    @staticmethod
    def decode(data: bytes) -> "Certificate":
        """Read `encode`'s bytes; MALFORMED otherwise. Verifies no signature."""
        reader = Reader(data, "certificate", limit=CERTIFICATE_BYTES_MAX)
        certificate = Certificate(
            kind=reader.u8(),
            chain_id=reader.text(CHAIN_ID_BYTES_MAX),
            height=reader.u64(),
            round=reader.u32(),
            block_hash=reader.fixed(HASH_BYTES),
            bitmap=reader.lp((VALIDATORS_MAX + 7) // 8),
            signatures=tuple(
                reader.fixed(SIGNATURE_BYTES) for _ in range(reader.count(VALIDATORS_MAX))
            ),
        )
        reader.end()
        if certificate.kind not in (PRECOMMIT, COMMITTED):
            raise reader.refusal("unknown kind")
        return certificate


def verify_certificate(suite: Suite, validators: ValidatorSet, certificate: Certificate) -> None:
    """Raise Rejected(BAD_CERTIFICATE, reason=...) unless a quorum of `validators` signed it.

    Every signature present must verify: a certificate has no unexamined part. Whether it is about
    the block one has in mind is `verify_header`'s question.
    """
    if certificate.kind not in (PRECOMMIT, COMMITTED):
        raise _bad("unknown kind")
    if certificate.round > ROUND_MAX or (certificate.kind == COMMITTED and certificate.round):
        raise _bad("round out of range")
    if len(certificate.bitmap) != (len(validators) + 7) // 8:
        raise _bad("bitmap has the wrong size")
    signers = certificate.signers
    if signers and signers[-1] >= len(validators):
        raise _bad("bitmap names a validator that does not exist")
    if len(signers) != len(certificate.signatures):
        raise _bad("signatures and bitmap differ in number")
    power = sum(validators.validators[index].power for index in signers)
    if not validators.has_quorum(power):
        raise _bad("not more than two thirds of the power signed")
    message = certificate.message()
    for index, signature in zip(signers, certificate.signatures, strict=True):
        key = validators.validators[index].public_key
        if not suite.verify(key, message, signature):
            raise _bad("a signature does not verify", validator=index)


def verify_header(
    suite: Suite, validators: ValidatorSet, header: Header, certificate: Certificate
) -> bytes:
    """Check that `certificate` by `validators` decides exactly `header`; returns the block hash.

    Raises Rejected(BAD_CERTIFICATE, reason=...): another chain, height, hash or set, or no quorum.
    """
    hash_of_block = block_hash(suite, header)
    if certificate.chain_id != header.chain_id:
        raise _bad("certificate and header name different chains")
    if certificate.height != header.height:
        raise _bad("certificate and header have different heights")
    if certificate.block_hash != hash_of_block:
        raise _bad("certificate is for another block hash")
    if validators.hash(suite) != header.validators_hash:
        raise _bad("header names another validator set")
    verify_certificate(suite, validators, certificate)
    return hash_of_block


def _bad(reason: str, **fields: str | int) -> Rejected:
    return Rejected(BAD_CERTIFICATE, reason=reason, **fields)
