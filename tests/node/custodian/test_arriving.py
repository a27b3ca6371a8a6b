"""Documents that other chains proved: whose they are here, and to whom they are sealed."""

from collections.abc import Callable
from functools import partial

import pytest

from contracts.archive.carrying import ArchiveBody, receive_archive
from contracts.archive.checks import read_checks
from contracts.archive.records import ArchiveRecord
from contracts.bridge.operations import Delivery
from contracts.filing.incoming import FilingRef, receive_change, receive_filing
from contracts.framework import Context, Identity
from contracts.payload import is_sealed_to
from contracts.state_view import StateView
from documents import (
    PayloadPlain,
    encode_payload,
    make_payload,
    parse_archive,
    parse_filing,
)
from faults import Rejected
from ledger.commitment import commit_form
from ledger.packet import Packet, business_key_of, lane_of
from ledger.records import decode, encode
from node.custodian.preparing.options import archive_checks
from proto.archive_pb2 import CarryArchiveRequest
from proto.contracts_pb2 import DeliverRequest, ReportSettlementRequest
from proto.services_pb2 import ListUnboundRequest, PrepareDeliveryRequest, PrepareReply
from tests.node.custodian import papers
from tests.node.custodian.papers import ARCHIVE_CODE, CHECKS, ONE, TWO
from tests.node.custodian.stage import (
    CHANNEL,
    NATIONAL,
    PROVINCE,
    TIME_MS,
    Actors,
    Chain,
    body_of,
    carry,
    check_nothing_personal,
    joined,
    methods,
    national_chain,
    prepare_delivery,
    province_chain,
    refused,
    sample,
)

ARCHIVES = ("ARCHIVE", "ARCHIVE_REVOCATION")
ARCHIVE_KEY = f"archive/{ARCHIVE_CODE}"
APPLICATION_KEY = "reimbursement/BX460100202401010001"


def neighbour() -> Chain:
    """Another chain whose custodian keeps persons of its own."""
    actors: Actors = {
        "desk": ("government", ("bureau", "custodian")),
        "router": ("government", ("router",)),
    }
    chain = Chain("yl-government", province_chain().suite, "government", "persons", actors)
    chain.master = bytes(range(1, 33))
    return chain


@pytest.fixture
def archives() -> tuple[Chain, Chain]:
    """A province with a registered archive, and a chain that it is carried to."""
    province, there = joined(province_chain(), neighbour(), ARCHIVES)
    register(province)
    return province, there


def register(province: Chain, who: str = "desk") -> PrepareReply:
    record, content = papers.archive()
    return province.do(who, "archive.register", record, content=content, checks=CHECKS)


def send(province: Chain) -> None:
    request = CarryArchiveRequest(archive_code=ARCHIVE_CODE)
    assert province.call("desk", "archive", "carry", request).code == "OK"


def unbound(chain: Chain) -> list[str]:
    return [one.object for one in chain.custodian.ListUnbound(ListUnboundRequest()).items]


def owner_can_open(chain: Chain, key: str) -> bool:
    """Whether the payload where it stands now is sealed to the owner's key, and to no other's."""
    found = chain.custodian._desk.payloads.find(key)
    person = chain.custodian._people.person(found.record.account_id)
    assert person is not None
    assert len(found.sealed.keys) == 1
    chain.custodian._desk.payloads.open(found)
    return is_sealed_to(found.sealed, person.public_key)


def test_an_archive_finds_its_person_on_the_other_chain(archives: tuple[Chain, Chain]) -> None:
    province, there = archives
    account = there.do("desk", "account.open", sample("archive_01_record.json")).account_id
    send(province)
    reply = carry(province, there, 1)
    assert (reply.object, reply.attribution) == (ARCHIVE_KEY, "certificate")
    assert reply.account_id == there.owned(ARCHIVE_KEY).account_id == account
    assert account != province.owned(ARCHIVE_KEY).account_id
    assert owner_can_open(there, ARCHIVE_KEY)
    check_nothing_personal(there, reply)


def test_an_archive_of_an_unknown_person_waits(archives: tuple[Chain, Chain]) -> None:
    province, there = archives
    send(province)
    reply = carry(province, there, 1)
    assert (reply.attribution, there.owned(ARCHIVE_KEY).account_id) == ("unbound", "")
    assert unbound(there) == [ARCHIVE_KEY]
    opened = there.do("desk", "account.open", sample("archive_01_record.json"))
    assert there.owned(ARCHIVE_KEY).account_id == opened.account_id
    assert unbound(there) == []
    assert owner_can_open(there, ARCHIVE_KEY)


def test_a_version_that_was_carried_unbound_is_attached_with_its_archive() -> None:
    """The version in force has a leaf of its own once it was carried."""
    province, there = joined(province_chain(), neighbour(), ARCHIVES)
    register(province, "archivist")
    send(province)
    version = f"archive_version/{ARCHIVE_CODE}~1"
    assert province.owned(version).account_id == ""
    opened = province.do("desk", "account.open", sample("archive_01_record.json"))
    assert methods(opened) == ["account.open", "account.attach", "account.attach"]
    for key in (ARCHIVE_KEY, version):
        assert province.owned(key).account_id == opened.account_id
        assert owner_can_open(province, key)
    assert carry(province, there, 1).object == ARCHIVE_KEY


def test_a_new_version_is_sealed_to_the_replicas_owner() -> None:
    province, there = joined(province_chain(), neighbour(), ARCHIVES)
    account = there.do("desk", "account.open", sample("archive_01_record.json")).account_id
    register(province)
    send(province)
    carry(province, there, 1)
    packet, plain = archive_packet(2, papers.archive(M50页数=3))
    reply, deliver = prepared(there, packet, plain)
    # The contract takes the owner from the replica; the delivery only has to be sealed to them.
    assert (reply.account_id, deliver.account_id) == (account, "")
    person = there.custodian._people.person(account)
    assert person is not None
    assert is_sealed_to(deliver.payload, person.public_key)
    view = taken(there, receive_archive, packet, deliver)
    assert decode(ArchiveRecord, view.get(ARCHIVE_KEY) or b"").account_id == account
    packet, plain = archive_packet(2, papers.archive(TWO, M50页数=3))
    refused(there, "CUSTODIAN_IDENTITY_CONFLICT", partial(prepared, there, packet, plain))


def test_a_new_version_of_an_unbound_replica_is_the_organisations(
    archives: tuple[Chain, Chain],
) -> None:
    """Sealed to a person whom the record doesn't name, nobody could find the key again."""
    province, there = archives
    send(province)
    carry(province, there, 1)
    there.prepare("desk", "account.open", sample("archive_01_record.json"))
    packet, plain = archive_packet(2, papers.archive(M50页数=3))
    reply, deliver = prepared(there, packet, plain)
    assert (reply.attribution, deliver.account_id) == ("unbound", "")
    assert is_sealed_to(deliver.payload, there.suite.public_key(there.own_key))
    view = taken(there, receive_archive, packet, deliver)
    assert decode(ArchiveRecord, view.get(ARCHIVE_KEY) or b"").account_id == ""


def test_an_application_finds_its_person_or_waits() -> None:
    national = national_chain()
    national.actors["desk"] = ("national", ("bureau",))
    national.__post_init__()
    national, province = joined(national, province_chain(), ("REIMBURSEMENT_APPLY",))
    account = province.do("desk", "account.open", sample("archive_01_record.json")).account_id
    for sequence, (person, owner) in enumerate(((ONE, account), (TWO, "")), start=1):
        document = papers.application(person, application_id=f"BX-{sequence}")
        national.do("desk", "reimbursement.forward", document, channel=CHANNEL)
        reply = carry(national, province, sequence)
        key = f"reimbursement/BX-{sequence}"
        assert (reply.object, reply.account_id) == (key, owner)
        assert province.owned(key).account_id == owner
        assert national.owned(key).account_id == ""
    assert owner_can_open(province, "reimbursement/BX-1")
    assert unbound(province) == ["reimbursement/BX-2"]
    reviewed = province.prepare("desk", "reimbursement.review", application_id="BX-2")
    assert reviewed.bodies
    check_nothing_personal(province)
    check_nothing_personal(national)


def test_the_findings_of_an_application_arrive() -> None:
    national = national_chain()
    national.actors["desk"] = ("national", ("bureau",))
    national.__post_init__()
    national, province = joined(national, province_chain(), ("REIMBURSEMENT_APPLY",))
    odd = papers.application(mdtrtarea_admvs="460105")
    national.do("desk", "reimbursement.forward", odd, channel=CHANNEL)
    reply = carry(national, province, 1)
    assert [one.code for one in reply.findings] == ["REIMBURSEMENT_NOT_REMOTE"]
    assert [one.code for one in province.owned(APPLICATION_KEY).findings] == [
        "REIMBURSEMENT_NOT_REMOTE"
    ]


def test_a_settlement_and_its_voucher_find_their_person() -> None:
    reports = ("SETTLEMENT_REPORT", "VOUCHER_REPORT")
    province, there = joined(province_chain(), neighbour(), reports)
    province.do("desk", "settlement.upload", sample("setl_2207_bill02.json"))
    province.do("desk", "bill.issue_blue", sample("ebill_out_02.xml"))
    report = ReportSettlementRequest(settlement_id="300000900002")
    assert province.call("desk", "settlement", "report", report).code == "OK"
    options = {"code": "46060124", "number": "0000000102", "settlement_id": "300000900002"}
    province.do("desk", "voucher.report", **options)
    record, _ = papers.archive(TWO)
    account = there.do("desk", "account.open", record).account_id
    for sequence, key in enumerate(("settlement/300000900002", "voucher/300000900002"), start=1):
        reply = carry(province, there, sequence)
        assert (reply.object, reply.account_id) == (key, account)
        assert there.owned(key).account_id == account
        assert owner_can_open(there, key)


# ---- packets that no chain of this test sends by itself


def packet_of(
    operation: str, key: str, body: bytes, plain: PayloadPlain, cycle: int, source: str
) -> Packet:
    committed = commit_form(plain.schema, plain.public, plain.private, plain.secret)
    return Packet(
        net="testnet",
        source=source,
        destination=PROVINCE,
        channel=CHANNEL,
        epoch=1,
        sequence=1,
        lane=lane_of(source, key),
        lane_sequence=1,
        operation=operation,
        schema=plain.schema,
        sender="org",
        receiver=PROVINCE,
        deadline_ms=TIME_MS + 10**9,
        business_key=business_key_of(source, key, operation, cycle),
        cycle=cycle,
        pcommit=committed.pcommit,
        body=body,
        reference=b"",
    )


def filing_packet(operation: str, document: bytes, version: int = 1) -> tuple[Packet, PayloadPlain]:
    filing = parse_filing(document)
    plain = make_payload(filing.form, bytes(range(32)), document)
    body = encode(FilingRef(filing_id=filing.filing_id, version=version))
    key = f"filing/{filing.filing_id}"
    return packet_of(operation, key, body, plain, version, NATIONAL), plain


def archive_packet(version: int, files: tuple[bytes, str]) -> tuple[Packet, PayloadPlain]:
    archive = parse_archive(files[0], files[1].encode())
    plain = make_payload(archive.form, bytes(range(32)), archive.document)
    checks = read_checks(archive_checks(CHECKS))
    body = encode(ArchiveBody(archive_code=ARCHIVE_CODE, version=version, checks=checks))
    return packet_of("ARCHIVE", ARCHIVE_KEY, body, plain, version, PROVINCE), plain


def prepared(
    chain: Chain, packet: Packet, plain: PayloadPlain
) -> tuple[PrepareReply, DeliverRequest]:
    reply = chain.custodian.PrepareDelivery(
        PrepareDeliveryRequest(
            packet=packet.encode(),
            plaintext=encode_payload(plain),
            signer=chain.keys["router"].public_key,
        )
    )
    return reply, DeliverRequest.FromString(body_of(reply.bodies[0]).operations[0])


def taken(
    chain: Chain,
    handle: Callable[[Context, Delivery], bytes],
    packet: Packet,
    deliver: DeliverRequest,
) -> StateView:
    """What the handler of the packet makes of the chain's state; its proof is not the point."""
    view = StateView(_State(chain))
    ctx = Context(
        chain_id=chain.chain_id,
        suite=chain.suite,
        height=chain.view.height() + 1,
        time_ms=TIME_MS,
        tx_hash=bytes(32),
        operation_index=0,
        signer=Identity(b"", f"channel:{CHANNEL}", ("channel",)),
        view=view,
    )
    delivery = Delivery(
        packet=packet,
        packet_id=packet.id,
        channel_id=CHANNEL,
        form=deliver.form,
        payload=deliver.payload,
        account_id=deliver.account_id,
        findings=tuple(deliver.findings),
    )
    handle(ctx, delivery)
    return view


class _State:
    def __init__(self, chain: Chain) -> None:
        self._chain = chain

    def get(self, key: str) -> bytes | None:
        return self._chain.view.state(key)


def test_a_filing_is_delivered_to_its_persons_account(province: Chain) -> None:
    packet, plain = filing_packet("FILING", papers.filing())
    refused(province, "CUSTODIAN_ACCOUNT_MISSING", partial(prepared, province, packet, plain))
    account = province.do("desk", "account.open", sample("archive_01_record.json")).account_id
    reply, deliver = prepared(province, packet, plain)
    assert (reply.object, reply.account_id) == ("filing/BA460100202401010001", account)
    assert deliver.account_id == account
    view = taken(province, receive_filing, packet, deliver)
    assert view.get("filing/BA460100202401010001") is not None
    check_nothing_personal(province, reply)


def test_a_filings_change_is_sealed_to_its_owner(province: Chain) -> None:
    account = province.do("desk", "account.open", sample("archive_01_record.json")).account_id
    province.do("desk", "filing.register", papers.filing())
    changed = papers.filing(enddate="20250630")
    packet, plain = filing_packet("FILING_CHANGE", changed, version=2)
    reply, deliver = prepared(province, packet, plain)
    assert (reply.account_id, deliver.account_id) == (account, "")
    # At home here, so another chain may not change it; the payload's recipient is not the reason.
    with pytest.raises(Rejected) as caught:
        taken(province, receive_change, packet, deliver)
    assert caught.value.code.name == "FILING_FOREIGN"
    packet, plain = filing_packet("FILING_CHANGE", papers.filing(TWO), version=2)
    refused(province, "CUSTODIAN_IDENTITY_CONFLICT", partial(prepared, province, packet, plain))


def test_a_change_that_overtakes_its_filing_is_sealed_to_nobody(province: Chain) -> None:
    province.do("desk", "account.open", sample("archive_01_record.json"))
    changed = papers.filing(enddate="20250630")
    packet, plain = filing_packet("FILING_CHANGE", changed, version=2)
    reply, deliver = prepared(province, packet, plain)
    assert (reply.account_id, reply.attribution) == ("", "none")
    assert is_sealed_to(deliver.payload, province.suite.public_key(province.own_key))


def test_a_document_of_another_kind_than_its_operation_is_not_delivered(province: Chain) -> None:
    filing = parse_filing(papers.filing())
    plain = make_payload(filing.form, bytes(32), filing.document)
    for operation in ("ARCHIVE", "BILL_BLUE", "REIMBURSEMENT_APPLY", "VOUCHER_REPORT"):
        packet = packet_of(operation, "filing/x", b"", plain, 0, NATIONAL)
        refused(province, "CUSTODIAN_PAYLOAD_MISMATCH", partial(prepared, province, packet, plain))


def test_an_unknown_operation_is_left_to_the_contract(province: Chain) -> None:
    filing = parse_filing(papers.filing())
    plain = make_payload(filing.form, bytes(32), filing.document)
    packet = packet_of("SOMETHING_NEW", "filing/x", b"", plain, 0, NATIONAL)
    reply, deliver = prepared(province, packet, plain)
    assert (reply.attribution, deliver.account_id) == ("none", "")


def test_what_was_sent_is_opened_for_the_own_router(archives: tuple[Chain, Chain]) -> None:
    province, there = archives
    send(province)
    reply = prepare_delivery(province, there, 1)
    deliver = DeliverRequest.FromString(body_of(reply.bodies[0]).operations[0])
    fields = {one.path: one.value for one in deliver.form.fields}
    assert fields["archive_code"] == ARCHIVE_CODE
    check_nothing_personal(there, reply)
