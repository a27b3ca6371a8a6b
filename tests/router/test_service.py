"""Whole routers on loopback, over gRPC, between two fake nodes that run real bridge contracts."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest

from contracts.bridge.records import channel_key
from contracts.framework import Context
from crypto.envelope import open_envelope
from crypto.suites import GM
from ledger.packet import Packet
from ledger.records import Record
from ledger.state_evidence import StateEvidence
from proto import services_pb2 as pb
from proto.services_pb2_grpc import RelayStub
from router.config import RouterConfig, parse_config
from router.runtime import relay_channels
from tests.contracts.bridge.chain import CHANNEL, two_chains
from tests.router.fake_node import (
    PASSPHRASE,
    FakeNode,
    envelope_private_key,
    make_keys,
    node_of,
    plaintext_of,
    serving,
    until,
)


@dataclass
class Stage:
    """Two nodes, the configurations of their routers, and those that run."""

    a: FakeNode
    b: FakeNode
    configs: dict[str, RouterConfig]
    keys: dict[str, tuple[bytes, bytes]]
    folder: Path
    running: dict[str, asyncio.Task[None]]

    def start(self, *names: str) -> None:
        for name in names or ("a", "b"):
            self.running[name] = asyncio.create_task(relay_channels(self.configs[name]))

    async def stop(self, *names: str) -> None:
        for name in names or tuple(self.running):
            task = self.running.pop(name)
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    def done(self) -> bool:
        channel = self.a.chain.channel()
        return channel.closed_below == channel.next_outbound

    def relay(self, name: str) -> Any:
        return RelayStub(grpc.aio.insecure_channel(self.configs[name].router.listen))


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@asynccontextmanager
async def stage(folder: Path) -> AsyncIterator[Stage]:
    a, b = two_chains()
    keys = {name: make_keys(folder / name, chain.suite) for name, chain in (("a", a), ("b", b))}
    for chain, other in ((a, "b"), (b, "a")):
        register(chain, keys[other][1])
    (folder / "passphrase").write_bytes(PASSPHRASE)
    nodes = node_of(a, keys["a"][0]), node_of(b, keys["b"][0])
    ports = {"a": free_port(), "b": free_port()}
    async with serving(nodes[0]) as node_a, serving(nodes[1]) as node_b:
        addresses = {"a": node_a, "b": node_b}
        configs = {}
        for name, other in (("a", "b"), ("b", "a")):
            text = f"""
                [router]
                name = "router-{name}"
                chain_id = "chain-{name}"
                listen = "127.0.0.1:{ports[name]}"
                node = "{addresses[name]}"
                key_file = "{name}/identity.json"
                envelope_key_file = "{name}/envelope.json"
                passphrase_file = "passphrase"
                poll_interval_ms = 20
                [[peers]]
                chain_id = "chain-{other}"
                channel = "{CHANNEL}"
                address = "127.0.0.1:{ports[other]}"
                """
            (folder / f"{name}.toml").write_text(text)
            configs[name] = parse_config(text.encode(), folder)
        made = Stage(*nodes, configs, keys, folder, {})
        try:
            yield made
        finally:
            await made.stop()


def register(chain: Any, envelope_key: bytes) -> None:
    import msgspec

    changed: Record = msgspec.structs.replace(chain.channel(), peer_envelope_key=envelope_key)

    def act(ctx: Context) -> None:
        ctx.store(channel_key(CHANNEL), changed)

    chain.run(act)


def test_documents_cross_and_receipts_come_back(tmp_path: Path) -> None:
    async def journey() -> None:
        async with stage(tmp_path) as one:
            names = ["n1", "n2", "n1", "n3"]
            packets = [one.a.send(name) for name in names]
            one.a.chain.send("plain")
            one.start()
            await until(one.done)
            for name in ("n1", "n2", "n3", "plain"):
                count = [*names, "plain"].count(name)
                assert one.b.chain.note(name).total_fen == 100 * count
                assert one.a.chain.note(name).heard == ("OK:OK",) * count
            assert {Packet.decode(raw).id for raw in one.b.delivered} >= {
                packet.id for packet in packets
            }
            status = await one.relay("b").RouterStatus(pb.RouterStatusRequest())
            assert (status.chain_id, list(status.channels)) == ("chain-b", [CHANNEL])
            assert (status.delivered, status.rejected) == (5, 0)

    asyncio.run(journey())


def test_an_envelope_opens_only_for_the_registered_key(tmp_path: Path) -> None:
    async def journey() -> None:
        async with stage(tmp_path) as one:
            packet = one.a.send("n1")
            one.start("a")
            relay = one.relay("a")
            request = pb.PullPacketsRequest(
                channel=CHANNEL, from_sequence=1, limit=8, envelope_key=one.keys["b"][1]
            )
            await until_serving(relay)
            reply = await relay.PullPackets(request)
            (carried,) = reply.packets
            assert carried.packet == packet.encode()
            evidence = StateEvidence.decode(carried.proof)
            assert evidence.header.chain_id == "chain-a"
            private = envelope_private_key(one.folder / "b")
            assert open_envelope(private, packet.id, carried.envelope) == plaintext_of("n1")
            assert b"private part" not in reply.SerializeToString()
            request.envelope_key = GM.public_key(GM.generate_private_key())
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await relay.PullPackets(request)
            assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
            assert "ROUTER_WRONG_ENVELOPE_KEY" in (caught.value.details() or "")

    asyncio.run(journey())


async def until_serving(relay: Any) -> None:
    await relay.RouterStatus(pb.RouterStatusRequest(), wait_for_ready=True, timeout=10)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"channel": "zz"}, "ROUTER_UNKNOWN_CHANNEL"),
        ({"channel": ""}, "ROUTER_UNKNOWN_CHANNEL"),
        ({"limit": 0}, "ROUTER_BAD_PULL"),
        ({"limit": 65}, "ROUTER_BAD_PULL"),
        ({"envelope_key": b""}, "ROUTER_WRONG_ENVELOPE_KEY"),
    ],
)
def test_pulls_are_bounded_and_checked(tmp_path: Path, changes: dict[str, Any], code: str) -> None:
    async def journey() -> None:
        async with stage(tmp_path) as one:
            one.start("a")
            relay = one.relay("a")
            await until_serving(relay)
            asked = {"channel": CHANNEL, "limit": 1, "envelope_key": one.keys["b"][1], **changes}
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await relay.PullPackets(pb.PullPacketsRequest(**asked))
            assert code in (caught.value.details() or "")

    asyncio.run(journey())


def test_receipt_pulls_are_bounded(tmp_path: Path) -> None:
    async def journey() -> None:
        async with stage(tmp_path) as one:
            one.start("b")
            relay = one.relay("b")
            await until_serving(relay)
            empty = await relay.PullReceipts(
                pb.PullReceiptsRequest(channel=CHANNEL, sequences=[1, 2, 2])
            )
            assert list(empty.receipts) == []
            for sequences in ([0], list(range(1, 70))):
                request = pb.PullReceiptsRequest(channel=CHANNEL, sequences=sequences)
                with pytest.raises(grpc.aio.AioRpcError) as caught:
                    await relay.PullReceipts(request)
                assert "ROUTER_BAD_PULL" in (caught.value.details() or "")

    asyncio.run(journey())


@pytest.mark.slow
def test_routers_come_and_go_and_everything_arrives_once(tmp_path: Path) -> None:
    async def journey() -> None:
        async with stage(tmp_path) as one:
            for round_ in range(4):
                one.a.send("n1")
                one.a.send(f"m{round_}")
                one.start()
                await asyncio.sleep(0.15 + 0.05 * round_)
                await one.stop("b" if round_ % 2 else "a")
                await asyncio.sleep(0.05)
                await one.stop()
            one.start()
            await until(one.done)
            assert one.b.chain.note("n1").total_fen == 400
            assert one.a.chain.note("n1").heard == ("OK:OK",) * 4

    asyncio.run(journey())


def test_an_outage_of_the_node_passes(tmp_path: Path) -> None:
    async def journey() -> None:
        async with stage(tmp_path) as one:
            one.b.down = True
            one.a.send("n1")
            one.start()
            await asyncio.sleep(0.4)
            assert not one.done()
            one.b.down = False
            await until(one.done)

    asyncio.run(journey())


def test_a_plaintext_that_was_not_committed_leaves_no_house(tmp_path: Path) -> None:
    async def journey() -> None:
        async with stage(tmp_path) as one:
            one.a.wrong_plaintext = True
            packet = one.a.send("n1")
            one.start("a")
            relay = one.relay("a")
            await until_serving(relay)
            request = pb.PullPacketsRequest(
                channel=CHANNEL, from_sequence=1, limit=8, envelope_key=one.keys["b"][1]
            )
            (carried,) = (await relay.PullPackets(request)).packets
            assert carried.packet == packet.encode() and carried.envelope == b""

    asyncio.run(journey())


def test_a_body_that_is_not_the_delivery_is_not_signed(tmp_path: Path) -> None:
    async def journey() -> None:
        async with stage(tmp_path) as one:
            one.b.foreign_body = True
            one.a.send("n1")
            one.a.chain.send("plain")
            one.start()
            await until(lambda: one.a.chain.note("plain").heard == ("OK:OK",))
            assert [Packet.decode(raw).sequence for raw in one.b.delivered] == [2]
            status = await one.relay("b").RouterStatus(pb.RouterStatusRequest())
            assert status.rejected >= 1

    asyncio.run(journey())
