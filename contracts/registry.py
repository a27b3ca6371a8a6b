"""The main path's stop in this room: a transaction's operations, applied one by one.

Each operation succeeds or is refused by itself. A refused one leaves the state exactly as it was,
but for the refusals that its method declares worth keeping.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from google.protobuf.message import DecodeError, Message

from contracts.account import Accounts
from contracts.archive.contract import Archives
from contracts.authorization import Authorizations
from contracts.bill import answers, incoming
from contracts.bill.contract import Bills
from contracts.bridge.contract import Bridge
from contracts.bridge.genesis import initial_bridge_state
from contracts.catalogue.contract import Catalogues
from contracts.codes import BATCH_ABORTED, MALFORMED_REQUEST, UNKNOWN_METHOD
from contracts.equivocation import Equivocations
from contracts.filing import incoming as filing_incoming
from contracts.filing.contract import Filings
from contracts.findings import ERROR, NONE, RULE_KEY, FindingRule
from contracts.framework import (
    OK,
    BadDelivery,
    BlockContext,
    Context,
    Contract,
    Identity,
    Result,
)
from contracts.fund.contract import Funds
from contracts.governance.contract import Governance
from contracts.governance.organisations import initial_organisations
from contracts.governance.records import initial_validators, key_key
from contracts.grant import crossing as grant_crossing
from contracts.identity import Identities, identity_key, identity_record, signer_identity
from contracts.known import all_methods as all_methods
from contracts.known import enter, known_method
from contracts.permission import Caller, check_permission, check_subject
from contracts.policy.contract import Policies
from contracts.publication.region import Regions
from contracts.reimbursement import packets as reimbursement_packets
from contracts.reimbursement.contract import Reimbursements
from contracts.settlement import Settlements
from contracts.state_view import StateReader, StateView
from contracts.versions import version_in_force
from contracts.voucher import Vouchers
from faults import Rejected
from ledger.genesis import Genesis
from ledger.records import encode
from ledger.transaction import ParsedTransaction

CONTRACTS: tuple[Contract, ...] = (
    Accounts(),
    Archives(),
    Authorizations(),
    Bills(),
    Bridge(),
    Catalogues(),
    Equivocations(),
    Filings(),
    Funds(),
    Governance(),
    Identities(),
    Policies(),
    Regions(),
    Reimbursements(),
    Settlements(),
    Vouchers(),
)
# Importing these registers what packets do; named so that nobody takes them for unused.
PACKET_HANDLERS = (answers, incoming, filing_incoming, grant_crossing, reimbursement_packets)

enter(CONTRACTS)


@dataclass(frozen=True, slots=True)
class OperationResult:
    """One operation's outcome: "OK" with a JSON result, or a stable code with what it is about."""

    code: str
    fields: Mapping[str, str]
    result: bytes
    events: tuple[tuple[str, bytes], ...]  # (object key, event bytes)


def apply_transaction(
    view: StateView, block: BlockContext, parsed: ParsedTransaction
) -> list[OperationResult]:
    """Apply a transaction whose form, window and signature hold; one result per operation."""
    body, savepoint = parsed.body, view.savepoint()
    results = []
    for index, operation in enumerate(body.operations):
        ctx = Context(
            chain_id=block.chain_id,
            suite=block.suite,
            height=block.height,
            time_ms=block.time_ms,
            tx_hash=parsed.hash,
            operation_index=index,
            signer=Identity(body.signer, "", ()),
            view=view,
            endorsers=tuple(Identity(one.public_key, "", ()) for one in body.endorsements),
        )
        try:
            results.append(_apply(ctx, (body.contract, body.method), operation))
        except Rejected as refused:
            if body.all_or_nothing:
                view.rollback(savepoint)
                return _aborted(ctx, refused, len(body.operations))
            results.append(_refused(ctx, refused))
    return results


def check_signer(state: StateReader, key: bytes) -> None:
    """Refuse a key that no method takes: it is no validator's and no identity's in force.

    Raises Rejected: UNKNOWN_IDENTITY, IDENTITY_REVOKED, ORGANISATION_SUSPENDED,
    ORGANISATION_REMOVED.
    """
    if state.get(key_key(key)) is None:
        signer_identity(StateView(state), key)


def initial_state(genesis: Genesis) -> dict[str, bytes]:
    """The state before block 1: organisations, identities, validators, channels and clients."""
    rule = FindingRule(submitted=ERROR if genesis.parameters.refuse_findings else NONE)
    state = {RULE_KEY: encode(rule)}
    for one in genesis.identities:
        roles = tuple(sorted(one.roles))
        state[identity_key(one.key)] = encode(identity_record(one.key, one.org, roles, one.label))
    known = {**initial_organisations(genesis), **initial_validators(genesis.validator_set)}
    for key, record in known.items():
        state[key] = encode(record)
    state.update(initial_bridge_state(genesis))
    return {key: state[key] for key in sorted(state)}


def decode_request(request: type[Message], raw: bytes) -> Message:
    """The request message in `raw`, which must be exactly that message in its minimal form."""
    message = request()
    try:
        message.ParseFromString(raw)
    except DecodeError:
        raise Rejected(MALFORMED_REQUEST, reason="not the method's message") from None
    size = message.ByteSize()
    message.DiscardUnknownFields()
    if message.ByteSize() != size:
        raise Rejected(MALFORMED_REQUEST, reason="unknown field")
    # A repeated singular field or a padded number: two readers could understand it differently.
    if len(raw) != size:
        raise Rejected(MALFORMED_REQUEST, reason="not in minimal form")
    return message


def _apply(ctx: Context, name: tuple[str, str], operation: bytes) -> OperationResult:
    try:
        result = ctx.attempt(lambda: _run(ctx, name, operation))
    except BadDelivery as carried:
        raise carried.refusal from None
    text = json.dumps(result, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return OperationResult(OK, {}, text.encode(), tuple(ctx.events))


def _refused(ctx: Context, refused: Rejected) -> OperationResult:
    return OperationResult(refused.code.name, refused.fields, b"", tuple(ctx.events))


def _aborted(ctx: Context, refused: Rejected, count: int) -> list[OperationResult]:
    """All or nothing, and `ctx`'s operation was refused: the results of all, nothing applied."""
    ctx.save_again(refused)
    number = ctx.operation_index
    other = OperationResult(BATCH_ABORTED.name, {"operation": str(number)}, b"", ())
    return [_refused(ctx, refused) if index == number else other for index in range(count)]


def _run(ctx: Context, name: tuple[str, str], operation: bytes) -> Result:
    found = known_method(name[0], version_in_force(ctx, name[0]), name[1])
    key, admitted = ctx.signer.public_key, False
    if found is not None and found[1].rule.validators:
        admitted = ctx.view.get(key_key(key)) is not None
    if not admitted:
        ctx.signer = signer_identity(ctx.view, key)
    if found is None:
        raise Rejected(UNKNOWN_METHOD, contract=name[0], method=name[1])
    contract, declared = found
    ctx.endorsers = tuple(signer_identity(ctx.view, one.public_key) for one in ctx.endorsers)
    caller = Caller(ctx, contract.name, declared)
    if not admitted:
        check_permission(caller)
    request = decode_request(declared.request, operation)
    check_subject(caller, request)
    if declared.saves_failure is not None:
        ctx.keep_refusal(declared.saves_failure(request), declared.name)
    return declared.call(contract, ctx, request)
