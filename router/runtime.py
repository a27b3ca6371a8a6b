"""A router process: one Relay service, and one relay for each channel.

The first stop for reading: `run_router`, then `shell.ChannelRelay.run`, then `relay.step`.
"""

import asyncio
import contextlib
import signal
from typing import Any

import grpc

from crypto.keystore import load_key
from crypto.suites import GM, Suite
from faults import Rejected
from router.codes import ROUTER_CONFIG, ROUTER_KEY
from router.config import RouterConfig, passphrase
from router.grpc_connector import MESSAGE_BYTES_MAX, GrpcOwnChain, GrpcPeerRouter, open_channel
from router.logs import log, setup_logs
from router.messages import Settings
from router.service import RelayService, add_to_server
from router.shell import ChannelRelay, Keys

STOP_SECONDS = 2.0


async def run_router(config: RouterConfig) -> None:
    """The process: logs to standard error, relays until SIGTERM or Ctrl-C.

    Raises Rejected when the configuration can't be used.
    """
    setup_logs()
    work = asyncio.create_task(relay_channels(config))
    loop = asyncio.get_running_loop()
    for stop in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(stop, work.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await work


async def relay_channels(config: RouterConfig) -> None:
    """Serve and relay until cancelled. Raises Rejected when the configuration can't be used."""
    suite, private_key, envelope_private_key = _keys(config)
    signer = suite.signer(private_key)
    keys = Keys(config.router.chain_id, signer.public_key, envelope_private_key)
    opened = [open_channel(config.router.node), open_channel(config.router.custodian)]
    own = GrpcOwnChain(opened[0], opened[1], signer)
    relays = []
    for peer in config.peers:
        opened.append(open_channel(peer.address))
        router = GrpcPeerRouter(opened[-1], GM.public_key(envelope_private_key))
        settings = Settings(peer.channel, poll_ms=config.router.poll_interval_ms)
        relays.append(ChannelRelay(settings, keys, own, router))

    server = await _serve(config, own, relays)
    try:
        async with asyncio.TaskGroup() as group:
            for relay in relays:
                group.create_task(relay.run())
    finally:
        await server.stop(STOP_SECONDS)
        for channel in opened:
            await channel.close()
        log("router.stopped", chain_id=config.router.chain_id)


async def _serve(config: RouterConfig, own: GrpcOwnChain, relays: list[ChannelRelay]) -> Any:
    def counters() -> tuple[int, int, int]:
        states = [relay.state for relay in relays]
        return (
            sum(state.delivered for state in states),
            sum(state.acknowledged for state in states),
            sum(state.rejected for state in states),
        )

    server = grpc.aio.server(
        options=[
            ("grpc.max_receive_message_length", 1024 * 1024),
            ("grpc.max_send_message_length", MESSAGE_BYTES_MAX),
            ("grpc.so_reuseport", 0),
        ],
        maximum_concurrent_rpcs=64,
    )
    channels = tuple(peer.channel for peer in config.peers)
    service = RelayService(own, config.router.chain_id, channels, counters)
    add_to_server(service, server)
    try:
        port = server.add_insecure_port(config.router.listen)
    except RuntimeError:
        port = 0
    if port == 0:
        raise Rejected(ROUTER_CONFIG, key="router.listen", advice="choose a free address")
    await server.start()
    host = config.router.listen.rpartition(":")[0]
    log("router.listening", chain_id=config.router.chain_id, address=f"{host}:{port}")
    return server


def _key(config: RouterConfig, name: str) -> tuple[Suite, bytes]:
    path: str = getattr(config.router, name)
    secret = passphrase(config)
    try:
        return load_key(path, secret)
    except Rejected as refused:
        key, reason = f"router.{name}", refused.code.name
        raise Rejected(ROUTER_KEY, key=key, reason=reason, **refused.fields) from None


def _keys(config: RouterConfig) -> tuple[Suite, bytes, bytes]:
    """The chain's suite, the identity's private key and the envelope's private key."""
    suite, private_key = _key(config, "key_file")
    envelope_suite, envelope_private_key = _key(config, "envelope_key_file")
    if envelope_suite != GM:
        raise Rejected(ROUTER_KEY, key="router.envelope_key_file", reason="an SM2 key is needed")
    return suite, private_key, envelope_private_key
