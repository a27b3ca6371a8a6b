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
from contracts.codes import MALFORMED_REQUEST, UNKNOWN_METHOD
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
    Method,
    Result,
)
from contracts.governance.contract import Governance
from contracts.governance.organisations import ROLE as GOVERNANCE
from contracts.governance.organisations import initial_organisations
from contracts.governance.records import ORGANISATIONS_KEY, initial_validators, key_key
from contracts.identity import Identities, identity_key, identity_record, signer_identity
from contracts.settlement import Settlements
from contracts.state_view import StateView
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
    Equivocations(),
    Filings(),
    Governance(),
    Identities(),
    Settlements(),
    Vouchers(),
)
# Importing these registers what packets do; named so that nobody takes them for unused.
PACKET_HANDLERS = (answers, incoming, filing_incoming)

_METHODS: Mapping[tuple[str, str], tuple[Contract, Method]] = {
    (contract.name, name): (contract, declared)
    for contract in CONTRACTS
    for name, declared in contract.methods().items()
}


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
    body = parsed.body
    return [
        _apply(
            Context(
                chain_id=block.chain_id,
                suite=block.suite,
                height=block.height,
                time_ms=block.time_ms,
                tx_hash=parsed.hash,
                operation_index=index,
                signer=Identity(body.signer, "", ()),
                view=view,
            ),
            (body.contract, body.method),
            operation,
        )
        for index, operation in enumerate(body.operations)
    ]


def initial_state(genesis: Genesis) -> dict[str, bytes]:
    """The state before block 1: identities, validators, parameters, channels and clients."""
    rule = FindingRule(submitted=ERROR if genesis.parameters.refuse_findings else NONE)
    state = {RULE_KEY: encode(rule)}
    for one in genesis.identities:
        roles = tuple(sorted(one.roles))
        state[identity_key(one.key)] = encode(identity_record(one.key, one.org, roles, one.label))
    governing = (one.org for one in genesis.identities if GOVERNANCE in one.roles)
    state[ORGANISATIONS_KEY] = encode(initial_organisations(governing))
    for key, record in initial_validators(genesis.validator_set).items():
        state[key] = encode(record)
    state.update(initial_bridge_state(genesis))
    return {key: state[key] for key in sorted(state)}


def all_methods() -> tuple[tuple[str, Method], ...]:
    """Every method with its contract's name, in order: what the documents' tables are made of."""
    return tuple((name[0], _METHODS[name][1]) for name in sorted(_METHODS))


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
        return _refused(ctx, carried.refusal)
    except Rejected as refused:
        return _refused(ctx, refused)
    text = json.dumps(result, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return OperationResult(OK, {}, text.encode(), tuple(ctx.events))


def _refused(ctx: Context, refused: Rejected) -> OperationResult:
    return OperationResult(refused.code.name, refused.fields, b"", tuple(ctx.events))


def _run(ctx: Context, name: tuple[str, str], operation: bytes) -> Result:
    found = _METHODS.get(name)
    key, admitted = ctx.signer.public_key, False
    if found is not None and found[1].rule.validators:
        admitted = ctx.view.get(key_key(key)) is not None
    if not admitted:
        ctx.signer = signer_identity(ctx.view, key)
    if found is None:
        raise Rejected(UNKNOWN_METHOD, contract=name[0], method=name[1])
    contract, declared = found
    if not admitted:
        declared.rule.check(ctx.signer)
    request = decode_request(declared.request, operation)
    if declared.saves_failure is not None:
        ctx.keep_refusal(declared.saves_failure(request), declared.name)
    return declared.call(contract, ctx, request)
