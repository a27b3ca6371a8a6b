"""Archives: every method's good path, every refusal, the whole state table, the way to the
government chain."""

import random
from typing import Any

import pytest

from contracts.archive import states
from contracts.archive.carrying import ArchiveRef, archive_answered
from contracts.archive.records import (
    ArchiveRecord,
    ArchiveVersionRecord,
    archive_key,
    version_key,
)
from contracts.archive.states import ARCHIVES
from contracts.bridge.outbox import send_packet
from contracts.framework import Context
from contracts.states import START
from faults import Rejected
from ledger.packet import Packet, PacketReceipt
from ledger.records import encode
from proto import archive_pb2 as apb
from proto import contracts_pb2 as pb
from proto.transaction_pb2 import CommittedForm
from tests.contracts.government import Government, run
from tests.contracts.harness import Chain, changed, form, key_bytes

CODE = "YB99-CBBG-2024-Y-0000001"
KEY = archive_key(CODE)
OWNER = f"{1:032x}"
DAYS_MS = 2 * 24 * 3_600_000
FIELDS: dict[str, str | int] = {
    "archive_code": CODE,
    "file_number": "EF20240701990001",
    "owner_kind": "person",
    "fonds_code": "YB99",
    "category": "CBBG",
    "year": "2024",
    "retention": "永久",
    "filed_date": "20240701",
    "format": "JSON",
    "item_count": 1,
    "page_count": 2,
    "content_bytes": 766,
}


def archive_form(**changes: Any) -> CommittedForm:
    return form("archive/1", changed(FIELDS, changes))


def checks(**results: str) -> list[apb.ArchiveCheck]:
    every = {"GD-1-7": "passed", "GD-2-1": "passed", "GD-3-1": "passed", "GD-4-2": "passed"}
    every.update({code.replace("_", "-"): result for code, result in results.items()})
    return [apb.ArchiveCheck(code=code, result=result) for code, result in every.items() if result]


def register(chain: Chain, account: int = 1, **changes: Any) -> apb.RegisterArchiveRequest:
    return apb.RegisterArchiveRequest(
        form=archive_form(**changes),
        payload=chain.payload(account),
        account_id=f"{account:032x}" if account else "",
        checks=checks(),
    )


def update(
    chain: Chain, supersedes: int = 1, account: int = 1, **changes: Any
) -> apb.UpdateArchiveRequest:
    return apb.UpdateArchiveRequest(
        form=archive_form(**{"page_count": 3, **changes}),
        payload=chain.payload(account),
        checks=checks(),
        supersedes=supersedes,
    )


def revoke(reason: str = "filed twice") -> apb.RevokeArchiveRequest:
    return apb.RevokeArchiveRequest(archive_code=CODE, reason=reason)


CARRY = apb.CarryArchiveRequest(archive_code=CODE)
COMPENSATE = apb.CompensateArchiveRequest(archive_code=CODE)


@pytest.fixture
def net(monkeypatch: pytest.MonkeyPatch) -> Government:
    made = Government(monkeypatch)
    made.province.open_account(1)
    return made


@pytest.fixture
def chain(net: Government) -> Chain:
    return net.province


def archive(chain: Chain) -> ArchiveRecord:
    return chain.load(ArchiveRecord, KEY)


def fail_delivery(net: Government) -> None:
    """The packet that waits comes too late and is proved never to have been applied."""
    now = net.national.time_ms
    net.national.time_ms = net.province.time_ms + DAYS_MS
    assert net.send_all(net.province) == ["TIMED_OUT"]
    net.national.time_ms = now


# ---- good paths


@pytest.mark.parametrize("kind", ["person", "enterprise"])
@pytest.mark.parametrize("who", ["archivist", "bureau"])
def test_an_archive_is_registered_and_joins_its_account(chain: Chain, kind: str, who: str) -> None:
    chain.ok(who, "archive.register", register(chain, owner_kind=kind))
    record = archive(chain)
    assert (record.public.owner_kind, record.version, record.state) == (kind, 1, "registered")
    assert (record.account_id, chain.account(OWNER).item_count) == (OWNER, 1)
    assert [one.code for one in record.checks] == ["GD-1-7", "GD-2-1", "GD-3-1", "GD-4-2"]
    chain.check_trace(KEY, record.trace_count, record.trace_head)
    assert "测试甲".encode() not in chain.state[KEY]


def test_an_update_supersedes_and_the_old_version_stays(chain: Chain) -> None:
    chain.ok("archivist", "archive.register", register(chain))
    first = archive(chain)
    chain.ok("archivist", "archive.update", update(chain))
    now, kept = archive(chain), chain.load(ArchiveVersionRecord, version_key(CODE, 1))
    assert (now.version, now.public.page_count) == (2, 3)
    assert (kept.version, kept.pcommit, kept.payload) == (1, first.pcommit, first.payload)
    assert (kept.since_ms, kept.until_ms) == (first.since_ms, now.since_ms)
    assert (kept.account_id, chain.account(OWNER).item_count) == (OWNER, 2)
    chain.check_trace(KEY, now.trace_count, now.trace_head)
    chain.check_trace(version_key(CODE, 1), kept.trace_count, kept.trace_head)


def test_an_unbound_archive_is_attached_later(chain: Chain) -> None:
    chain.ok("archivist", "archive.register", register(chain, account=0))
    chain.ok("archivist", "archive.update", update(chain, account=0))
    for count, key in enumerate((KEY, version_key(CODE, 1)), 1):
        request = pb.AttachRequest(
            account_id=OWNER, object=key, basis="mobile", payload=chain.payload(1)
        )
        chain.ok("custodian", "account.attach", request)
        assert chain.account(OWNER).item_count == count
        chain.refused("custodian", "account.attach", request, "ALREADY_ATTACHED")
    chain.refused("archivist", "archive.update", update(chain, 2, account=2), "PAYLOAD_RECIPIENT")


def test_a_grant_may_name_an_archive_or_a_version_it_superseded(chain: Chain) -> None:
    chain.ok("archivist", "archive.register", register(chain))
    chain.ok("archivist", "archive.update", update(chain))
    for number, key in enumerate((KEY, version_key(CODE, 1)), 1):
        read = pb.ReadRequest(
            object=key, compartment="full", purpose="claim", reader_key=key_bytes("reader")
        )
        chain.refused("insurer", "authorization.read", read, "NOT_AUTHORIZED")
        grant = pb.GrantRequest(
            authorization_id=f"{number:032x}",
            account_id=OWNER,
            grantee_org="org-insurer",
            object=key,
            compartments=["full"],
            purpose="claim",
            from_ms=chain.time_ms,
            to_ms=chain.time_ms + DAYS_MS,
            identity_check="counter",
            identity_reference="ref-1",
        )
        chain.ok("bureau", "authorization.grant", grant)
        chain.ok("insurer", "authorization.read", read)


# ---- refusals


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"fonds_code": ""}, "ARCHIVE_NOT_CATALOGUED"),
        ({"category": ""}, "ARCHIVE_NOT_CATALOGUED"),
        ({"year": ""}, "ARCHIVE_NOT_CATALOGUED"),
        ({"retention": ""}, "ARCHIVE_NOT_CATALOGUED"),
        ({"retention": "测试甲"}, "FORM_FIELDS_INVALID"),
        ({"filed_date": ""}, "ARCHIVE_NOT_CATALOGUED"),
        ({"owner_kind": "dog"}, "FORM_FIELDS_INVALID"),
        ({"archive_code": "a/b"}, "FORM_FIELDS_INVALID"),
        ({"archive_code": "档"}, "FORM_FIELDS_INVALID"),
        ({"filed_date": "20240230"}, "FORM_FIELDS_INVALID"),
        ({"page_count": -1}, "FORM_FIELDS_INVALID"),
        ({"title": "测试甲职工参保信息变更"}, "FORM_FIELDS_INVALID"),
    ],
)
def test_what_is_not_catalogued_stays_off(chain: Chain, changes: dict[str, Any], code: str) -> None:
    chain.refused("archivist", "archive.register", register(chain, **changes), code)
    assert not chain.writes


@pytest.mark.parametrize(
    ("results", "code"),
    [
        ({"GD_1_7": "failed"}, "ARCHIVE_CHECK_FAILED"),
        ({"GD_1_7": ""}, "ARCHIVE_CHECKS_INCOMPLETE"),
        ({"GD_4_2": "not_applicable"}, "ARCHIVE_CHECKS_INCOMPLETE"),
        ({"GD_5_1": "passed"}, "MALFORMED_REQUEST"),
        ({"GD_1_0": "passed"}, "MALFORMED_REQUEST"),
        ({"GD_1_7": "perhaps"}, "MALFORMED_REQUEST"),
    ],
)
def test_what_is_not_checked_stays_off(chain: Chain, results: dict[str, str], code: str) -> None:
    request = register(chain)
    del request.checks[:]
    request.checks.extend(checks(**results))
    chain.refused("archivist", "archive.register", request, code)
    assert not chain.writes


def test_a_check_stands_once(chain: Chain) -> None:
    request = register(chain)
    request.checks.append(request.checks[0])
    chain.refused("archivist", "archive.register", request, "MALFORMED_REQUEST")
    assert not chain.writes


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"supersedes": 2}, "ARCHIVE_VERSION_STALE"),
        ({"supersedes": 0}, "ARCHIVE_VERSION_STALE"),
        ({"owner_kind": "enterprise"}, "ARCHIVE_MISMATCH"),
        ({"fonds_code": "YB98"}, "ARCHIVE_MISMATCH"),
        ({"account": 2}, "PAYLOAD_RECIPIENT"),
    ],
)
def test_a_wrong_update_is_refused_and_kept(
    chain: Chain, changes: dict[str, Any], code: str
) -> None:
    chain.ok("archivist", "archive.register", register(chain))
    before = archive(chain)
    chain.refused("archivist", "archive.update", update(chain, **changes), code)
    assert chain.trace(KEY)[-1].code == code
    after = archive(chain)
    assert list(chain.writes) == [KEY]
    assert after == before.changed(trace_count=2, trace_head=after.trace_head)


def test_only_the_keeper_and_the_bureau_change_an_archive(chain: Chain) -> None:
    other = pb.RegisterIdentityRequest(
        public_key=key_bytes("stranger"), org="org-x", roles=["archive"], label="desk"
    )
    chain.ok("governor", "identity.register", other)
    chain.ok("archivist", "archive.register", register(chain))
    for name, request in (
        ("update", update(chain)),
        ("revoke", revoke()),
        ("carry", CARRY),
        ("compensate", COMPENSATE),
    ):
        chain.refused("stranger", f"archive.{name}", request, "NOT_ARCHIVE_KEEPER")
        assert list(chain.writes) == [KEY]
        chain.refused("hospital", f"archive.{name}", request, "NOT_PERMITTED")
        assert not chain.writes
    chain.ok("bureau", "archive.update", update(chain))


def test_a_revocation_needs_a_reason(chain: Chain) -> None:
    chain.ok("archivist", "archive.register", register(chain))
    chain.refused("archivist", "archive.revoke", revoke(" "), "MALFORMED_REQUEST")
    assert archive(chain).state == "registered"


# ---- to the government chain


def test_an_archive_its_update_and_its_revocation_are_carried(net: Government) -> None:
    chain = net.province
    chain.ok("archivist", "archive.register", register(chain))
    chain.ok("archivist", "archive.carry", CARRY)
    assert net.send_all(chain) == ["OK"]
    assert (archive(chain).state, archive(chain).carried_version) == ("carried", 1)
    chain.ok("archivist", "archive.update", update(chain))
    chain.ok("archivist", "archive.carry", CARRY)
    assert net.send_all(chain) == ["OK"]
    there = archive(net.national)
    assert (there.version, there.home_chain, there.public) == (
        2,
        "yl-province",
        archive(chain).public,
    )
    assert net.national.load(ArchiveVersionRecord, version_key(CODE, 1)).version == 1
    chain.ok("archivist", "archive.revoke", revoke())
    assert archive(chain).state == "to_recall"
    chain.ok("archivist", "archive.carry", CARRY)
    assert net.send_all(chain) == ["OK"]
    assert (archive(chain).state, archive(net.national).state) == ("recalled", "revoked")
    for one in (chain, net.national):
        record = archive(one)
        one.check_trace(KEY, record.trace_count, record.trace_head)
    net.national.refused("bureau", "archive.update", update(net.national, 2), "ARCHIVE_FOREIGN")


def test_a_failure_is_saved_and_compensated(net: Government) -> None:
    chain = net.province
    chain.ok("archivist", "archive.register", register(chain))
    chain.ok("archivist", "archive.carry", CARRY)
    fail_delivery(net)
    assert archive(chain).state == "carry_failed"
    saved = chain.trace(KEY)[-1]
    assert (saved.action, saved.code) == ("FAIL_SAVED", "TIMED_OUT")
    assert saved.details["next_action"] == "compensate"
    chain.refused("archivist", "archive.carry", CARRY, "CARRY_FAILED")
    chain.ok("archivist", "archive.compensate", COMPENSATE)
    assert archive(chain).attempts == 2
    assert net.send_all(chain) == ["OK"]
    assert (archive(chain).state, archive(net.national).version) == ("carried", 1)


def test_another_archive_under_the_number_is_not_overwritten(net: Government) -> None:
    net.national.ok("bureau", "archive.register", register(net.national, account=0))
    before = archive(net.national)
    net.province.ok("archivist", "archive.register", register(net.province))
    net.province.ok("archivist", "archive.carry", CARRY)
    assert net.send_all(net.province) == ["ARCHIVE_EXISTS"]
    assert archive(net.national).pcommit == before.pcommit
    assert archive(net.province).state == "carry_failed"


def test_a_packet_about_another_archive_is_refused(net: Government) -> None:
    net.province.ok("archivist", "archive.register", register(net.province))
    record = archive(net.province)

    def send(ctx: Context) -> None:
        send_packet(
            ctx,
            operation="ARCHIVE",
            lane_object=archive_key("OTHER"),
            home_chain=ctx.chain_id,
            body=ArchiveRef(archive_code="OTHER", version=1),
            form_pcommit=record.pcommit,
            schema="archive/1",
            cycle=1,
        )

    run(net.province, send)
    packet = Packet.decode(net.pending(net.province)[0][1].packet)
    assert net.deliver(packet).code == "OK"
    assert archive_key("OTHER") not in net.national.state and KEY not in net.national.state


# ---- every state × action

PATHS: dict[str, tuple[str, ...]] = {
    START: (),
    states.REGISTERED: ("register",),
    states.CARRYING: ("register", "carry"),
    states.CARRIED: ("register", "carry", "confirm"),
    states.CARRY_FAILED_STATE: ("register", "carry", "fail"),
    states.REVOKED: ("register", "revoke"),
    states.TO_RECALL: ("register", "carry", "confirm", "revoke"),
    states.RECALLING: ("register", "carry", "confirm", "revoke", "carry"),
    states.RECALLED: ("register", "carry", "confirm", "revoke", "carry", "confirm"),
    states.RECALL_FAILED: ("register", "carry", "confirm", "revoke", "carry", "fail"),
}
TABLE = {(state, action): (after, code) for state, action, after, code in ARCHIVES.rows()}
CALLS = ("register", "update", "revoke", "carry", "compensate")


def act(net: Government, action: str) -> str:
    chain = net.province
    if action in ("confirm", "fail"):
        if not net.pending(chain):
            return answer_nothing(chain, action)
        if action == "fail":
            fail_delivery(net)
        else:
            assert net.send_all(chain) == ["OK"]
        return "OK"
    version = archive(chain).version if KEY in chain.state else 1
    requests: dict[str, Any] = {
        "register": register(chain),
        "update": update(chain, version),
        "revoke": revoke(),
        "carry": CARRY,
        "compensate": COMPENSATE,
    }
    return chain.call("archivist", f"archive.{action}", requests[action]).code


def answer_nothing(chain: Chain, action: str) -> str:
    """A receipt for which the archive doesn't wait."""
    packet = Packet(
        net="", source="", destination="", channel="", epoch=1, sequence=1, lane=b"",
        lane_sequence=1, operation="ARCHIVE", schema="", sender="", receiver="", deadline_ms=1,
        business_key=b"", cycle=1, pcommit=b"", reference=b"",
        body=encode(ArchiveRef(archive_code=CODE, version=1)),
    )  # fmt: skip
    receipt = PacketReceipt(
        packet_id=b"", outcome="OK" if action == "confirm" else "ERR", code="X", result=b"",
        height=1, assurance="L3",
    )  # fmt: skip
    try:
        run(chain, lambda ctx: archive_answered(ctx, packet, receipt))
    except Rejected as refused:
        return refused.code.name
    return "OK"


@pytest.mark.parametrize("row", tuple(ARCHIVES.rows()), ids=lambda row: f"{row[0]}-{row[1]}")
def test_every_state_takes_what_the_table_says(
    net: Government, row: tuple[str, str, str, str]
) -> None:
    state, action, after, code = row
    for step in PATHS[state]:
        assert act(net, step) == "OK"
    chain = net.province
    if state != START:
        assert archive(chain).state == state
        recalls = archive(chain).carried_version > 0
        if action in ("revoke", "revoke_carried"):
            # Which of the two a caller's revocation is, the record decides.
            action = "revoke_carried" if recalls else "revoke"
            after, code = TABLE[state, action]
    taken = act(net, "revoke" if action == "revoke_carried" else action)
    assert taken == (code or "OK")
    if state == START and code:
        assert KEY not in chain.state
    else:
        assert archive(chain).state == (after or state)
        record = archive(chain)
        chain.check_trace(KEY, record.trace_count, record.trace_head)


@pytest.mark.parametrize("seed", range(8))
def test_walks_agree_with_a_small_model(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    """The other chain holds exactly the newest version confirmed; versions only grow."""
    net = Government(monkeypatch)
    net.province.open_account(1)
    draw = random.Random(seed)
    version = there = 0
    revoked = revoked_there = waiting = failed = False
    for _ in range(40):
        action = draw.choice((*CALLS, "confirm", "fail", "update", "carry"))
        if action in ("confirm", "fail") and not waiting:
            continue
        done = act(net, action) == "OK"
        current = revoked_there if revoked else there == version
        wanted = {
            "register": not version,
            "update": bool(version) and not revoked and not waiting,
            "revoke": bool(version) and not revoked and not waiting,
            "carry": bool(version)
            and not (waiting or failed or current)
            and (there > 0 or not revoked),
            "compensate": failed,
            "confirm": True,
            "fail": True,
        }[action]
        assert done == wanted, (action, version, there, revoked, waiting, failed)
        if not done:
            continue
        if action in ("register", "update"):
            version, failed = version + 1, False
        elif action == "revoke":
            revoked, failed = True, False
        elif action in ("carry", "compensate"):
            waiting, failed = True, False
        else:
            waiting, failed = False, action == "fail"
            if action == "confirm" and revoked:
                revoked_there = True
            elif action == "confirm":
                there = version
        assert archive(net.province).version == version
        assert (KEY in net.national.state) == (there > 0)
        if there:
            replica = archive(net.national)
            assert (replica.version, replica.state == "revoked") == (there, revoked_there)
    if version:
        record = archive(net.province)
        net.province.check_trace(KEY, record.trace_count, record.trace_head)
