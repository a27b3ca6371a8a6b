"""What the router signs is the delivery it asked for, and nothing besides."""

from dataclasses import replace

import pytest

from faults import Rejected
from ledger.packet import Packet, outbox_key
from proto.contracts_pb2 import DeliverRequest
from proto.transaction_pb2 import TxBody
from router.messages import Carried
from router.proofs import (
    acknowledgement_body,
    check_bodies,
    check_carriage,
    delivery_body,
)
from tests.contracts.bridge.chain import CHANNEL, DOCUMENT, MemoryChain, two_chains
from tests.router.world import DOCUMENT_FORM

SIGNER = b"\x04" * 65


def carried_by(chain: MemoryChain) -> Carried:
    packet = chain.send("n1", DOCUMENT, form_pcommit=DOCUMENT_FORM.pcommit, schema="test/1")
    request = chain.delivery_of(packet)
    return Carried(request.packet, request.proof, b"")


def body_for(carried: Carried, **changes: object) -> TxBody:
    request = DeliverRequest(
        packet=carried.packet, proof=carried.proof, form=DOCUMENT_FORM.to_form()
    )
    body = TxBody(
        chain_id="chain-b",
        contract="bridge",
        method="deliver",
        operations=[request.SerializeToString()],
        signer=SIGNER,
        nonce=bytes(16),
        last_height=60,
    )
    for name, value in changes.items():
        if name == "operations":
            del body.operations[:]
            body.operations.extend(value)  # type: ignore[arg-type]
        else:
            setattr(body, name, value)
    return body


def check(carried: Carried, *bodies: bytes) -> None:
    check_bodies(bodies, chain_id="chain-b", signer=SIGNER, height=10, carried=carried)


def test_the_delivery_asked_for_is_signed() -> None:
    a, _ = two_chains()
    carried = carried_by(a)
    good = body_for(carried).SerializeToString()
    check(carried, good)
    opening = body_for(carried, contract="account", method="open").SerializeToString()
    check(carried, opening, good)


@pytest.mark.parametrize(
    "changes",
    [
        {"chain_id": "chain-c"},
        {"signer": b"\x04" * 64},
        {"contract": "identity"},
        {"method": "acknowledge"},
        {"last_height": 10},
        {"last_height": 2_000},
        {"operations": []},
        {"operations": [b"", b""]},
        {"operations": [b"\xff"]},
        {"operations": [DeliverRequest(packet=b"x").SerializeToString()]},
    ],
)
def test_any_other_body_is_refused(changes: dict[str, object]) -> None:
    a, _ = two_chains()
    carried = carried_by(a)
    with pytest.raises(Rejected) as caught:
        check(carried, body_for(carried, **changes).SerializeToString())
    assert caught.value.code.name == "ROUTER_UNEXPECTED_BODY"


def test_other_proofs_forms_and_companions_are_refused() -> None:
    a, _ = two_chains()
    carried = carried_by(a)
    good = body_for(carried).SerializeToString()
    for bodies in (
        (),
        (b"\xff",),
        (good, good),
        (body_for(carried, method="x").SerializeToString(), good),
    ):
        with pytest.raises(Rejected, match="ROUTER_UNEXPECTED_BODY"):
            check(carried, *bodies)
    with pytest.raises(Rejected, match="ROUTER_UNEXPECTED_BODY"):
        check(replace(carried, proof=b"another"), good)
    form = DOCUMENT_FORM.to_form()
    form.fields[0].value = "101"
    request = DeliverRequest(packet=carried.packet, proof=carried.proof, form=form)
    other = body_for(carried, operations=[request.SerializeToString()])
    with pytest.raises(Rejected, match="form"):
        check(carried, other.SerializeToString())


def test_carriage_is_checked_against_its_own_proof() -> None:
    a, _ = two_chains()
    carried = carried_by(a)
    packet = Packet.decode(carried.packet)
    check_carriage(packet, carried)
    second = carried_by(a)
    for wrong in (
        replace(carried, proof=second.proof),
        replace(carried, proof=a.evidence("bridge/channels").encode()),
        replace(carried, proof=a.evidence(outbox_key(CHANNEL, 1, 9)).encode()),
    ):
        with pytest.raises(Rejected, match="ROUTER_BAD_CARRIAGE"):
            check_carriage(packet, wrong)
    with pytest.raises(Rejected, match="MALFORMED"):
        check_carriage(packet, replace(carried, proof=b""))


def test_bodies_the_router_builds_itself() -> None:
    carried = Carried(b"packet", b"proof", b"")
    own = {"chain_id": "chain-b", "signer": SIGNER, "height": 5, "nonce": b"n" * 16}
    body = TxBody.FromString(delivery_body(carried, **own))  # type: ignore[arg-type]
    assert (body.contract, body.method, body.last_height) == ("bridge", "deliver", 105)
    assert DeliverRequest.FromString(body.operations[0]).proof == b"proof"
    body = TxBody.FromString(
        acknowledgement_body(b"i" * 32, b"proof", **own)  # type: ignore[arg-type]
    )
    assert (body.method, body.signer, body.nonce) == ("acknowledge", SIGNER, b"n" * 16)
