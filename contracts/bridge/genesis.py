"""The bridge's first state: channels and light clients as the genesis file registers them."""

from contracts.bridge.records import (
    CHANNELS_KEY,
    Channel,
    ChannelList,
    channel_key,
    client_key,
)
from ledger.genesis import Genesis, GenesisChannel
from ledger.light_client import LightClientState, initial_client
from ledger.records import encode

# Packets of another deployment (a trial network, say) carry another name and are refused.
NET = "yilian"
# A packet that its peer could not take within this time is tombstoned.
PACKET_TTL_MS = 24 * 3_600_000


def initial_bridge_state(genesis: Genesis) -> dict[str, bytes]:
    """State key → record for each channel and each peer's light client."""
    state: dict[str, bytes] = {}
    for one in genesis.channels:
        state[channel_key(one.id)] = encode(channel_of(one))
        state[client_key(one.peer_chain)] = encode(client_of(one))
    ids = tuple(sorted(one.id for one in genesis.channels))
    state[CHANNELS_KEY] = encode(ChannelList(channel_ids=ids))
    return state


def client_of(one: GenesisChannel) -> LightClientState:
    """The light client of the channel's peer as it begins."""
    return initial_client(
        one.peer_chain,
        one.peer_suite,
        bytes.fromhex(one.peer_genesis_hash),
        one.peer_validator_set,
    )


def channel_of(one: GenesisChannel, ttl_ms: int = PACKET_TTL_MS) -> Channel:
    """The channel as it begins; `ttl_ms` is its packets' time to arrive."""
    return Channel(
        channel_id=one.id,
        net=NET,
        peer_chain=one.peer_chain,
        peer_suite=one.peer_suite,
        peer_envelope_key=bytes.fromhex(one.peer_router_key),
        operations=tuple(sorted(one.operations.items())),
        home=one.home,
        ttl_ms=ttl_ms,
    )
