"""A contradiction that consensus noticed gets on the chain once, whatever happens in between."""

from dataclasses import replace

import pytest

from consensus.evidence import equivocation_of
from consensus.messages import Committed, ProposalHead, Vote, VoteKind, proposal_bytes, vote_bytes
from consensus.votes import DoubleVote
from contracts.equivocation import RECORDS_MAX, EquivocationRecord, equivocation_key
from faults import Rejected
from ledger.certificate import committed_bytes
from ledger.equivocation import Equivocation, Kind
from ledger.kv import MemoryKeyValue
from ledger.records import decode
from ledger.transaction import encode_transaction, sign_body
from node.client import build_body
from node.evidence_desk import PATIENCE_HEIGHTS, PENDING, PENDING_MAX, EvidenceDesk
from proto.contracts_pb2 import ReportEquivocationRequest
from tests.node.chains import CHAIN, Keys, decide, keys_of, open_executor, registration

KEYS = keys_of("intl")
X, Y = b"x" * 32, b"y" * 32


def vote(signer, value, kind=VoteKind.PREVOTE, height=1, round_number=0):
    statement = vote_bytes(CHAIN, kind, height, round_number, value)
    return Vote(kind, height, round_number, value, signer.public_key, signer.sign(statement))


def double_vote(round_number=0, kind=VoteKind.PREVOTE, signer=None, height=1):
    signer = signer or KEYS.validator
    votes = [vote(signer, value, kind, height, round_number) for value in (Y, X)]
    return equivocation_of(DoubleVote(*votes))


def report(found, signer=None, nonce=1, last_height=100):
    signer = signer or KEYS.validator
    body = build_body(
        CHAIN,
        "equivocation",
        "report",
        [ReportEquivocationRequest(evidence=found.encode())],
        signer.public_key,
        nonce=nonce.to_bytes(16, "big"),
        last_height=last_height,
    )
    return encode_transaction(sign_body(signer, body))


def outcome(executor, raw):
    """The receipt's code of a transaction, after a block that holds it."""
    tx_hash, _ = executor.submit(raw)
    decide(executor, KEYS)
    return executor.store.receipts(tx_hash)[0].code


def open_desk(kv, announced=None):
    executor = open_executor(kv, KEYS)
    sink = announced if announced is not None else []
    return executor, EvidenceDesk(executor, KEYS.validator, sink.append)


def test_all_that_consensus_notices_becomes_evidence():
    signer = KEYS.validator
    heads = [ProposalHead(1, 0, -1, value, 1, value, signer.public_key, b"") for value in (X, Y)]
    heads = [replace(one, signature=signer.sign(proposal_bytes(CHAIN, one))) for one in heads]
    finals = [
        Committed(1, value, signer.public_key, signer.sign(committed_bytes(CHAIN, 1, value)))
        for value in (X, Y)
    ]
    found = [
        double_vote(),
        double_vote(kind=VoteKind.PRECOMMIT),
        equivocation_of(
            DoubleVote(vote(signer, b"", VoteKind.PRECOMMIT), vote(signer, X, VoteKind.PRECOMMIT))
        ),
        equivocation_of(tuple(heads)),
        equivocation_of(tuple(finals)),
    ]
    for one in found:
        one.verify(KEYS.suite, CHAIN)
    assert [one.kind for one in found] == [
        Kind.PREVOTE,
        Kind.PRECOMMIT,
        Kind.PRECOMMIT,
        Kind.PROPOSAL,
        Kind.COMMITTED,
    ]
    assert equivocation_of(finals[0]) is None


def test_the_contract_records_it_once_and_refuses_the_rest():
    executor = open_executor(MemoryKeyValue(), KEYS)
    found = double_vote()
    assert outcome(executor, report(found)) == "OK"
    raw = executor.tree.get(equivocation_key(found))
    record = decode(EquivocationRecord, raw)
    assert Equivocation.decode(record.evidence) == found
    assert (record.reporter, record.height) == (KEYS.validator.public_key, 1)
    assert outcome(executor, report(found, nonce=2)) == "EQUIVOCATION_KNOWN"
    assert outcome(executor, report(found, KEYS.governor, nonce=3)) == "EQUIVOCATION_KNOWN"
    assert outcome(executor, report(double_vote(1), KEYS.governor, nonce=4)) == "OK"
    with pytest.raises(Rejected, match="UNKNOWN_IDENTITY"):
        executor.submit(report(double_vote(2), KEYS.stranger, nonce=5))
    stranger = double_vote(signer=KEYS.stranger)
    assert outcome(executor, report(stranger, nonce=6)) == "EQUIVOCATION_STRANGER"
    late = double_vote(height=50)
    assert outcome(executor, report(late, nonce=7)) == "EQUIVOCATION_INVALID"
    forged = replace(double_vote(3), round=4)
    assert outcome(executor, report(forged, nonce=8)) == "EQUIVOCATION_INVALID"
    assert executor.tree.get(equivocation_key(forged)) is None


def test_a_validators_node_key_may_do_nothing_else():
    executor = open_executor(MemoryKeyValue(), KEYS)
    raw = registration(KEYS, 1, signer=KEYS.validator)
    assert outcome(executor, raw) == "UNKNOWN_IDENTITY"


def test_of_one_validator_only_so_much_is_kept():
    executor = open_executor(MemoryKeyValue(), KEYS)
    for number in range(RECORDS_MAX):
        executor.submit(report(double_vote(number), nonce=number))
    decide(executor, KEYS)
    enough = double_vote(RECORDS_MAX)
    assert outcome(executor, report(enough, nonce=9999)) == "EQUIVOCATION_ENOUGH"
    assert executor.tree.get(equivocation_key(enough)) is None


def test_what_is_noticed_is_on_record_with_the_next_block():
    announced = []
    executor, desk = open_desk(MemoryKeyValue(), announced)
    executor.report(double_vote())
    executor.report(double_vote())
    assert (len(desk), len(announced), executor.pool_size()) == (1, 1, 1)
    decide(executor, KEYS)
    assert executor.tree.get(equivocation_key(double_vote())) is not None
    assert len(desk) == 0
    assert list(executor.store.kv.scan(PENDING)) == []
    executor.report(double_vote())
    assert (len(desk), executor.pool_size()) == (0, 0)


def test_a_restart_forgets_nothing_and_reports_nothing_twice():
    kv = MemoryKeyValue()
    executor, _ = open_desk(kv)
    executor.report(double_vote())
    executor.report(double_vote(1))
    executor.close()
    again, desk = open_desk(kv)  # the pool was memory
    assert (len(desk), again.pool_size()) == (2, 0)
    decide(again, KEYS)
    assert again.pool_size() == 2
    decide(again, KEYS)
    assert len(desk) == 0
    assert list(kv.scan(PENDING)) == []
    third, desk = open_desk(kv)
    decide(third, KEYS)
    assert (len(desk), third.pool_size()) == (0, 0)


def test_a_report_that_expired_is_made_anew_and_anothers_report_ends_it():
    announced = []
    executor, desk = open_desk(MemoryKeyValue(), announced)
    found = double_vote()
    executor.report(found)
    executor.pool.remove([executor.pool.take(10, 1 << 20)[0].tx_hash])
    for _ in range(PATIENCE_HEIGHTS):
        decide(executor, KEYS)
    assert len(announced) == 2
    assert len(set(announced)) == 2
    executor.pool.remove([executor.pool.take(10, 1 << 20)[0].tx_hash])
    assert outcome(executor, report(found, KEYS.governor, nonce=77)) == "OK"
    assert len(desk) == 0


def test_pending_evidence_is_bounded():
    executor, desk = open_desk(MemoryKeyValue())
    for number in range(PENDING_MAX + 20):
        executor.report(double_vote(number))
    assert len(desk) == PENDING_MAX
    decide(executor, KEYS)
    executor.report(double_vote(PENDING_MAX + 5))
    decide(executor, KEYS)
    assert len(desk) == 0


@pytest.mark.parametrize("suite", ["gm", "intl"])
def test_in_either_suite(suite):
    keys: Keys = keys_of(suite)
    executor = open_executor(MemoryKeyValue(), keys)
    desk = EvidenceDesk(executor, keys.validator, lambda _raw: None)
    executor.report(double_vote(signer=keys.validator))
    decide(executor, keys)
    assert len(desk) == 0
