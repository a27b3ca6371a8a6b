"""The Ledger service over loopback gRPC: what it answers, and what it refuses with which code."""

import threading
import time
from collections.abc import Callable, Iterator

import grpc
import pytest

from faults import Rejected, StorageFault
from ledger.block import Header
from ledger.evidence import StateEvidence, verify_evidence, verify_state_evidence
from ledger.transaction import encode_transaction, sign_body
from node.client import Client, ClientError, build_body
from node.grpc_errors import from_status
from node.grpc_service import MESSAGE_BYTES_MAX
from node.mempool import PoolLimits
from proto import services_pb2 as pb
from proto.contracts_pb2 import RegisterIdentityRequest
from proto.transaction_pb2 import Transaction
from tests.node.chains import CHAIN, Keys, genesis_file, identity_key, private_key, registration
from tests.node.served import Served

KEYS = Keys()


@pytest.fixture
def node() -> Iterator[Served]:
    with Served(KEYS) as served:
        yield served


@pytest.fixture
def client(node: Served) -> Iterator[Client]:
    with Client(node.grpc_address) as opened:
        yield opened


def transaction(number: int, **options: object) -> Transaction:
    return Transaction.FromString(registration(KEYS, number, **options))  # type: ignore[arg-type]


def refusal(client: Client, one: Transaction, wait_ms: int = 0) -> str:
    with pytest.raises(ClientError) as refused:
        client.submit(one, wait_ms)
    assert refused.value.zh
    assert refused.value.en
    return refused.value.code


def test_submit_commit_and_read_everything_back(node: Served, client: Client) -> None:
    signed = transaction(1)
    accepted = client.submit(signed)
    assert not accepted.HasField("receipt")
    assert node.announced == [encode_transaction(signed)]
    assert client.status().pool == 1
    node.decide()
    receipt = client.receipt(accepted.tx_hash)
    assert (receipt.height, receipt.operations[0].code) == (1, "OK")
    state = client.state(identity_key(KEYS, 1))
    assert (state.found, state.height) == (True, 1)
    proved = StateEvidence.decode(state.proof)
    verify_state_evidence(KEYS.suite, node.executor.validators(1), proved)
    trace = client.trace(identity_key(KEYS, 1))
    assert len(trace.events) == 1
    assert trace.state == state
    block = client.block()
    assert (block.height, len(block.transactions)) == (1, 1)
    assert block == client.block(1)
    status = client.status()
    assert (status.chain_id, status.suite, status.height) == (CHAIN, "gm", 1)
    assert status.block_hash == block.block_hash
    assert status.state_root == Header.decode(block.header).state_root
    assert (status.node_name, status.validators, status.pool) == ("test-node", 1, 0)


def test_absence_is_answered_with_a_proof(node: Served, client: Client) -> None:
    node.decide()
    state = client.state("bill/none")
    assert not state.found
    proved = StateEvidence.decode(state.proof)
    assert proved.value is None
    verify_state_evidence(KEYS.suite, node.executor.validators(1), proved)


def test_a_submitter_can_wait_for_the_receipt(node: Served, client: Client) -> None:
    def soon() -> None:
        while not node.executor.pool_size():
            time.sleep(0.01)
        node.decide()

    worker = threading.Thread(target=soon)
    worker.start()
    reply = client.submit(transaction(1), wait_ms=10_000)
    worker.join()
    assert reply.receipt.operations[0].code == "OK"


def test_waiting_in_vain_answers_without_a_receipt(node: Served, client: Client) -> None:
    reply = client.submit(transaction(1), wait_ms=50)
    assert not reply.HasField("receipt")
    with pytest.raises(ClientError) as refused:
        client.receipt(reply.tx_hash, wait_ms=50)
    assert refused.value.code == "RECEIPT_NOT_FOUND"


def test_sign_and_submit_goes_body_by_body(node: Served, client: Client) -> None:
    stop = threading.Event()

    def decide_whenever_needed() -> None:
        while not stop.wait(0.01):
            if node.executor.pool_size():
                node.decide()

    worker = threading.Thread(target=decide_whenever_needed)
    worker.start()
    requests = [
        RegisterIdentityRequest(
            public_key=KEYS.suite.public_key(private_key(n)), org="agency", roles=["agency"]
        )
        for n in (201, 202)
    ]
    bodies = [
        build_body(CHAIN, "identity", "register", [one], KEYS.governor.public_key, last_height=50)
        for one in requests
    ]
    try:
        receipts = client.sign_and_submit(bodies, KEYS.governor)
        again = client.call("identity", "register", requests, KEYS.governor)
    finally:
        stop.set()
        worker.join()
    assert receipts[0].height < receipts[1].height
    assert {one.code for one in again.operations} == {"IDENTITY_EXISTS"}


def test_the_evidence_file_verifies_alone_and_not_when_changed(
    node: Served, client: Client
) -> None:
    client.submit(transaction(1))
    node.decide()
    client.submit(transaction(2))
    node.decide()
    node.decide()
    file = client.evidence(identity_key(KEYS, 1))
    checkpoint = genesis_file(KEYS)
    report = verify_evidence(file, checkpoint)
    assert report.checks
    position = file.index(b'"record"') + 20
    flipped = file[:position] + (b"0" if file[position : position + 1] != b"0" else b"1")
    with pytest.raises(Rejected, match=r"BAD_EVIDENCE|MALFORMED"):
        verify_evidence(flipped + file[position + 1 :], checkpoint)


def test_bad_transactions_are_refused_and_nothing_is_written(node: Served, client: Client) -> None:
    good = transaction(1)
    flipped = good.signature[:-1] + bytes([good.signature[-1] ^ 1])
    before = dict(node.executor.store.kv.scan(b""))
    unsigned = Transaction(body=good.body)
    assert refusal(client, unsigned) == "MALFORMED"
    assert refusal(client, Transaction(body=good.body, signature=flipped)) == "BAD_SIGNATURE"
    assert refusal(client, Transaction(body=good.body, signature=bytes(64))) == "BAD_SIGNATURE"
    assert refusal(client, Transaction(body=b"\xff" * 50, signature=bytes(64))) == "MALFORMED"
    assert refusal(client, Transaction()) == "WRONG_CHAIN"
    assert refusal(client, transaction(1, last_height=0)) == "TX_EXPIRED"
    assert refusal(client, transaction(1, last_height=5000)) == "TX_TOO_FAR_AHEAD"
    assert refusal(client, transaction(1, chain_id="yl-other")) == "WRONG_CHAIN"
    assert refusal(client, transaction(1, label="x" * 1_100_000)) == "TX_TOO_LARGE"
    assert refusal(client, transaction(1, operations=1001)) == "TX_TOO_LARGE"
    assert refusal(client, Transaction(body=b"x" * 9_000_000)) == "TX_TOO_LARGE"
    oversized = Transaction(body=b"x" * (MESSAGE_BYTES_MAX + 1))
    assert refusal(client, oversized) == "REQUEST_TOO_LARGE"
    assert refusal(client, good, wait_ms=60_001) == "REQUEST_INVALID"
    assert dict(node.executor.store.kv.scan(b"")) == before
    assert node.executor.pool_size() == 0
    assert node.announced == []


def test_a_replay_is_refused(node: Served, client: Client) -> None:
    client.submit(transaction(1))
    node.decide()
    assert refusal(client, transaction(1)) == "TX_REPLAYED"


def test_a_full_pool_says_so() -> None:
    with Served(KEYS, PoolLimits(max_count=1)) as node, Client(node.grpc_address) as client:
        client.submit(transaction(1))
        assert refusal(client, transaction(2)) == "POOL_FULL"


@pytest.mark.parametrize("method", ["Submit", "GetReceipt", "GetState", "GetTrace", "GetBlock"])
def test_garbage_instead_of_a_message(node: Served, method: str) -> None:
    with grpc.insecure_channel(node.grpc_address) as channel:
        call: Callable[..., bytes] = channel.unary_unary(f"/yilian.v1.Ledger/{method}")
        with pytest.raises(grpc.RpcError) as raised:
            call(b"\xff\xff\xff\xff garbage", timeout=10)
    error = from_status(raised.value)
    assert error.code == "REQUEST_INVALID"
    assert raised.value.code() is grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize(
    ("call", "code", "status"),
    [
        (lambda c: c.receipt(b"short"), "REQUEST_INVALID", "INVALID_ARGUMENT"),
        (lambda c: c.receipt(bytes(32)), "RECEIPT_NOT_FOUND", "NOT_FOUND"),
        (lambda c: c.state(""), "REQUEST_INVALID", "INVALID_ARGUMENT"),
        (lambda c: c.state("k" * 300), "REQUEST_INVALID", "INVALID_ARGUMENT"),
        (lambda c: c.trace("bill/none"), "OBJECT_NOT_FOUND", "NOT_FOUND"),
        (lambda c: c.evidence("bill/none"), "OBJECT_NOT_FOUND", "NOT_FOUND"),
        (lambda c: c.block(7), "BLOCK_NOT_FOUND", "NOT_FOUND"),
        (lambda c: c.block(2**64 - 1), "REQUEST_INVALID", "INVALID_ARGUMENT"),
        (lambda c: c.list_unbound(), "INTERNAL", ""),
    ],
)
def test_wrong_questions_have_stable_codes(
    client: Client, call: object, code: str, status: str
) -> None:
    with pytest.raises(ClientError) as refused:
        call(client)  # type: ignore[operator]
    assert refused.value.code == code


def test_before_the_first_block_states_have_no_proof(client: Client) -> None:
    state = client.state(f"identity/{KEYS.governor.public_key.hex()}")
    assert (state.found, state.height, state.proof) == (True, 0, b"")


def test_an_unreachable_node_is_named() -> None:
    client = Client("127.0.0.1:1", timeout_seconds=2)
    with pytest.raises(ClientError) as refused:
        client.status()
    client.close()
    assert refused.value.code == "NODE_UNREACHABLE"
    with pytest.raises(ClientError, match="closed"):
        client.status()


def test_a_defect_tells_the_caller_nothing(
    node: Served, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*asked: object) -> pb.StateReply:
        raise ValueError("secret detail")

    monkeypatch.setattr(node.reader, "state", broken)
    with pytest.raises(ClientError) as refused:
        client.state("x")
    assert refused.value.code == "INTERNAL"
    assert "secret" not in str(refused.value)


def test_a_storage_fault_stops_the_node(
    node: Served, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*asked: object) -> pb.StateReply:
        raise StorageFault("disk")

    monkeypatch.setattr(node.reader, "state", broken)
    with pytest.raises(ClientError) as refused:
        client.state("x")
    assert refused.value.code == "INTERNAL"
    assert [type(fault) for fault in node.faults] == [StorageFault]


def test_what_is_signed_elsewhere_is_accepted_as_sent(node: Served, client: Client) -> None:
    """A client that serializes its body in another order of fields is still understood."""
    request = RegisterIdentityRequest(
        public_key=KEYS.suite.public_key(private_key(300)), org="agency", roles=["agency"]
    )
    body = build_body(
        CHAIN, "identity", "register", [request], KEYS.governor.public_key, last_height=9
    )
    head = b"\x0a" + bytes([len(CHAIN)]) + CHAIN.encode()
    assert body.startswith(head)
    reordered = body[len(head) :] + head
    signed = sign_body(KEYS.governor, reordered)
    assert encode_transaction(signed)
    client.submit(signed)
    node.decide()
    assert client.state(f"identity/{request.public_key.hex()}").found
