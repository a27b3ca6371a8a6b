"""Every operation between chains: done once; its failure saved (失败信息保存) and compensated.

One list of scenes, the same demands on each; at the end, the tender's own list of clause 2.2.1.6.1.
"""

from dataclasses import replace

import msgspec
import pytest

from contracts.bridge.operations import incoming_operation, receipt_operation
from contracts.bridge.records import Channel, OutboxEntry, channel_key
from contracts.trace import record_class
from ledger.packet import Packet, decode_packet_receipt, outbox_key, receipt_key
from ledger.records import decode, encode
from tests.contracts.crossing.packets import send_late
from tests.contracts.crossing.scenes import SCENES, Scene
from tests.contracts.harness import Chain, Network
from tests.contracts.page.clauses import TENDER
from tests.contracts.page.page import methods_by_clause

each = pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.operation)


def sent(net: Network, scene: Scene) -> Packet:
    """Do what sends the packet; it is the only one that waits."""
    scene.do(net, scene.call)
    (packet,) = waiting(net, scene)
    assert (packet.operation, scene.is_done(net)) == (scene.operation, False)
    return packet


def waiting(net: Network, scene: Scene) -> list[Packet]:
    pending = net.pending(net.chains[scene.source])
    return [Packet.decode(entry.packet) for _, entry in pending]


def receipt_code(net: Network, packet: Packet) -> str:
    key = receipt_key(packet.channel, packet.epoch, packet.sequence)
    return decode_packet_receipt(net.chains[packet.destination].state[key]).code


def send_copy(net: Network, scene: Scene, packet: Packet) -> Packet:
    """The same business once more, as a packet of its own."""
    source = net.chains[scene.source]
    channel = source.load(Channel, channel_key(packet.channel))
    lane_next = packet.lane_sequence + 1
    again = replace(packet, sequence=channel.next_outbound, lane_sequence=lane_next)
    entry = OutboxEntry(
        status="pending", packet_id=again.id, packet=again.encode(), object_key=scene.saved_at
    )
    source.state[outbox_key(again.channel, again.epoch, again.sequence)] = encode(entry)
    return again


def check_all_traces(chain: Chain) -> None:
    for key in list(chain.state):
        cls = record_class(key)
        if cls is not None:
            record = decode(cls, chain.state[key])
            chain.check_trace(key, record.trace_count, record.trace_head)


def check_failure(net: Network, scene: Scene, code: str) -> None:
    """It is in the object's own trace: which operation, why, and what comes next."""
    trace = net.chains[scene.source].trace(scene.saved_at)
    saved = [event for event in trace if event.action == "FAIL_SAVED"]
    assert [(event.code, event.details["operation"]) for event in saved] == [
        (code, scene.operation)
    ]
    assert saved[0].details["next_action"] not in ("", "decide_by_hand")
    assert not scene.is_done(net)


def check_compensated(net: Network, scene: Scene) -> None:
    scene.do(net, scene.again)
    assert [one.operation for one in waiting(net, scene)] == [scene.operation]
    assert net.send_all(net.chains[scene.source]) == ["OK"]
    assert scene.is_done(net)
    for chain in net.chains.values():
        check_all_traces(chain)


@each
def test_it_is_done_there_once(monkeypatch: pytest.MonkeyPatch, scene: Scene) -> None:
    net = scene.net(monkeypatch)
    packet = sent(net, scene)
    assert net.deliver(packet).code == "OK"
    assert (receipt_code(net, packet), scene.is_done(net)) == ("OK", True)
    assert net.deliver(packet).code == "ALREADY_DELIVERED"
    assert net.acknowledge(packet).code == "OK"
    assert net.acknowledge(packet).code == "ALREADY_ACKNOWLEDGED"
    before = dict(net.chains[scene.destination].state)
    copy = send_copy(net, scene, packet)
    assert net.deliver(copy).code == "OK"
    assert receipt_code(net, copy) == "DUPLICATE"
    after = net.chains[scene.destination].state
    changed = [key for key in after if after[key] != before.get(key)]
    assert all(key.startswith("bridge/") for key in changed)


@each
def test_a_lost_one_is_saved_and_compensated(monkeypatch: pytest.MonkeyPatch, scene: Scene) -> None:
    net = scene.net(monkeypatch)
    sent(net, scene)
    assert send_late(net, net.chains[scene.source]) == ["TIMED_OUT"]
    check_failure(net, scene, "TIMED_OUT")
    check_compensated(net, scene)


@each
def test_a_refused_one_is_saved_and_compensated(
    monkeypatch: pytest.MonkeyPatch, scene: Scene
) -> None:
    """Here because the other side has not opened the operation yet."""
    net = scene.net(monkeypatch)
    packet = sent(net, scene)
    destination = net.chains[scene.destination]
    kept = destination.state[channel_key(packet.channel)]
    closed = msgspec.structs.replace(decode(Channel, kept), operations=())
    destination.state[channel_key(packet.channel)] = encode(closed)
    assert net.send_all(net.chains[scene.source]) == ["OPERATION_NOT_ALLOWED"]
    opened = destination.load(Channel, channel_key(packet.channel))
    operations = decode(Channel, kept).operations
    destination.state[channel_key(packet.channel)] = encode(
        msgspec.structs.replace(opened, operations=operations)
    )
    check_failure(net, scene, "OPERATION_NOT_ALLOWED")
    check_compensated(net, scene)


@each
@pytest.mark.parametrize(
    "changes",
    [{"source": "yl-elsewhere"}, {"destination": "yl-elsewhere"}, {"net": "trial"}, {"epoch": 2}],
    ids=lambda changes: next(iter(changes)),
)
def test_a_packet_of_another_channel_is_refused_and_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, scene: Scene, changes: dict[str, str | int]
) -> None:
    net = scene.net(monkeypatch)
    packet = sent(net, scene)
    destination = net.chains[scene.destination]
    before = dict(destination.state)
    forged = replace(packet, **changes)
    net.chains[forged.destination] = destination
    assert net.deliver(forged).code == "WRONG_CHANNEL"
    assert destination.state == before


def test_every_operation_about_bills_settlements_grants_and_archives_has_its_scene() -> None:
    assert all(incoming_operation(one.operation) for one in SCENES)
    assert all(receipt_operation(one.operation) for one in SCENES)
    assert len({one.operation for one in SCENES}) == len(SCENES) == 15


# ---- the list of clause 2.2.1.6.1, in the tender's words

_SYNCED = {
    "票据锁定": "LOCK",
    "票据解锁": "UNLOCK",
    "票据入账": "ENTRY",
    "票据撤销入账": "ENTRY_REVERSAL",
    "结算信息上传": "SETTLEMENT_REPORT",
    "结算信息撤销上传": "SETTLEMENT_REVERSAL",
    "票据授权": "AUTHORIZATION",
}
# Item -> the method that does it, or the operation whose scene above shows it.
ITEMS = {
    "票据蓝票上链": "bill.issue_blue",
    "票据红票上链": "bill.issue_red",
    "票据纸票换开上链": "bill.print",
    "票据锁定上链": "bill.lock",
    "票据解锁上链": "bill.unlock",
    "票据入账上链": "bill.enter",
    "票据入账撤销上链": "bill.reverse_entry",
    "票据结算上传上链": "settlement.upload",
    "票据结算撤销上链": "settlement.reverse",
    "票据授权上链": "authorization.grant",
    "本地结算信息上链": "settlement.upload",
    "本地结算撤销信息上链": "settlement.reverse",
    "票据关联结算信息上链": "bill.link_settlement",
    "异地结算信息上链": "settlement.upload",
    "本省就医政策上链": "policy.publish",
    "异地医保政策上链": "policy.store_remote",
    "异地医保目录上链": "catalogue.store_remote",
    "档案信息上链": "archive.register",
    "基金费用明细上链": "fund.add_lines",
    "基金拨付状态上链": "fund.record_result",
    "异地电子结算凭证上链": "voucher.store_voucher",
    **{f"省医保链同步的{name}交易上链": operation for name, operation in _SYNCED.items()},
    **{f"{name}交易上链失败信息保存": operation for name, operation in _SYNCED.items()},
    "监听参保档案上链交易": "archive.register",
    "监听参保撤销档案上链交易": "archive.revoke",
    "参保档案上链交易搬运到政务链": "ARCHIVE",
    "参保撤销档案上链交易搬运到政务链": "ARCHIVE_REVOCATION",
    "参保档案上链交易搬运失败信息保存服务": "ARCHIVE",
    "参保撤销档案上链交易搬运失败信息保存服务": "ARCHIVE_REVOCATION",
    "参保档案上链交易搬运失败补偿": "ARCHIVE",
    "参保撤销档案上链交易搬运失败补偿": "ARCHIVE_REVOCATION",
    "票据详情上链": "bill.issue_blue",
    "入账信息上链": "bill.enter",
    "入账撤销信息上链": "bill.reverse_entry",
    "结算信息上链": "settlement.upload",
    "结算信息撤销上链": "settlement.reverse",
    "异地结算信息撤销上链": "settlement.reverse",
    "参保档案上链": "archive.register",
}


def test_the_tenders_list_is_covered_item_by_item() -> None:
    text = TENDER.read_text(encoding="utf-8")
    start = text.index("上链内容主要包括：") + len("上链内容主要包括：")
    listed = text[start : text.index("。", start)].replace("\n", "").split("、")
    assert set(listed) == set(ITEMS)
    methods = set(methods_by_clause()["2.2.1.6.1"])
    operations = {one.operation for one in SCENES}
    assert [item for item, where in ITEMS.items() if where not in methods | operations] == []
