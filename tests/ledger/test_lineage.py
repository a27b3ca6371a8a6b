"""Evidence that leads a light client across changes of validators."""

from dataclasses import replace

import pytest

from crypto.suites import INTL, Suite
from faults import Rejected
from ledger.block import block_hash
from ledger.evidence import LineageStep, StateEvidence
from ledger.light_client import LightClientState, initial_client, read_proved, update
from ledger.limits import STATE_LINEAGE_MAX
from ledger.validators import possession_bytes
from tests.ledger.samples import CHAIN, Chain, certify, members

KEY = "thing/1"


def moving_chain(suite: Suite, changes: int = 5) -> tuple[Chain, tuple[LineageStep, ...]]:
    """A chain whose set changes again and again; the last two changes in neighbouring blocks."""
    chain, steps = Chain(suite), []
    chain.add((1,))
    for number in range(changes):
        count, first = 3 + number % 2, 100 + 10 * number
        chain.announce(count, first)
        header = chain.add()
        step = LineageStep(header, chain.blocks[-1][2], members(suite, count, first)[0])
        steps.append(step)
        if number < changes - 2:
            chain.add((1,))
    chain.add()
    return chain, tuple(steps)


def client_of(chain: Chain) -> LightClientState:
    return initial_client(CHAIN, chain.suite.name, bytes(32), members(chain.suite, 4)[0])


def refused(state: LightClientState, evidence: StateEvidence) -> str:
    with pytest.raises(Rejected) as refusal:
        read_proved(state, evidence.encode(), KEY)
    return refusal.value.code.name


def test_five_changes_at_once(suite: Suite) -> None:
    chain, lineage = moving_chain(suite)
    evidence = replace(chain.state(), lineage=lineage)
    assert StateEvidence.decode(evidence.encode()) == evidence
    proved = read_proved(client_of(chain), evidence.encode(), KEY)
    assert proved.value == chain.tree.get(KEY)
    assert (proved.client.height, proved.client.frozen) == (len(chain.blocks), False)
    assert proved.client.validators == lineage[-1].next_validators.encode()
    again = read_proved(proved.client, evidence.encode(), KEY)
    assert (again.client, again.value) == (proved.client, proved.value)


def test_from_every_height_of_the_chain() -> None:
    chain, lineage = moving_chain(INTL)
    state = client_of(chain)
    sets = {step.header.height + 1: step.next_validators for step in lineage}
    for block, _, certificate in chain.blocks:
        height = state.height
        needed = tuple(step for step in lineage if step.header.height >= height)
        for steps in (needed, lineage):  # what it knows already is passed over
            evidence = replace(chain.state(), lineage=steps)
            if block.header.height < len(chain.blocks):
                assert read_proved(state, evidence.encode(), KEY).client.height == len(chain.blocks)
        following = sets.get(block.header.height)
        state = update(state, block.header, certificate, following)


@pytest.mark.parametrize("missing", range(5))
def test_a_gap_is_refused(missing: int) -> None:
    chain, lineage = moving_chain(INTL)
    gapped = lineage[:missing] + lineage[missing + 1 :]
    assert refused(client_of(chain), replace(chain.state(), lineage=gapped)) in {
        "UNKNOWN_VALIDATORS",
        "BAD_CERTIFICATE",
    }


def test_what_does_not_lead_there_is_refused() -> None:
    chain, lineage = moving_chain(INTL)
    state, good = client_of(chain), chain.state()
    stranger = members(INTL, 4, 900)[0]
    unsigned = replace(lineage[1].certificate, signatures=())
    last = LineageStep(good.header, good.certificate, stranger)
    for steps, code in (
        (lineage[::-1], "UNKNOWN_VALIDATORS"),
        ((lineage[0], lineage[1], lineage[0]), "BAD_PROOF"),
        ((*lineage, last), "BAD_PROOF"),
        ((replace(lineage[0], next_validators=stranger), *lineage[1:]), "BAD_PROOF"),
        ((*lineage[:4], replace(lineage[4], next_validators=stranger)), "BAD_PROOF"),
        ((lineage[0], replace(lineage[1], certificate=unsigned)), "BAD_CERTIFICATE"),
    ):
        assert refused(state, replace(good, lineage=steps)) == code


def test_an_old_set_can_not_sign_for_a_later_height() -> None:
    """Whoever keeps the keys of a set that is gone can lead nobody anywhere."""
    chain, lineage = moving_chain(INTL)
    old, signers = members(INTL, 4)
    state = read_proved(
        client_of(chain), replace(chain.state(), lineage=lineage).encode(), KEY
    ).client
    forged = replace(chain.state().header, validators_hash=old.hash(INTL), height=50)
    made = certify(INTL, forged, old, dict(enumerate(signers)))
    assert refused(state, replace(chain.state(), header=forged, certificate=made)) == (
        "UNKNOWN_VALIDATORS"
    )


def test_two_hashes_of_one_height_in_a_lineage_freeze_the_client() -> None:
    chain, lineage = moving_chain(INTL)
    first = chain.blocks[lineage[0].header.height - 1][0].header
    state = update(client_of(chain), first, lineage[0].certificate)
    other = replace(first, receipts_root=bytes(32))
    validators, signers = members(INTL, 4)
    twin = certify(INTL, other, validators, dict(enumerate(signers)))
    assert block_hash(INTL, other) != block_hash(INTL, first)
    steps = (LineageStep(other, twin, lineage[0].next_validators), *lineage[1:])
    proved = read_proved(state, replace(chain.state(), lineage=steps).encode(), KEY)
    assert (proved.client.frozen, proved.value) == (True, None)
    assert proved.client.height == state.height


def test_every_flipped_byte_of_a_lineage_is_refused() -> None:
    chain, lineage = moving_chain(INTL, changes=2)
    state = client_of(chain)
    plain = len(chain.state().encode())
    encoded = replace(chain.state(), lineage=lineage).encode()
    for position in range(plain, len(encoded), 7):
        flipped = bytearray(encoded)
        flipped[position] ^= 1
        with pytest.raises(Rejected):
            read_proved(state, bytes(flipped), KEY)


def test_its_bytes_are_bounded_and_have_one_form() -> None:
    chain, lineage = moving_chain(INTL, changes=1)
    plain = chain.state().encode()
    step = lineage[0]
    expected = plain + (1).to_bytes(4, "big")
    for part in (step.header.encode(), step.certificate.encode(), step.next_validators.encode()):
        expected += len(part).to_bytes(4, "big") + part
    assert replace(chain.state(), lineage=lineage).encode() == expected
    for wrong in (
        plain + bytes(4),
        plain + (STATE_LINEAGE_MAX + 1).to_bytes(4, "big") + expected[len(plain) + 4 :],
        expected + b"\0",
        expected[:-1],
    ):
        with pytest.raises(Rejected, match="MALFORMED"):
            StateEvidence.decode(wrong)
    many = tuple(lineage[0] for _ in range(STATE_LINEAGE_MAX))
    assert len(StateEvidence.decode(replace(chain.state(), lineage=many).encode()).lineage) == 128


def test_the_statement_of_possession_as_specified() -> None:
    key = b"\x04" + b"k" * 64
    written = (
        b"yilian/validator-key/v1\0"
        + (7).to_bytes(4, "big")
        + b"yl-test"
        + key
        + (2).to_bytes(8, "big")
        + (16).to_bytes(4, "big")
        + b"r" * 16
        + (900).to_bytes(8, "big")
    )
    assert possession_bytes("yl-test", key, 2, b"r" * 16, 900) == written
