"""What a packet carries is found by the version it carries, whatever version stands by then."""

import msgspec

from contracts.archive.records import ArchiveRecord, archive_key, version_key
from crypto import GM
from documents import StandardForm, decode_payload, make_payload, parse_archive
from documents.payload import SECRET_BYTES
from ledger.commitment import commit_form
from ledger.packet import outbox_key
from ledger.records import decode
from node.custodian.payloads import Payloads
from proto.archive_pb2 import (
    ArchiveCheck,
    CarryArchiveRequest,
    RegisterArchiveRequest,
    RevokeArchiveRequest,
    UpdateArchiveRequest,
)
from proto.services_pb2 import PrepareDeliveryRequest
from proto.transaction_pb2 import CommittedForm, SealedPayload
from tests.node.custodian.stage import (
    CHANNEL,
    Chain,
    channel_to,
    national_chain,
    province_chain,
    sample,
)

OPERATIONS = ("ARCHIVE", "ARCHIVE_REVOCATION")
CHECKS = [
    ArchiveCheck(code=code, result="passed") for code in ("GD-1-7", "GD-2-1", "GD-3-1", "GD-4-2")
]


def chains() -> tuple[Chain, Chain]:
    """A province and the chain that takes its archives, joined by one channel."""
    province, other = province_chain(), national_chain()
    province.begin(province.genesis((channel_to(other, home=False, carries=OPERATIONS),)))
    other.begin(other.genesis((channel_to(province, home=False, carries=OPERATIONS),)))
    return province, other


def sealed(
    chain: Chain, form: StandardForm, document: bytes
) -> tuple[CommittedForm, SealedPayload]:
    """Committed under a secret, and sealed to the organisation of the chain's custodian."""
    plain = make_payload(form, b"v" * SECRET_BYTES, document)
    committed = commit_form(plain.schema, plain.public, plain.private, plain.secret)
    payloads = Payloads(GM, chain.chain_id, chain.view, None, chain.own_key)
    return committed.to_form(), payloads.seal(plain, committed.pcommit, None)


def deliver(source: Chain, destination: Chain, sequence: int) -> str:
    """Carry one packet through both custodians; the receipt's code, and who it is about."""
    state = source.reader.state(outbox_key(CHANNEL, 1, sequence))
    entry = msgspec.msgpack.decode(state.value)
    opened = source.custodian.OpenForRouter(source.open_request("router", entry["packet_id"]))
    reply = destination.custodian.PrepareDelivery(
        PrepareDeliveryRequest(
            packet=entry["packet"],
            proof=state.proof,
            plaintext=opened.plaintext,
            signer=destination.keys["router"].public_key,
        )
    )
    (receipt,) = destination.submit("router", reply.bodies)
    assert receipt.code == "OK", (receipt.code, receipt.fields)
    pages = decode_payload(opened.plaintext).form.public["page_count"] if opened.plaintext else ""
    return f"{msgspec.json.decode(receipt.result)['code']} {pages}".strip()


def replica(chain: Chain, key: str) -> ArchiveRecord:
    raw = chain.view.state(key)
    assert raw is not None
    return decode(ArchiveRecord, raw)


def test_each_version_that_was_sent_is_opened_and_delivered_after_newer_ones() -> None:
    province, other = chains()
    archive = parse_archive(sample("archive_01_record.json"), sample("archive_01_content.json"))
    code = archive.form.public["archive_code"]
    for version in range(1, 4):
        public = {**archive.form.public, "page_count": str(version)}
        changed = StandardForm(archive.form.schema, public, archive.form.private)
        form, payload = sealed(province, changed, archive.document)
        if version == 1:
            register = RegisterArchiveRequest(form=form, payload=payload, checks=CHECKS)
            receipt = province.call("desk", "archive", "register", register)
        else:
            update = UpdateArchiveRequest(
                form=form, payload=payload, checks=CHECKS, supersedes=version - 1
            )
            receipt = province.call("desk", "archive", "update", update)
        assert receipt.code == "OK", (receipt.code, receipt.fields)
        if version < 3:
            carry = CarryArchiveRequest(archive_code=code)
            assert province.call("desk", "archive", "carry", carry).code == "OK"
    revoke = RevokeArchiveRequest(archive_code=code, reason="filed twice")
    assert province.call("desk", "archive", "revoke", revoke).code == "OK"
    carry = CarryArchiveRequest(archive_code=code)
    assert province.call("desk", "archive", "carry", carry).code == "OK"

    assert [deliver(province, other, number) for number in (1, 2)] == ["OK 1", "OK 2"]
    there = replica(other, archive_key(code))
    assert (there.version, there.home_chain, len(there.checks)) == (2, province.chain_id, 4)
    assert there.pcommit == province.owned(version_key(code, 2)).pcommit
    assert deliver(province, other, 3) == "OK"
    assert replica(other, archive_key(code)).state == "revoked"
    written = other.view.state(archive_key(code)) or b""
    assert "测试甲".encode() not in written
