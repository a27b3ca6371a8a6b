"""The digital account (数字账户): a random id, the person's public key, and what belongs to it.

Only the custodian knows whose account it is. The leaf holds the hash chain of the attached objects'
keys, so one proof of it shows that a list of a person's bills and settlements is complete.
"""

from contracts.codes import (
    ACCOUNT_EXISTS,
    ACCOUNT_NOT_FOUND,
    ALREADY_ATTACHED,
    OBJECT_NOT_FOUND,
    PAYLOAD_INVALID,
    PAYLOAD_RECIPIENT,
)
from contracts.fields import identifier, malformed, public_key, random_id, shown
from contracts.framework import Context, Contract, Result, Rule, method
from contracts.payload import PayloadRef, place_payload, require_sealed_to
from contracts.trace import Traced, record_class, traced_as
from crypto.domain import tagged
from crypto.suites import Suite
from faults import Rejected, invariant
from ledger.trace import EMPTY_HEAD
from proto.contracts_pb2 import AttachRequest, OpenAccountRequest

BASES = ("certificate", "settlement", "insured_number", "mobile", "person")
ID_TYPE_MAX = 4
INSURED_TYPE_MAX = 6


@traced_as("account")
class AccountRecord(Traced, frozen=True, kw_only=True):
    """An account's leaf."""

    account_id: str
    public_key: bytes
    insured_type: str
    id_type: str
    item_count: int = 0
    item_head: bytes = EMPTY_HEAD


class Owned(Traced, frozen=True, kw_only=True):
    """Base of objects that belong to an account, or wait in the unbound queue ("")."""

    account_id: str
    pcommit: bytes
    payload: PayloadRef


def account_key(account_id: str) -> str:
    """State key of an account."""
    return f"account/{account_id}"


def next_item_head(suite: Suite, head: bytes, object_key: str) -> bytes:
    """The head of an account's items after one more object."""
    return suite.hash(tagged("yilian/items/v1", head, object_key.encode()))


def require_account(ctx: Context, account_id: str) -> AccountRecord:
    """The account; Rejected(ACCOUNT_NOT_FOUND) when there is none."""
    return ctx.require(AccountRecord, account_key(account_id), ACCOUNT_NOT_FOUND)


def add_item(ctx: Context, account_id: str, object_key: str, basis: str) -> None:
    """Count the object, which already carries the account's id, among the account's items.

    A list of an account's items (账户数据查询) is complete when it has `item_count` keys and
    `next_item_head`, taken over them in order from EMPTY_HEAD, ends at `item_head`. The account's
    trace names each key in order, so anybody who has the trace can make the list.
    """
    key = account_key(account_id)
    account = require_account(ctx, account_id)
    head = next_item_head(ctx.suite, account.item_head, object_key)
    ctx.store(key, account.changed(item_count=account.item_count + 1, item_head=head))
    ctx.emit(key, "attach", object=object_key, basis=basis)


class Accounts(Contract):
    """Opening accounts and attributing objects to them (票据归户). The custodian does both."""

    name = "account"

    @method(
        request=OpenAccountRequest,
        rule=Rule(roles=("custodian",)),
        errors=(ACCOUNT_EXISTS,),
    )
    def open(self, ctx: Context, request: OpenAccountRequest) -> Result:
        """Open an account under a random id with the person's public key.

        Clauses 2.2.1.5.1.
        """
        account_id = random_id("account_id", request.account_id)
        key = account_key(account_id)
        if ctx.load(AccountRecord, key) is not None:
            raise Rejected(ACCOUNT_EXISTS, account=account_id)
        account = AccountRecord(
            account_id=account_id,
            public_key=public_key("public_key", request.public_key),
            insured_type=_short("insured_type", request.insured_type, INSURED_TYPE_MAX),
            id_type=_short("id_type", request.id_type, ID_TYPE_MAX),
        )
        ctx.store(key, account)
        ctx.emit(key, "open")
        return {"object": key}

    @method(
        request=AttachRequest,
        rule=Rule(roles=("custodian",)),
        errors=(
            ACCOUNT_NOT_FOUND,
            OBJECT_NOT_FOUND,
            ALREADY_ATTACHED,
            PAYLOAD_INVALID,
            PAYLOAD_RECIPIENT,
        ),
    )
    def attach(self, ctx: Context, request: AttachRequest) -> Result:
        """Give an unbound object to its owner, its payload sealed anew to their key.

        Clauses 2.2.1.5.2, 2.2.1.5.3, 2.2.1.5.4.
        """
        account = require_account(ctx, random_id("account_id", request.account_id))
        if request.basis not in BASES:
            raise malformed("basis", f"one of {', '.join(BASES)}")
        record = _require_owned(ctx, request.object)
        if record.account_id:
            raise Rejected(ALREADY_ATTACHED, object=request.object)
        place = place_payload(ctx, request.payload)
        require_sealed_to(request.payload, account.public_key)
        ctx.store(request.object, record.changed(account_id=account.account_id, payload=place))
        ctx.emit(request.object, "attach", account=account.account_id, basis=request.basis)
        add_item(ctx, account.account_id, request.object, request.basis)
        return {"object": request.object, "account": account.account_id}


def _require_owned(ctx: Context, object_key: str) -> Owned:
    cls = record_class(object_key)
    if cls is None or not issubclass(cls, Owned):
        raise Rejected(OBJECT_NOT_FOUND, object=shown(object_key))
    record = ctx.require(cls, object_key)
    invariant(isinstance(record, Owned), "record classes are registered by prefix")
    return record


def _short(field: str, value: str, length_max: int) -> str:
    if value:
        identifier(field, value)
    if len(value) > length_max:
        raise malformed(field, f"longer than {length_max} characters")
    return value
