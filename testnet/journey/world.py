"""What every step needs: the stage, a client of each chain's node, and what earlier steps found."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from google.protobuf.message import Message

from ledger.transaction import sign_body, tx_hash
from node.bodies import VALID_FOR_BLOCKS, build_body
from node.client import Client, ClientError
from proto.contracts_pb2 import BillKey
from proto.services_pb2 import OperationReceipt, PrepareReply, ReceiptReply, UnboundItem
from testnet.actors import Actor
from testnet.stage import FINANCE, NATIONAL, PROVINCE, SAMPLES, Stage

SETTLE_SECONDS_MAX = 60.0
POLL_SECONDS = 0.05
WAIT_MS = 10_000
PASSING = ("NODE_UNREACHABLE", "NODE_STOPPING", "RECEIPT_NOT_FOUND")
REIMBURSEMENT = "reimbursement"

# The blue bills of the samples: file -> (code, number)
BILLS = {
    "ebill_out_01.xml": ("46060124", "0000000101"),
    "ebill_out_02.xml": ("46060124", "0000000102"),
    "ebill_out_03_selfpay.xml": ("46060124", "0000000103"),
    "ebill_in_04_remote.xml": ("46060224", "0000000201"),
    "ebill_in_05.xml": ("46060224", "0000000202"),
}
RED_BILL = ("ebill_out_06_red_of_01.xml", ("46060124", "0000000180"))
# Settlement file -> (settlement id, its bill)
SETTLEMENTS = {
    "setl_2207_bill01.json": ("300000900001", ("46060124", "0000000101")),
    "setl_2207_bill02.json": ("300000900002", ("46060124", "0000000102")),
    "setl_2304_bill04.json": ("300000900003", ("46060224", "0000000201")),
    "setl_2304_bill05.json": ("300000900004", ("46060224", "0000000202")),
}
FIRST_BILL = ("46060124", "0000000101")

T = TypeVar("T")


class JourneyBroken(AssertionError):
    """Something came out otherwise than the journey says it must."""


def expect(holds: bool, what: str) -> None:
    """Stop the journey unless `what` is so."""
    if not holds:
        raise JourneyBroken(what)


def expect_ok(operation: OperationReceipt, what: str) -> None:
    """Stop the journey unless the contract accepted the operation; says the code and what about."""
    about = ", ".join(f"{name}={value}" for name, value in sorted(operation.fields.items()))
    expect(operation.code == "OK", f"{what} ({operation.code}: {about})")


def bill_state_key(bill: tuple[str, str]) -> str:
    """State key of a bill."""
    return f"bill/{bill[0]}-{bill[1]}"


def bill_message(bill: tuple[str, str]) -> BillKey:
    """The bill's key as requests name it."""
    return BillKey(code=bill[0], number=bill[1])


@dataclass
class World:
    """The running stage and what the journey knows of it; `acknowledged`: (chain, tx hash)."""

    stage: Stage
    clients: dict[str, Client] = field(default_factory=dict)
    accounts: dict[str, str] = field(default_factory=dict)
    acknowledged: list[tuple[str, bytes]] = field(default_factory=list)

    def client(self, chain: str) -> Client:
        """A client of the chain's first node."""
        if chain not in self.clients:
            self.clients[chain] = Client(self.stage.grpc_address(chain))
        return self.clients[chain]

    def close(self) -> None:
        """Close all connections."""
        for client in self.clients.values():
            client.close()

    # -- acting

    def submit(self, actor: str, contract: str, method: str, request: Message) -> OperationReceipt:
        """One operation signed by the actor; its committed receipt, refused or not."""
        who = self.stage.actors[actor]
        status = self.patiently(self.client(who.chain).status)
        body = build_body(
            status.chain_id,
            contract,
            method,
            [request],
            who.public_key,
            last_height=status.height + VALID_FOR_BLOCKS,
        )
        return self._commit(who, body).operations[0]

    def prepare(
        self, actor: str, kind: str, document: bytes, options: Mapping[str, str] | None = None
    ) -> PrepareReply:
        """What the custodian of the actor's chain makes of a document."""
        who = self.stage.actors[actor]
        prepare = self.client(who.chain).prepare
        return self.patiently(lambda: prepare(kind, document, who.public_key, options))

    def prepare_and_submit(
        self, actor: str, kind: str, document: bytes, options: Mapping[str, str] | None = None
    ) -> tuple[PrepareReply, list[ReceiptReply]]:
        """Prepare, sign, submit; what was prepared and the receipts of all bodies."""
        who = self.stage.actors[actor]
        prepared = self.prepare(actor, kind, document, options)
        return prepared, [self._commit(who, body) for body in prepared.bodies]

    def _commit(self, who: Actor, body: bytes) -> ReceiptReply:
        """Sign and submit until there is a receipt, as a careful client does.

        The same signed bytes are sent again when no answer came: the nonce makes that safe. A
        replay refused therefore means that the first try arrived.
        """
        client, transaction = self.client(who.chain), sign_body(who.signer, body)
        own_hash = tx_hash(who.suite, transaction)

        def attempt() -> ReceiptReply:
            try:
                reply = client.submit(transaction, WAIT_MS)
            except ClientError as error:
                if error.code != "TX_REPLAYED":
                    raise
                return client.receipt(own_hash, WAIT_MS)
            return reply.receipt if reply.HasField("receipt") else client.receipt(own_hash, WAIT_MS)

        receipt = self.patiently(attempt)
        self.acknowledged.append((who.chain, receipt.tx_hash))
        return receipt

    def patiently(self, call: Callable[[], T]) -> T:
        """The answer to `call`, asked again while the node is away or has no receipt yet."""
        deadline = time.monotonic() + SETTLE_SECONDS_MAX
        while True:
            try:
                return call()
            except ClientError as error:
                if error.code not in PASSING or time.monotonic() > deadline:
                    raise
            time.sleep(POLL_SECONDS)

    # -- looking

    def record(self, chain: str, key: str) -> dict[str, Any] | None:
        """The record at `key` as JSON, or None."""
        reply = self.patiently(lambda: self.client(chain).state(key))
        found: dict[str, Any] | None = json.loads(reply.record_json) if reply.found else None
        return found

    def now_ms(self, chain: str) -> int:
        """The newest block's time, the only clock contracts know."""
        return self.patiently(self.client(chain).status).block_time_ms

    def bill(self, chain: str, bill: tuple[str, str]) -> dict[str, Any]:
        """A bill's record, which must exist."""
        record = self.record(chain, bill_state_key(bill))
        expect(record is not None, f"{bill_state_key(bill)} is on the {chain} chain")
        return record or {}

    def unbound(self) -> list[UnboundItem]:
        """What waits in the province's unbound queue."""
        return self.patiently(self.client(PROVINCE).list_unbound)

    def trace(self, chain: str, key: str) -> list[dict[str, Any]]:
        """All events of an object, oldest first."""
        reply = self.patiently(lambda: self.client(chain).trace(key))
        return [json.loads(event.event_json) for event in reply.events]

    def until(self, what: str, look: Callable[[], T | None]) -> T:
        """Wait until `look` finds something; the journey breaks when it does not come in time."""
        deadline = time.monotonic() + SETTLE_SECONDS_MAX
        while time.monotonic() < deadline:
            found = look()
            if found:
                return found
            time.sleep(POLL_SECONDS)
        raise JourneyBroken(f"waited {SETTLE_SECONDS_MAX:.0f} s in vain until {what}")


def sample(name: str) -> bytes:
    """The bytes of a sample file."""
    return (SAMPLES / name).read_bytes()


def yuan(fen: int) -> str:
    """An amount in fen as people write it."""
    sign, value = ("-", -fen) if fen < 0 else ("", fen)
    return f"{sign}{value // 100}.{value % 100:02d}"


def chains() -> Iterator[str]:
    """The three chains, in the order the journey meets them."""
    yield from (FINANCE, PROVINCE, NATIONAL)
