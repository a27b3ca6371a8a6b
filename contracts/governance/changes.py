"""What a change makes of a validator set, and whether the chain would go on after it.

Two things are checked before a change stands. Whoever gets a say must hold the key: a new or
re-admitted key signs a statement of the last thousand blocks. And the chain must go on: members
that the approving organisations saw silent must leave more than two thirds of the new power.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from contracts.fields import malformed, public_key
from contracts.framework import Context
from contracts.governance.codes import (
    NO_LIVE_QUORUM,
    POSSESSION_INVALID,
    VALIDATOR_EXISTS,
    VALIDATOR_NOT_FOUND,
    VALIDATOR_SET_INVALID,
)
from contracts.governance.records import KeyRecord, key_key
from faults import Rejected
from ledger.limits import VALIDATORS_MAX, WINDOW
from ledger.validators import (
    SIGNING_RECORD_BYTES,
    Validator,
    ValidatorSet,
    possession_bytes,
    short_name,
)
from proto.contracts_pb2 import ValidatorChange

ADD, REMOVE, POWER, ROTATE, READMIT = "add", "remove", "power", "rotate", "readmit"
ACTIONS = (ADD, REMOVE, POWER, ROTATE, READMIT)
ADMITTING = (ADD, ROTATE, READMIT)
"""What lets a key, or a new signing record of it, begin to sign."""


@dataclass(frozen=True, slots=True)
class Admission:
    """A key that a change lets sign, with the signing record that its node named."""

    public_key: bytes
    signing_record: bytes


def check_form(changes: Sequence[ValidatorChange]) -> None:
    """Raise MALFORMED_REQUEST unless every change has what its action needs and nothing else."""
    if not 1 <= len(changes) <= VALIDATORS_MAX:
        raise malformed("changes", f"1 to {VALIDATORS_MAX} are expected")
    for change in changes:
        if change.action not in ACTIONS:
            raise malformed("action", "one of " + ", ".join(ACTIONS))
        public_key("public_key", change.public_key)
        if change.action == ROTATE:
            public_key("new_public_key", change.new_public_key)
        elif change.new_public_key:
            raise malformed("new_public_key", "only to rotate")
        if (change.action in (ADD, POWER)) != (change.power > 0):
            raise malformed("power", "above zero to add or to change power, else absent")
        if len(change.signing_record) not in (0, SIGNING_RECORD_BYTES):
            raise malformed("signing_record", f"absent or {SIGNING_RECORD_BYTES} bytes")
        proof = (change.signing_record, change.possession, change.possession_height)
        if change.action not in ADMITTING and any(proof):
            raise malformed("possession", "only where a key begins to sign")


def changed_set(before: ValidatorSet, changes: Iterable[ValidatorChange]) -> ValidatorSet:
    """The set after these changes, in their order.

    Raises Rejected VALIDATOR_EXISTS, VALIDATOR_NOT_FOUND or VALIDATOR_SET_INVALID.
    """
    powers = {member.public_key: member.power for member in before.validators}
    for change in changes:
        key = change.public_key
        if change.action == ADD:
            _require_stranger(powers, key)
            powers[key] = change.power
            continue
        if key not in powers:
            raise Rejected(VALIDATOR_NOT_FOUND, validator=short_name(key))
        if change.action == REMOVE:
            del powers[key]
        elif change.action == POWER:
            powers[key] = change.power
        elif change.action == ROTATE:
            _require_stranger(powers, change.new_public_key)
            powers[change.new_public_key] = powers.pop(key)
    try:
        return ValidatorSet.of(*(Validator(key, power) for key, power in sorted(powers.items())))
    except Rejected as refused:
        raise Rejected(VALIDATOR_SET_INVALID, reason=refused.fields["reason"]) from None


def admissions(ctx: Context, changes: Iterable[ValidatorChange]) -> list[Admission]:
    """The keys these changes let sign, each proved to be held now. Raises POSSESSION_INVALID."""
    found: list[Admission] = []
    for change in changes:
        if change.action not in ADMITTING:
            continue
        key = change.new_public_key if change.action == ROTATE else change.public_key
        if any(one.public_key == key for one in found):
            raise Rejected(VALIDATOR_EXISTS, validator=short_name(key))
        _check_possession(ctx, key, change)
        found.append(Admission(key, change.signing_record))
    return found


def check_live_quorum(after: ValidatorSet, absent: Iterable[bytes]) -> None:
    """Raise NO_LIVE_QUORUM, naming the missing, unless the rest of `after` can decide a block."""
    silent = frozenset(absent)
    missing = [one for one in after.validators if one.public_key in silent]
    live = after.total_power - sum(one.power for one in missing)
    if not after.has_quorum(live):
        raise Rejected(
            NO_LIVE_QUORUM,
            missing=",".join(short_name(one.public_key) for one in missing),
            live_power=live,
            needed_power=after.quorum,
        )


def _require_stranger(powers: dict[bytes, int], key: bytes) -> None:
    if key in powers:
        raise Rejected(VALIDATOR_EXISTS, validator=short_name(key))


def _check_possession(ctx: Context, key: bytes, change: ValidatorChange) -> None:
    before = ctx.load(KeyRecord, key_key(key))
    epoch = before.epoch + 1 if before is not None else 1
    made = change.possession_height
    if not made <= ctx.height <= made + WINDOW:
        raise Rejected(POSSESSION_INVALID, validator=short_name(key), height=made)
    statement = possession_bytes(ctx.chain_id, key, epoch, change.signing_record, made)
    if not ctx.suite.verify(key, statement, change.possession):
        raise Rejected(POSSESSION_INVALID, validator=short_name(key), epoch=epoch)
