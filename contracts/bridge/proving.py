"""What a peer chain proves to us: a state leaf under a header and a certificate.

The light client stands in this chain's state, so every node checks the same thing. A missing
client, a frozen one or a proof about another key is a refusal; nothing is ever taken unproved.
"""

from dataclasses import dataclass

from contracts.bridge.codes import NO_VERIFIER
from contracts.bridge.records import Channel, client_key
from contracts.framework import Context
from faults import Rejected
from ledger.codes import BAD_PROOF
from ledger.light_client import LightClientState, read_proved

# The only verifier there is so far; L2 and L1 will register theirs here.
LIGHT_CLIENT = "L3"


@dataclass(frozen=True, slots=True)
class Frozen:
    """The proof showed two blocks at one height: the client is frozen, and that was written."""

    chain_id: str
    height: int


def verifier_for(channel: Channel, operation: str) -> str:
    """The assurance this chain can check for `operation`; Rejected(NO_VERIFIER) if it can't.

    An operation the channel doesn't list is proved all the same: its refusal is then a receipt.
    """
    wanted = channel.assurance(operation) or LIGHT_CLIENT
    if wanted != LIGHT_CLIENT:
        raise Rejected(NO_VERIFIER, operation=operation, wanted=wanted)
    return wanted


def prove(ctx: Context, channel: Channel, proof: bytes, key: str) -> bytes | Frozen:
    """The value at `key` on the channel's peer chain, proved; the light client learns its header.

    Raises Rejected when anything doesn't hold; then nothing was written.
    """
    stored = client_key(channel.peer_chain)
    client = ctx.require(LightClientState, stored, NO_VERIFIER)
    proved = read_proved(client, proof, key)
    if proved.client.frozen:
        ctx.store(stored, proved.client)
        ctx.emit(stored, "freeze", height=proved.header.height)
        return Frozen(channel.peer_chain, proved.header.height)
    if proved.value is None:
        raise Rejected(BAD_PROOF, reason="proves that nothing is there")
    if proved.client != client:
        ctx.store(stored, proved.client)
    return proved.value
