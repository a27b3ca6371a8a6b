"""The states of a filing (备案状态). Expiry is decided by the block's time, not by an action."""

from contracts.filing.codes import (
    FILING_EXISTS,
    FILING_EXPIRED,
    FILING_NOT_FOUND,
    FILING_REVOKED,
)
from contracts.states import START, StateTable

FILED, EXPIRED, REVOKED = "filed", "expired", "revoked"
REGISTER, CHANGE, REVOKE = "register", "change", "revoke"
STATES = (FILED, EXPIRED, REVOKED)

FILINGS = StateTable(
    name="filing",
    states=STATES,
    actions=(REGISTER, CHANGE, REVOKE),
    moves={
        (START, REGISTER): FILED,
        (FILED, CHANGE): FILED,
        (FILED, REVOKE): REVOKED,
    },
    otherwise=FILING_NOT_FOUND,
    refusals={
        **{(state, REGISTER): FILING_EXISTS for state in STATES},
        (EXPIRED, CHANGE): FILING_EXPIRED,
        (EXPIRED, REVOKE): FILING_EXPIRED,
        (REVOKED, CHANGE): FILING_REVOKED,
        (REVOKED, REVOKE): FILING_REVOKED,
    },
)
