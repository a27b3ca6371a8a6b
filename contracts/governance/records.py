"""What governance keeps in the state, and under which keys.

The node reads these to know who decides which height, so this module says how to read them, too.
"""

from contracts.state_view import StateReader
from ledger.records import Record, decode
from ledger.validators import ValidatorSet

VALIDATORS_KEY = "governance/validators"
ORGANISATIONS_KEY = "governance/organisations"
ADMINISTRATORS_KEY = "governance/administrators"

DELAY = 2
"""A change executed in block h decides blocks from h + DELAY: h + 1 is being decided already."""

OPEN = "open"
DONE = "done"


class ValidatorsRecord(Record, frozen=True, kw_only=True):
    """Who decides: `current` (an encoded set) below `next_height`, `pending` from there on.

    Without a change under way the two are equal. version counts changes; proposals counts proposals
    ever made.
    """

    current: bytes
    pending: bytes
    next_height: int
    version: int = 0
    proposals: int = 0


class KeyRecord(Record, frozen=True, kw_only=True):
    """A validator key's admission: which signing record of its node may sign, and from where on.

    epoch counts admissions. `signing_record` is empty for the record a key began with; a node that
    lost its own begins another with a random id and is silent until governance admits that one.
    """

    public_key: bytes
    epoch: int
    signing_record: bytes
    from_height: int


class Report(Record, frozen=True, kw_only=True):
    """One organisation's approval, and the members whose nodes it saw silent when it gave it."""

    org: str
    absent: tuple[bytes, ...]


class ProposalRecord(Record, frozen=True, kw_only=True):
    """A proposed change of the set; `changes` are ValidatorChange messages as proposed."""

    number: int
    changes: tuple[bytes, ...]
    reason: str
    height: int
    reports: tuple[Report, ...]
    status: str = OPEN
    next_height: int = 0  # from where on it is in force, once done


class OrganisationsRecord(Record, frozen=True, kw_only=True):
    """(organisation, keys that govern), ascending: active organisations with at least one."""

    members: tuple[tuple[str, int], ...]


class AdministratorsRecord(Record, frozen=True, kw_only=True):
    """(administrator's role, keys that can act in it), ascending, each with at least one."""

    counts: tuple[tuple[str, int], ...]


def key_key(public_key: bytes) -> str:
    """State key of a validator key's admission."""
    return f"governance/key/{public_key.hex()}"


def proposal_key(number: int) -> str:
    """State key of a proposal."""
    return f"governance/proposal/{number:012d}"


def initial_validators(genesis_set: ValidatorSet) -> dict[str, Record]:
    """The records of a chain that begins with this set."""
    encoded = genesis_set.encode()
    first: dict[str, Record] = {
        VALIDATORS_KEY: ValidatorsRecord(current=encoded, pending=encoded, next_height=1)
    }
    for member in genesis_set.validators:
        first[key_key(member.public_key)] = KeyRecord(
            public_key=member.public_key, epoch=1, signing_record=b"", from_height=1
        )
    return first


def read_change(state: StateReader) -> tuple[int, ValidatorSet] | None:
    """The newest change: from which height on which set decides; None in a state without any.

    From the state after block h this answers for h + 2 and above.
    """
    raw = state.get(VALIDATORS_KEY)
    if raw is None:
        return None
    record = decode(ValidatorsRecord, raw)
    return record.next_height, ValidatorSet.decode(record.pending)


def admitted_record(state: StateReader, public_key: bytes, height: int) -> bytes | None:
    """The signing record that may sign with this key at `height`; None when none may."""
    raw = state.get(key_key(public_key))
    if raw is None:
        return None
    record = decode(KeyRecord, raw)
    return record.signing_record if record.from_height <= height else None
