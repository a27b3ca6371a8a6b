"""A node over a chain in memory, with a custodian that keeps plaintexts in a dict."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import msgspec

from contracts.bridge.closing import acknowledge
from contracts.bridge.inbox import deliver
from crypto import sm3
from crypto.domain import tagged
from crypto.keystore import create_key, load_key
from crypto.suites import GM, Suite
from documents.forms import PUBLIC_PATHS, VOUCHER
from documents.payload import PayloadPlain, encode_payload
from faults import Rejected
from ledger.block import block_hash
from ledger.commitment import commit_form
from ledger.packet import Packet
from ledger.transaction import check_signature, check_window, parse_transaction
from proto import services_pb2 as pb
from proto.contracts_pb2 import AcknowledgeRequest, DeliverRequest
from proto.services_pb2_grpc import (
    CustodianServicer,
    LedgerServicer,
    add_CustodianServicer_to_server,
    add_LedgerServicer_to_server,
)
from proto.transaction_pb2 import SealedPayload, TxBody
from router.grpc_connector import aborting
from tests.contracts.bridge.chain import DOCUMENT, ROUTER, MemoryChain

PASSPHRASE = b"a passphrase of tests"


def plaintext_of(name: str) -> bytes:
    document = f"<document of {name}/>".encode()
    private = {"document.sm3": sm3(document).hex(), "note": f"private part of {name}"}
    return encode_payload(
        PayloadPlain(
            schema=VOUCHER,
            public=dict.fromkeys(PUBLIC_PATHS[VOUCHER], "0"),
            private=private,
            secret=sm3(name.encode()),
            document=document,
        )
    )


def form_of(plaintext: bytes) -> Any:
    plain = msgspec.msgpack.decode(plaintext, type=PayloadPlain)
    return commit_form(plain.schema, plain.public, plain.private, plain.secret)


class FakeNode(LedgerServicer, CustodianServicer):
    """One chain's node. `down` makes it answer UNAVAILABLE; `stored` is its custodian's store."""

    def __init__(self, chain: MemoryChain, router_key: bytes) -> None:
        self.chain = chain
        self.router_key = router_key
        self.stored: dict[bytes, bytes] = {}
        self.delivered: list[bytes] = []
        self.nonces: set[bytes] = set()
        self.hashes: set[bytes] = set()
        self.codes: list[str] = []
        self.down = False
        self.wrong_plaintext = False
        self.foreign_body = False

    def send(self, name: str) -> Packet:
        plaintext = plaintext_of(name)
        pcommit = form_of(plaintext).pcommit
        packet = self.chain.send(name, DOCUMENT, form_pcommit=pcommit, schema=VOUCHER)
        self.stored[packet.id] = plaintext
        return packet

    async def _up(self, context: Any) -> None:
        if self.down:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "down")

    async def Status(self, request: pb.StatusRequest, context: Any) -> pb.StatusReply:
        await self._up(context)
        header = self.chain.headers[-1]
        return pb.StatusReply(
            chain_id=self.chain.chain_id,
            suite=self.chain.suite.name,
            height=header.height,
            block_hash=block_hash(self.chain.suite, header),
            block_time_ms=header.time_ms,
        )

    async def GetState(self, request: pb.StateRequest, context: Any) -> pb.StateReply:
        await self._up(context)
        evidence = self.chain.evidence(request.key)
        return pb.StateReply(
            value=evidence.value or b"",
            found=evidence.value is not None,
            proof=evidence.encode(),
            height=evidence.header.height,
        )

    async def Submit(self, request: pb.SubmitRequest, context: Any) -> pb.SubmitReply:
        await self._up(context)
        suite, chain = self.chain.suite, self.chain
        raw = request.transaction.SerializeToString()
        try:
            parsed = parse_transaction(raw, suite, chain_id=chain.chain_id)
            check_window(parsed, chain.height + 1)
            check_signature(suite, parsed)
        except Rejected as refused:
            sentence, trailer = aborting(refused)
            await context.abort(
                grpc.StatusCode.INVALID_ARGUMENT, sentence, trailing_metadata=trailer
            )
        assert parsed.body.signer == self.router_key
        assert parsed.hash not in self.hashes
        self.hashes.add(parsed.hash)
        reply = pb.SubmitReply(tx_hash=parsed.hash)
        reply.receipt.operations.append(self._run(parsed.body))
        return reply

    def _run(self, body: TxBody) -> pb.OperationReceipt:
        (operation,) = body.operations
        try:
            if body.method == "deliver":
                request = DeliverRequest.FromString(operation)
                result = self.chain.run(lambda ctx: deliver(ctx, request), ROUTER)
                self.delivered.append(bytes(request.packet))
            else:
                back = AcknowledgeRequest.FromString(operation)
                result = self.chain.run(lambda ctx: acknowledge(ctx, back), ROUTER)
        except Rejected as refused:
            self.codes.append(refused.code.name)
            return pb.OperationReceipt(code=refused.code.name, fields=refused.fields)
        return pb.OperationReceipt(code="OK", result=msgspec.json.encode(result))

    async def OpenForRouter(
        self, request: pb.OpenForRouterRequest, context: Any
    ) -> pb.OpenForRouterReply:
        message = tagged("yilian/custodian-request/v1", request.packet_id + request.nonce)
        assert request.requester == self.router_key
        assert self.chain.suite.verify(request.requester, message, request.signature)
        assert request.nonce not in self.nonces
        self.nonces.add(bytes(request.nonce))
        plaintext = self.stored[bytes(request.packet_id)]
        if self.wrong_plaintext:
            plaintext = plaintext_of("someone else")
        return pb.OpenForRouterReply(plaintext=plaintext)

    async def PrepareDelivery(
        self, request: pb.PrepareDeliveryRequest, context: Any
    ) -> pb.PrepareReply:
        delivery = DeliverRequest(
            packet=request.packet,
            proof=request.proof,
            form=form_of(request.plaintext).to_form(),
            payload=SealedPayload(suite=self.chain.suite.name, ciphertext=bytes(64)),
        )
        body = TxBody(
            chain_id=self.chain.chain_id,
            contract="bill" if self.foreign_body else "bridge",
            method="deliver",
            operations=[delivery.SerializeToString()],
            signer=request.signer,
            nonce=sm3(request.packet + bytes([len(self.hashes)]))[:16],
            last_height=self.chain.height + 50,
        )
        return pb.PrepareReply(bodies=[body.SerializeToString()], object="note/x")


def node_of(chain: MemoryChain, router_key: bytes) -> FakeNode:
    return FakeNode(chain, router_key)  # type: ignore[abstract]


@asynccontextmanager
async def serving(node: FakeNode, address: str = "127.0.0.1:0") -> AsyncIterator[str]:
    server = grpc.aio.server()
    add_LedgerServicer_to_server(node, server)
    add_CustodianServicer_to_server(node, server)
    port = server.add_insecure_port(address)
    await server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        await server.stop(None)


def make_keys(folder: Path, suite: Suite) -> tuple[bytes, bytes]:
    """Key files "identity.json" and "envelope.json"; the two public keys."""
    folder.mkdir()
    return (
        create_key(folder / "identity.json", suite, PASSPHRASE),
        create_key(folder / "envelope.json", GM, PASSPHRASE),
    )


def envelope_private_key(folder: Path) -> bytes:
    return load_key(folder / "envelope.json", PASSPHRASE)[1]


async def until(holds: Any, seconds: float = 20.0) -> None:
    """Wait for a condition; AssertionError when it does not come."""
    for _ in range(int(seconds / 0.02)):
        if holds():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it did not happen in time")
