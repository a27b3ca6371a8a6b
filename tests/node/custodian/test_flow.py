"""The custodian's part of the journey, on real contracts and executors, without processes."""

import msgspec
import pytest

from crypto import open_payload
from documents import decode_payload
from faults import Rejected
from ledger.packet import outbox_key
from node.custodian.payloads import to_bytes
from proto.contracts_pb2 import (
    BillKey,
    DeliverRequest,
    GrantRequest,
    LinkSettlementRequest,
    LockRequest,
    OpenAccountRequest,
    ReadRequest,
    ReportSettlementRequest,
)
from proto.services_pb2 import (
    ListUnboundRequest,
    PrepareDeliveryRequest,
    PrepareReply,
    RewrapRequest,
)
from tests.node.custodian.stage import (
    BLUE_BILLS,
    CHANNEL,
    SETTLEMENTS,
    TIME_MS,
    Chain,
    body_of,
    carry,
    reporting_chains,
    sample,
    two_chains,
)

BILL_01 = "bill/46060124-0000000101"
BILL_02 = "bill/46060124-0000000102"
BILL_03 = "bill/46060124-0000000103"
BILL_04 = "bill/46060224-0000000201"
BILL_05 = "bill/46060224-0000000202"


def unbound(chain: Chain) -> dict[str, str]:
    items = chain.custodian.ListUnbound(ListUnboundRequest()).items
    return {item.object: item.reason for item in items}


def journey_to_bills(finance: Chain, province: Chain) -> dict[str, PrepareReply]:
    content = sample("archive_01_content.json").decode()
    province.do("desk", "account.open", sample("archive_01_record.json"), content=content)
    arrived = {}
    for sequence, name in enumerate(BLUE_BILLS, start=1):
        issued = finance.do("desk", "bill.issue_blue", sample(name))
        assert (issued.attribution, issued.account_id) == ("none", "")
        reply = carry(finance, province, sequence)
        assert reply.object == issued.object
        arrived[issued.object] = reply
    return arrived


def test_the_journey() -> None:
    finance, province = two_chains()
    arrived = journey_to_bills(finance, province)
    kinds = {key: reply.attribution for key, reply in arrived.items()}
    assert kinds.pop(BILL_01) == "certificate"
    assert set(kinds.values()) == {"unbound"}
    assert sorted(unbound(province)) == [BILL_02, BILL_03, BILL_04, BILL_05]
    for key, reply in arrived.items():
        here, there = province.owned(key), finance.owned(key)
        assert here.pcommit == there.pcommit
        assert here.payload.hash != there.payload.hash
        assert here.account_id == reply.account_id

    for name in SETTLEMENTS:
        before = set(unbound(province))
        reply = province.do("desk", "settlement.upload", sample(name))
        methods = [(body_of(raw).contract, body_of(raw).method) for raw in reply.bodies]
        first = name == "setl_2207_bill01.json"
        uploaded = ("settlement", "upload")
        attach = [] if first else [("account", "attach")]
        assert methods == ([] if first else [("account", "open")]) + [uploaded, *attach]
        settlement = province.owned(reply.object)
        assert settlement.account_id == reply.account_id
        assert len(before) - len(unbound(province)) == (0 if first else 1)
    owners = [province.owned(key).account_id for key in (BILL_01, BILL_02, BILL_04, BILL_05)]
    assert len(set(owners)) == 4
    assert "" not in owners
    assert list(unbound(province)) == [BILL_03]
    assert "masked" in unbound(province)[BILL_03]

    linked = province.call(
        "desk",
        "bill",
        "link_settlement",
        LinkSettlementRequest(
            bill=BillKey(code="46060124", number="0000000102"), settlement_id="300000900002"
        ),
    )
    assert linked.code == "OK"
    options = {"code": "46060124", "number": "0000000102", "settlement_id": "300000900002"}
    province.do("desk", "bill.verify", **options)
    voucher = province.prepare("desk", "voucher.report", **options)
    assert voucher.object == "voucher/300000900002"
    assert body_of(voucher.bodies[0]).method == "report"

    red = finance.do("desk", "bill.issue_red", sample("ebill_out_06_red_of_01.xml"))
    arrived_red = carry(finance, province, len(BLUE_BILLS) + 1)
    assert arrived_red.object == red.object
    assert province.owned(red.object).account_id == province.owned(BILL_01).account_id


@pytest.fixture(scope="module")
def granted() -> tuple[Chain, str]:
    """A province with bill 01 in its owner's account, which granted the insurer to read it."""
    finance, province = two_chains()
    arrived = journey_to_bills(finance, province)
    account = arrived[BILL_01].account_id
    granted = province.call(
        "desk",
        "authorization",
        "grant",
        GrantRequest(
            authorization_id="ab" * 16,
            account_id=account,
            grantee_org="insurer",
            object=BILL_01,
            compartments=["full"],
            purpose="claim",
            from_ms=TIME_MS,
            to_ms=TIME_MS + 10**9,
            identity_check="counter",
            identity_reference="desk-1",
        ),
    )
    assert granted.code == "OK", granted
    return province, account


def read(province: Chain, actor: str, **changes: str) -> tuple[str, bytes]:
    fields = {"object": BILL_01, "compartment": "full", "purpose": "claim", **changes}
    request = ReadRequest(reader_key=province.keys[actor].public_key, **fields)
    receipt = province.call(actor, "authorization", "read", request)
    return receipt.code, receipt.tx_hash


def test_a_granted_read_opens_with_the_readers_key_only(granted: tuple[Chain, str]) -> None:
    province, _ = granted
    code, tx_hash = read(province, "insurer")
    assert code == "OK"
    reply = province.custodian.Rewrap(RewrapRequest(tx_hash=tx_hash))
    assert [key.recipient for key in reply.payload.keys] == [province.keys["insurer"].public_key]
    plain = decode_payload(
        open_payload(
            to_bytes(reply.payload),
            private_key=province.private_keys["insurer"],
            aad=reply.pcommit,
        )
    )
    assert plain.document == sample("ebill_out_01.xml")
    assert (reply.schema, plain.schema) == ("ebill/1", "ebill/1")
    with pytest.raises(Rejected):
        open_payload(
            to_bytes(reply.payload),
            private_key=province.private_keys["stranger"],
            aad=reply.pcommit,
        )


@pytest.mark.parametrize("actor", ["stranger", "hospital"])
def test_a_refused_read_is_no_ticket(granted: tuple[Chain, str], actor: str) -> None:
    province, _ = granted
    code, tx_hash = read(province, actor)
    assert code == "NOT_AUTHORIZED"
    refused_rewrap(province, tx_hash, 0, "NOT_AUTHORIZED")


def refused_rewrap(province: Chain, tx_hash: bytes, operation: int, code: str) -> None:
    with pytest.raises(Rejected) as refused:
        province.custodian.Rewrap(RewrapRequest(tx_hash=tx_hash, operation=operation))
    assert refused.value.code.name == code


def test_nothing_but_a_read_is_a_ticket(granted: tuple[Chain, str]) -> None:
    province, _ = granted
    _, tx_hash = read(province, "insurer")
    refused_rewrap(province, tx_hash, 1, "NOT_AUTHORIZED")
    refused_rewrap(province, tx_hash, 2**32 - 1, "NOT_AUTHORIZED")
    refused_rewrap(province, bytes(32), 0, "RECEIPT_NOT_FOUND")
    refused_rewrap(province, b"short", 0, "REQUEST_INVALID")
    place = province.owned(BILL_01).payload
    refused_rewrap(province, place.tx_hash, 0, "NOT_AUTHORIZED")


def test_a_router_of_another_organisation_opens_nothing() -> None:
    finance, _ = two_chains()
    finance.do("desk", "bill.issue_blue", sample("ebill_out_01.xml"))
    packet_id = first_packet(finance)
    for actor in ("other router", "desk", "stranger"):
        with pytest.raises(Rejected) as refused:
            finance.custodian.OpenForRouter(finance.open_request(actor, packet_id))
        assert refused.value.code.name in ("CUSTODIAN_CALLER_NOT_ALLOWED", "NOT_PERMITTED")


def first_packet(chain: Chain) -> bytes:
    entry = msgspec.msgpack.decode(chain.reader.state(outbox_key(CHANNEL, 1, 1)).value)
    return bytes(entry["packet_id"])


def test_a_request_for_plaintext_is_signed_and_used_once() -> None:
    finance, _ = two_chains()
    finance.do("desk", "bill.issue_blue", sample("ebill_out_01.xml"))
    packet_id = first_packet(finance)
    request = finance.open_request("router", packet_id)
    forged = finance.open_request("other router", packet_id)
    forged.requester = finance.keys["router"].public_key
    with pytest.raises(Rejected) as refused:
        finance.custodian.OpenForRouter(forged)
    assert refused.value.code.name == "BAD_REQUEST_SIGNATURE"
    assert finance.custodian.OpenForRouter(request).plaintext
    for custodian in (finance.custodian, finance.open_custodian()):
        with pytest.raises(Rejected) as refused:
            custodian.OpenForRouter(request)
        assert refused.value.code.name == "CUSTODIAN_REQUEST_REPLAYED"


def test_an_unknown_packet_and_odd_lengths_are_refused() -> None:
    finance, _ = two_chains()
    with pytest.raises(Rejected) as refused:
        finance.custodian.OpenForRouter(finance.open_request("router", bytes(32)))
    assert refused.value.code.name == "CUSTODIAN_PACKET_NOT_FOUND"
    for packet_id in (b"", bytes(31), bytes(33)):
        with pytest.raises(Rejected) as refused:
            finance.custodian.OpenForRouter(finance.open_request("router", packet_id))
        assert refused.value.code.name == "REQUEST_INVALID"


def test_a_changed_plaintext_is_not_delivered() -> None:
    finance, province = two_chains()
    finance.do("desk", "bill.issue_blue", sample("ebill_out_01.xml"))
    finance.do("desk", "bill.issue_blue", sample("ebill_out_02.xml"))
    states = [finance.reader.state(outbox_key(CHANNEL, 1, n)) for n in (1, 2)]
    entries = [msgspec.msgpack.decode(state.value) for state in states]
    opened = [
        finance.custodian.OpenForRouter(finance.open_request("router", one["packet_id"])).plaintext
        for one in entries
    ]
    flipped = bytearray(opened[0])
    flipped[len(flipped) // 2] ^= 1
    for plaintext in (b"", opened[1], bytes(flipped), opened[0] + b"\0"):
        request = PrepareDeliveryRequest(
            packet=entries[0]["packet"],
            proof=states[0].proof,
            plaintext=plaintext,
            signer=province.keys["router"].public_key,
        )
        with pytest.raises(Rejected):
            province.custodian.PrepareDelivery(request)
    assert unbound(province) == {}
    assert list(province.custodian._people.all_waiting()) == []


def test_a_delivery_prepared_twice_queues_once_and_the_second_is_refused_by_the_chain() -> None:
    finance, province = two_chains()
    finance.do("desk", "bill.issue_blue", sample("ebill_out_02.xml"))
    carry(finance, province, 1)
    assert list(unbound(province)) == [BILL_02]
    with pytest.raises(AssertionError, match="ALREADY_DELIVERED"):
        carry(finance, province, 1)
    assert list(unbound(province)) == [BILL_02]


def test_a_packet_without_a_document_needs_no_plaintext() -> None:
    finance, province = two_chains()
    journey_to_bills(finance, province)
    body = locked(province)
    state = province.reader.state(body)
    entry = msgspec.msgpack.decode(state.value)
    opened = province.custodian.OpenForRouter(province.open_request("router", entry["packet_id"]))
    assert opened.plaintext == b""
    request = PrepareDeliveryRequest(
        packet=entry["packet"], proof=state.proof, signer=finance.keys["router"].public_key
    )
    reply = finance.custodian.PrepareDelivery(request)
    delivered = DeliverRequest.FromString(body_of(reply.bodies[0]).operations[0])
    assert not delivered.HasField("form")
    assert not delivered.HasField("payload")
    request.plaintext = b"something"
    with pytest.raises(Rejected):
        finance.custodian.PrepareDelivery(request)


def locked(province: Chain) -> str:
    """Lock bill 01; the outbox key of the packet that asks finance."""
    request = LockRequest(
        bill=BillKey(code="46060124", number="0000000101"),
        purpose="reimbursement",
        expires_ms=TIME_MS + 10**8,
    )
    assert province.call("desk", "bill", "lock", request).code == "OK"
    return outbox_key(CHANNEL, 1, 1)


def test_a_settlement_before_its_bill_attributes_it_on_arrival() -> None:
    finance, province = two_chains()
    uploaded = province.do("desk", "settlement.upload", sample("setl_2207_bill02.json"))
    finance.do("desk", "bill.issue_blue", sample("ebill_out_02.xml"))
    arrived = carry(finance, province, 1)
    assert (arrived.attribution, arrived.account_id) == ("settlement", uploaded.account_id)
    assert province.owned(BILL_02).account_id == uploaded.account_id


def test_a_bill_that_arrives_between_prepare_and_commit_is_attached_later() -> None:
    finance, province = two_chains()
    prepared = province.prepare("desk", "settlement.upload", sample("setl_2207_bill02.json"))
    finance.do("desk", "bill.issue_blue", sample("ebill_out_02.xml"))
    assert carry(finance, province, 1).attribution == "unbound"
    province.submit("desk", prepared.bodies)
    assert list(unbound(province)) == [BILL_02]
    attached = province.do("desk", "account.attach", object=BILL_02)
    assert (attached.attribution, attached.account_id) == ("settlement", prepared.account_id)
    assert unbound(province) == {}
    assert not province.prepare("desk", "account.attach", object=BILL_02).bodies


def test_a_clerk_may_decide_by_hand() -> None:
    finance, province = two_chains()
    opened = province.do("desk", "settlement.upload", sample("setl_2304_bill05.json"))
    finance.do("desk", "bill.issue_blue", sample("ebill_out_03_selfpay.xml"))
    assert carry(finance, province, 1).attribution == "unbound"
    undecided = province.prepare("desk", "account.attach", object=BILL_03)
    assert (undecided.attribution, list(undecided.bodies)) == ("unbound", [])
    province.do("desk", "account.attach", object=BILL_03, account_id=opened.account_id)
    assert province.owned(BILL_03).account_id == opened.account_id
    with pytest.raises(Rejected):
        province.prepare("desk", "account.attach", object=BILL_01)


def test_preparing_twice_opens_one_account() -> None:
    _, province = two_chains()
    first = province.prepare("desk", "settlement.upload", sample("setl_2207_bill01.json"))
    second = province.prepare("desk", "settlement.upload", sample("setl_2207_bill01.json"))
    assert first.account_id == second.account_id
    opens = [
        OpenAccountRequest.FromString(body_of(reply.bodies[0]).operations[0])
        for reply in (first, second)
    ]
    assert opens[0] == opens[1]
    assert body_of(first.bodies[0]).nonce != body_of(second.bodies[0]).nonce
    province.submit("desk", first.bodies)
    restarted = province.open_custodian()
    province.custodian = restarted
    third = province.prepare("desk", "account.open", sample("archive_01_record.json"))
    assert (third.account_id, list(third.bodies)) == (first.account_id, [])


def test_an_archive_gives_its_person_the_bills_that_waited() -> None:
    finance, province = two_chains()
    finance.do("desk", "bill.issue_blue", sample("ebill_out_01.xml"))
    assert carry(finance, province, 1).attribution == "unbound"
    reply = province.do("desk", "account.open", sample("archive_01_record.json"))
    assert [body_of(raw).method for raw in reply.bodies] == ["open", "attach"]
    assert province.owned(BILL_01).account_id == reply.account_id
    assert [finding.code for finding in reply.findings] == ["ARCHIVE_CONTENT_NOT_GIVEN"]


def test_a_reversal_follows_its_settlement() -> None:
    _, province = two_chains()
    uploaded = province.do("desk", "settlement.upload", sample("setl_2207_bill01.json"))
    document = sample("setl_2208_reversal_of_bill01.json")
    reply = province.do("desk", "settlement.reverse", document)
    assert reply.account_id == uploaded.account_id
    assert province.owned("settlement/300000900091").account_id == uploaded.account_id


def test_bodies_are_for_their_signer_and_for_a_while() -> None:
    _, province = two_chains()
    reply = province.prepare("desk", "account.open", sample("archive_01_record.json"))
    body = body_of(reply.bodies[0])
    assert body.chain_id == province.chain_id
    assert body.signer == province.keys["desk"].public_key
    assert len(body.nonce) == 16
    assert body.last_height == province.view.height() + 500
    request = OpenAccountRequest.FromString(body.operations[0])
    assert request.account_id == reply.account_id


def test_nothing_personal_is_public() -> None:
    """State, bodies without their ciphertext, replies and findings name nobody."""
    finance, province = two_chains()
    journey_to_bills(finance, province)
    replies = [
        province.do("desk", "settlement.upload", sample(name)).SerializeToString()
        for name in SETTLEMENTS
    ]
    stores = (finance.executor.store.kv, province.executor.store.kv, province.vault_store)
    stored = b"".join(key + value for store in stores for key, value in store.scan(b""))
    shown = stored + b"".join(replies)
    for canary in ("测试甲", "测试乙", "469900198403129992", "469900195607189985", "13800138000"):
        assert canary.encode() not in shown
    for canary in ("469900********9985", "99000000"):
        assert canary.encode() not in shown


def test_a_settlement_and_its_voucher_are_reported() -> None:
    province, national = reporting_chains()
    province.do("desk", "settlement.upload", sample("setl_2207_bill02.json"))
    province.do("desk", "bill.issue_blue", sample("ebill_out_02.xml"))
    request = ReportSettlementRequest(settlement_id="300000900002")
    assert province.call("desk", "settlement", "report", request).code == "OK"
    options = {"code": "46060124", "number": "0000000102", "settlement_id": "300000900002"}
    province.do("desk", "voucher.report", **options)
    for sequence, key in ((1, "settlement/300000900002"), (2, "voucher/300000900002")):
        assert carry(province, national, sequence).attribution == "none"
        assert national.owned(key).pcommit == province.owned(key).pcommit
        assert (national.owned(key).account_id, province.owned(key).account_id != "") == ("", True)
