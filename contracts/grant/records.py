"""The leaves of grants: this chain's own, and those that other chains gave about our bills."""

from collections.abc import Iterable

from contracts.fields import malformed, word
from contracts.reporting import NOT_REPORTED
from contracts.trace import Traced, traced_as

COMPARTMENTS_MAX = 8


@traced_as("authorization")
class AuthorizationRecord(Traced, frozen=True, kw_only=True):
    """A grant's leaf. Times are block times; it covers from_ms ≤ time < to_ms until revoked."""

    authorization_id: str
    account_id: str
    grantee_org: str
    object: str
    compartments: tuple[str, ...]
    purpose: str
    from_ms: int
    to_ms: int
    identity_check: str
    identity_reference: str
    revoked_ms: int = 0
    # How far the bill's home knows of the grant and of its revocation; "" where it need not.
    told: str = NOT_REPORTED
    told_revocation: str = NOT_REPORTED

    def in_force(self, time_ms: int) -> bool:
        """Whether the grant covers this block time."""
        return not self.revoked_ms and self.from_ms <= time_ms < self.to_ms


@traced_as("granted")
class GrantedRecord(Traced, frozen=True, kw_only=True):
    """A grant that another chain gave about a bill whose home is this one.

    It says who may read the bill there. Here it gives nobody anything: the same name on two chains
    is not yet the same organisation. Times are that chain's block times.
    """

    chain_id: str
    authorization_id: str
    bill: str  # state key
    grantee_org: str
    compartments: tuple[str, ...]
    purpose: str
    from_ms: int
    to_ms: int
    identity_check: str
    received_ms: int  # this chain's block time
    revoked_ms: int = 0


def authorization_key(authorization_id: str) -> str:
    """State key of an authorization."""
    return f"authorization/{authorization_id}"


def granted_key(chain_id: str, authorization_id: str) -> str:
    """State key of a grant that another chain gave; ids are drawn by each chain for itself."""
    return f"granted/{chain_id}/{authorization_id}"


def compartments_of(values: Iterable[str]) -> tuple[str, ...]:
    """1 to 8 words, each once, ascending; else Rejected(MALFORMED_REQUEST)."""
    read = tuple(sorted(word("compartments", one) for one in values))
    if not 1 <= len(read) <= COMPARTMENTS_MAX or len(set(read)) < len(read):
        raise malformed("compartments", f"1 to {COMPARTMENTS_MAX}, each once")
    return read
