"""The states of an archive (档案状态), and those of each version's way to another chain (搬运).

Updating and revoking never wait for another chain: a version on its way keeps its own state, and
its document, while newer ones stand. A revocation is carried behind the versions that were.
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

IN_FORCE = "in_force"
REVOKED = "revoked"  # no version stands on the other chain
TO_RECALL = "to_recall"  # revoked here, and not yet there
RECALLING = "recalling"
RECALLED = "recalled"
RECALL_FAILED = "recall_failed"

CARRYING = "carrying"
CARRIED = "carried"
CARRY_FAILED_STATE = "carry_failed"

REGISTER, UPDATE, REVOKE, CARRY, COMPENSATE = "register", "update", "revoke", "carry", "compensate"
REVOKE_CARRIED = "revoke_carried"  # a version stands on the other chain, or may come to
CONFIRM, FAIL = "confirm", "fail"
NONE_THERE = "none_there"  # it is proved that no version stands on the other chain

OUT_OF_FORCE = (REVOKED, TO_RECALL, RECALLING, RECALLED, RECALL_FAILED)

ARCHIVES = StateTable(
    name="archive",
    states=(IN_FORCE, *OUT_OF_FORCE),
    actions=(
        REGISTER,
        UPDATE,
        REVOKE,
        REVOKE_CARRIED,
        CARRY,
        COMPENSATE,
        CONFIRM,
        FAIL,
        NONE_THERE,
    ),
    moves={
        (START, REGISTER): IN_FORCE,
        (IN_FORCE, UPDATE): IN_FORCE,
        (IN_FORCE, REVOKE): REVOKED,
        (IN_FORCE, REVOKE_CARRIED): TO_RECALL,
        # In force it is a version that goes, and the version's own table that decides.
        (IN_FORCE, CARRY): IN_FORCE,
        (IN_FORCE, COMPENSATE): IN_FORCE,
        (TO_RECALL, CARRY): RECALLING,
        (RECALL_FAILED, COMPENSATE): RECALLING,
        (RECALLING, CONFIRM): RECALLED,
        (RECALLING, FAIL): RECALL_FAILED,
        **{(state, NONE_THERE): REVOKED for state in (TO_RECALL, RECALLING, RECALL_FAILED)},
    },
    otherwise=ARCHIVE_NOT_FOUND,
    refusals={
        **{(state, REGISTER): ARCHIVE_EXISTS for state in (IN_FORCE, *OUT_OF_FORCE)},
        **{
            (state, action): ARCHIVE_REVOKED
            for state in OUT_OF_FORCE
            for action in (UPDATE, REVOKE, REVOKE_CARRIED)
        },
        (RECALLING, CARRY): CARRY_PENDING,
        (RECALLING, COMPENSATE): CARRY_PENDING,
        (RECALL_FAILED, CARRY): CARRY_FAILED,
        (RECALLED, CARRY): ALREADY_CARRIED,
        (REVOKED, CARRY): NEVER_CARRIED,
        **{(state, COMPENSATE): NOTHING_TO_COMPENSATE for state in (REVOKED, TO_RECALL, RECALLED)},
        **{
            (state, action): NOT_CARRYING
            for state in (IN_FORCE, REVOKED, TO_RECALL, RECALLED, RECALL_FAILED)
            for action in (CONFIRM, FAIL)
        },
        **{(state, NONE_THERE): NOT_CARRYING for state in (IN_FORCE, REVOKED, RECALLED)},
    },
)

CARRYINGS = StateTable(
    name="archive version on its way",
    states=(CARRYING, CARRIED, CARRY_FAILED_STATE),
    actions=(CARRY, COMPENSATE, CONFIRM, FAIL),
    moves={
        (START, CARRY): CARRYING,
        (CARRY_FAILED_STATE, COMPENSATE): CARRYING,
        (CARRYING, CONFIRM): CARRIED,
        (CARRYING, FAIL): CARRY_FAILED_STATE,
    },
    otherwise=NOT_CARRYING,
    refusals={
        (CARRYING, CARRY): CARRY_PENDING,
        (CARRYING, COMPENSATE): CARRY_PENDING,
        (CARRIED, CARRY): ALREADY_CARRIED,
        (CARRY_FAILED_STATE, CARRY): CARRY_FAILED,
        (START, COMPENSATE): NOTHING_TO_COMPENSATE,
        (CARRIED, COMPENSATE): NOTHING_TO_COMPENSATE,
    },
)
