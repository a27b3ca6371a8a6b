"""A ledger kept outside the chains, by the test alone, compared with what the chains hold.

It knows what the journey was promised (every acknowledged transaction) and what the sample files
say (counts and sums). Whatever was killed on the way: nothing is lost, nothing is doubled.
"""

from collections import Counter
from collections.abc import Iterator
from functools import partial

from documents import parse_ebill
from ledger.block import Header
from node.client import Client, ClientError
from testnet.journey.world import BILLS, RED_BILL, SETTLEMENTS, World, bill_state_key, sample
from testnet.stage import BILL_CHANNEL, FINANCE, NATIONAL, PROVINCE, REPORT_CHANNEL

RECEIPT_WAIT_MS = 5_000
# (channel, sender) → packets the journey sends: five blue bills and the red one from finance; two
# locks, one entry, its reversal, one unlock and a grant from the province; settlement and voucher.
SENT = {(BILL_CHANNEL, FINANCE): 6, (BILL_CHANNEL, PROVINCE): 6, (REPORT_CHANNEL, PROVINCE): 2}


def differences(world: World) -> list[str]:
    """What does not agree, in words; empty when all is as it must be."""
    return [
        *_lost_transactions(world),
        *_wrong_sums(world),
        *_wrong_packets(world),
        *_wrong_events(world),
        *_different_roots(world),
    ]


def _lost_transactions(world: World) -> Iterator[str]:
    """Every acknowledged transaction is in its chain, once, on every node."""
    hashes = Counter(world.acknowledged)
    yield from (
        f"{chain} acknowledged {tx.hex()} twice" for (chain, tx), n in hashes.items() if n > 1
    )
    for chain, processes in world.stage.nodes.items():
        wanted = [tx for at, tx in world.acknowledged if at == chain]
        for process in processes:
            with Client(process.addresses()["grpc"]) as client:
                lost = [tx for tx in wanted if not _has(world, client, tx)]
            yield from (f"{process.name} lost {tx.hex()}" for tx in lost)


def _has(world: World, client: Client, tx: bytes) -> bool:
    try:
        return world.patiently(partial(client.receipt, tx, RECEIPT_WAIT_MS)).height > 0
    except ClientError:
        return False


def _wrong_sums(world: World) -> Iterator[str]:
    """Bills and settlements have, on both sides, the totals their files say."""
    expected = {bill_state_key(bill): _total(name) for name, bill in BILLS.items()}
    expected[bill_state_key(RED_BILL[1])] = _total(RED_BILL[0])
    for chain in (FINANCE, PROVINCE):
        found = {key: (world.record(chain, key) or {})["public"]["total_fen"] for key in expected}
        if found != expected:
            yield f"{chain} holds other bill totals than the files: {found}"
    for settlement_id, _ in SETTLEMENTS.values():
        if world.record(PROVINCE, f"settlement/{settlement_id}") is None:
            yield f"settlement {settlement_id} is lost"


def _total(name: str) -> int:
    return parse_ebill(sample(name)).form.fen("total_fen")


def _wrong_packets(world: World) -> Iterator[str]:
    """Each channel carried exactly the journey's packets; each has its receipt on both sides."""
    for (channel, sender), count in SENT.items():
        receiver = _other_end(channel, sender)
        sending = world.record(sender, f"bridge/channel/{channel}") or {}
        receiving = world.record(receiver, f"bridge/channel/{channel}") or {}
        figures = {
            "sent": sending["next_outbound"] - 1,
            "acknowledged": sending["closed_below"] - 1,
            "received": receiving["next_inbound"] - 1,
        }
        if set(figures.values()) != {count}:
            yield f"{channel} from {sender}: {count} packets expected, found {figures}"


def _other_end(channel: str, sender: str) -> str:
    if channel == REPORT_CHANNEL:
        return NATIONAL
    return FINANCE if sender == PROVINCE else PROVINCE


def _wrong_events(world: World) -> Iterator[str]:
    """The first bill was entered once, reversed once, red-flushed once, on both chains."""
    key = bill_state_key(("46060124", "0000000101"))
    for chain in (FINANCE, PROVINCE):
        done = Counter(one["action"] for one in world.trace(chain, key) if one["code"] == "OK")
        once = {action: done[action] for action in ("enter", "reverse_entry", "red_flush")}
        if set(once.values()) != {1}:
            yield f"{chain} has done {once} to {key}"


def _different_roots(world: World) -> Iterator[str]:
    """All nodes of a chain have the same state root at the same height."""
    for chain, processes in world.stage.nodes.items():
        clients = [Client(process.addresses()["grpc"]) for process in processes]
        try:
            height = min(world.patiently(client.status).height for client in clients)
            roots = {Header.decode(client.block(height).header).state_root for client in clients}
        finally:
            for client in clients:
                client.close()
        if len(roots) != 1:
            yield f"{chain} has {len(roots)} state roots at height {height}"
