"""Prepare, check, sign, submit over loopback: what nodes answer, and what the client refuses."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from ledger.endorsement import endorse
from ledger.limits import OPERATION_BYTES_MAX
from node.bodies import build_body
from node.client import Client, ClientError, Receipt, Refused
from node.custodian.preparing import options
from proto.api.call_pb2 import Caller, Unsigned
from proto.api.fund_pb2 import LineSettlements
from proto.api.identity_pb2 import DESCRIPTOR, RegisterCall
from proto.archive_pb2 import ArchiveCheck
from proto.contracts_pb2 import RegisterIdentityRequest
from proto.services_pb2 import PrepareReply, PrepareRequest
from proto.transaction_pb2 import TxBody
from tests.node.chains import CHAIN, Keys, private_key
from tests.node.served import Served

KEYS = Keys()
IDENTITIES = DESCRIPTOR.services_by_name["Identities"]
GOVERNOR = KEYS.governor.public_key


def key_of(number: int) -> bytes:
    return KEYS.suite.public_key(private_key(100 + number))


def desk(number: int) -> RegisterIdentityRequest:
    return RegisterIdentityRequest(
        public_key=key_of(number), org="agency", roles=["agency"], label="desk"
    )


@pytest.fixture
def node() -> Iterator[Served]:
    with Served(KEYS) as served:
        yield served


@contextmanager
def deciding(node: Served) -> Iterator[None]:
    """Blocks come whenever something waits."""
    stop = threading.Event()

    def decide() -> None:
        while not stop.wait(0.01):
            if node.executor.pool_size():
                node.decide()

    worker = threading.Thread(target=decide)
    worker.start()
    try:
        yield
    finally:
        stop.set()
        worker.join()


@pytest.fixture
def client(node: Served) -> Iterator[Client]:
    with deciding(node), Client(node.grpc_address, signer=KEYS.governor) as opened:
        yield opened


def code_of(call: Any) -> ClientError:
    with pytest.raises(ClientError) as refused:
        call()
    assert refused.value.zh
    assert refused.value.en
    return refused.value


# ---- a call reads like the domain


def test_what_was_written_is_read_back_typed_and_with_its_trace(client: Client) -> None:
    receipt = client.identities.register(key_of(1), org="agency", roles=["agency"], label="desk")
    assert len(bytes.fromhex(receipt.tx_hash)) == 32
    reply = client.identities.get(key_of(1))
    assert (reply.record.org, list(reply.record.roles)) == ("agency", ["agency"])
    assert reply.state.found
    assert reply.state.proof
    trace = client.identities.trace(key_of(1))
    assert [event.tx_hash.hex() for event in trace.events] == [receipt.tx_hash]


def test_what_is_not_there_is_answered_without_a_record_but_with_a_proof(client: Client) -> None:
    client.identities.register(key_of(1), org="agency", roles=["agency"], label="desk")
    reply = client.bills.get("46060124", "0000000101")
    assert not reply.HasField("record")
    assert not reply.state.found
    assert reply.state.proof


def test_a_refusal_is_raised_with_its_sentences_and_its_transaction(client: Client) -> None:
    client.identities.register(key_of(1), org="agency", roles=["agency"], label="desk")
    with pytest.raises(Refused) as refused:
        client.identities.register(key_of(1), org="agency", roles=["agency"], label="desk")
    assert refused.value.code == "IDENTITY_EXISTS"
    assert refused.value.zh != refused.value.code
    assert client.receipt(bytes.fromhex(refused.value.tx_hash)).height == refused.value.height


def test_many_operations_under_one_signature_each_with_its_outcome(client: Client) -> None:
    outcomes = client.identities.many("register", [desk(1), desk(2), desk(1)])
    assert [type(one) for one in outcomes] == [Receipt, Receipt, Refused]
    outcomes = client.identities.many("register", [desk(3), desk(1)], all_or_nothing=True)
    assert {one.code for one in outcomes if isinstance(one, Refused)} == {
        "BATCH_ABORTED",
        "IDENTITY_EXISTS",
    }
    assert not client.identities.get(key_of(3)).state.found


def test_a_question_of_a_day_and_a_calculation_are_refused_with_their_field(client: Client) -> None:
    asked = code_of(lambda: client.policies.get_in_force("460100", "310", "20240230"))
    assert (asked.code, asked.fields["field"]) == ("REQUEST_INVALID", "date")
    asked = code_of(lambda: client.catalogues.get_item_in_force("460100", "A1", "today"))
    assert (asked.code, asked.fields["field"]) == ("REQUEST_INVALID", "date")
    from proto.api.benefit_pb2 import Visit

    assert code_of(lambda: client.benefits.calculate(Visit(date="x"))).code == "BENEFIT_INPUT"


def test_who_has_no_key_can_only_read(node: Served) -> None:
    node.decide()
    with Client(node.grpc_address) as reader:
        assert not reader.identities.get(key_of(1)).state.found
        writing = code_of(
            lambda: reader.identities.register(key_of(1), org="a", roles=[], label="")
        )
    assert writing.code == "NO_SIGNER"


# ---- what the node refuses to prepare


@pytest.mark.parametrize(
    ("call", "field"),
    [
        (RegisterCall(operations=[desk(1)]), "caller.public_key"),
        (
            RegisterCall(caller=Caller(public_key=b"\x02" + bytes(64)), operations=[desk(1)]),
            "caller.public_key",
        ),
        (RegisterCall(caller=Caller(public_key=GOVERNOR)), "operations"),
        (
            RegisterCall(caller=Caller(public_key=GOVERNOR), operations=[desk(1)] * 1001),
            "operations",
        ),
    ],
)
def test_a_call_without_a_key_or_without_operations(
    client: Client, call: RegisterCall, field: str
) -> None:
    refused = code_of(lambda: client.unary(IDENTITIES, "Register", call, Unsigned))
    assert (refused.code, refused.fields["field"]) == ("REQUEST_INVALID", field)


def test_an_operation_or_a_body_that_no_block_takes(client: Client) -> None:
    large = RegisterIdentityRequest(label="x" * OPERATION_BYTES_MAX)
    half = RegisterIdentityRequest(label="x" * (OPERATION_BYTES_MAX // 2))
    for operations, field in (([desk(1), large], "operations[1]"), ([half] * 17, "operations")):
        call = RegisterCall(caller=Caller(public_key=GOVERNOR), operations=operations)
        refused = code_of(lambda call=call: client.unary(IDENTITIES, "Register", call, Unsigned))
        assert (refused.code, refused.fields["field"]) == ("REQUEST_TOO_LARGE", field)


def test_a_node_without_a_custodian_says_so(client: Client) -> None:
    assert code_of(lambda: client.bills.issue_blue(b"<xml/>")).code == "NO_CUSTODIAN"


# ---- what the client refuses to sign: the node is not trusted


def body(**changes: Any) -> bytes:
    made: dict[str, Any] = {
        "chain_id": CHAIN,
        "contract": "identity",
        "method": "register",
        "requests": [desk(1)],
        "signer_public_key": GOVERNOR,
        "last_height": 100,
    }
    return build_body(**{**made, **changes})


LIES = {
    "another operation": body(requests=[desk(2)]),
    "one operation more": body(requests=[desk(1), desk(2)]),
    "another method": body(method="revoke"),
    "another contract": body(contract="governance"),
    "another chain": body(chain_id="yl-other"),
    "another signer": body(signer_public_key=KEYS.stranger.public_key),
    "all or nothing": body(all_or_nothing=True),
    "somebody's endorsement": endorse(KEYS.stranger, body()),
    "an unknown field behind it": body() + b"\x7a\x01x",
    "no body": b"\xff\xff",
}


class LyingClient(Client):
    """A client whose node answers with a body of the test's choice."""

    lie = b""

    def unary(self, service: Any, rpc: Any, request: Any, reply: Any) -> Any:
        if reply is PrepareReply:
            return PrepareReply(bodies=[self.lie])
        return Unsigned(body=self.lie)

    def prepare(self, *asked: Any) -> PrepareReply:
        return PrepareReply(bodies=[self.lie])


@pytest.mark.parametrize("what", LIES)
def test_a_body_that_says_something_else_is_not_signed(node: Served, what: str) -> None:
    with LyingClient(node.grpc_address, signer=KEYS.governor, chain_id=CHAIN) as client:
        client.lie = LIES[what]
        refused = code_of(
            lambda: client.identities.register(
                key_of(1), org="agency", roles=["agency"], label="desk"
            )
        )
    assert refused.code == "BODY_DIFFERS"
    assert node.executor.pool_size() == 0


def test_a_documents_bodies_are_of_its_method_and_what_may_stand_beside_it(node: Served) -> None:
    with LyingClient(node.grpc_address, signer=KEYS.governor, chain_id=CHAIN) as client:
        client.lie = body()
        refused = code_of(lambda: client.bills.issue_blue(b"<xml/>"))
        assert (refused.code, refused.fields["field"]) == ("BODY_DIFFERS", "method")
        client.lie = body(contract="bill", method="lock")
        for call in (
            lambda: client.bills.issue_blue(b"<xml/>"),
            lambda: client.bring("bill.issue_blue", b"<xml/>", {}),
        ):
            refused = code_of(call)
            assert (refused.code, refused.fields["field"]) == ("BODY_DIFFERS", "method")
    assert node.executor.pool_size() == 0


def test_a_document_reaches_the_custodian_with_its_options() -> None:
    asked: list[PrepareRequest] = []

    def prepare(request: PrepareRequest) -> PrepareReply:
        asked.append(request)
        return PrepareReply(object="bill/46060124-0000000101", attribution="none")

    served = Served(KEYS)
    served.prepare = prepare
    with served as node, Client(node.grpc_address, signer=KEYS.governor) as client:
        done = client.bills.verify("46060124", "0000000101", settlement_id="300000900001")
    assert (done.object, done.receipts) == ("bill/46060124-0000000101", ())
    assert asked[0].kind == "bill.verify"
    assert asked[0].signer == GOVERNOR
    assert dict(asked[0].options) == {
        "code": "46060124",
        "number": "0000000101",
        "settlement_id": "300000900001",
    }


def test_lists_reach_the_custodian_as_the_text_it_reads() -> None:
    asked: list[PrepareRequest] = []

    def prepare(request: PrepareRequest) -> PrepareReply:
        asked.append(request)
        return PrepareReply()

    served = Served(KEYS)
    served.prepare = prepare
    with served as node, Client(node.grpc_address, signer=KEYS.governor) as client:
        checks = [ArchiveCheck(code="GD-1-7", result="passed")] * 2
        client.archives.update(b"{}", checks=checks, supersedes=3)
        lines = [LineSettlements(line=2, settlement_ids=["30001", "30002"])]
        client.funds.submit(b"H|", settlements=lines)
    said = dict(asked[0].options)
    assert said == {"checks": "GD-1-7:passed,GD-1-7:passed", "supersedes": "3"}
    assert options.archive_checks(said["checks"]) == checks
    assert options.version(said["supersedes"]) == 3
    said = dict(asked[1].options)
    assert options.settlements_by_line(said["settlements"]) == {2: ("30001", "30002")}
    assert list(said) == ["settlements"]


def test_an_unsigned_body_is_what_the_recipe_makes(client: Client) -> None:
    call = RegisterCall(caller=Caller(public_key=GOVERNOR), operations=[desk(1)])
    unsigned = client.unary(IDENTITIES, "Register", call, Unsigned)
    said = TxBody.FromString(unsigned.body)
    assert said.last_height == client.status().height + 500
    assert unsigned.body == body(nonce=said.nonce, last_height=said.last_height)
    assert unsigned.tx_hash == client.sign_and_submit([unsigned.body], KEYS.governor)[0].tx_hash
