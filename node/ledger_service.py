"""The Ledger service: submit and the committed reads (proto/services.proto says what each does)."""

import asyncio
from collections.abc import Callable

from faults import Rejected, failpoint
from ledger.transaction import encode_transaction
from node.codes import REQUEST_INVALID
from node.evidence_file import evidence_file
from node.executor import Executor
from node.reader import Reader
from node.waiters import Waiters
from node.why.answer import Why
from proto import services_pb2 as pb

WAIT_MS_MAX = 60_000


class LedgerService:
    """One method per rpc; plain ones run on threads, those that wait are coroutines."""

    def __init__(
        self,
        executor: Executor,
        reader: Reader,
        waiters: Waiters,
        announce: Callable[[bytes], None],
        why: Why,
        validators: Callable[[], pb.ValidatorsReply],
    ) -> None:
        """`announce` is given each transaction that is new in the pool, for the other nodes.

        `why` explains how the node is, `validators` whom of the validators it hears; both are
        called in the event loop.
        """
        self._executor = executor
        self._reader = reader
        self._waiters = waiters
        self._announce = announce
        self._why = why
        self._validators = validators

    async def Submit(self, request: pb.SubmitRequest, context: object) -> pb.SubmitReply:
        """Check a signed transaction, pool it, and wait for its receipt if asked to."""
        wait_ms = _checked_wait(request.wait_ms)
        raw = encode_transaction(request.transaction)
        failpoint("node.submit.before")
        tx_hash, is_new = await asyncio.to_thread(self._executor.submit, raw)
        failpoint("node.submit.after")
        if is_new:
            self._announce(raw)
        receipt = await self._await_receipt(tx_hash, wait_ms) if wait_ms else None
        failpoint("node.answer.before")
        return pb.SubmitReply(tx_hash=tx_hash, receipt=receipt)

    async def GetReceipt(self, request: pb.ReceiptRequest, context: object) -> pb.ReceiptReply:
        """The receipts of a transaction, waiting for its commit if asked to."""
        wait_ms = _checked_wait(request.wait_ms)
        receipt = await self._await_receipt(request.tx_hash, wait_ms)
        return receipt or self._reader.receipt(request.tx_hash)

    def GetState(self, request: pb.StateRequest, context: object) -> pb.StateReply:
        """A state leaf with its proof."""
        wanted = request.HasField("trusted_height")
        return self._reader.state(request.key, request.trusted_height if wanted else None)

    def GetTrace(self, request: pb.TraceRequest, context: object) -> pb.TraceReply:
        """All events of an object."""
        return self._reader.trace(request.key)

    def GetEvidence(self, request: pb.EvidenceRequest, context: object) -> pb.EvidenceReply:
        """The evidence file of an object."""
        file = evidence_file(self._executor, self._reader, request.key, request.trusted_height)
        return pb.EvidenceReply(evidence=file)

    def GetBlock(self, request: pb.BlockRequest, context: object) -> pb.BlockReply:
        """A committed block."""
        if request.height >= 2**63:
            raise Rejected(REQUEST_INVALID, height=request.height)
        return self._reader.block(request.height)

    def Status(self, request: pb.StatusRequest, context: object) -> pb.StatusReply:
        """Where the node stands."""
        return self._reader.status()

    async def Why(self, request: pb.WhyRequest, context: object) -> pb.WhyReply:
        """Why no block is coming, or that all is well."""
        return self._why()

    async def Validators(
        self, request: pb.ValidatorsRequest, context: object
    ) -> pb.ValidatorsReply:
        """Who decides blocks now and next, and whom of them this node hears."""
        return self._validators()

    async def _await_receipt(self, tx_hash: bytes, wait_ms: int) -> pb.ReceiptReply | None:
        async with self._waiters.expect(tx_hash) as committed:
            receipt = self._reader.receipt_if_committed(tx_hash)
            if receipt is not None or not wait_ms:
                return receipt
            try:
                await asyncio.wait_for(committed.wait(), wait_ms / 1000)
            except TimeoutError:
                return None
        return self._reader.receipt_if_committed(tx_hash)


def _checked_wait(wait_ms: int) -> int:
    if wait_ms > WAIT_MS_MAX:
        raise Rejected(REQUEST_INVALID, wait_ms=f"at most {WAIT_MS_MAX}")
    return wait_ms
