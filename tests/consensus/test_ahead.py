"""Blocks checked ahead of time give what a check on the spot gives; an observer signs nothing."""

import threading
from typing import Any

import pytest

from consensus.ahead import Ahead
from consensus.codes import BLOCK_UNPROVED
from consensus.messages import BlockResponse
from consensus.witness import Witness
from crypto.suites import GM
from faults import Misuse, PeerFault
from ledger.validators import Validator, ValidatorSet

ONE, OTHER = (
    ValidatorSet.of(Validator(GM.public_key(number.to_bytes(32, "big")), 1)) for number in (5, 6)
)


class Checks:
    """Counts checks and refuses blocks whose bytes say so."""

    def __init__(self) -> None:
        self.threads: list[str] = []

    def decided(self, response: BlockResponse, validators: ValidatorSet) -> Any:
        self.threads.append(threading.current_thread().name)
        if response.block == b"bad":
            raise PeerFault(BLOCK_UNPROVED, "bad")
        return response.block, validators


def response(height: int, block: bytes = b"good") -> BlockResponse:
    return BlockResponse(height, block, b"")


@pytest.fixture
def checks() -> Checks:
    return Checks()


def test_a_block_checked_ahead_is_not_checked_again(checks: Checks) -> None:
    seen: list[object] = []
    ahead = Ahead(checks, seen.append)  # type: ignore[arg-type]
    ahead.begin(response(7), ONE)
    assert ahead.decided(response(7), ONE) == (b"good", ONE)
    assert len(checks.threads) == 1 and checks.threads[0].startswith("blocks-ahead")
    assert seen == [b"good"]
    ahead.close()


def test_another_answer_or_set_is_checked_on_the_spot(checks: Checks) -> None:
    ahead = Ahead(checks)  # type: ignore[arg-type]
    ahead.begin(response(7), ONE)
    assert ahead.decided(response(7), OTHER) == (b"good", OTHER)
    ahead.begin(response(8), ONE)
    assert ahead.decided(response(8, b"else"), ONE) == (b"else", ONE)
    assert ahead.decided(response(9), ONE) == (b"good", ONE)
    assert checks.threads.count(threading.current_thread().name) == 3
    ahead.close()


def test_a_fault_found_ahead_is_raised_when_the_block_is_due(checks: Checks) -> None:
    ahead = Ahead(checks)  # type: ignore[arg-type]
    ahead.begin(response(7, b"bad"), ONE)
    with pytest.raises(PeerFault, match="bad"):
        ahead.decided(response(7, b"bad"), ONE)
    ahead.close()
    Ahead(checks).close()  # type: ignore[arg-type]


def test_blocks_that_were_passed_are_forgotten(checks: Checks) -> None:
    ahead = Ahead(checks)  # type: ignore[arg-type]
    for height in range(3, 9):
        ahead.begin(response(height), ONE)
    ahead.decided(response(8), ONE)
    assert not ahead._begun
    ahead.close()


def test_a_witness_has_nothing_to_sign_with() -> None:
    witness = Witness()
    assert witness.key == b"" and witness.begin(9) == ()
    with pytest.raises(Misuse):
        witness.sign(None)  # type: ignore[arg-type]
    with pytest.raises(Misuse):
        witness.sign_committed(9, bytes(32))
    witness.close()
