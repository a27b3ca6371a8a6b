"""The light client: follows, refuses, and freezes."""

from dataclasses import replace

import pytest

from crypto.suites import INTL, Suite
from faults import Rejected
from ledger import records
from ledger.block import block_hash
from ledger.certificate import PRECOMMIT
from ledger.light_client import (
    RECENT_MAX,
    LightClientState,
    initial_client,
    read_proved,
    update,
)
from tests.ledger.samples import CHAIN, Chain, certify, members, sample_header


def chain_of(suite: Suite, blocks: int = 6) -> Chain:
    chain = Chain(suite)
    for i in range(blocks):
        chain.add((1,) if i == 1 else ())
    return chain


def client_of(chain: Chain) -> LightClientState:
    validators, _ = members(chain.suite, chain.count)
    return initial_client(CHAIN, chain.suite.name, bytes(32), validators)


def show(chain: Chain, state: LightClientState, height: int) -> LightClientState:
    block, _, certificate = chain.blocks[height - 1]
    return update(state, block.header, certificate)


def test_it_follows_and_accepts_older_headers(suite: Suite) -> None:
    chain = chain_of(suite)
    state = client_of(chain)
    for height in (1, 4, 6):
        state = show(chain, state, height)
        assert (state.height, state.frozen) == (height, False)
        assert state.block_hash == block_hash(suite, chain.blocks[height - 1][0].header)
    assert records.decode(LightClientState, records.encode(state)) == state
    older = show(chain, state, 3)
    assert (older.height, older.block_hash, older.frozen) == (6, state.block_hash, False)
    assert show(chain, older, 3) == older


def test_proved_values_and_absences(suite: Suite) -> None:
    chain = chain_of(suite)
    state = client_of(chain)
    present = read_proved(state, chain.state("thing/1").encode(), "thing/1")
    assert present.value == chain.tree.get("thing/1")
    assert (present.client.height, present.header.height) == (6, 6)
    absent = read_proved(present.client, chain.state("thing/2").encode(), "thing/2")
    assert absent.value is None
    assert not absent.client.frozen


def test_bad_evidence_is_refused_and_changes_nothing() -> None:
    chain = chain_of(INTL)
    state, good = client_of(chain), chain.state("thing/1")
    wrong_value = replace(good, value=b"other").encode()
    hidden = replace(good, value=None).encode()
    unsigned = replace(good, certificate=replace(good.certificate, signatures=())).encode()
    for data, code in (
        (wrong_value, "BAD_PROOF"),
        (hidden, "BAD_PROOF"),
        (unsigned, "BAD_CERTIFICATE"),
        (good.encode()[:-1], "MALFORMED"),
        (good.encode() + b"\0", "MALFORMED"),
        (b"", "MALFORMED"),
    ):
        with pytest.raises(Rejected, match=code):
            read_proved(state, data, "thing/1")
    with pytest.raises(Rejected, match="another key"):
        read_proved(state, good.encode(), "thing/2")


def test_every_flipped_byte_of_evidence_is_refused() -> None:
    chain = chain_of(INTL)
    state, encoded = client_of(chain), chain.state("thing/1").encode()
    for position in range(len(encoded)):
        flipped = bytearray(encoded)
        flipped[position] ^= 1
        with pytest.raises(Rejected):
            read_proved(state, bytes(flipped), "thing/1")


def test_two_hashes_at_one_height_freeze_it(suite: Suite) -> None:
    chain = chain_of(suite)
    state = show(chain, client_of(chain), 4)
    header = replace(chain.blocks[3][0].header, state_root=bytes(32))
    certificate = certify(suite, header, chain.validators, dict(enumerate(chain.signers)))
    frozen = update(state, header, certificate)
    assert frozen.frozen
    assert (frozen.height, frozen.block_hash) == (state.height, state.block_hash)
    with pytest.raises(Rejected, match="CLIENT_FROZEN"):
        show(chain, frozen, 5)
    with pytest.raises(Rejected, match="CLIENT_FROZEN"):
        read_proved(frozen, chain.state().encode(), "thing/1")
    later = show(chain, state, 6)
    assert update(later, header, certificate).frozen


def test_conflicting_evidence_gives_a_frozen_client_and_no_value(suite: Suite) -> None:
    chain = chain_of(suite)
    good = chain.state("thing/1")
    header = replace(good.header, receipts_root=bytes(32))
    certificate = certify(suite, header, chain.validators, dict(enumerate(chain.signers)))
    state = show(chain, client_of(chain), 6)
    proved = read_proved(
        state, replace(good, header=header, certificate=certificate).encode(), "thing/1"
    )
    assert proved.client.frozen
    assert proved.value is None


def test_time_that_does_not_rise_freezes_it() -> None:
    chain = chain_of(INTL)
    state = show(chain, client_of(chain), 5)
    header = replace(chain.blocks[5][0].header, time_ms=state.time_ms)
    certificate = certify(INTL, header, chain.validators, dict(enumerate(chain.signers)))
    assert update(state, header, certificate).frozen


def test_both_kinds_of_certificates_serve() -> None:
    validators, signers = members(INTL, 4)
    state = initial_client(CHAIN, "intl", bytes(32), validators)
    header = sample_header(validators.hash(INTL))
    made = certify(INTL, header, validators, dict(enumerate(signers)), kind=PRECOMMIT, round=1)
    assert update(state, header, made).height == header.height


def test_another_chain_is_refused() -> None:
    validators, signers = members(INTL, 4)
    state = initial_client("other", "intl", bytes(32), validators)
    header = sample_header(validators.hash(INTL))
    made = certify(INTL, header, validators, dict(enumerate(signers)))
    with pytest.raises(Rejected, match="BAD_CERTIFICATE"):
        update(state, header, made)


def test_validators_change_one_announced_step_at_a_time(suite: Suite) -> None:
    chain = Chain(suite)
    chain.add()
    chain.announce(5, first=50)
    chain.add()  # height 2, by the old set, announces the new one
    chain.add()
    chain.announce(3, first=70)
    chain.add()  # height 4 announces a third one
    chain.add()
    second, third = members(suite, 5, 50)[0], members(suite, 3, 70)[0]
    headers = [(block.header, certificate) for block, _, certificate in chain.blocks]

    start = client_of(chain)
    for wrong in (2, 4):
        with pytest.raises(Rejected, match="UNKNOWN_VALIDATORS"):
            update(start, *headers[wrong], second if wrong == 2 else third)
    told = update(start, *headers[1])
    with pytest.raises(Rejected, match="UNKNOWN_VALIDATORS"):
        update(told, *headers[2])
    with pytest.raises(Rejected, match="another validator set"):
        update(told, *headers[2], third)
    followed = update(told, *headers[2], second)
    with pytest.raises(Rejected, match="UNKNOWN_VALIDATORS"):
        update(followed, *headers[0])  # an older set's header proves nothing now
    with pytest.raises(Rejected, match="UNKNOWN_VALIDATORS"):
        update(followed, *headers[4], third)
    last = update(update(followed, *headers[3]), *headers[4], third)
    assert (last.height, last.validators) == (5, third.encode())


def test_memory_is_bounded() -> None:
    validators, signers = members(INTL, 1)
    state = initial_client(CHAIN, "intl", bytes(32), validators)
    for height in range(1, 3 * RECENT_MAX):
        header = sample_header(validators.hash(INTL), height)
        state = update(state, header, certify(INTL, header, validators, {0: signers[0]}))
    assert len(state.recent) == RECENT_MAX
    assert state.recent[-1] == (state.height, state.block_hash)
