"""The head of a snapshot: certified by the sets in force since genesis, and bound to its window."""

import dataclasses

import pytest

from crypto.ports import Signer
from crypto.suites import GM
from faults import PeerFault
from ledger.block import Header, block_hash, history_leaf
from ledger.certificate import COMMITTED, Certificate, committed_bytes
from ledger.light_client import initial_client
from ledger.limits import WINDOW
from ledger.lineage import LineageStep
from ledger.merkle import HashLog
from ledger.validators import Validator, ValidatorSet
from node.snapshots.head import SnapshotHead, check_head
from tests.node.chains import CHAIN, private_key
from tests.node.snapshots.source import make_source

SIGNERS = [GM.signer(private_key(50 + number)) for number in range(3)]
SETS = [ValidatorSet.of(Validator(one.public_key, 1)) for one in SIGNERS]
GENESIS = b"\7" * 32
TRUSTED = initial_client(CHAIN, "gm", GENESIS, SETS[0])


def certified(header: Header, signer: Signer) -> Certificate:
    digest = block_hash(GM, header)
    return Certificate(
        kind=COMMITTED,
        chain_id=CHAIN,
        height=header.height,
        round=0,
        block_hash=digest,
        bitmap=b"\1",
        signatures=(signer.sign(committed_bytes(CHAIN, header.height, digest)),),
    )


def header(height: int, decides: int, following: int, history_root: bytes = bytes(32)) -> Header:
    return Header(
        chain_id=CHAIN,
        height=height,
        time_ms=1_000 * height,
        previous_hash=bytes(32),
        transactions_root=bytes(32),
        receipts_root=bytes(32),
        state_root=bytes(32),
        history_root=history_root,
        validators_hash=SETS[decides].hash(GM),
        next_validators_hash=SETS[following].hash(GM),
        proposer=SIGNERS[decides].public_key,
    )


def change(height: int, decides: int, following: int) -> LineageStep:
    made = header(height, decides, following)
    return LineageStep(made, certified(made, SIGNERS[decides]), SETS[following])


def moving(height: int = 2_500) -> SnapshotHead:
    """A head after two changes of the set."""
    first = height - WINDOW + 1
    log = HashLog()
    for number in range(first):
        log = log.append(GM.hash, history_leaf(number.to_bytes(32, "big")))
    hashes = tuple(number.to_bytes(32, "big") for number in range(first, height))
    whole = log
    for one in hashes:
        whole = whole.append(GM.hash, history_leaf(one))
    made = header(height, 2, 2, whole.root(GM.hash))
    changes = (change(700, 0, 1), change(701, 1, 2))
    return SnapshotHead(made, certified(made, SIGNERS[2]), changes, log, hashes)


def check(head: SnapshotHead, height: int = 2_500) -> SnapshotHead:
    return check_head(GM, head.encode(), height, TRUSTED)


def test_a_head_is_proved_from_genesis_across_changes_of_the_set() -> None:
    head = moving()
    assert check(head) == head
    window = head.window(GM)
    assert (min(window), max(window), len(window)) == (1_501, 2_500, WINDOW)


def test_every_changed_byte_of_a_head_is_detected() -> None:
    source = make_source(blocks=5, after=0)
    content = source.head.encode()
    assert source.checked_head() == source.head
    for offset in range(len(content)):
        damaged = bytearray(content)
        damaged[offset] ^= 1
        with pytest.raises(PeerFault, match="SNAPSHOT_UNPROVED"):
            source.checked_head(bytes(damaged))
    for wrong in (b"", content[:-1], content + b"\0"):
        with pytest.raises(PeerFault, match="SNAPSHOT_UNPROVED"):
            source.checked_head(wrong)


@pytest.mark.parametrize("height", [1, 2_499, 2_501])
def test_the_head_of_another_height_is_refused(height: int) -> None:
    with pytest.raises(PeerFault, match="SNAPSHOT_UNPROVED"):
        check(moving(), height)


def test_a_change_left_out_exchanged_or_invented_is_refused() -> None:
    head = moving()
    first, second = head.changes
    stolen = dataclasses.replace(second, next_validators=SETS[0])
    unsigned = dataclasses.replace(first, certificate=certified(first.header, SIGNERS[1]))
    for changes in ((), (first,), (second,), (second, first), (first, stolen), (unsigned, second)):
        with pytest.raises(PeerFault, match="SNAPSHOT_UNPROVED"):
            check(dataclasses.replace(head, changes=changes))


def test_a_window_of_other_blocks_or_another_length_is_refused() -> None:
    head = moving()
    other = (*head.hashes[:-1], bytes(32))
    for hashes in (other, head.hashes[:-1], head.hashes[1:], head.hashes[::-1], ()):
        with pytest.raises(PeerFault, match="SNAPSHOT_UNPROVED"):
            check(dataclasses.replace(head, hashes=hashes))
    longer = head.log.append(GM.hash, history_leaf(head.hashes[0]))
    with pytest.raises(PeerFault, match="SNAPSHOT_UNPROVED"):
        check(dataclasses.replace(head, log=longer, hashes=head.hashes[1:]))


def test_a_certificate_by_a_set_that_is_gone_is_refused() -> None:
    head = moving()
    old = header(2_500, 0, 0, head.header.history_root)
    with pytest.raises(PeerFault, match="SNAPSHOT_UNPROVED"):
        check(dataclasses.replace(head, header=old, certificate=certified(old, SIGNERS[0])))
