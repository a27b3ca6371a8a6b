"""Before a change of validators is proposed: would the members that this node hears go on alone?

The same rule as the contract's, over what one node sees now. Whoever proposes or approves sends the
silent ones along, so that the contract can refuse for all to see.
"""

from collections.abc import Sequence

from contracts.governance.changes import changed_set, check_live_quorum
from ledger.validators import Validator, ValidatorSet
from proto.contracts_pb2 import ValidatorChange
from proto.services_pb2 import ValidatorsReply


def pending_set(reply: ValidatorsReply) -> ValidatorSet:
    """The newest set that is decided on, as a node told it."""
    return ValidatorSet.of(
        *(
            Validator(one.public_key, one.pending_power)
            for one in reply.validators
            if one.pending_power
        )
    )


def silent_after(reply: ValidatorsReply, changes: Sequence[ValidatorChange]) -> list[bytes]:
    """Members of the set after these changes whose nodes the asked node does not hear.

    A member that this very change re-admits is silent until then, and counts as live if it follows.
    Raises Rejected as the contract would for a change that can't be made.
    """
    live = {one.public_key for one in reply.validators if one.live}
    readmitted = {one.public_key for one in changes if one.action == "readmit"}
    after = changed_set(pending_set(reply), changes)
    return [
        one.public_key
        for one in after.validators
        if one.public_key not in live and one.public_key not in readmitted
    ]


def check_change(reply: ValidatorsReply, changes: Sequence[ValidatorChange]) -> list[bytes]:
    """The silent ones; Rejected(NO_LIVE_QUORUM, missing=...) if the chain would stop over them."""
    silent = silent_after(reply, changes)
    check_live_quorum(changed_set(pending_set(reply), changes), silent)
    return silent
