"""Changes of keys ready to propose or send: for the command line, tests, simulated workloads.

A key that begins to sign says so itself, with the height of a recent block; `Signer` is its port.
"""

from collections.abc import Sequence

from contracts.governance.changes import ADD, POWER, READMIT, REMOVE, ROTATE
from crypto.ports import Signer
from ledger.rotation import rotation_bytes
from ledger.validators import possession_bytes
from proto.contracts_pb2 import (
    ProposeValidatorsRequest,
    RotateIdentityRequest,
    ValidatorChange,
)


def add(
    chain_id: str,
    signer: Signer,
    power: int,
    height: int,
    *,
    epoch: int = 1,
    signing_record: bytes = b"",
) -> ValidatorChange:
    """`signer`'s key becomes a member with `power`; `epoch` is one above its last admission's."""
    change = ValidatorChange(action=ADD, public_key=signer.public_key, power=power)
    return _possessed(change, chain_id, signer, height, epoch, signing_record)


def remove(public_key: bytes) -> ValidatorChange:
    """The member leaves."""
    return ValidatorChange(action=REMOVE, public_key=public_key)


def set_power(public_key: bytes, power: int) -> ValidatorChange:
    """The member's voting power becomes `power`, above zero."""
    return ValidatorChange(action=POWER, public_key=public_key, power=power)


def rotate(
    chain_id: str,
    old_key: bytes,
    signer: Signer,
    height: int,
    *,
    epoch: int = 1,
    signing_record: bytes = b"",
) -> ValidatorChange:
    """`signer`'s key takes the place and power of `old_key`."""
    change = ValidatorChange(action=ROTATE, public_key=old_key, new_public_key=signer.public_key)
    return _possessed(change, chain_id, signer, height, epoch, signing_record)


def readmit(
    chain_id: str, signer: Signer, height: int, *, epoch: int, signing_record: bytes
) -> ValidatorChange:
    """The member's node lost what it had signed; its new record may sign from now on."""
    change = ValidatorChange(action=READMIT, public_key=signer.public_key)
    return _possessed(change, chain_id, signer, height, epoch, signing_record)


def propose(
    changes: Sequence[ValidatorChange], *, absent: Sequence[bytes] = (), reason: str = ""
) -> ProposeValidatorsRequest:
    """The request to propose these changes together."""
    return ProposeValidatorsRequest(changes=changes, absent=absent, reason=reason)


def rotate_identity(
    chain_id: str, old_key: bytes, signer: Signer, height: int
) -> RotateIdentityRequest:
    """`signer`'s key takes the place of the identity `old_key`, which sends this."""
    statement = rotation_bytes(chain_id, old_key, signer.public_key, height)
    return RotateIdentityRequest(
        new_public_key=signer.public_key,
        possession=signer.sign(statement),
        possession_height=height,
    )


def _possessed(
    change: ValidatorChange,
    chain_id: str,
    signer: Signer,
    height: int,
    epoch: int,
    signing_record: bytes,
) -> ValidatorChange:
    statement = possession_bytes(chain_id, signer.public_key, epoch, signing_record, height)
    change.signing_record = signing_record
    change.possession_height = height
    change.possession = signer.sign(statement)
    return change
