"""A remote document is read under its owner's grant; one that is used is not used on a replica."""

import json

import pytest
from google.protobuf.message import Message

from contracts.remote.records import RemoteBillRecord
from ledger.records import encode
from proto.contracts_pb2 import GrantRequest, ReadRequest
from tests.contracts.harness import HOUR_MS, Chain, Network, bill_form, enter, key_bytes, unlock
from tests.contracts.remote.support import bill_of, remote_bill, store_bill, store_both

SAME = "remote_bill/46060124-0000000001"


def grant(chain: Chain, object_key: str) -> GrantRequest:
    return GrantRequest(
        authorization_id="a" * 32,
        account_id=f"{1:032x}",
        grantee_org="org-insurer",
        object=object_key,
        compartments=["full"],
        purpose="claim",
        from_ms=0,
        to_ms=chain.time_ms + HOUR_MS,
        identity_check="counter",
        identity_reference="desk-7",
    )


def read(object_key: str) -> ReadRequest:
    return ReadRequest(
        object=object_key, compartment="full", purpose="claim", reader_key=key_bytes("insurer")
    )


def test_a_remote_bill_is_read_under_its_owners_grant() -> None:
    chain = Chain()
    chain.open_account(1)
    store_both(chain, account=1)
    key = remote_bill(1)
    chain.refused("insurer", "authorization.read", read(key), "NOT_AUTHORIZED")
    chain.ok("bureau", "authorization.grant", grant(chain, key))
    ticket = json.loads(chain.ok("insurer", "authorization.read", read(key)).result)
    assert ticket["payload_hash"] == bill_of(chain).payload.hash.hex()
    assert [one.action for one in chain.trace(key)][-2:] == ["authorize", "read"]


def used_elsewhere(net: Network) -> None:
    """The province keeps the same bill as a remote one, and a reimbursement uses it."""
    province = net.province
    province.ok("bureau", "voucher.store_bill", store_bill(province, bill_form(1)))
    bill = province.load(RemoteBillRecord, SAME)
    used = bill.changed(state="used", used_by="reimbursement/YDBX-1")
    province.state[SAME] = encode(used)


@pytest.fixture
def net(monkeypatch: pytest.MonkeyPatch) -> Network:
    made = Network(monkeypatch)
    made.finance.issue(1)
    made.send_all(made.finance)
    return made


def test_a_replica_whose_bill_is_reimbursed_is_not_locked(net: Network) -> None:
    used_elsewhere(net)
    request: Message = net.province.lock()
    net.province.refused("agency_a", "bill.lock", request, "BILL_REIMBURSED")
    assert net.province.bill(1).lock is None
    assert not net.pending(net.province)


def test_a_replica_whose_bill_is_reimbursed_is_not_entered(net: Network) -> None:
    net.province.ok("agency_a", "bill.lock", net.province.lock())
    net.settle()
    used_elsewhere(net)
    net.province.refused("agency_a", "bill.enter", enter(), "BILL_REIMBURSED")
    assert net.province.bill(1).entry is None
    net.province.ok("agency_a", "bill.unlock", unlock())
    net.settle()
    assert net.finance.bill(1).lock is None


def test_a_home_that_reimbursed_takes_no_lock_and_no_entry_from_others(net: Network) -> None:
    finance = net.finance
    net.province.ok("agency_a", "bill.lock", net.province.lock())
    finance.ok("bureau", "voucher.store_bill", store_bill(finance, bill_form(1)))
    free = finance.load(RemoteBillRecord, SAME)
    taken = encode(free.changed(state="used", used_by="reimbursement/YDBX-1"))
    finance.state[SAME] = taken
    assert net.send_all(net.province) == ["BILL_REIMBURSED"]
    assert net.province.bill(1).lock is None
    finance.state[SAME] = encode(free)
    net.province.ok("agency_a", "bill.lock", net.province.lock())
    assert net.send_all(net.province) == ["OK"]
    net.province.ok("agency_a", "bill.enter", enter())
    finance.state[SAME] = taken
    assert net.send_all(net.province) == ["BILL_REIMBURSED"]
    assert (net.province.bill(1).entry, finance.bill(1).entry) == (None, None)
