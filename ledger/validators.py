"""Validator sets: who decides blocks, with which power."""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from crypto.domain import tagged
from crypto.suites import Suite
from ledger.codec import Reader, Writer
from ledger.limits import POWER_MAX, PUBLIC_KEY_BYTES, VALIDATORS_MAX

VALIDATOR_SET_BYTES_MAX = 4 + VALIDATORS_MAX * (PUBLIC_KEY_BYTES + 8)
SIGNING_RECORD_BYTES = 16
"""Id of a node's record of what it signed; empty stands for the record a key began with."""


@dataclass(frozen=True, slots=True)
class Validator:
    """One member: its 65-byte public key and its voting power, 1 to 1,000,000,000."""

    public_key: bytes
    power: int


@dataclass(frozen=True)
class ValidatorSet:
    """1 to 31 validators, ascending by public key, each key once. Use `of` to sort."""

    validators: tuple[Validator, ...]

    def __post_init__(self) -> None:
        reader = Reader(b"", "validator set")
        if not 1 <= len(self.validators) <= VALIDATORS_MAX:
            raise reader.refusal("1 to 31 validators")
        for validator in self.validators:
            if len(validator.public_key) != PUBLIC_KEY_BYTES or validator.public_key[0] != 4:
                raise reader.refusal("public key is not 65 bytes 04 x y")
            if not 1 <= validator.power <= POWER_MAX:
                raise reader.refusal("power out of range")
        keys = [validator.public_key for validator in self.validators]
        if any(first >= second for first, second in pairwise(keys)):
            raise reader.refusal("public keys do not ascend")

    @staticmethod
    def of(*validators: Validator) -> "ValidatorSet":
        """The set of these validators in any order; Rejected(MALFORMED) on repeated keys."""
        return ValidatorSet(tuple(sorted(validators, key=lambda v: v.public_key)))

    def __len__(self) -> int:
        return len(self.validators)

    @cached_property
    def total_power(self) -> int:
        """Sum of all powers."""
        return sum(validator.power for validator in self.validators)

    @property
    def quorum(self) -> int:
        """The least power that is strictly more than two thirds of the total."""
        return self.total_power * 2 // 3 + 1

    def has_quorum(self, power: int) -> bool:
        """Whether `power` is strictly more than two thirds of the total."""
        return 3 * power > 2 * self.total_power

    def index(self, public_key: bytes) -> int | None:
        """Position of the validator with this key, or None."""
        return self._positions.get(public_key)

    def hash(self, suite: Suite) -> bytes:
        """What a header's validators_hash is: H("yilian/validators/v1" 00 encoding)."""
        return suite.hash(tagged("yilian/validators/v1", self.encode()))

    def encode(self) -> bytes:
        """Canonical bytes: u32 count, then per validator 65 bytes key and u64 power."""
        writer = Writer().u32(len(self.validators))
        for validator in self.validators:
            writer.fixed(validator.public_key, PUBLIC_KEY_BYTES).u64(validator.power)
        return writer.done()

    @staticmethod
    def decode(data: bytes) -> "ValidatorSet":
        """Read `encode`'s bytes; MALFORMED otherwise."""
        reader = Reader(data, "validator set", limit=VALIDATOR_SET_BYTES_MAX)
        count = reader.count(VALIDATORS_MAX)
        validators = tuple(
            Validator(reader.fixed(PUBLIC_KEY_BYTES), reader.u64()) for _ in range(count)
        )
        reader.end()
        return ValidatorSet(validators)

    @cached_property
    def _positions(self) -> dict[bytes, int]:
        return {validator.public_key: i for i, validator in enumerate(self.validators)}


def possession_bytes(
    chain_id: str, public_key: bytes, epoch: int, signing_record: bytes, height: int
) -> bytes:
    """What a validator key signs to be admitted for the `epoch`-th time, domain tag included.

    `height` is a recent block's: the statement holds for the 1,000 blocks after it.
    """
    writer = Writer().text(chain_id).fixed(public_key, PUBLIC_KEY_BYTES).u64(epoch)
    return tagged("yilian/validator-key/v1", writer.lp(signing_record).u64(height).done())


def short_name(public_key: bytes) -> str:
    """A key as people read it in logs and refusals: 8 bytes of x, in hex."""
    return public_key[1:9].hex()
