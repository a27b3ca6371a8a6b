"""The states of an archive (档案状态), with those of its way to the government chain (搬运).

A revocation is carried too, when a version of the archive stands on the other chain.
"""

from contracts.archive.codes import (
    ALREADY_CARRIED,
    ARCHIVE_EXISTS,
    ARCHIVE_NOT_FOUND,
    ARCHIVE_REVOKED,
    CARRY_FAILED,
    CARRY_PENDING,
    NEVER_CARRIED,
    NOT_CARRYING,
    NOTHING_TO_COMPENSATE,
)
from contracts.states import START, StateTable

REGISTERED = "registered"
CARRYING = "carrying"
CARRIED = "carried"
CARRY_FAILED_STATE = "carry_failed"
REVOKED = "revoked"  # no version stands on the other chain
TO_RECALL = "to_recall"  # revoked here, and not yet there
RECALLING = "recalling"
RECALLED = "recalled"
RECALL_FAILED = "recall_failed"

REGISTER, UPDATE, REVOKE, CARRY, COMPENSATE = "register", "update", "revoke", "carry", "compensate"
REVOKE_CARRIED = "revoke_carried"
CONFIRM, FAIL = "confirm", "fail"

STATES = (
    REGISTERED,
    CARRYING,
    CARRIED,
    CARRY_FAILED_STATE,
    REVOKED,
    TO_RECALL,
    RECALLING,
    RECALLED,
    RECALL_FAILED,
)
IN_FORCE = (REGISTERED, CARRYING, CARRIED, CARRY_FAILED_STATE)
OUT_OF_FORCE = tuple(state for state in STATES if state not in IN_FORCE)
PENDING = (CARRYING, RECALLING)
_AT_REST = (REGISTERED, CARRIED, CARRY_FAILED_STATE)

ARCHIVES = StateTable(
    name="archive",
    states=STATES,
    actions=(REGISTER, UPDATE, REVOKE, REVOKE_CARRIED, CARRY, COMPENSATE, CONFIRM, FAIL),
    moves={
        (START, REGISTER): REGISTERED,
        **{(state, UPDATE): REGISTERED for state in _AT_REST},
        **{(state, REVOKE): REVOKED for state in _AT_REST if state != CARRIED},
        **{(state, REVOKE_CARRIED): TO_RECALL for state in _AT_REST},
        (REGISTERED, CARRY): CARRYING,
        (TO_RECALL, CARRY): RECALLING,
        (CARRY_FAILED_STATE, COMPENSATE): CARRYING,
        (RECALL_FAILED, COMPENSATE): RECALLING,
        (CARRYING, CONFIRM): CARRIED,
        (CARRYING, FAIL): CARRY_FAILED_STATE,
        (RECALLING, CONFIRM): RECALLED,
        (RECALLING, FAIL): RECALL_FAILED,
    },
    otherwise=ARCHIVE_NOT_FOUND,
    refusals={
        **{(state, REGISTER): ARCHIVE_EXISTS for state in STATES},
        **{
            (state, action): ARCHIVE_REVOKED
            for state in OUT_OF_FORCE
            for action in (UPDATE, REVOKE, REVOKE_CARRIED)
        },
        **{(CARRYING, action): CARRY_PENDING for action in (UPDATE, REVOKE, REVOKE_CARRIED)},
        (CARRIED, REVOKE): ALREADY_CARRIED,
        **{(state, action): CARRY_PENDING for state in PENDING for action in (CARRY, COMPENSATE)},
        **{(state, CARRY): CARRY_FAILED for state in (CARRY_FAILED_STATE, RECALL_FAILED)},
        **{(state, CARRY): ALREADY_CARRIED for state in (CARRIED, RECALLED)},
        (REVOKED, CARRY): NEVER_CARRIED,
        **{
            (state, COMPENSATE): NOTHING_TO_COMPENSATE
            for state in (REGISTERED, CARRIED, REVOKED, TO_RECALL, RECALLED)
        },
        **{
            (state, action): NOT_CARRYING
            for state in STATES
            if state not in PENDING
            for action in (CONFIRM, FAIL)
        },
    },
)
