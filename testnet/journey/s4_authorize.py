"""Step 4: a person authorizes an insurer; reads are transactions, the stranger's too."""

import secrets
from collections.abc import Iterator

from crypto.payload import SealedBytes, open_payload
from documents.payload import PayloadPlain, decode_payload
from proto.contracts_pb2 import GrantRequest, ReadRequest
from proto.services_pb2 import OperationReceipt
from testnet.journey.world import FIRST_BILL, World, bill_state_key, expect, expect_ok, yuan
from testnet.stage import PROVINCE

TITLE = "a person authorizes an insurer; a stranger is refused (授权)"
PURPOSE = "commercial_claim"
DAY_MS = 24 * 3600 * 1000


def run(world: World) -> Iterator[str]:
    """The contract decides at commit; its receipt is the ticket for the re-wrapped key."""
    key = bill_state_key(FIRST_BILL)
    now_ms = world.now_ms(PROVINCE)
    granted = world.submit(
        "bureau desk",
        "authorization",
        "grant",
        GrantRequest(
            authorization_id=secrets.token_hex(16),
            account_id=world.accounts["archive"],
            grantee_org="insurer",
            object=key,
            compartments=["full"],
            purpose=PURPOSE,
            from_ms=now_ms,
            to_ms=now_ms + 30 * DAY_MS,
            identity_check="counter",
            identity_reference="desk-0001",
        ),
    )
    expect_ok(granted, "the grant stands")
    yield f"the owner of {FIRST_BILL[1]} authorizes the insurer for 30 days, purpose: {PURPOSE}"
    read = _read(world, "insurer", key)
    expect_ok(read, "the insurer may read")
    opened = _open(world, world.acknowledged[-1][1])
    expect(opened.public["total_fen"] == "23140", "the insurer reads the bill with its own key")
    yield (
        "the insurer opens it with its own private key: "
        f"{yuan(int(opened.public['total_fen']))} yuan, "
        f"{len(opened.private)} private fields, original XML of {len(opened.document)} bytes"
    )
    refused = _read(world, "stranger", key)
    expect(refused.code == "NOT_AUTHORIZED", f"the stranger is refused ({refused.code})")
    receipt = world.client(PROVINCE).receipt
    height = world.patiently(lambda: receipt(world.acknowledged[-1][1])).height
    yield f"a stranger is refused: {refused.code}; the attempt is a transaction at height {height}"


def _read(world: World, reader: str, key: str) -> OperationReceipt:
    request = ReadRequest(
        object=key,
        compartment="full",
        purpose=PURPOSE,
        reader_key=world.stage.actors[reader].public_key,
    )
    return world.submit(reader, "authorization", "read", request)


def _open(world: World, tx_hash: bytes) -> PayloadPlain:
    reply = world.patiently(lambda: world.client(PROVINCE).rewrap(tx_hash))
    sealed = SealedBytes(
        reply.payload.suite,
        reply.payload.ciphertext,
        tuple((one.compartment, one.recipient, one.wrapped) for one in reply.payload.keys),
    )
    private_key = world.stage.actors["insurer"].private_key
    return decode_payload(open_payload(sealed, private_key=private_key, aad=reply.pcommit))
