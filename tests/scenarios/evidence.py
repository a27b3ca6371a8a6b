"""How a scenario looks at what came of it: the trace, offline evidence, the opened payload."""

import json
import secrets
from collections.abc import Callable

from crypto.payload import SealedBytes, open_payload
from documents.payload import PayloadPlain, decode_payload
from ledger.evidence import verify_evidence
from node.client import ClientError
from proto.services_pb2 import TraceReply
from tests.scenarios.parties import HOUR_MS, Parties

PURPOSE = "commercial_claim"


def actions(trace: TraceReply) -> list[str]:
    """What happened to an object, oldest first; a saved refusal as "action CODE"."""
    events = [json.loads(event.event_json) for event in trace.events]
    return [
        one["action"] if one["code"] == "OK" else f"{one['action']} {one['code']}" for one in events
    ]


def denial(call: Callable[[], object]) -> str:
    """The code of a refusal, before a block or in it; "OK" when there was none."""
    try:
        call()
    except ClientError as error:
        return error.code
    return "OK"


def proved(parties: Parties, party: str, key: str) -> bytes:
    """The record at `key`, from evidence that was checked against the chain's genesis alone."""
    file = parties[party].evidence(key)
    genesis = parties.stage.genesis_file(parties.stage.actors[party].chain).read_bytes()
    report = verify_evidence(file, genesis)
    assert (report.key, report.record is not None) == (key, True)
    return report.record or b""


def opened(parties: Parties, key: str, account_id: str) -> PayloadPlain:
    """What the owner lets the insurer read for an hour, opened with the insurer's own key."""
    now_ms = parties.now_ms()
    parties["bureau desk"].authorizations.grant(
        secrets.token_hex(16),
        account_id=account_id,
        grantee_org="insurer",
        object=key,
        compartments=["full"],
        purpose=PURPOSE,
        from_ms=now_ms,
        to_ms=now_ms + HOUR_MS,
        identity_check="counter",
        identity_reference="desk-0001",
    )
    reader = parties.stage.actors["insurer"]
    ticket = parties["insurer"].authorizations.read(
        key, compartment="full", purpose=PURPOSE, reader_key=reader.public_key
    )
    reply = parties["insurer"].rewrap(bytes.fromhex(ticket.tx_hash))
    sealed = SealedBytes(
        reply.payload.suite,
        reply.payload.ciphertext,
        tuple((one.compartment, one.recipient, one.wrapped) for one in reply.payload.keys),
    )
    plain = open_payload(sealed, private_key=reader.private_key, aad=reply.pcommit)
    return decode_payload(plain)
