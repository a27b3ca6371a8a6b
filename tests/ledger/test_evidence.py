"""The evidence file: the auditor's checks, and that nothing in it can be altered unnoticed."""

import json
import re
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from crypto.suites import GM, INTL, Suite
from faults import Rejected
from ledger import evidence_check, records
from ledger.block import Block, block_hash, transactions_root
from ledger.evidence import (
    StateEvidence,
    build_evidence,
    lineage_part,
    make_checkpoint,
    verify_evidence,
    verify_state_evidence,
)
from ledger.kv import MemoryKeyValue
from ledger.state_tree import StateTree
from ledger.trace import Event, encode_event, head_of
from tests.ledger.samples import Chain, Thing, certify, members

NAMES = [
    "1 header hash",
    "2 certificate quorum",
    "3 state proof",
    "4 trace head",
    "5 transactions in blocks",
    "6 receipts in blocks",
    "7 transaction signatures",
]


def chain_of(suite: Suite) -> Chain:
    chain = Chain(suite)
    for operations in ((), (2, 1), (), (1,)):
        chain.add(operations)
    return chain


def refused(file: bytes, checkpoint: bytes) -> str:
    with pytest.raises(Rejected, match="BAD_EVIDENCE") as caught:
        verify_evidence(file, checkpoint)
    return caught.value.fields["check"]


def altered(file: bytes, **changes: Any) -> bytes:
    content = {**json.loads(file), **changes}
    return json.dumps(content, indent=2, ensure_ascii=False).encode() + b"\n"


def test_a_good_file(suite: Suite) -> None:
    chain = chain_of(suite)
    file = chain.evidence_file()
    report = verify_evidence(file, chain.genesis_file)
    assert [check.name for check in report.checks] == NAMES
    assert (report.height, report.key, len(report.events)) == (4, "thing/1", 4)
    assert report.record == chain.tree.get("thing/1")
    assert report.block_hash == chain.last_hash
    assert altered(file) == file
    details = {check.name[0]: check.detail for check in report.checks}
    assert details["5"] == "3 of the trace's 3 transactions, in their blocks"
    assert details["6"] == "4 receipts, one for each operation"


def test_checkpoints(suite: Suite) -> None:
    chain = chain_of(suite)
    file = chain.evidence_file()
    for block, _, _ in chain.blocks:
        hashed = block_hash(suite, block.header)
        checkpoint = make_checkpoint(suite, block.header, hashed, chain.validators)
        assert verify_evidence(file, checkpoint).height == 4
    other = make_checkpoint(suite, chain.blocks[3][0].header, bytes(32), chain.validators)
    assert refused(file, other) == "1 header hash"
    strangers = members(suite, 4, first=40)[0]
    foreign = make_checkpoint(suite, chain.blocks[0][0].header, bytes(32), strangers)
    assert refused(file, foreign) == "2 certificate quorum"


@pytest.mark.parametrize("file", [b"", b"{}", b"null", b"[" * 100_000])
def test_files_that_are_neither(file: bytes) -> None:
    chain = chain_of(GM)
    assert refused(file, chain.genesis_file) == "0 file form"
    with pytest.raises(Rejected, match="BAD_CHECKPOINT"):
        verify_evidence(chain.evidence_file(), file)


@pytest.mark.parametrize(
    "changes",
    [
        {"format": "x"},
        {"suite": "rsa"},
        {"height": -1},
        {"block_hash": "00"},
        {"block_hash": "zz" * 32},
        {"validators": []},
        {"validators": [{"public_key": "zz", "power": 1}]},
    ],
)
def test_broken_checkpoints(changes: dict[str, Any]) -> None:
    chain = chain_of(INTL)
    good = make_checkpoint(INTL, chain.blocks[0][0].header, bytes(32), chain.validators)
    with pytest.raises(Rejected, match="BAD_CHECKPOINT"):
        verify_evidence(chain.evidence_file(), altered(good, **changes))


@pytest.mark.slow
def test_a_flipped_byte_anywhere_is_named() -> None:
    """One digit of every byte of every hex string, and every number, in the whole file."""
    chain = Chain(INTL, count=1)
    for operations in ((1,), (), (2, 1, 1)):
        chain.add(operations)
    file = chain.evidence_file()
    verify_evidence(file, chain.genesis_file)
    text, named = file.decode(), set()
    for match in re.finditer(r'"([0-9a-f]{16,})"', text):
        for position in range(match.start(1), match.end(1), 2):
            digit = format(int(text[position], 16) ^ 1, "x")
            flipped = text[:position] + digit + text[position + 1 :]
            named.add(refused(flipped.encode(), chain.genesis_file))
    for match in re.finditer(r": (\d+)", text):
        for other in {0, 1, 2, 3, 4, 5, 6, 100, 2**40} - {int(match[1])}:
            flipped = text[: match.start(1)] + str(other) + text[match.end(1) :]
            named.add(refused(flipped.encode(), chain.genesis_file))
    for word in ("yl-test", "intl", "thing/1", "yilian-evidence"):
        flipped = text.replace(f'"{word}', f'"x{word[1:]}', 1)
        named.add(refused(flipped.encode(), chain.genesis_file))
    assert named == {"0 file form", *NAMES[:6]}


def test_each_check_is_needed(suite: Suite) -> None:
    chain = chain_of(suite)
    file, genesis = chain.evidence_file(), chain.genesis_file
    content = json.loads(file)
    parts = content["transactions"]
    other = Chain(suite)
    for operations in ((), (2, 1), (), (1, 1)):
        other.add(operations)
    foreign = json.loads(other.evidence_file())
    receipts, others = parts[0]["receipts"], parts[1]["receipts"]
    empty = {"header": "", "certificate": "", "next_validators": ""}
    cases = [
        ({"events": content["events"][:-1]}, "4 trace head"),
        ({"events": [*content["events"], content["events"][0]]}, "4 trace head"),
        ({"events": content["events"][::-1]}, "4 trace head"),
        ({"record": None}, "3 state proof"),
        ({"key": "other/1"}, "3 state proof"),
        ({"header": foreign["header"]}, "1 header hash"),
        ({"chain_id": "yl-other"}, "1 header hash"),
        ({"certificate": content["certificate"][:-2]}, "2 certificate quorum"),
        ({"certificate": content["certificate"].upper()}, "2 certificate quorum"),
        ({"proof": content["proof"] + "00"}, "3 state proof"),
        ({"transactions": [parts[0], parts[0]]}, "5 transactions in blocks"),
        ({"transactions": foreign["transactions"]}, "5 transactions in blocks"),
        ({"transactions": [{**parts[0], "history_path": []}]}, "5 transactions in blocks"),
        ({"transactions": [{**parts[0], "receipts": receipts[:1]}]}, "6 receipts in blocks"),
        ({"transactions": [{**parts[0], "receipts": receipts[::-1]}]}, "6 receipts in blocks"),
        ({"transactions": [{**parts[0], "receipts": others}]}, "6 receipts in blocks"),
        ({"lineage": [empty]}, "2 certificate quorum"),
        ({"format": "yilian-evidence/2"}, "0 file form"),
        ({"more": 1}, "0 file form"),
    ]
    for changes, check in cases:
        assert refused(altered(file, **changes), genesis) == check, changes.keys()
    assert refused(file.replace(b"\n", b"\r\n"), genesis) == "0 file form"
    assert refused(file[:-1], genesis) == "0 file form"
    assert refused(file.replace(b'"suite"', b'"key": "a",\n  "suite"', 1), genesis) == "0 file form"


def test_an_unsigned_transaction_is_noticed() -> None:
    """A chain whose validators let a forged signature into a block: only check 7 sees it."""
    chain = Chain(INTL)
    chain.add((1,))
    block, receipts, _ = chain.blocks[0]
    forged = block.transactions[0][:-64] + bytes(63) + b"\x01"
    header = replace(block.header, transactions_root=transactions_root(INTL, [forged]))
    certificate = certify(INTL, header, chain.validators, dict(enumerate(chain.signers)))
    chain.blocks[0] = (Block(header, (forged,)), receipts, certificate)
    assert refused(chain.evidence_file(), chain.genesis_file) == "7 transaction signatures"


def test_transactions_may_be_left_out() -> None:
    chain = chain_of(GM)
    file = build_evidence(GM, chain.state(), chain.events, [chain.part(4, 0)])
    details = [check.detail for check in verify_evidence(file, chain.genesis_file).checks]
    assert details[4] == "1 of the trace's 3 transactions, in their blocks"


def test_objects_without_a_trace_and_absences(suite: Suite) -> None:
    chain = chain_of(suite)
    for key in ("other/1", "thing/none"):
        file = build_evidence(suite, chain.state(key), [])
        report = verify_evidence(file, chain.genesis_file)
        assert report.record == chain.tree.get(key)
        assert report.checks[3].detail == "the object keeps no trace"
        listed = build_evidence(suite, chain.state(key), chain.events)
        assert refused(listed, chain.genesis_file) == "4 trace head"


def lineage_chain(suite: Suite) -> tuple[Chain, list[Any]]:
    chain = Chain(suite)
    chain.add()
    lineage = []
    for count, first in ((5, 50), (3, 70)):
        chain.announce(count, first)
        header = chain.add((1,))
        certificate = chain.blocks[-1][2]
        lineage.append(lineage_part(header, certificate, members(suite, count, first)[0]))
        chain.add()
    return chain, lineage


def test_lineage(suite: Suite) -> None:
    chain, lineage = lineage_chain(suite)
    good = build_evidence(suite, chain.state(), chain.events, (), lineage)
    report = verify_evidence(good, chain.genesis_file)
    assert report.checks[1].detail.endswith("2 changes of the set")
    wrong_lists: list[list[Any]] = [[], lineage[:1], lineage[1:], lineage[::-1], lineage * 2]
    for wrong in wrong_lists:
        file = build_evidence(suite, chain.state(), chain.events, (), wrong)
        assert refused(file, chain.genesis_file) == "2 certificate quorum"
    stranger = members(suite, 3, 90)[0]
    block, _, certificate = chain.blocks[-2]
    swapped = [lineage[0], lineage_part(block.header, certificate, stranger)]
    file = build_evidence(suite, chain.state(), chain.events, (), swapped)
    assert refused(file, chain.genesis_file) == "2 certificate quorum"


def test_a_flipped_byte_in_a_lineage_is_named() -> None:
    chain, lineage = lineage_chain(INTL)
    text = build_evidence(INTL, chain.state(), chain.events, (), lineage).decode()
    start, end = text.index('"lineage"'), text.index('"transactions"')
    for match in re.finditer(r'"([0-9a-f]{16,})"', text[start:end]):
        for position in range(start + match.start(1), start + match.end(1), 6):
            digit = format(int(text[position], 16) ^ 1, "x")
            flipped = text[:position] + digit + text[position + 1 :]
            assert refused(flipped.encode(), chain.genesis_file) == "2 certificate quorum"


def test_state_evidence_between_chains(suite: Suite) -> None:
    chain = chain_of(suite)
    for key in ("thing/1", "absent/1"):
        evidence = chain.state(key)
        assert StateEvidence.decode(evidence.encode()) == evidence
        verify_state_evidence(suite, chain.validators, evidence)
    good = chain.state("thing/1")
    with pytest.raises(Rejected, match="BAD_PROOF"):
        verify_state_evidence(suite, chain.validators, replace(good, value=b""))
    with pytest.raises(Rejected, match="BAD_CERTIFICATE"):
        verify_state_evidence(suite, members(suite, 4, 30)[0], good)


def test_a_proof_under_another_blocks_header_is_refused() -> None:
    """A stale root: the proof is right, but not for this header."""
    chain = chain_of(INTL)
    good = chain.state("thing/1")
    kv = MemoryKeyValue()
    other = StateTree(kv, INTL.hash)
    kv.write(other.stage(0, None, {"thing/1": b"forged"}).batch)
    forged = replace(good, value=b"forged", proof=other.prove("thing/1", 0))
    with pytest.raises(Rejected, match="BAD_PROOF"):
        verify_state_evidence(INTL, chain.validators, forged)


def single(record: bytes, height: int = 3) -> tuple[StateEvidence, bytes]:
    """Certified evidence of any record at all, as a chain with other contracts could hold it."""
    chain = Chain(INTL, count=1)
    kv = MemoryKeyValue()
    tree = StateTree(kv, INTL.hash)
    kv.write(tree.stage(0, None, {"thing/1": record}).batch)
    chain.add()
    header = replace(chain.blocks[0][0].header, height=height, state_root=tree.root(0))
    certificate = certify(INTL, header, chain.validators, {0: chain.signers[0]})
    evidence = StateEvidence(header, certificate, "thing/1", record, tree.prove("thing/1", 0))
    return evidence, chain.genesis_file


def event(index: int, height: int) -> bytes:
    return encode_event(
        Event(
            index=index,
            action="a",
            time_ms=1,
            height=height,
            tx_hash=bytes(32),
            actor_org="o",
            code="OK",
            details={},
        )
    )


@pytest.mark.parametrize(
    ("events", "reason"),
    [
        ([event(1, 1), event(0, 2)], "not numbered in order"),
        ([event(0, 1), event(1, 4)], "later than the header"),
        ([b"\x80", b"\x80"], "MALFORMED"),
    ],
)
def test_traces_that_contradict_themselves(events: list[bytes], reason: str) -> None:
    head = head_of(INTL.hash, events)
    record = records.encode(Thing(name="x", trace_count=2, trace_head=head))
    evidence, genesis = single(record)
    with pytest.raises(Rejected, match=reason) as caught:
        verify_evidence(build_evidence(INTL, evidence, events), genesis)
    assert caught.value.fields["check"] == "4 trace head"


@pytest.mark.parametrize("fields", [{"trace_count": "2"}, {"trace_count": 2, "trace_head": "x"}])
def test_records_whose_trace_is_no_trace(fields: dict[str, Any]) -> None:
    evidence, genesis = single(msgspec.msgpack.encode(fields))
    assert refused(build_evidence(INTL, evidence, []), genesis) == "4 trace head"


def test_records_that_are_no_maps_keep_no_trace() -> None:
    evidence, genesis = single(b"\x01")
    assert verify_evidence(build_evidence(INTL, evidence, []), genesis).events == ()
    broken, genesis = single(b"\xc1")
    assert refused(build_evidence(INTL, broken, []), genesis) == "4 trace head"


def test_a_transaction_of_another_object_does_not_belong_here() -> None:
    chain = chain_of(GM)
    file = build_evidence(GM, chain.state("other/1"), [], [chain.part(4, 0)])
    assert refused(file, chain.genesis_file) == "5 transactions in blocks"


def test_a_lineage_beyond_the_header() -> None:
    chain, lineage = lineage_chain(INTL)
    block, _, certificate = chain.blocks[1]
    early = StateEvidence(
        block.header,
        certificate,
        "thing/1",
        chain.tree.get("thing/1", 2),
        chain.tree.prove("thing/1", 2),
    )
    assert (
        verify_evidence(build_evidence(INTL, early, chain.events[:1]), chain.genesis_file).height
        == 2
    )
    file = build_evidence(INTL, early, chain.events[:1], (), lineage[:1])
    assert refused(file, chain.genesis_file) == "2 certificate quorum"


def test_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    chain = chain_of(GM)
    file = chain.evidence_file()
    with pytest.raises(Rejected, match="BAD_CHECKPOINT"):
        verify_evidence(file, bytes(4 * 2**20 + 1))
    monkeypatch.setattr(evidence_check, "EVIDENCE_EVENTS_MAX", 3)
    assert refused(file, chain.genesis_file) == "0 file form"
    monkeypatch.setattr(evidence_check, "EVIDENCE_BYTES_MAX", len(file) - 1)
    assert refused(file, chain.genesis_file) == "0 file form"
