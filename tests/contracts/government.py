"""A province and the chain beside it that takes archives and sends filings."""

from collections.abc import Callable

import pytest

from contracts.framework import Context, Identity
from contracts.state_view import StateView
from crypto.suites import suite
from tests.contracts.harness import NATIONAL, PROVINCE, Chain, Network, channel

OPERATIONS = "ARCHIVE ARCHIVE_REVOCATION FILING FILING_CHANGE FILING_REVOCATION"


class Government(Network):
    """`province` and `national` are joined by channel "pg"."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(monkeypatch)
        there = channel("pg", NATIONAL, "gm", OPERATIONS, home=False)
        here = channel("pg", PROVINCE, "gm", OPERATIONS, home=False)
        self.province = Chain(PROVINCE, "gm", (there,))
        self.national = Chain(NATIONAL, "gm", (here,))
        self.chains.update({PROVINCE: self.province, NATIONAL: self.national})


def run(chain: Chain, act: Callable[[Context], object]) -> None:
    """Run `act` on a chain as if a contract of its own did."""
    chain.height += 1
    view = StateView(chain)
    ctx = Context(
        chain_id=chain.chain_id,
        suite=suite(chain.suite_name),
        height=chain.height,
        time_ms=chain.time_ms,
        tx_hash=bytes(32),
        operation_index=0,
        signer=Identity(b"", "org-bureau", ("bureau",)),
        view=view,
    )
    act(ctx)
    for key, value in view.writes().items():
        assert value is not None
        chain.state[key] = value
    chain.events.extend(ctx.events)
