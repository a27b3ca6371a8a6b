"""Bad transactions, submitted over gRPC. What is wrong in form, window or signature never enters a
block; what a contract refuses has its receipt and changes no state."""

import json
import secrets
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from contracts.registry import all_methods
from ledger.endorsement import endorse
from ledger.transaction import sign_body, tx_hash
from node.client import Client, ClientError, build_body
from proto.contracts_pb2 import BillKey, IssueBlueRequest, LockRequest, UnlockRequest
from proto.transaction_pb2 import SealedPayload, Transaction, TxBody
from tests.edge.outside import WAIT_MS, Outside, checked
from tests.edge.variants import bill

pytestmark = [pytest.mark.processes, pytest.mark.timeout(120)]

MIB = 1024 * 1024
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
NO_BILL = UnlockRequest(bill=BillKey(code="00000000", number="0000000000"), reason="test")


def big(size: int) -> IssueBlueRequest:
    return IssueBlueRequest(payload=SealedPayload(ciphertext=bytes(size)))


@pytest.mark.parametrize(
    ("signature", "code"),
    [
        (b"", "MALFORMED"),
        (bytes(63), "MALFORMED"),
        (bytes(65), "MALFORMED"),
        (bytes(64), "BAD_SIGNATURE"),
        (b"\xff" * 64, "BAD_SIGNATURE"),
        (P256_ORDER.to_bytes(32) * 2, "BAD_SIGNATURE"),
        (bytes(32) + (1).to_bytes(32), "BAD_SIGNATURE"),
    ],
    ids=["unsigned", "short", "long", "zeros", "ones", "order", "r zero"],
)
def test_no_signature_at_all(
    finance: Outside, province: Outside, signature: bytes, code: str
) -> None:
    for chain in (finance, province):
        with chain.untouched():
            body = chain.body("bill", "unlock", NO_BILL)
            chain.not_taken(code, Transaction(body=body, signature=signature))


def test_wrongly_signed(finance: Outside, province: Outside) -> None:
    for chain in (finance, province):
        body = chain.body("bill", "unlock", NO_BILL)
        signature = chain.signed(body).signature
        other = chain.actor.suite.signer(chain.actor.suite.generate_private_key())
        foreign = province if chain is finance else finance
        with chain.untouched():
            for bad in (
                bytes([signature[0] ^ 1]) + signature[1:],
                signature[32:] + signature[:32],
                other.sign(b"yilian/tx/v1\x00" + body),
                chain.actor.signer.sign(body),
                foreign.signed(body).signature,
            ):
                chain.not_taken("BAD_SIGNATURE", Transaction(body=body, signature=bad))
            later = chain.body("bill", "unlock", NO_BILL)
            chain.not_taken("BAD_SIGNATURE", Transaction(body=later, signature=signature))


@pytest.mark.parametrize(
    "signer",
    [b"", bytes(65), b"\x02" + bytes(32), b"\x04" + b"\x01" * 64, b"\x04" + bytes(63)],
    ids=["none", "zeros", "compressed", "off the curve", "short"],
)
def test_signers_that_are_no_keys(finance: Outside, signer: bytes) -> None:
    body = TxBody.FromString(finance.body("bill", "unlock", NO_BILL))
    body.signer = signer
    with finance.untouched():
        code = "BAD_SIGNATURE" if len(signer) == 65 and signer[0] == 4 else "MALFORMED"
        finance.not_taken(code, finance.signed(body.SerializeToString()))


def test_expired_and_too_far_ahead(finance: Outside) -> None:
    height = finance.client.status().height
    with finance.untouched():
        about = finance.not_taken(
            "TX_EXPIRED", finance.signed(finance.body("bill", "unlock", NO_BILL, ahead=-height))
        )
        assert about["last_height"] == "0"
        for ahead in (5_000, 2**64 - 1 - height):
            body = finance.body("bill", "unlock", NO_BILL, ahead=ahead)
            finance.not_taken("TX_TOO_FAR_AHEAD", finance.signed(body))


def test_for_another_chain(finance: Outside) -> None:
    with finance.untouched():
        for chain in ("province", "", "finance ", "f" * 100_000):
            body = finance.body("bill", "unlock", NO_BILL, chain=chain)
            about = finance.not_taken("WRONG_CHAIN", finance.signed(body))
            assert about == {"expected": "finance"}


@pytest.mark.parametrize(
    ("spoil", "what"),
    [
        (lambda body: body + b"\x98\x06\x01", "body"),
        (lambda body: body + b"\x0a\x07finance", "body"),
        (lambda body: body[:-1], "body"),
        (lambda body: b"", None),
        (lambda body: secrets.token_bytes(200), None),
        (lambda body: b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f", None),
        (lambda body: b"\x80" * 100_000, None),
    ],
    ids=["unknown field", "repeated field", "cut off", "empty", "random", "length", "varint"],
)
def test_bodies_that_two_readers_could_read_apart(
    finance: Outside, spoil: Callable[[bytes], bytes], what: str | None
) -> None:
    body = spoil(finance.body("bill", "unlock", NO_BILL))
    with finance.untouched():
        with pytest.raises(ClientError) as caught:
            finance.client.submit(finance.signed(body), WAIT_MS)
        about = checked(caught.value, "WRONG_CHAIN" if not body else "MALFORMED")
    assert what is None or about["what"] == what


def test_an_endorsement_that_covers_something_else(finance: Outside) -> None:
    other = finance.actor.suite.signer(finance.actor.suite.generate_private_key())
    body, another = (finance.body("bill", "unlock", NO_BILL) for _ in range(2))
    taken = endorse(other, another)[len(another) :]
    with finance.untouched():
        about = finance.not_taken("BAD_SIGNATURE", finance.signed(body + taken))
        assert about == {"endorsement": "0"}
        about = finance.not_taken("MALFORMED", finance.signed(endorse(other, body) + body))
        assert about["what"] == "body"


def test_all_or_nothing_over_the_wire(finance: Outside) -> None:
    before = finance.client.status().state_root
    receipt = finance.client.call(
        "bill", "unlock", [NO_BILL, NO_BILL], finance.actor.signer, all_or_nothing=True
    )
    codes = [one.code for one in receipt.operations]
    assert codes == ["NOT_PERMITTED", "BATCH_ABORTED"]
    assert dict(receipt.operations[1].fields) == {"operation": "0"}
    assert finance.client.status().state_root == before


def test_too_much(finance: Outside) -> None:
    """1,001 operations, one operation over 1 MiB, all of them over 8 MiB, a call over 12 MiB."""
    with finance.untouched(seconds=20, growth=128 * MIB):
        body = finance.body("bill", "unlock", *[NO_BILL] * 1_001)
        about = finance.not_taken("TX_TOO_LARGE", finance.signed(body))
        assert about == {"limit": "1000", "operations": "1001"}
        body = finance.body("bill", "issue_blue", big(MIB))
        assert "operation_bytes" in finance.not_taken("TX_TOO_LARGE", finance.signed(body))
        body = finance.body("bill", "issue_blue", *[big(MIB - 100)] * 9)
        assert "bytes" in finance.not_taken("TX_TOO_LARGE", finance.signed(body))
        body = finance.body("bill", "issue_blue", *[big(MIB)] * 13)
        finance.not_taken("REQUEST_TOO_LARGE", finance.signed(body))
        body = finance.body("bill", "issue_blue", *[big(MIB)] * 100)
        finance.not_taken("REQUEST_TOO_LARGE", finance.signed(body))


def test_refused_megabytes_are_let_go(finance: Outside) -> None:
    """Over and over: what was refused is not held until some garbage collection comes by."""
    transaction = finance.signed(finance.body("bill", "issue_blue", *[big(MIB - 100)] * 9))
    with finance.untouched(seconds=20, growth=128 * MIB):
        for _ in range(20):
            finance.not_taken("TX_TOO_LARGE", transaction)


def test_a_thousand_operations_are_answered_one_by_one(province: Outside) -> None:
    before = province.client.status().state_root
    receipts = province.commit(province.body("bill", "unlock", *[NO_BILL] * 1_000))
    assert [one.code for one in receipts] == ["BILL_NOT_FOUND"] * 1_000
    assert province.client.status().state_root == before


@pytest.mark.parametrize(
    ("size", "code"), [(0, "MALFORMED"), (15, "MALFORMED"), (17, "MALFORMED"), (MIB, "MALFORMED")]
)
def test_nonces_of_the_wrong_size(finance: Outside, size: int, code: str) -> None:
    with finance.untouched():
        body = finance.body("bill", "unlock", NO_BILL, nonce=bytes(size))
        assert finance.not_taken(code, finance.signed(body))["what"] == "nonce"


def test_no_operation_and_nameless_methods(finance: Outside) -> None:
    with finance.untouched():
        assert finance.not_taken("MALFORMED", finance.signed(finance.body("bill", "unlock")))
        for contract, method in (
            ("", "unlock"),
            ("bill", ""),
            ("b" * 65, "x"),
            ("bill", "钱" * 22),
        ):
            body = finance.body(contract, method, NO_BILL)
            about = finance.not_taken("MALFORMED", finance.signed(body))
            assert about["what"] in ("contract", "method")


@pytest.mark.parametrize(
    ("contract", "method"),
    [
        ("bill", "burn"),
        ("bank", "pay"),
        ("bill", "__init__"),
        ("bill", "name"),
        ("bill/", "unlock"),
        ("票据", "锁定"),
        ("BILL", "UNLOCK"),
    ],
)
def test_unknown_contracts_and_methods(finance: Outside, contract: str, method: str) -> None:
    before = finance.client.status().state_root
    (receipt,) = finance.commit(finance.body(contract, method, NO_BILL))
    assert receipt.code == "UNKNOWN_METHOD"
    assert dict(receipt.fields) == {"contract": contract, "method": method}
    assert finance.client.status().state_root == before


def test_requests_that_are_not_the_methods_message(province: Outside) -> None:
    good = NO_BILL.SerializeToString()
    before = province.client.status().state_root
    for operation in (
        b"\xff",
        b"\x00",
        good + b"\x98\x06\x01",
        good + good,
        b"",
        b"\x0a\x00" * 500,
    ):
        body = TxBody.FromString(province.body("bill", "unlock", NO_BILL))
        body.operations[0] = operation
        (receipt,) = province.commit(body.SerializeToString())
        assert receipt.code in ("MALFORMED_REQUEST", "BILL_NOT_FOUND"), operation
    assert province.client.status().state_root == before


def test_random_requests_to_every_method_change_nothing(province: Outside) -> None:
    before = province.client.status().state_root
    codes: Counter[str] = Counter()
    for contract, declared in all_methods():
        body = TxBody.FromString(province.body(contract, declared.name, NO_BILL))
        del body.operations[:]
        body.operations.extend(secrets.token_bytes(size) for size in range(1, 40))
        codes.update(one.code for one in province.commit(body.SerializeToString()))
    assert codes["OK"] == 0
    assert codes["MALFORMED_REQUEST"] > 0
    assert province.client.status().state_root == before


def test_an_identity_that_nobody_registered(finance: Outside) -> None:
    unknown = finance.actor.suite.signer(finance.actor.suite.generate_private_key())
    before = finance.client.status()
    with pytest.raises(ClientError) as caught:
        finance.client.call("bill", "unlock", [NO_BILL], unknown)
    checked(caught.value, "UNKNOWN_IDENTITY")
    with pytest.raises(ClientError) as caught:
        finance.client.prepare("bill.issue_blue", bill(), unknown.public_key)
    checked(caught.value, "UNKNOWN_IDENTITY")
    assert finance.client.status().state_root == before.state_root


def test_a_role_that_may_not(finance: Outside) -> None:
    router = finance.world.stage.actors["finance router"]
    with finance.untouched(), pytest.raises(ClientError) as caught:
        finance.client.prepare("bill.issue_blue", bill(), router.public_key)
    assert checked(caught.value, "NOT_PERMITTED")["org"] == "finance"


def test_replayed(finance: Outside, province: Outside) -> None:
    for chain in (finance, province):
        body = chain.body("bill", "unlock", NO_BILL)
        transaction = chain.signed(body)
        first = chain.client.submit(transaction, WAIT_MS)
        assert first.receipt.operations[0].code in ("BILL_NOT_FOUND", "NOT_PERMITTED")
        with chain.untouched():
            about = chain.not_taken("TX_REPLAYED", transaction)
            assert about["tx_hash"] == first.tx_hash.hex()
            # Signed anew, and another body under the same nonce: the nonce is spent all the same.
            chain.not_taken("TX_REPLAYED", chain.signed(body))
            other = TxBody.FromString(body)
            other.method = "lock"
            chain.not_taken("TX_REPLAYED", chain.signed(other.SerializeToString()))
        assert chain.client.receipt(first.tx_hash).height == first.receipt.height


def test_the_other_form_of_a_signature_is_no_second_transaction(finance: Outside) -> None:
    """(r, n - s) is as good a P-256 signature as (r, s); the hash does not cover it."""
    body = finance.body("bill", "unlock", NO_BILL)
    good = finance.signed(body)
    s = P256_ORDER - int.from_bytes(good.signature[32:])
    twin = Transaction(body=body, signature=good.signature[:32] + s.to_bytes(32))
    assert finance.client.submit(good, WAIT_MS).HasField("receipt")
    with finance.untouched(), pytest.raises(ClientError) as caught:
        finance.client.submit(twin, WAIT_MS)
    assert caught.value.code in ("TX_REPLAYED", "BAD_SIGNATURE")


def test_delivered_many_times_at_once(finance: Outside) -> None:
    """One bill from eight connections at once: one block holds it, once."""
    prepared = finance.client.prepare(
        "bill.issue_blue", bill(number="0000000921"), finance.actor.public_key
    )
    transaction = finance.signed(prepared.bodies[0])
    wanted = tx_hash(finance.actor.suite, transaction)
    before = finance.client.status().height

    def deliver(_: int) -> str:
        with Client(finance.client.address) as client:
            try:
                return client.submit(transaction, WAIT_MS).receipt.operations[0].code
            except ClientError as error:
                return error.code

    with ThreadPoolExecutor(8) as threads:
        answers = Counter(threads.map(deliver, range(8)))
    assert answers["OK"] >= 1
    assert set(answers) <= {"OK", "TX_REPLAYED"}
    receipt = finance.client.receipt(wanted, WAIT_MS)
    assert [one.code for one in receipt.operations] == ["OK"]
    heights = range(before + 1, finance.client.status().height + 1)
    held = [
        one for height in heights for one in finance.client.block(height).transactions
        if one.body == transaction.body
    ]  # fmt: skip
    assert len(held) == 1
    trace = finance.client.trace(prepared.object)
    issued = [json.loads(one.event_json) for one in trace.events]
    assert [one["action"] for one in issued].count("issue_blue") == 1


def test_the_same_bill_twice(finance: Outside) -> None:
    """Prepared twice, the second has another nonce and payload: the contract refuses it."""
    document = bill(number="0000000922")
    key = finance.actor.public_key
    bodies = [finance.client.prepare("bill.issue_blue", document, key).bodies[0] for _ in range(2)]
    assert [finance.commit(body)[0].code for body in bodies] == ["OK", "BILL_EXISTS"]


def test_times_at_the_ends_of_their_type(province: Outside) -> None:
    document = bill(number="0000000923")
    prepared = province.client.prepare("bill.issue_blue", document, province.actor.public_key)
    assert province.commit(prepared.bodies[0])[0].code == "OK"
    named = BillKey(code="46060124", number="0000000923")
    for expires_ms in (0, 1, 2**63, 2**64 - 1):
        request = LockRequest(bill=named, purpose="reimbursement", expires_ms=expires_ms)
        (receipt,) = province.commit(province.body("bill", "lock", request))
        assert receipt.code == "EXPIRY_INVALID"
    record = json.loads(province.client.state(prepared.object).record_json)
    assert record["lock"] is None


def test_waiting_longer_than_allowed(finance: Outside) -> None:
    transaction = finance.signed(finance.body("bill", "unlock", NO_BILL))
    with finance.untouched():
        for wait_ms in (60_001, 2**32 - 1):
            with pytest.raises(ClientError) as caught:
                finance.client.submit(transaction, wait_ms)
            assert "wait_ms" in checked(caught.value, "REQUEST_INVALID")
        for tx in (b"", bytes(31), bytes(33), bytes(1000)):
            with pytest.raises(ClientError) as caught:
                finance.client.receipt(tx, 100)
            assert caught.value.code in ("RECEIPT_NOT_FOUND", "REQUEST_INVALID")


def test_a_body_of_one_chain_under_the_key_of_the_other(
    province: Outside, finance: Outside
) -> None:
    last = province.client.status().height + 100
    body = build_body(
        "province", "bill", "unlock", [NO_BILL], finance.actor.public_key, last_height=last
    )
    with province.untouched():
        province.not_taken("BAD_SIGNATURE", sign_body(finance.actor.signer, body))
