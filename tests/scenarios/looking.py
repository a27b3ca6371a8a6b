"""What scenarios look at: events, proofs checked from a genesis file, payloads opened by a key."""

import json
import secrets
from collections.abc import Callable
from typing import Any

from crypto.payload import SealedBytes, open_payload
from documents.payload import PayloadPlain, decode_payload
from ledger.evidence import verify_evidence
from ledger.genesis import genesis_hash, load_genesis
from ledger.light_client import initial_client, read_proved
from node.client import ClientError
from proto.services_pb2 import StateReply, TraceReply
from tests.scenarios.parties import HOUR_MS, Parties

FULL = "full"
PURPOSE = "commercial_claim"
DONE = ("", "OK")


def events(trace: TraceReply) -> list[dict[str, Any]]:
    """An object's events, oldest first."""
    return [json.loads(one.event_json) for one in trace.events]


def told(trace: TraceReply) -> list[str]:
    """What happened to an object, oldest first; a saved refusal as "action CODE"."""
    return [
        str(one["action"]) if one["code"] in DONE else f"{one['action']} {one['code']}"
        for one in events(trace)
    ]


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


def evident(parties: Parties, party: str, key: str) -> bytes:
    """The record at `key`, from evidence that was checked against the chain's genesis alone."""
    file = parties[party].evidence(key)
    genesis = parties.stage.genesis_file(parties.stage.actors[party].chain).read_bytes()
    report = verify_evidence(file, genesis)
    assert (report.key, report.record is not None) == (key, True)
    return report.record or b""


def let_read(parties: Parties, key: str, account_id: str) -> PayloadPlain:
    """What the owner lets the insurer read for an hour, opened with the insurer's own key."""
    now_ms = parties.now_ms()
    parties["bureau desk"].authorizations.grant(
        secrets.token_hex(16),
        account_id=account_id,
        grantee_org="insurer",
        object=key,
        compartments=[FULL],
        purpose=PURPOSE,
        from_ms=now_ms,
        to_ms=now_ms + HOUR_MS,
        identity_check="counter",
        identity_reference="desk-0001",
    )
    reader = parties.stage.actors["insurer"].public_key
    ticket = parties["insurer"].authorizations.read(
        key, compartment=FULL, purpose=PURPOSE, reader_key=reader
    )
    return opened(parties, "insurer", ticket.tx_hash)
