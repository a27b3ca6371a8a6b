"""Load: transactions handed in by threads that note what was acknowledged."""

import contextlib
import itertools
import threading
from collections import Counter
from collections.abc import Iterator, Sequence

from crypto.suites import GM
from ledger.transaction import sign_body
from node.client import Client, ClientError, build_body
from proto.contracts_pb2 import RegisterIdentityRequest
from proto.transaction_pb2 import Transaction
from testnet.faults.cluster import CHAIN, GOVERNOR

LAST_HEIGHT = 990
WAIT_MS = 8_000
PAUSE_SECONDS = 0.05


def transaction(number: int) -> Transaction:
    """The signed registration of an identity that only this number stands for."""
    key = GM.public_key((1_000_000 + number).to_bytes(32, "big"))
    request = RegisterIdentityRequest(public_key=key, org="agency", roles=["agency"])
    body = build_body(
        CHAIN,
        "identity",
        "register",
        [request],
        GOVERNOR.public_key,
        nonce=number.to_bytes(16, "big"),
        last_height=LAST_HEIGHT,
    )
    return sign_body(GOVERNOR, body)


class Load:
    """Threads that hand in one transaction after the other, each waiting for its receipt.

    A refusal or a dead node is no error here: the same transaction goes to the next node, as a
    client would do it.
    """

    def __init__(self, addresses: Sequence[str], threads: int = 8, first: int = 0) -> None:
        self._addresses = list(addresses)
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._numbers = itertools.count(first)
        self._threads = [
            threading.Thread(target=self._work, args=(number,), name=f"load-{number}", daemon=True)
            for number in range(threads)
        ]
        self.acknowledged: list[bytes] = []
        """Hashes of transactions whose receipt a node has given."""
        self.refusals: Counter[str] = Counter()
        """Codes of refusals and failures on the way."""

    @contextlib.contextmanager
    def running(self) -> Iterator["Load"]:
        """Hand in until the block is left."""
        for thread in self._threads:
            thread.start()
        try:
            yield self
        finally:
            self._stop.set()
            for thread in self._threads:
                thread.join(2 * WAIT_MS / 1000)

    def _work(self, number: int) -> None:
        clients = [Client(address, timeout_seconds=2.0) for address in self._addresses]
        place = number
        while not self._stop.is_set():
            with self._lock:
                mine = next(self._numbers)
            signed = transaction(mine)
            while not self._stop.is_set():
                place += 1
                if self._hand_in(clients[place % len(clients)], signed):
                    break
        for client in clients:
            client.close()

    def _hand_in(self, client: Client, signed: Transaction) -> bool:
        try:
            reply = client.submit(signed, WAIT_MS)
            given = reply.HasField("receipt")
            receipt = reply.receipt if given else client.receipt(reply.tx_hash)
        except ClientError as refused:
            self.refusals[refused.code] += 1
            self._stop.wait(PAUSE_SECONDS)
            return refused.code == "TX_REPLAYED"
        codes = [one.code for one in receipt.operations]
        if codes == ["OK"]:
            self.acknowledged.append(reply.tx_hash)
        else:
            self.refusals.update(codes)
        return True
