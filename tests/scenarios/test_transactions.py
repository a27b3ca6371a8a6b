"""What a transaction guarantees (事务性保障): signatures, one use, all of it or nothing."""

import pytest

from ledger.transaction import sign_body
from node.bodies import VALID_FOR_BLOCKS, build_body
from node.client import Client, Receipt, Refused
from proto.contracts_pb2 import BillKey, LockRequest
from proto.transaction_pb2 import Transaction
from tests.scenarios.looking import denial, refused
from tests.scenarios.papers import CODE
from tests.scenarios.parties import HOUR_MS, Parties

pytestmark = [pytest.mark.processes, pytest.mark.slow]


def locks(parties: Parties, numbers: list[str]) -> list[LockRequest]:
    """A lock for an hour of each bill."""
    expires_ms = parties.now_ms() + HOUR_MS
    return [
        LockRequest(
            bill=BillKey(code=CODE, number=number), purpose="reimbursement", expires_ms=expires_ms
        )
        for number in numbers
    ]


def codes(outcomes: list[Receipt | Refused]) -> list[str]:
    return [one.code if isinstance(one, Refused) else "OK" for one in outcomes]


def is_locked(client: Client, number: str) -> bool:
    return client.bills.get(CODE, number).record.HasField("lock")


@pytest.mark.clause("2.2.1.3.4", "2.2.1.3.5")
def test_operations_under_one_signature_succeed_or_fail_each_by_itself(parties: Parties) -> None:
    numbers = [parties.issued(), "9999999999", parties.issued()]
    agency = parties["agency one"]
    outcomes = agency.bills.many("lock", locks(parties, numbers))
    assert codes(outcomes) == ["OK", "BILL_NOT_FOUND", "OK"]
    assert len({one.tx_hash for one in outcomes}) == 1
    assert [is_locked(agency, number) for number in numbers] == [True, False, True]


@pytest.mark.clause("2.2.1.3.4", "2.2.1.3.5")
def test_a_transaction_that_is_all_or_nothing_is_rolled_back(parties: Parties) -> None:
    held, free = parties.issued(), parties.issued()
    agency, other = parties["agency one"], parties["agency two"]
    assert codes(other.bills.many("lock", locks(parties, [held]))) == ["OK"]
    wanted = locks(parties, [free, held])
    outcomes = agency.bills.many("lock", wanted, all_or_nothing=True)
    assert codes(outcomes) == ["BATCH_ABORTED", "BILL_LOCKED"]
    assert not is_locked(agency, free)
    assert agency.bills.get(CODE, held).record.lock.holder_org == "agency-two"
    assert "BILL_LOCKED" in refused(agency.bills.trace(CODE, held))
    outcomes = agency.bills.many("lock", wanted[:1], all_or_nothing=True)
    assert codes(outcomes) == ["OK"]
    assert is_locked(agency, free)


@pytest.mark.clause("2.2.1.3.4")
def test_a_signature_is_for_one_body_one_chain_and_one_time(parties: Parties) -> None:
    number, agency = parties.issued(), parties["agency one"]
    signer = agency.signer
    assert signer is not None

    def body(chain_id: str) -> bytes:
        return build_body(
            chain_id,
            "bill",
            "lock",
            locks(parties, [number]),
            signer.public_key,
            last_height=agency.status().height + VALID_FOR_BLOCKS,
        )

    signed = sign_body(signer, body("province"))
    forged = Transaction(body=body("province"), signature=signed.signature)
    assert denial(lambda: agency.submit(forged)) == "BAD_SIGNATURE"
    elsewhere = sign_body(signer, body("national"))
    assert denial(lambda: agency.submit(elsewhere)) == "WRONG_CHAIN"
    assert not is_locked(agency, number)
    first = agency.submit(signed, 10_000)
    assert first.receipt.operations[0].code == "OK"
    assert denial(lambda: agency.submit(signed)) == "TX_REPLAYED"
    assert agency.receipt(first.tx_hash).height == first.receipt.height
    kept = agency.block(first.receipt.height).transactions
    assert signed.SerializeToString() in [one.SerializeToString() for one in kept]
