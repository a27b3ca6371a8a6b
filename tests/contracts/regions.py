"""Two provinces and the national chain between them, and sample policies and catalogue items."""

from typing import Any

import pytest

from contracts.bridge.inbox import channel_principal
from contracts.bridge.operations import OnReceipt
from contracts.framework import Context
from contracts.state_view import StateView
from crypto.suites import suite
from faults import Rejected
from ledger.packet import Packet, PacketReceipt
from ledger.records import Record, encode
from proto import catalogue_pb2 as cat
from proto import policy_pb2 as pb
from proto.region_pb2 import AssignRegionRequest
from tests.contracts.harness import NATIONAL, PROVINCE, Chain, Network, channel, seconds

GUANGDONG = "yl-guangdong"
HOME_REGION, REMOTE_REGION = "460000", "440100"
OPERATIONS = "POLICY_SHARE POLICY_QUESTION CATALOGUE_CHUNK CATALOGUE_QUESTION"


class Regions(Network):
    """Hainan's chain and Guangdong's, each joined to the national one."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(monkeypatch)
        up = (channel("pn", NATIONAL, "gm", OPERATIONS, home=False),)
        other = (channel("gn", NATIONAL, "gm", OPERATIONS, home=False),)
        down = (
            channel("pn", PROVINCE, "gm", OPERATIONS, home=False),
            channel("gn", GUANGDONG, "gm", OPERATIONS, home=False),
        )
        self.province = Chain(PROVINCE, "gm", up)
        self.national = Chain(NATIONAL, "gm", down)
        self.guangdong = Chain(GUANGDONG, "gm", other)
        self.chains = {one.chain_id: one for one in (self.province, self.national, self.guangdong)}

        for one in (self.province, self.national):
            assign(one, HOME_REGION, PROVINCE)
        for one in (self.guangdong, self.national):
            assign(one, REMOTE_REGION, GUANGDONG)

    def only_packet(self, source: Chain) -> Packet:
        ((_, entry),) = self.pending(source)
        return Packet.decode(entry.packet)

    def too_late(self, source: Chain) -> None:
        """Let the destination's clock pass every deadline, deliver, and bring clocks together."""
        for one in self.chains.values():
            one.time_ms += 2 * 24 * 3_600_000
        self.send_all(source)


def assign(chain: Chain, region: str, home: str) -> None:
    request = AssignRegionRequest(region=region, home_chain=home, reason="区划归属")
    chain.ok("governor", "region.assign", request, seconds(chain))


def answer(chain: Chain, handle: OnReceipt, body: Record, outcome: str, result: bytes = b"") -> str:
    """Run a receipt's handler as the bridge would, whatever was sent; "OK" or the refusal."""
    packet = Packet(
        net="yilian",
        source=chain.chain_id,
        destination=NATIONAL,
        channel="pn",
        epoch=1,
        sequence=1,
        lane=bytes(32),
        lane_sequence=1,
        operation="ANY",
        schema="",
        sender="org-bureau",
        receiver=NATIONAL,
        deadline_ms=chain.time_ms + 1,
        business_key=bytes(32),
        cycle=0,
        pcommit=b"",
        body=encode(body),
        reference=b"",
    )
    code = "OK" if outcome == "OK" else "TIMED_OUT"
    receipt = PacketReceipt(
        packet_id=packet.id, outcome=outcome, code=code, result=result, height=1, assurance="L3"
    )
    view = StateView(chain)
    ctx = Context(
        chain_id=chain.chain_id,
        suite=suite(chain.suite_name),
        height=chain.height,
        time_ms=chain.time_ms,
        tx_hash=bytes(32),
        operation_index=0,
        signer=channel_principal("pn"),
        view=view,
    )
    try:
        ctx.attempt(lambda: handle(ctx, packet, receipt))
    except Rejected as refused:
        assert not view.writes()
        return refused.code.name
    chain.state.update({key: value for key, value in view.writes().items() if value is not None})
    chain.events.extend(ctx.events)
    return "OK"


def rule(**changes: Any) -> pb.BenefitRule:
    given: dict[str, Any] = {
        "visit_kinds": ["21"],
        "institution_level": "3",
        "person_types": ["11"],
        "deductible_fen": 80_000,
        "deductible_per": "visit",
        "ceiling_fen": 30_000_000,
        "ceiling_per": "year",
        "segments": [
            pb.RatioSegment(up_to_fen=1_000_000, ratio_bp=8500),
            pb.RatioSegment(up_to_fen=0, ratio_bp=9000),
        ],
        "segments_per": "visit",
        "remote_filed_minus_bp": 500,
        "remote_unfiled_minus_bp": 2000,
    }
    return pb.BenefitRule(**{**given, **changes})


def policy(version: int = 1, /, **changes: Any) -> pb.PolicyDocument:
    given: dict[str, Any] = {
        "region": HOME_REGION,
        "insured_type": "310",
        "version": version,
        "title": "职工基本医疗保险待遇",
        "document_number": "琼医保规〔2024〕1号",
        "issued_date": "20231201",
        "effective_from": "20240101",
        "effective_to": "",
        "document_sm3": b"d" * 32,
        "rules": [rule()],
    }
    return pb.PolicyDocument(**{**given, **changes})


def item(code: str = "X0001", /, **changes: Any) -> cat.CatalogueItem:
    given: dict[str, Any] = {
        "code": code,
        "name": "测试用药",
        "list_type": "101",
        "category": "02",
        "self_pay_bp": 1000,
        "level": "",
        "price_limit_fen": 5000,
        "effective_from": "20240101",
        "effective_to": "",
        "withdrawn": False,
    }
    return cat.CatalogueItem(**{**given, **changes})
