"""The Custodian service of a node: one object behind gRPC, and the lock around what it does.

Every answer that depends on the vault comes after the vault's write is durable. Calls that read and
change persons run one at a time: two documents of one person must never open two accounts.
"""

import threading
import time
from collections.abc import Callable
from typing import Any

from google.protobuf.message import DecodeError

from contracts.codes import NOT_AUTHORIZED
from contracts.framework import OK
from crypto import Suite
from documents import Dialect, InstitutionTable
from faults import Rejected
from ledger.limits import HASH_BYTES, PUBLIC_KEY_BYTES
from ledger.transaction import parse_transaction
from node.codes import RECEIPT_NOT_FOUND, REQUEST_INVALID
from node.config import NodeConfig
from node.custodian.accounts import Accounts
from node.custodian.attribution import sentence
from node.custodian.bodies import Bodies
from node.custodian.callers import Callers
from node.custodian.chain_reader import ChainReader
from node.custodian.deliveries import Deliveries
from node.custodian.opening import open_files, read_dialects
from node.custodian.payloads import Payloads
from node.custodian.people import People
from node.custodian.preparing import Desk, Preparer
from node.custodian.vault import Vault
from proto import services_pb2 as pb
from proto.contracts_pb2 import ReadRequest

UNBOUND_MAX = 10_000
COMPARTMENT = "full"

PERSONS = "persons"


class CustodianService:
    """The rpcs of `Custodian`; each raises Rejected, which the node's gRPC layer carries across."""

    def __init__(
        self,
        desk: Desk,
        chain_id: str,
        people: People,
        clock: Callable[[], int],
        on_close: Callable[[], None],
    ) -> None:
        self._desk = desk
        self._on_close = on_close
        self._chain_id = chain_id
        self._people = people
        self._clock = clock
        self._lock = threading.Lock()
        self._preparer = Preparer(desk)
        self._deliveries = Deliveries(desk, self._use_nonce)

    def Prepare(self, request: pb.PrepareRequest, context: Any = None) -> pb.PrepareReply:
        """The bodies that put a document on the chain."""
        with self._lock:
            return self._preparer.prepare(request)

    def OpenForRouter(
        self, request: pb.OpenForRouterRequest, context: Any = None
    ) -> pb.OpenForRouterReply:
        """The plaintext of an object that our own router sends."""
        with self._lock:
            return self._deliveries.open_for_router(request)

    def PrepareDelivery(
        self, request: pb.PrepareDeliveryRequest, context: Any = None
    ) -> pb.PrepareReply:
        """The body that delivers what another chain sent."""
        with self._lock:
            return self._deliveries.prepare_delivery(request)

    def Rewrap(self, request: pb.RewrapRequest, context: Any = None) -> pb.RewrapReply:
        """The payload with its key wrapped to the reader whose read the chain granted.

        Raises Rejected RECEIPT_NOT_FOUND while it isn't committed, NOT_AUTHORIZED when it is
        anything but a granted read.
        """
        read = self._granted_read(request.tx_hash, request.operation)
        found = self._desk.payloads.find(read.object)
        sealed = self._desk.payloads.rewrap(found, read.reader_key)
        schema = str(getattr(found.record, "schema", ""))
        return pb.RewrapReply(payload=sealed, schema=schema, pcommit=found.record.pcommit)

    def ListUnbound(
        self, request: pb.ListUnboundRequest, context: Any = None
    ) -> pb.ListUnboundReply:
        """Bills on the chain that no account could be found for, with the reason in words."""
        items: list[pb.UnboundItem] = []
        with self._lock:
            for waiting in self._people.all_waiting():
                record = self._desk.payloads.owned(waiting.object)
                if record is None:
                    continue
                if record.account_id:
                    self._people.unqueue(waiting.object)
                elif len(items) < UNBOUND_MAX:
                    reason = sentence(waiting.reason)
                    items.append(pb.UnboundItem(object=waiting.object, reason=reason))
        return pb.ListUnboundReply(items=items)

    def close(self) -> None:
        """Release the vault's files; no call may follow."""
        with self._lock:
            self._on_close()

    def _granted_read(self, tx_hash: bytes, operation: int) -> ReadRequest:
        """The read that a committed receipt says was granted."""
        if len(tx_hash) != HASH_BYTES:
            raise Rejected(REQUEST_INVALID, field="tx_hash", reason="32 bytes expected")
        committed = self._desk.chain.transaction(tx_hash)
        if committed is None:
            raise Rejected(RECEIPT_NOT_FOUND, tx_hash=tx_hash.hex())
        parsed = parse_transaction(committed.raw, self._desk.suite, chain_id=self._chain_id)
        called = (parsed.body.contract, parsed.body.method)
        if called != ("authorization", "read") or operation >= len(parsed.body.operations):
            raise Rejected(NOT_AUTHORIZED, reason="not a read")
        receipts = [one for one in committed.receipts if one.operation == operation]
        if [one.code for one in receipts] != [OK]:
            raise Rejected(NOT_AUTHORIZED, reason="the read was refused")
        try:
            read = ReadRequest.FromString(parsed.body.operations[operation])
        except DecodeError:
            raise Rejected(NOT_AUTHORIZED, reason="not a read") from None
        if read.compartment != COMPARTMENT or len(read.reader_key) != PUBLIC_KEY_BYTES:
            raise Rejected(NOT_AUTHORIZED, reason="compartment or reader key")
        return read

    def _use_nonce(self, requester: bytes, nonce: bytes) -> bool:
        return self._people.use_nonce(requester, nonce, self._clock())


def make_custodian(config: NodeConfig, chain: ChainReader) -> CustodianService:
    """The custodian service a node's configuration asks for; `close` it when the node stops.

    Raises Rejected when one of its files can't be opened.
    """
    opened = open_files(config)
    return build_custodian(
        suite=opened.suite,
        chain_id=opened.chain_id,
        org=config.custodian.org,
        mode=config.custodian.mode,
        chain=chain,
        vault=opened.vault,
        private_key=opened.private_key,
        institutions=opened.institutions,
        dialects=opened.dialects,
        clock=lambda: time.time_ns() // 1_000_000,
        on_close=opened.store.close,
    )


def build_custodian(
    *,
    suite: Suite,
    chain_id: str,
    org: str,
    mode: str,
    chain: ChainReader,
    vault: Vault,
    private_key: bytes,
    institutions: InstitutionTable,
    clock: Callable[[], int],
    dialects: tuple[Dialect, ...] | None = None,
    on_close: Callable[[], None] = lambda: None,
) -> CustodianService:
    """The custodian service of `org` on one chain, from its parts.

    `mode` is "persons" for the organisation that answers for people's data and "organisation" for
    one that only seals to its own `private_key` (32 bytes). `clock` gives milliseconds since 1970.
    Without `institutions` no signature of an e-bill is checked; without `dialects` other provinces'
    bills are read by the tables that come with the program.
    """
    people = People(vault, suite)
    kept = people if mode == PERSONS else None
    payloads = Payloads(suite, chain_id, chain, kept, private_key)
    desk = Desk(
        suite=suite,
        chain=chain,
        payloads=payloads,
        bodies=Bodies(chain_id, chain),
        callers=Callers(suite, chain, org),
        accounts=Accounts(kept, payloads, chain) if kept is not None else None,
        institutions=institutions,
        dialects=read_dialects() if dialects is None else dialects,
        derive=vault.derive,
    )
    return CustodianService(desk, chain_id, people, clock, on_close)
