"""What came of a call: the receipt of an accepted operation, or the refusal as an exception."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from contracts.framework import OK
from faults import all_codes
from node.grpc_errors import ClientError
from proto.services_pb2 import OperationReceipt, PrepareReply, ReceiptReply
from proto.transaction_pb2 import Finding


class Refused(ClientError):
    """A contract refused a committed operation; the transaction stands in block `height`."""

    def __init__(self, code: str, fields: dict[str, str], tx_hash: str, height: int) -> None:
        self.tx_hash = tx_hash
        self.height = height
        zh, en = _sentences(code)
        super().__init__(code, zh, en, fields)


@dataclass(frozen=True, slots=True)
class Receipt:
    """An accepted operation: the transaction hash (交易 hash), its block, the method's result."""

    tx_hash: str
    height: int
    result: Mapping[str, str | int]

    @property
    def object(self) -> str:
        """State key of the object it was about, "" when the method names none."""
        return str(self.result.get("object", ""))


@dataclass(frozen=True, slots=True)
class Recorded:
    """A document on the chain: its receipts in order, and what the custodian found about it."""

    receipts: tuple[Receipt, ...]
    object: str
    account_id: str
    attribution: str
    attribution_reason: str
    findings: tuple[Finding, ...] = field(default=())

    @property
    def tx_hash(self) -> str:
        """Hash of the last transaction, "" when there was nothing to do."""
        return self.receipts[-1].tx_hash if self.receipts else ""


def receipts_of(reply: ReceiptReply) -> list[Receipt | Refused]:
    """Every operation's outcome, in the transaction's order."""
    return [_outcome(reply, one) for one in reply.operations]


def accepted(reply: ReceiptReply) -> tuple[Receipt, ...]:
    """The receipts when every operation was accepted; raises the first Refused."""
    found = receipts_of(reply)
    for one in found:
        if isinstance(one, Refused):
            raise one
    return tuple(one for one in found if isinstance(one, Receipt))


def recorded(prepared: PrepareReply, receipts: tuple[Receipt, ...]) -> Recorded:
    """What a prepared document has become."""
    return Recorded(
        receipts=receipts,
        object=prepared.object,
        account_id=prepared.account_id,
        attribution=prepared.attribution,
        attribution_reason=prepared.attribution_reason,
        findings=tuple(prepared.findings),
    )


def _outcome(reply: ReceiptReply, operation: OperationReceipt) -> Receipt | Refused:
    tx_hash = reply.tx_hash.hex()
    if operation.code != OK:
        return Refused(operation.code, dict(operation.fields), tx_hash, reply.height)
    result = json.loads(operation.result) if operation.result else {}
    return Receipt(tx_hash, reply.height, result)


def _sentences(code: str) -> tuple[str, str]:
    """The code's sentences, when this house declares it; a newer node may know more codes."""
    import contracts.registry  # noqa: F401  all contracts' codes, for whoever meets a refusal

    for one in all_codes():
        if one.name == code:
            return one.zh, one.en
    return code, code
