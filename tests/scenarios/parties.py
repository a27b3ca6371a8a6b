"""The parties of the stage, each with a client that signs with its own key."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from node.client import Client, Refused
from testnet.stage import Stage
from tests.documents.support import sample
from tests.scenarios.papers import CODE, blue, fresh_id, fresh_number, settlement

WAIT_SECONDS_MAX = 30.0
POLL_SECONDS = 0.05
HOUR_MS = 3_600_000

T = TypeVar("T")


@dataclass
class Parties:
    """Who acts on the running stage, and what several scenarios begin with."""

    stage: Stage
    _clients: dict[str, Client] = field(default_factory=dict)

    def __getitem__(self, label: str) -> Client:
        """The client of a party, by its label in `testnet.stage.PARTIES`."""
        if label not in self._clients:
            actor = self.stage.actors[label]
            address = self.stage.grpc_address(actor.chain)
            self._clients[label] = Client(address, signer=actor.signer, chain_id=actor.chain)
        return self._clients[label]

    def close(self) -> None:
        """Close all connections."""
        for client in self._clients.values():
            client.close()

    def now_ms(self) -> int:
        """The province's newest block time, the only clock contracts know."""
        return self["bureau desk"].status().block_time_ms

    def account(self) -> str:
        """The account of the person whom the papers are about, opened when it isn't yet."""
        return self["bureau desk"].accounts.open(sample("archive_01_record.json")).account_id

    def issued(self, settlement_id: str = "") -> str:
        """A blue bill that finance issued and the province holds, proved; its number."""
        number = fresh_number()
        self["finance desk"].bills.issue_blue(blue(number, settlement_id))
        until(lambda: self["bureau desk"].bills.get(CODE, number).state.found)
        return number

    def settled(self, number: str = "") -> tuple[str, str]:
        """A settlement that the hospital uploaded, and its bill, issued when none is given."""
        settlement_id = fresh_id()
        self.account()
        number = number or self.issued(settlement_id)
        self["hospital desk"].settlements.upload(settlement(settlement_id, number))
        return settlement_id, number


def until(look: Callable[[], T | None]) -> T:
    """What `look` finds, within half a minute: routers carry, and proofs are made."""
    deadline = time.monotonic() + WAIT_SECONDS_MAX
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(POLL_SECONDS)


def refusal(call: Callable[[], object]) -> str:
    """The code with which a committed operation was refused; "OK" when it was not."""
    try:
        call()
    except Refused as refused:
        return refused.code
    return "OK"
