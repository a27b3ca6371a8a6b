"""Archives on their way to the government chain: tables, order, failures, hostile packets."""

import random
from typing import Any

import pytest

from contracts.archive import states
from contracts.archive.carrying import (
    ArchiveBody,
    ArchiveRevoked,
    archive_answered,
    revocation_answered,
)
from contracts.archive.checks import CheckRecord
from contracts.archive.records import (
    ArchiveVersionRecord,
    archive_key,
    keep_version,
    require_archive,
    version_key,
)
from contracts.archive.states import ARCHIVES, CARRYINGS
from contracts.bridge.records import OutboxEntry
from contracts.framework import Context
from contracts.states import START
from faults import Rejected
from ledger.packet import Packet, PacketReceipt
from ledger.records import Record, encode
from proto import contracts_pb2 as pb
from tests.contracts.archive.requests import (
    CARRY,
    CODE,
    COMPENSATE,
    KEY,
    OWNER,
    archive,
    checks,
    register,
    revoke,
    update,
    version_of,
)
from tests.contracts.crossing.packets import forge, send_late, send_raw
from tests.contracts.government import Government, run
from tests.contracts.harness import NATIONAL, PROVINCE, Chain

CHECKS = tuple(CheckRecord(code=one.code, result=one.result) for one in checks())


@pytest.fixture
def net(monkeypatch: pytest.MonkeyPatch) -> Government:
    """An archive of an account is registered in the province."""
    made = Government(monkeypatch)
    made.province.open_account(1)
    made.province.ok("archivist", "archive.register", register(made.province))
    return made


def check_traces(*chains: Chain) -> None:
    for chain in chains:
        record = archive(chain)
        chain.check_trace(KEY, record.trace_count, record.trace_head)
        for version in range(1, record.version + 1):
            if version_key(CODE, version) in chain.state:
                kept = version_of(chain, version)
                chain.check_trace(version_key(CODE, version), kept.trace_count, kept.trace_head)


def packets(net: Government) -> list[tuple[Packet, OutboxEntry]]:
    return [(Packet.decode(one.packet), one) for _, one in net.pending(net.province)]


# ---- the way there


def test_an_archive_its_update_and_its_revocation_are_carried(net: Government) -> None:
    chain = net.province
    chain.ok("archivist", "archive.carry", CARRY)
    assert net.send_all(chain) == ["OK"]
    assert (version_of(chain, 1).carrying, archive(chain).carried_version) == ("carried", 1)
    chain.refused("archivist", "archive.carry", CARRY, "ALREADY_CARRIED")
    chain.ok("archivist", "archive.update", update(chain))
    chain.ok("archivist", "archive.carry", CARRY)
    assert net.send_all(chain) == ["OK"]
    there = archive(net.national)
    assert (there.version, there.home_chain) == (2, PROVINCE)
    assert (there.public, there.checks) == (archive(chain).public, CHECKS)
    assert version_of(net.national, 1).checks == CHECKS
    chain.ok("archivist", "archive.revoke", revoke())
    assert archive(chain).state == "to_recall"
    chain.ok("archivist", "archive.carry", CARRY)
    assert net.send_all(chain) == ["OK"]
    assert (archive(chain).state, archive(net.national).state) == ("recalled", "revoked")
    assert archive(net.national).reason == "filed twice"
    check_traces(chain, net.national)
    net.national.refused("bureau", "archive.update", update(net.national, 2), "ARCHIVE_FOREIGN")


def test_updates_do_not_wait_for_what_is_on_its_way(net: Government) -> None:
    chain = net.province
    first = archive(chain)
    chain.ok("archivist", "archive.carry", CARRY)
    chain.ok("archivist", "archive.update", update(chain))
    chain.ok("archivist", "archive.carry", CARRY)
    chain.ok("archivist", "archive.update", update(chain, 2, page_count=4))
    waiting = packets(net)
    # Each packet names its own version's leaf, and there stands the document it commits to.
    for version, (packet, entry) in enumerate(waiting, 1):
        assert entry.object_key == version_key(CODE, version)
        kept = chain.load(ArchiveVersionRecord, entry.object_key)
        assert (kept.version, kept.pcommit, packet.cycle) == (version, packet.pcommit, version)
    assert version_of(chain, 1).payload == first.payload
    assert archive(chain).pcommit not in {packet.pcommit for packet, _ in waiting}
    assert net.send_all(chain) == ["OK", "OK"]
    here, there = archive(chain), archive(net.national)
    assert (here.version, here.carried_version, here.on_the_way, there.version) == (3, 2, 0, 2)
    assert version_of(chain, 1).until_ms == version_of(chain, 2).since_ms > 0
    check_traces(chain, net.national)


def test_receipts_may_come_in_any_order(net: Government) -> None:
    chain = net.province
    chain.ok("archivist", "archive.carry", CARRY)
    chain.ok("archivist", "archive.update", update(chain))
    chain.ok("archivist", "archive.carry", CARRY)
    chain.ok("archivist", "archive.revoke", revoke())
    chain.ok("archivist", "archive.carry", CARRY)
    waiting = [packet for packet, _ in packets(net)]
    assert [packet.operation for packet in waiting] == ["ARCHIVE", "ARCHIVE", "ARCHIVE_REVOCATION"]
    assert net.deliver(waiting[2]).code == "LANE_ORDER"
    for packet in waiting:
        assert net.deliver(packet).code == "OK"
        assert net.deliver(packet).code == "ALREADY_DELIVERED"
    for packet in reversed(waiting):
        assert net.acknowledge(packet).code == "OK"
        assert net.acknowledge(packet).code == "ALREADY_ACKNOWLEDGED"
    here = archive(chain)
    assert (here.state, here.carried_version, here.on_the_way) == ("recalled", 2, 0)
    assert (archive(net.national).state, archive(net.national).version) == ("revoked", 2)
    check_traces(chain, net.national)


def test_a_failure_is_saved_and_compensated_though_the_archive_moved_on(net: Government) -> None:
    chain = net.province
    chain.ok("archivist", "archive.carry", CARRY)
    chain.ok("archivist", "archive.update", update(chain))
    assert send_late(net, chain) == ["TIMED_OUT"]
    assert [version_of(chain, 1).carrying, archive(chain).state] == ["carry_failed", "in_force"]
    saved = chain.trace(version_key(CODE, 1))[-1]
    assert (saved.action, saved.code) == ("FAIL_SAVED", "TIMED_OUT")
    assert saved.details["next_action"] == "compensate"
    told = chain.trace(KEY)[-1]
    assert (told.action, told.code, told.details["version"]) == ("carry_failed", "TIMED_OUT", "1")
    chain.ok("archivist", "archive.compensate", COMPENSATE)
    assert version_of(chain, 1).attempts == 2
    chain.refused("archivist", "archive.compensate", COMPENSATE, "CARRY_PENDING")
    assert net.send_all(chain) == ["OK"]
    assert archive(net.national).version == 1
    chain.refused("archivist", "archive.compensate", COMPENSATE, "NOTHING_TO_COMPENSATE")
    chain.ok("archivist", "archive.carry", CARRY)
    assert net.send_all(chain) == ["OK"]
    assert archive(net.national).version == 2
    check_traces(chain, net.national)


def test_a_newer_version_overtakes_a_failed_one(net: Government) -> None:
    chain = net.province
    chain.ok("archivist", "archive.carry", CARRY)
    chain.ok("archivist", "archive.update", update(chain))
    send_late(net, chain)
    chain.ok("archivist", "archive.carry", CARRY)
    assert net.send_all(chain) == ["OK"]
    chain.refused("archivist", "archive.compensate", COMPENSATE, "NOTHING_TO_COMPENSATE")
    assert archive(net.national).version == 2


def test_nothing_is_compensated_that_was_never_sent(net: Government) -> None:
    net.province.refused("archivist", "archive.compensate", COMPENSATE, "NOTHING_TO_COMPENSATE")
    assert net.pending(net.province) == []


def test_a_failed_recall_is_saved_and_compensated(net: Government) -> None:
    chain = net.province
    chain.ok("archivist", "archive.carry", CARRY)
    assert net.send_all(chain) == ["OK"]
    chain.ok("archivist", "archive.revoke", revoke())
    chain.ok("archivist", "archive.carry", CARRY)
    assert send_late(net, chain) == ["TIMED_OUT"]
    assert archive(chain).state == "recall_failed"
    saved = chain.trace(KEY)[-1]
    assert (saved.action, saved.code) == ("FAIL_SAVED", "TIMED_OUT")
    chain.refused("archivist", "archive.carry", CARRY, "CARRY_FAILED")
    chain.ok("archivist", "archive.compensate", COMPENSATE)
    assert net.send_all(chain) == ["OK"]
    assert (archive(chain).recalls, archive(chain).state) == (2, "recalled")
    assert archive(net.national).state == "revoked"


@pytest.mark.parametrize("recalled", ["before", "after", "not"])
def test_a_revocation_finds_nothing_when_its_version_never_came(
    net: Government, recalled: str
) -> None:
    chain = net.province
    chain.ok("archivist", "archive.carry", CARRY)
    chain.ok("archivist", "archive.revoke", revoke())
    assert archive(chain).state == "to_recall"
    if recalled != "before":
        assert send_late(net, chain) == ["TIMED_OUT"]
        assert archive(chain).state == "revoked"
        if recalled == "after":
            chain.refused("archivist", "archive.carry", CARRY, "NEVER_CARRIED")
    else:
        chain.ok("archivist", "archive.carry", CARRY)
        version, revocation = [packet for packet, _ in packets(net)]
        now = net.national.time_ms
        net.national.time_ms = version.deadline_ms
        assert net.deliver(version).code == "OK"
        net.national.time_ms = now
        assert net.deliver(revocation).code == "OK"
        for packet in (revocation, version):
            assert net.acknowledge(packet).code == "OK"
            assert archive(chain).state == "revoked"
        codes = {event.code for event in chain.trace(KEY) if event.action == "FAIL_SAVED"}
        assert codes == {"ARCHIVE_NOT_FOUND"}
    chain.refused("archivist", "archive.compensate", COMPENSATE, "NOTHING_TO_COMPENSATE")
    assert KEY not in net.national.state
    check_traces(chain)


@pytest.mark.parametrize("first", ["version", "revocation"])
def test_a_lost_revocation_of_a_lost_version_leaves_nothing_to_recall(
    net: Government, first: str
) -> None:
    chain = net.province
    chain.ok("archivist", "archive.carry", CARRY)
    chain.ok("archivist", "archive.revoke", revoke())
    chain.ok("archivist", "archive.carry", CARRY)
    waiting = [packet for packet, _ in packets(net)]
    net.national.time_ms = waiting[1].deadline_ms
    for packet in waiting:
        assert net.deliver(packet).code == "OK"
    order = waiting if first == "version" else waiting[::-1]
    assert net.acknowledge(order[0]).code == "OK"
    # Until the version's receipt is here, it may still stand there.
    assert archive(chain).state == ("recalling" if first == "version" else "recall_failed")
    assert net.acknowledge(order[1]).code == "OK"
    assert archive(chain).state == "revoked"
    chain.refused("archivist", "archive.compensate", COMPENSATE, "NOTHING_TO_COMPENSATE")


def test_a_version_found_its_owner_while_it_was_on_its_way(net: Government) -> None:
    chain = net.province
    other = register(chain, account=0, archive_code="OTHER-1")
    chain.ok("archivist", "archive.register", other)
    chain.ok("archivist", "archive.carry", type(CARRY)(archive_code="OTHER-1"))
    key, leaf = archive_key("OTHER-1"), version_key("OTHER-1", 1)
    before = chain.account(OWNER).item_count
    attach = pb.AttachRequest(
        account_id=OWNER, object=key, basis="mobile", payload=chain.payload(1)
    )
    chain.ok("custodian", "account.attach", attach)
    request = update(chain, archive_code="OTHER-1")
    chain.ok("archivist", "archive.update", request)
    kept = chain.load(ArchiveVersionRecord, leaf)
    assert (kept.account_id, kept.carrying) == (OWNER, "carrying")
    assert chain.account(OWNER).item_count == before + 2
    assert net.send_all(chain) == ["OK"]


# ---- what packets say is judged


def carry_body(**changes: Any) -> ArchiveBody:
    fields: dict[str, Any] = {"archive_code": CODE, "version": 1, "checks": CHECKS}
    return ArchiveBody(**{**fields, **changes})


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (carry_body(), "OK"),
        (carry_body(version=2), "PACKET_INCONSISTENT"),
        (carry_body(version=0), "PACKET_INCONSISTENT"),
        (carry_body(archive_code="OTHER"), "PACKET_INCONSISTENT"),
        (carry_body(checks=()), "ARCHIVE_CHECKS_INCOMPLETE"),
        (carry_body(checks=CHECKS[1:]), "ARCHIVE_CHECKS_INCOMPLETE"),
        (carry_body(checks=(*CHECKS, CHECKS[0])), "MALFORMED_REQUEST"),
        (
            carry_body(checks=(*CHECKS, CheckRecord(code="GD-1-8", result="failed"))),
            "ARCHIVE_CHECK_FAILED",
        ),
        (
            carry_body(
                checks=tuple(
                    CheckRecord(code=f"{stage}-{kind}-{item}", result="passed")
                    for stage in ("GD", "YJ")
                    for kind in range(1, 5)
                    for item in range(1, 20)
                )
            ),
            "MALFORMED_REQUEST",
        ),
        (ArchiveRevoked(archive_code=CODE, version=1, reason="x"), "MALFORMED"),
    ],
)
def test_a_carried_version_is_judged(net: Government, body: Record, code: str) -> None:
    net.province.ok("archivist", "archive.carry", CARRY)
    assert forge(net, net.province, body) == code
    assert (KEY in net.national.state) == (code == "OK")


def test_a_version_comes_in_its_own_archives_lane(net: Government) -> None:
    record = archive(net.province)
    for body, key in (
        (carry_body(), archive_key("OTHER")),
        (carry_body(archive_code="OTHER"), archive_key("OTHER")),
    ):
        packet = send_raw(
            net.province, "ARCHIVE", body, key, PROVINCE, form_pcommit=record.pcommit,
            schema="archive/1", cycle=1,
        )  # fmt: skip
        assert net.deliver(packet).code == "OK"
    assert archive_key("OTHER") not in net.national.state and KEY not in net.national.state


def test_another_archive_under_the_number_is_not_touched(net: Government) -> None:
    net.national.ok("bureau", "archive.register", register(net.national, account=0))
    before = archive(net.national)
    net.province.ok("archivist", "archive.carry", CARRY)
    assert net.send_all(net.province) == ["ARCHIVE_EXISTS"]
    packet = send_raw(
        net.province,
        "ARCHIVE_REVOCATION",
        ArchiveRevoked(archive_code=CODE, version=1, reason="mine now"),
        KEY,
        PROVINCE,
        cycle=1,
    )
    assert net.deliver(packet).code == "OK"
    after = archive(net.national)
    assert after == before.changed(trace_count=3, trace_head=after.trace_head)
    refusals = [event.code for event in net.national.trace(KEY)[1:]]
    assert refusals == ["ARCHIVE_EXISTS", "ARCHIVE_FOREIGN"]


def test_a_revocation_of_an_older_version_is_refused(net: Government) -> None:
    chain = net.province
    chain.ok("archivist", "archive.update", update(chain))
    chain.ok("archivist", "archive.carry", CARRY)
    net.send_all(chain)
    for version, cycle in ((1, 1), (2, 3)):
        body = ArchiveRevoked(archive_code=CODE, version=version, reason="x")
        packet = send_raw(chain, "ARCHIVE_REVOCATION", body, KEY, PROVINCE, cycle=cycle)
        assert net.deliver(packet).code == "OK"
        assert net.national.trace(KEY)[-1].code == "PACKET_INCONSISTENT"
    assert archive(net.national).state == "in_force"


def test_an_older_version_does_not_replace_a_newer_one(net: Government) -> None:
    chain = net.province
    first = archive(chain)
    chain.ok("archivist", "archive.update", update(chain))
    chain.ok("archivist", "archive.carry", CARRY)
    net.send_all(chain)
    packet = send_raw(
        chain, "ARCHIVE", carry_body(), KEY, PROVINCE, form_pcommit=first.pcommit,
        schema="archive/1", cycle=1,
    )  # fmt: skip
    assert net.deliver(packet).code == "OK"
    assert net.national.trace(KEY)[-1].code == "ARCHIVE_VERSION_STALE"
    assert archive(net.national).version == 2


def test_a_replica_of_another_chains_archive_is_carried_by_nobody_else(net: Government) -> None:
    net.province.ok("archivist", "archive.carry", CARRY)
    net.send_all(net.province)
    moved = archive(net.national).changed(home_chain=NATIONAL)
    net.national.state[KEY] = encode(moved)
    net.province.ok("archivist", "archive.update", update(net.province))
    net.province.ok("archivist", "archive.carry", CARRY)
    assert net.send_all(net.province) == ["ARCHIVE_EXISTS"]


# ---- every state × action

Step = str
_SENT = ("carry",)
_THERE = ("carry", "confirm")
ARCHIVE_PATHS: dict[str, tuple[Step, ...]] = {
    states.IN_FORCE: (),
    states.REVOKED: ("revoke",),
    states.TO_RECALL: (*_THERE, "revoke"),
    states.RECALLING: (*_THERE, "revoke", "carry"),
    states.RECALLED: (*_THERE, "revoke", "carry", "confirm"),
    states.RECALL_FAILED: (*_THERE, "revoke", "carry", "fail"),
}
VERSION_PATHS: dict[str, tuple[Step, ...]] = {
    START: (),
    states.CARRYING: _SENT,
    states.CARRIED: _THERE,
    states.CARRY_FAILED_STATE: ("carry", "fail"),
}
CALLS = ("register", "update", "revoke", "carry", "compensate")


def act(net: Government, action: str) -> str:
    chain = net.province
    if action == "confirm":
        return "OK" if set(net.send_all(chain)) == {"OK"} else "nothing waits"
    if action == "fail":
        return "OK" if set(send_late(net, chain)) == {"TIMED_OUT"} else "nothing waits"
    version = archive(chain).version if KEY in chain.state else 1
    requests: dict[str, Any] = {
        "register": register(chain),
        "update": update(chain, version),
        "revoke": revoke(),
        "carry": CARRY,
        "compensate": COMPENSATE,
    }
    return chain.call("archivist", f"archive.{action}", requests[action]).code


def answer(chain: Chain, operation: str, body: Record, outcome: str, code: str) -> str:
    """What a receipt for such a packet does, whether or not one waits."""
    packet = Packet(
        net="", source="", destination=NATIONAL, channel="", epoch=1, sequence=1, lane=b"",
        lane_sequence=1, operation=operation, schema="", sender="", receiver="", deadline_ms=1,
        business_key=b"", cycle=1, pcommit=b"", reference=b"", body=encode(body),
    )  # fmt: skip
    receipt = PacketReceipt(
        packet_id=b"", outcome=outcome, code=code, result=b"", height=1, assurance="L3"
    )
    handle = archive_answered if operation == "ARCHIVE" else revocation_answered
    try:
        run(chain, lambda ctx: handle(ctx, packet, receipt))
    except Rejected as refused:
        return refused.code.name
    return "OK"


ANSWERS = {
    "confirm": ("OK", "OK"),
    "fail": ("ERR", "X"),
    "none_there": ("ERR", "ARCHIVE_NOT_FOUND"),
}
ARCHIVE_TABLE = {(state, action): (after, code) for state, action, after, code in ARCHIVES.rows()}


@pytest.mark.parametrize("row", tuple(ARCHIVES.rows()), ids=lambda row: f"{row[0]}-{row[1]}")
def test_every_archive_state_takes_what_the_table_says(
    net: Government, row: tuple[str, str, str, str]
) -> None:
    state, action, after, code = row
    chain = net.province
    if state == START:
        if action in ("none_there", *ANSWERS):
            body: Record = ArchiveRevoked(archive_code="OTHER", version=1, reason="x")
            assert answer(chain, "ARCHIVE_REVOCATION", body, *ANSWERS[action]) == code
        else:
            del chain.state[KEY]
            taken = act(net, "revoke" if action == "revoke_carried" else action)
            assert taken == (code or "OK")
        return
    for step in ARCHIVE_PATHS[state]:
        assert act(net, step) == "OK"
    assert archive(chain).state == state
    if action in ("revoke", "revoke_carried"):
        # Which of the two a caller's revocation is, the record decides.
        if action == "revoke_carried" and state == states.IN_FORCE:
            assert act(net, "carry") == "OK"
        taken = act(net, "revoke")
    elif action in ANSWERS:
        if action == "none_there":
            chain.state[KEY] = encode(archive(chain).changed(carried_version=0))
        body = ArchiveRevoked(archive_code=CODE, version=1, reason="filed twice")
        if action == "fail" and not archive(chain).carried_version:
            chain.state[KEY] = encode(archive(chain).changed(on_the_way=1))
        taken = answer(chain, "ARCHIVE_REVOCATION", body, *ANSWERS[action])
    else:
        taken = act(net, action)
        if state == states.IN_FORCE and action == "compensate":
            # The table lets it through to the version's own, which never went anywhere.
            assert taken == "NOTHING_TO_COMPENSATE"
            return
    assert taken == (code or "OK")
    assert archive(chain).state == (after or state)


@pytest.mark.parametrize("row", tuple(CARRYINGS.rows()), ids=lambda row: f"{row[0]}-{row[1]}")
def test_every_version_on_its_way_takes_what_the_table_says(
    net: Government, row: tuple[str, str, str, str]
) -> None:
    state, action, after, code = row
    chain = net.province
    for step in VERSION_PATHS[state]:
        assert act(net, step) == "OK"
    if action in ANSWERS:
        if state == START:
            run(chain, keep)
        taken = answer(chain, "ARCHIVE", carry_body(), *ANSWERS[action])
    else:
        taken = act(net, action)
    assert taken == (code or "OK")
    if version_key(CODE, 1) in chain.state:
        assert (version_of(chain, 1).carrying or START) == (after or state)


def keep(ctx: Context) -> None:
    keep_version(ctx, require_archive(ctx, CODE))


# ---- against a small model


class Model:
    """What the other chain may know, written down without packets, tables or records."""

    def __init__(self) -> None:
        self.version, self.there = 0, 0
        self.sent: dict[int, str] = {}
        self.recall = ""  # "", then revoked, to_recall, recalling, recalled or recall_failed
        self.revoked_there = False

    def waiting(self) -> list[int]:
        return [version for version, state in self.sent.items() if state == "carrying"]

    def allows(self, action: str) -> bool:
        newest = self.sent.get(max(self.sent, default=0), "")
        return {
            "register": not self.version,
            "update": self.version > 0 and not self.recall,
            "revoke": self.version > 0 and not self.recall,
            "carry": self.recall == "to_recall"
            or (self.version > 0 and not self.recall and self.version not in self.sent),
            "compensate": self.recall == "recall_failed"
            or (not self.recall and newest == "carry_failed"),
        }[action]

    def did(self, action: str) -> None:
        if action in ("register", "update"):
            self.version += 1
        elif action == "revoke":
            self.recall = "to_recall" if self.there or self.waiting() else "revoked"
        elif self.recall:
            self.recall = "recalling"
        else:
            self.sent[self.version if action == "carry" else max(self.sent)] = "carrying"

    def arrived(self, *, late: bool) -> None:
        for version in self.waiting():
            self.sent[version] = "carry_failed" if late else "carried"
            self.there = self.there if late else version
        if self.recall in ("to_recall", "recall_failed") and not self.there:
            self.recall = "revoked"
        elif self.recall == "recalling":
            failed = "recall_failed" if late else "recalled"
            self.recall = failed if self.there else "revoked"
            self.revoked_there = self.revoked_there or (self.recall == "recalled")


@pytest.mark.parametrize("seed", range(8))
def test_walks_agree_with_a_small_model(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    net = Government(monkeypatch)
    net.province.open_account(1)
    draw, model = random.Random(seed), Model()
    for _ in range(50):
        action = draw.choice((*CALLS, "update", "carry", "carry", "arrive", "late"))
        if action == "revoke" and draw.random() < 0.7:
            continue
        if action in ("arrive", "late"):
            if not net.pending(net.province):
                continue
            if action == "late":
                send_late(net, net.province)
            else:
                net.send_all(net.province)
            model.arrived(late=action == "late")
        else:
            allowed = model.allows(action)
            assert (act(net, action) == "OK") == allowed, (action, vars(model))
            if allowed:
                model.did(action)
        if not model.version:
            continue
        here = archive(net.province)
        assert (here.version, here.state) == (model.version, model.recall or "in_force")
        assert here.on_the_way == len(model.waiting())
        assert (KEY in net.national.state) == (model.there > 0)
        for version, state in model.sent.items():
            assert version_of(net.province, version).carrying == state
        if model.there:
            there = archive(net.national)
            assert (there.version, there.state == "revoked") == (model.there, model.revoked_there)
    check_traces(net.province)
