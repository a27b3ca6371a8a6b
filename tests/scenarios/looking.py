"""What scenarios look at: events, proofs checked from a genesis file, payloads opened by a key."""

import json
from collections.abc import Callable
from typing import Any

from crypto.payload import SealedBytes, open_payload
from documents.payload import PayloadPlain, decode_payload
from ledger.genesis import genesis_hash, load_genesis
from ledger.light_client import initial_client, read_proved
from node.client import ClientError
from proto.services_pb2 import StateReply, TraceReply
from tests.scenarios.parties import Parties

FULL = "full"
DONE = ("", "OK")


def events(trace: TraceReply) -> list[dict[str, Any]]:
    """An object's events, oldest first."""
    return [json.loads(one.event_json) for one in trace.events]


def actions(trace: TraceReply) -> list[str]:
    """What was done to an object, oldest first; refusals are in `refused`."""
    return [str(one["action"]) for one in events(trace) if one["code"] in DONE]


def refused(trace: TraceReply) -> list[str]:
    """The codes of what failed and was kept in an object's trace."""
    return [str(one["code"]) for one in events(trace) if one["code"] not in DONE]


def denial(call: Callable[[], object]) -> str:
    """The code of a refusal, before a block or in it; "OK" when there was none."""
    try:
        call()
    except ClientError as error:
        return error.code
    return "OK"


def proved(parties: Parties, chain: str, key: str, state: StateReply) -> bytes | None:
    """What the chain's validators certified at `key`, trusting only the chain's genesis file."""
    raw = parties.stage.genesis_file(chain).read_bytes()
    genesis = load_genesis(raw)
    trusted = initial_client(
        genesis.chain_id, genesis.suite, genesis_hash(raw), genesis.validator_set
    )
    return read_proved(trusted, state.proof, key).value


def opened(
    parties: Parties, reader: str, tx_hash: str, private_key: bytes | None = None
) -> PayloadPlain:
    """What a granted read is the ticket for, opened with the reader's own key."""
    reply = parties[reader].rewrap(bytes.fromhex(tx_hash))
    sealed = SealedBytes(
        reply.payload.suite,
        reply.payload.ciphertext,
        tuple((one.compartment, one.recipient, one.wrapped) for one in reply.payload.keys),
    )
    key = private_key or parties.stage.actors[reader].private_key
    return decode_payload(open_payload(sealed, private_key=key, aad=reply.pcommit))
