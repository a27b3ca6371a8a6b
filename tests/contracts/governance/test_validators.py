"""Changes of the validator set as the contract decides them."""

from collections.abc import Iterable

import pytest

from contracts.governance import requests
from contracts.governance.records import (
    DONE,
    OPEN,
    ORGANISATIONS_KEY,
    VALIDATORS_KEY,
    KeyRecord,
    OrganisationsRecord,
    ProposalRecord,
    ValidatorsRecord,
    admitted_record,
    key_key,
    proposal_key,
    read_change,
)
from crypto.ports import Signer
from crypto.suites import suite
from ledger.validators import Validator, ValidatorSet, short_name
from proto.contracts_pb2 import (
    ApproveValidatorsRequest,
    ProposeValidatorsRequest,
    RegisterIdentityRequest,
    RevokeIdentityRequest,
    ValidatorChange,
)
from tests.contracts.harness import Chain, key_bytes

FIRST = key_bytes("validator")
PROPOSE, APPROVE = "governance.propose_validators", "governance.approve_validators"


def signer(number: int) -> Signer:
    return suite("intl").signer((5000 + number).to_bytes(32, "big"))


@pytest.fixture
def chain() -> Chain:
    return Chain()


def add(chain: Chain, number: int, power: int = 1, **more: object) -> ValidatorChange:
    return requests.add(chain.chain_id, signer(number), power, chain.height, **more)


def propose(*changes: ValidatorChange, absent: Iterable[bytes] = ()) -> ProposeValidatorsRequest:
    return requests.propose(changes, absent=list(absent))


def pending(chain: Chain) -> dict[bytes, int]:
    raw = chain.load(ValidatorsRecord, VALIDATORS_KEY).pending
    return {one.public_key: one.power for one in ValidatorSet.decode(raw).validators}


def with_orgs(chain: Chain, *names: str) -> None:
    """More governing organisations, each with one key; those before agree."""
    for number, name in enumerate(names):
        request = RegisterIdentityRequest(
            public_key=key_bytes(name), org=f"org-{name}", roles=["governance"], label="desk"
        )
        chain.ok("governor", "identity.register", request, endorsers=names[:number])


def test_genesis_is_the_first_set(chain: Chain) -> None:
    assert read_change(chain) == (1, ValidatorSet.of(Validator(FIRST, 1)))
    assert admitted_record(chain, FIRST, 1) == b""
    assert admitted_record(chain, key_bytes("nobody"), 1) is None


def test_one_governing_organisation_decides_alone_two_heights_later(chain: Chain) -> None:
    new = signer(1)
    result = chain.ok("governor", PROPOSE, propose(add(chain, 1, power=3)))
    assert b'"status":"done"' in result.result
    record = chain.load(ValidatorsRecord, VALIDATORS_KEY)
    before = ValidatorSet.of(Validator(FIRST, 1))
    after = ValidatorSet.of(Validator(FIRST, 1), Validator(new.public_key, 3))
    assert (record.current, record.pending) == (before.encode(), after.encode())
    assert record.next_height == chain.height + 2
    assert read_change(chain) == (chain.height + 2, after)
    assert admitted_record(chain, new.public_key, chain.height + 1) is None
    assert admitted_record(chain, new.public_key, chain.height + 2) == b""
    assert chain.load(ProposalRecord, proposal_key(1)).status == DONE


def test_remove_power_and_rotation(chain: Chain) -> None:
    chain.ok("governor", PROPOSE, propose(add(chain, 1), add(chain, 2), add(chain, 3)))
    chain.ok("governor", PROPOSE, propose(requests.set_power(signer(1).public_key, 7)))
    chain.ok("governor", PROPOSE, propose(requests.remove(FIRST)))
    turn = requests.rotate(chain.chain_id, signer(1).public_key, signer(4), chain.height)
    chain.ok("governor", PROPOSE, propose(turn))
    keys = [signer(number).public_key for number in (2, 3, 4)]
    assert pending(chain) == {keys[0]: 1, keys[1]: 1, keys[2]: 7}
    assert chain.load(ValidatorsRecord, VALIDATORS_KEY).version == 4


def test_two_changes_in_one_block_take_effect_together(chain: Chain) -> None:
    operations = [propose(add(chain, n)).SerializeToString(deterministic=True) for n in (1, 2)]
    results = chain.call_raw("governor", PROPOSE, *operations)
    assert [one.code for one in results] == ["OK", "OK"]
    record = chain.load(ValidatorsRecord, VALIDATORS_KEY)
    assert ValidatorSet.decode(record.current) == ValidatorSet.of(Validator(FIRST, 1))
    assert len(pending(chain)) == 3


def test_changes_in_following_blocks_keep_the_set_between(chain: Chain) -> None:
    chain.ok("governor", PROPOSE, propose(add(chain, 1)))
    between = chain.load(ValidatorsRecord, VALIDATORS_KEY).pending
    chain.ok("governor", PROPOSE, propose(add(chain, 2)))
    record = chain.load(ValidatorsRecord, VALIDATORS_KEY)
    assert record.current == between
    assert record.next_height == chain.height + 2


def test_all_changes_of_a_proposal_or_none(chain: Chain) -> None:
    bad = propose(add(chain, 1), requests.remove(key_bytes("nobody")))
    chain.refused("governor", PROPOSE, bad, "VALIDATOR_NOT_FOUND")
    assert pending(chain) == {FIRST: 1}
    assert not chain.writes


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (requests.remove(FIRST), "VALIDATOR_SET_INVALID"),
        (requests.set_power(FIRST, 10**9 + 1), "VALIDATOR_SET_INVALID"),
        (requests.set_power(FIRST, 0), "MALFORMED_REQUEST"),
        (requests.remove(key_bytes("nobody")), "VALIDATOR_NOT_FOUND"),
        (ValidatorChange(action="grow", public_key=FIRST), "MALFORMED_REQUEST"),
        (ValidatorChange(action="add", public_key=FIRST), "MALFORMED_REQUEST"),
        (ValidatorChange(action="add", public_key=FIRST, power=1), "VALIDATOR_EXISTS"),
        (ValidatorChange(action="remove", public_key=FIRST, power=1), "MALFORMED_REQUEST"),
        (ValidatorChange(action="remove", public_key=FIRST[:-1]), "MALFORMED_REQUEST"),
        (ValidatorChange(action="rotate", public_key=FIRST), "MALFORMED_REQUEST"),
        (
            ValidatorChange(action="rotate", public_key=FIRST, new_public_key=FIRST),
            "VALIDATOR_EXISTS",
        ),
        (
            ValidatorChange(action="remove", public_key=FIRST, possession=b"x"),
            "MALFORMED_REQUEST",
        ),
        (
            ValidatorChange(action="readmit", public_key=FIRST, signing_record=b"short"),
            "MALFORMED_REQUEST",
        ),
        (
            ValidatorChange(action="readmit", public_key=FIRST, signing_record=bytes(16)),
            "POSSESSION_INVALID",
        ),
    ],
)
def test_what_is_no_change_is_refused(chain: Chain, change: ValidatorChange, code: str) -> None:
    chain.refused("governor", PROPOSE, propose(change), code)
    assert not chain.writes


def test_one_to_31_changes(chain: Chain) -> None:
    chain.refused("governor", PROPOSE, propose(), "MALFORMED_REQUEST")
    many = [requests.set_power(FIRST, 1 + n) for n in range(32)]
    chain.refused("governor", PROPOSE, propose(*many), "MALFORMED_REQUEST")
    chain.ok("governor", PROPOSE, propose(*many[:31]))
    assert pending(chain) == {FIRST: 31}


def test_a_new_key_has_to_sign_that_it_is_held(chain: Chain) -> None:
    good = add(chain, 1)
    for spoil in (
        {"possession": good.possession[:-1] + bytes([good.possession[-1] ^ 1])},
        {"possession": b""},
        {"signing_record": bytes([1]) * 16},
        {"possession_height": good.possession_height + 1},
    ):
        bad = ValidatorChange()
        bad.CopyFrom(good)
        for name, value in spoil.items():
            setattr(bad, name, value)
        chain.refused("governor", PROPOSE, propose(bad), "POSSESSION_INVALID")
    elsewhere = requests.add("another-chain", signer(1), 1, chain.height)
    chain.refused("governor", PROPOSE, propose(elsewhere), "POSSESSION_INVALID")
    chain.refused("governor", PROPOSE, propose(add(chain, 1, epoch=2)), "POSSESSION_INVALID")
    ahead = requests.add(chain.chain_id, signer(1), 1, chain.height + 2)
    chain.refused("governor", PROPOSE, propose(ahead), "POSSESSION_INVALID")
    chain.height += 1000
    chain.refused("governor", PROPOSE, propose(good), "POSSESSION_INVALID")


def test_an_admission_counts_up_and_an_old_statement_does_not_come_again(chain: Chain) -> None:
    chain.ok("governor", PROPOSE, propose(add(chain, 1), add(chain, 2)))
    old = add(chain, 1)
    chain.ok("governor", PROPOSE, propose(requests.remove(signer(1).public_key)))
    chain.refused("governor", PROPOSE, propose(old), "POSSESSION_INVALID")
    chain.ok("governor", PROPOSE, propose(add(chain, 1, epoch=2)))
    assert chain.load(KeyRecord, key_key(signer(1).public_key)).epoch == 2


def test_readmission_names_the_new_record(chain: Chain) -> None:
    chain.ok("governor", PROPOSE, propose(add(chain, 1)))
    again = requests.readmit(
        chain.chain_id, signer(1), chain.height, epoch=2, signing_record=b"r" * 16
    )
    before = pending(chain)
    chain.ok("governor", PROPOSE, propose(again))
    key = signer(1).public_key
    assert pending(chain) == before
    assert admitted_record(chain, key, chain.height + 1) is None
    assert admitted_record(chain, key, chain.height + 2) == b"r" * 16
    chain.refused("governor", PROPOSE, propose(again), "POSSESSION_INVALID")


def test_the_key_of_one_admission_stands_once_in_a_proposal(chain: Chain) -> None:
    chain.ok("governor", PROPOSE, propose(add(chain, 1)))
    change = requests.readmit(
        chain.chain_id, signer(1), chain.height, epoch=2, signing_record=b"r" * 16
    )
    chain.refused("governor", PROPOSE, propose(change, change), "VALIDATOR_EXISTS")


def test_preflight_names_the_missing_members(chain: Chain) -> None:
    chain.ok("governor", PROPOSE, propose(*(add(chain, n) for n in range(1, 5))))
    chain.ok("governor", PROPOSE, propose(requests.remove(FIRST)))
    gone = [signer(1).public_key, signer(2).public_key]
    # Four members, two silent: removing a live one leaves one of three.
    request = propose(requests.remove(signer(3).public_key), absent=gone)
    refused = chain.refused("governor", PROPOSE, request, "NO_LIVE_QUORUM")
    assert sorted(refused.fields["missing"].split(",")) == sorted(short_name(k) for k in gone)
    assert (refused.fields["live_power"], refused.fields["needed_power"]) == ("1", "3")
    assert len(pending(chain)) == 4
    # Removing a silent one leaves two of three: still too few; both silent ones: two of two.
    one = propose(requests.remove(gone[0]), absent=gone)
    assert chain.call("governor", PROPOSE, one).fields["missing"] == short_name(gone[1])
    chain.ok("governor", PROPOSE, propose(*(requests.remove(key) for key in gone), absent=gone))
    assert len(pending(chain)) == 2


def test_exactly_two_thirds_live_is_too_few(chain: Chain) -> None:
    chain.ok("governor", PROPOSE, propose(add(chain, 1), add(chain, 2)))
    silent = signer(2).public_key
    same = requests.set_power(FIRST, 1)
    chain.refused("governor", PROPOSE, propose(same, absent=[silent]), "NO_LIVE_QUORUM")
    chain.ok("governor", PROPOSE, propose(requests.set_power(FIRST, 2), absent=[silent]))


def test_more_than_half_of_the_organisations(chain: Chain) -> None:
    with_orgs(chain, "second", "third")
    change = add(chain, 1)
    result = chain.ok("governor", PROPOSE, propose(change))
    assert b'"status":"open"' in result.result
    assert pending(chain) == {FIRST: 1}
    # Another key of the same organisation is the same voice.
    chain.ok("second_governor", APPROVE, ApproveValidatorsRequest(proposal=1))
    assert chain.load(ProposalRecord, proposal_key(1)).status == OPEN
    chain.refused("bureau", APPROVE, ApproveValidatorsRequest(proposal=1), "NOT_PERMITTED")
    chain.ok("third", APPROVE, ApproveValidatorsRequest(proposal=1))
    proposal = chain.load(ProposalRecord, proposal_key(1))
    assert (proposal.status, proposal.next_height) == (DONE, chain.height + 2)
    assert len(pending(chain)) == 2
    chain.refused("second", APPROVE, ApproveValidatorsRequest(proposal=1), "PROPOSAL_CLOSED")


def test_half_is_not_more_than_half_and_who_left_has_no_voice(chain: Chain) -> None:
    with_orgs(chain, "second")
    chain.ok("second", PROPOSE, propose(add(chain, 1)))
    assert chain.load(ProposalRecord, proposal_key(1)).status == OPEN
    revoke = RevokeIdentityRequest(public_key=key_bytes("second"), reason="left")
    chain.refused("governor", "identity.revoke", revoke, "MAJORITY_NEEDED")
    chain.ok("governor", "identity.revoke", revoke, endorsers=["second"])
    members = chain.load(OrganisationsRecord, ORGANISATIONS_KEY).members
    assert members == (("org-governance", 2),)
    with_orgs(chain, "third", "fourth")
    result = chain.ok("third", APPROVE, ApproveValidatorsRequest(proposal=1))
    assert b'"approvals":1' in result.result
    chain.ok("fourth", APPROVE, ApproveValidatorsRequest(proposal=1))
    assert chain.load(ProposalRecord, proposal_key(1)).status == DONE


def test_an_approver_s_report_counts_and_can_be_renewed(chain: Chain) -> None:
    chain.ok("governor", PROPOSE, propose(add(chain, 1), add(chain, 2), add(chain, 3)))
    with_orgs(chain, "second", "third")
    gone = [signer(1).public_key, signer(2).public_key]
    request = propose(requests.set_power(FIRST, 2), absent=gone)
    chain.ok("governor", PROPOSE, request)
    chain.refused("second", APPROVE, ApproveValidatorsRequest(proposal=2), "NO_LIVE_QUORUM")
    assert chain.load(ProposalRecord, proposal_key(2)).status == OPEN
    chain.ok("governor", APPROVE, ApproveValidatorsRequest(proposal=2))
    chain.ok("second", APPROVE, ApproveValidatorsRequest(proposal=2, absent=gone[:1]))
    assert chain.load(ProposalRecord, proposal_key(2)).status == DONE


def test_proposals_expire_and_unknown_ones_are_refused(chain: Chain) -> None:
    with_orgs(chain, "second")
    for number in (0, 9, 2**64 - 1):
        request = ApproveValidatorsRequest(proposal=number)
        chain.refused("second", APPROVE, request, "PROPOSAL_NOT_FOUND")
    chain.ok("governor", PROPOSE, propose(requests.set_power(FIRST, 5)))
    chain.height += 1000
    chain.refused("second", APPROVE, ApproveValidatorsRequest(proposal=1), "PROPOSAL_CLOSED")
