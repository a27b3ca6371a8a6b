"""Answers to calls that take operations: the body for the caller to check and sign."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from crypto import Suite
from faults import Rejected
from ledger.limits import OPERATION_BYTES_MAX, OPERATIONS_MAX, PUBLIC_KEY_BYTES, TX_BYTES_MAX
from ledger.transaction import body_hash
from node.bodies import VALID_FOR_BLOCKS, build_body
from node.codes import REQUEST_INVALID, REQUEST_TOO_LARGE
from proto.api.call_pb2 import Caller, Unsigned

BODY_ROOM = 1024  # what signature, endorsements' frame and header of a transaction may take


@dataclass(frozen=True, slots=True)
class BodyMaker:
    """Makes bodies for one chain, from where it stands."""

    suite: Suite
    chain_id: str
    height: Callable[[], int]

    def make(self, contract: str, method: str, call: Any) -> Unsigned:
        """The body of a call message with `caller` and `operations`.

        Nothing is checked that the contract checks. Raises Rejected REQUEST_INVALID or
        REQUEST_TOO_LARGE: what no node would take.
        """
        check_caller(call.caller)
        if not 1 <= len(call.operations) <= OPERATIONS_MAX:
            raise Rejected(
                REQUEST_INVALID, field="operations", reason=f"1 to {OPERATIONS_MAX} expected"
            )
        sizes = [one.ByteSize() for one in call.operations]
        if max(sizes) > OPERATION_BYTES_MAX:
            where = f"operations[{sizes.index(max(sizes))}]"
            raise Rejected(REQUEST_TOO_LARGE, field=where, limit=OPERATION_BYTES_MAX)
        body = build_body(
            self.chain_id,
            contract,
            method,
            call.operations,
            call.caller.public_key,
            last_height=self.height() + VALID_FOR_BLOCKS,
            all_or_nothing=call.caller.all_or_nothing,
        )
        if len(body) > TX_BYTES_MAX - BODY_ROOM:
            raise Rejected(REQUEST_TOO_LARGE, field="operations", limit=TX_BYTES_MAX - BODY_ROOM)
        return Unsigned(body=body, tx_hash=body_hash(self.suite, body))


def check_caller(caller: Caller) -> None:
    """Raise Rejected(REQUEST_INVALID) unless the caller names a key that can sign."""
    if len(caller.public_key) != PUBLIC_KEY_BYTES or caller.public_key[0] != 4:
        raise Rejected(
            REQUEST_INVALID, field="caller.public_key", reason="65 bytes, uncompressed, expected"
        )
