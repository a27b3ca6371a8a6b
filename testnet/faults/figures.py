"""What faults cost, measured: seconds to recover, and throughput with a validator missing."""

import itertools
import threading
import time
from collections.abc import Callable, Sequence

from node.client import Client, ClientError
from proto.transaction_pb2 import Transaction
from testnet.faults.cluster import Cluster
from testnet.faults.load import Load, transaction

BURST = 2_000
HANDING_IN = 4
WATCH_SECONDS = 8.0

_numbers = itertools.count(500_000, 10_000)


def throughput(cluster: Cluster, up: Sequence[int], count: int = BURST) -> float:
    """Transactions committed a second while more wait than a block takes; signed beforehand."""
    first = next(_numbers)
    prepared = [transaction(first + n) for n in range(count)]
    addresses = [cluster.members[number].addresses()["grpc"] for number in up]
    began = time.monotonic()
    threads = [
        threading.Thread(
            target=_hand_in, args=(addresses[n % len(addresses)], prepared[n::HANDING_IN])
        )
        for n in range(HANDING_IN)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    watched = cluster.client(up[0])
    cluster.until("the pool is empty", lambda: watched.status().pool == 0, 180)
    seconds = time.monotonic() - began
    cluster.until("all transactions are there", lambda: _has(watched, prepared[-1]), 10)
    return count / seconds


def _hand_in(address: str, prepared: Sequence[Transaction]) -> None:
    with Client(address) as client:
        for one in prepared:
            while True:
                try:
                    client.submit(one)
                    break
                except ClientError as refused:
                    if refused.code == "TX_REPLAYED":
                        break
                    time.sleep(0.02)


def _has(client: Client, prepared: Transaction) -> bool:
    try:
        client.submit(prepared)
    except ClientError as refused:
        return refused.code == "TX_REPLAYED"
    return False


def leader_killed(cluster: Cluster, first: int) -> float:
    """The longest time without a block after the next proposer died under load; it comes back."""
    everyone = range(len(cluster.members))
    addresses = [member.addresses()["grpc"] for member in cluster.members]
    with Load(addresses, first=first).running():
        cluster.grows(everyone, 3)
        victim = cluster.next_proposer()
        rest = [number for number in everyone if number != victim]
        cluster.members[victim].kill()
        gap = cluster.longest_gap(rest, WATCH_SECONDS)
        cluster.members[victim].start()
        cluster.members[victim].addresses()
        cluster.grows(everyone, 2, 30)
    return gap


def partition_healed(cluster: Cluster, seconds: float, refused: bool = False) -> float:
    """After two halves were apart for so long: until all four have two new blocks."""
    everyone = range(len(cluster.members))
    half = len(cluster.members) // 2
    cluster.proxies.partition(everyone[:half], everyone[half:], refused=refused)
    time.sleep(seconds)
    cluster.proxies.heal()
    return cluster.grows(everyone, 2, 60)


def one_down(cluster: Cluster, number: int = 3, count: int = BURST) -> tuple[float, float]:
    """Throughput with all up and with one killed; it comes back afterwards."""
    everyone = range(len(cluster.members))
    whole = throughput(cluster, everyone, count)
    cluster.members[number].kill()
    reduced = throughput(cluster, [one for one in everyone if one != number], count)
    cluster.members[number].start()
    cluster.members[number].addresses()
    cluster.grows(everyone, 2, 60)
    return whole, reduced


def timed(measure: Callable[[], float], times: int) -> list[float]:
    """Several measurements, in order of size."""
    return sorted(measure() for _ in range(times))
