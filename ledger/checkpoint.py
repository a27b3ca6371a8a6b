"""Checkpoints: what an auditor trusts before looking at evidence. A genesis file is one, too."""

import msgspec

from crypto.suites import Suite
from crypto.suites import suite as suite_of
from faults import Rejected
from ledger.block import Header
from ledger.codes import BAD_CHECKPOINT
from ledger.genesis import GenesisValidator, genesis_hash, load_genesis
from ledger.limits import GENESIS_BYTES_MAX, HASH_BYTES
from ledger.validators import Validator, ValidatorSet

CHECKPOINT_FORMAT = "yilian-checkpoint/1"


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the auditor trusts: a block, and the validators that decide the one after it."""

    format: str
    chain_id: str
    suite: str
    height: int
    block_hash: str
    validators: tuple[GenesisValidator, ...]

    @property
    def validator_set(self) -> ValidatorSet:
        """The validators as a set."""
        return ValidatorSet.of(
            *(
                Validator(bytes.fromhex(member.public_key), member.power)
                for member in self.validators
            )
        )


def make_checkpoint(
    suite: Suite, header: Header, hash_of_block: bytes, next_validators: ValidatorSet
) -> bytes:
    """A checkpoint file for a block its maker trusts."""
    checkpoint = Checkpoint(
        format=CHECKPOINT_FORMAT,
        chain_id=header.chain_id,
        suite=suite.name,
        height=header.height,
        block_hash=hash_of_block.hex(),
        validators=tuple(
            GenesisValidator(public_key=member.public_key.hex(), power=member.power)
            for member in next_validators.validators
        ),
    )
    return msgspec.json.format(msgspec.json.encode(checkpoint), indent=2) + b"\n"


def load_checkpoint(raw: bytes) -> Checkpoint:
    """The checkpoint in a checkpoint file or a genesis file; Rejected(BAD_CHECKPOINT)."""
    if len(raw) > GENESIS_BYTES_MAX:
        raise Rejected(BAD_CHECKPOINT, reason="the file is too large")
    try:
        checkpoint = msgspec.json.decode(raw, type=Checkpoint)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return _checkpoint_of_genesis(raw)
    if checkpoint.format != CHECKPOINT_FORMAT or checkpoint.height < 0:
        raise Rejected(BAD_CHECKPOINT, field="format")
    if len(checkpoint.block_hash) != 2 * HASH_BYTES:
        raise Rejected(BAD_CHECKPOINT, field="block_hash")
    try:
        suite_of(checkpoint.suite)
        bytes.fromhex(checkpoint.block_hash)
        len(checkpoint.validator_set)
    except (Rejected, ValueError):
        raise Rejected(BAD_CHECKPOINT, field="suite, block_hash or validators") from None
    return checkpoint


def _checkpoint_of_genesis(raw: bytes) -> Checkpoint:
    try:
        genesis = load_genesis(raw)
    except Rejected as refusal:
        raise Rejected(BAD_CHECKPOINT, reason=refusal.fields["reason"]) from None
    return Checkpoint(
        format=CHECKPOINT_FORMAT,
        chain_id=genesis.chain_id,
        suite=genesis.suite,
        height=0,
        block_hash=genesis_hash(raw).hex(),
        validators=genesis.validators,
    )
