"""The log and the last-signed record: what they keep, and what they refuse to guess."""

import errno
import os

import pytest

from consensus.files import OperatingSystem
from consensus.guard import Place, SigningGuard, SignStep
from consensus.messages import Proposal, Vote, VoteKind
from consensus.signing import Notary
from consensus.state import UnsignedProposal, UnsignedVote
from consensus.wal import REWRITE_BYTES, WriteAheadLog
from crypto.suites import suite as suite_named
from faults import Rejected, StorageFault

KEY = b"\x04" + b"k" * 64
SUITE = suite_named("intl")
FILE = "consensus.wal"


def vote(round_number, height=3):
    return Vote(VoteKind.PREVOTE, height, round_number, b"h" * 32, KEY, b"s" * 64)


def proposal(size=200):
    return Proposal(3, 0, -1, b"h" * 32, bytes(range(200)) * (size // 200), KEY, b"s" * 64)


def written(directory, appends=4):
    log = WriteAheadLog.open(directory)
    log.begin(3)
    sizes = [os.path.getsize(directory / FILE)]
    for number in range(appends):
        log.append([proposal(), vote(number)] if number == 0 else [vote(number)])
        sizes.append(os.path.getsize(directory / FILE))
    log.close()
    return sizes


class _Unsynced(OperatingSystem):
    """For tests that open a file thousands of times and cut no power."""

    def sync(self, descriptor):
        pass

    def sync_directory(self, path):
        pass


QUICK = _Unsynced()


def reopened(directory):
    log = WriteAheadLog.open(directory, QUICK)
    log.close()
    return log


def test_what_was_appended_is_there_again(tmp_path):
    written(tmp_path)
    log = reopened(tmp_path)
    assert log.messages == (proposal(), vote(0), vote(1), vote(2), vote(3))


def test_a_new_height_forgets_the_old_and_an_old_height_nothing(tmp_path):
    written(tmp_path)
    log = WriteAheadLog.open(tmp_path)
    log.begin(2)
    log.begin(3)
    assert len(log.messages) == 5
    log.begin(4)
    assert log.messages == ()
    log.close()


def test_a_grown_file_begins_anew_and_keeps_what_is_not_over(tmp_path):
    log = WriteAheadLog.open(tmp_path)
    log.append([vote(0, height=4)])
    log.append([proposal(REWRITE_BYTES)])
    log.close()
    log = WriteAheadLog.open(tmp_path)
    log.begin(4)
    log.append([vote(1, height=4)])
    log.close()
    assert os.path.getsize(tmp_path / FILE) < 1000
    assert reopened(tmp_path).messages == (vote(0, height=4), vote(1, height=4))


@pytest.mark.covers(row=(18, 19))
def test_a_tail_torn_at_any_byte_is_cut_whole(tmp_path):
    sizes = written(tmp_path)
    content = (tmp_path / FILE).read_bytes()
    for end in range(sizes[0], len(content)):
        (tmp_path / FILE).write_bytes(content[:end])
        log = WriteAheadLog.open(tmp_path, QUICK)
        whole = sum(size <= end for size in sizes[1:])
        assert len(log.messages) == (whole + 1 if whole else 0)
        log.append([vote(9)])
        log.close()
        assert reopened(tmp_path).messages[-1] == vote(9)


@pytest.mark.covers(row=19)
def test_any_flipped_bit_before_good_records_stops(tmp_path):
    sizes = written(tmp_path)
    content = (tmp_path / FILE).read_bytes()
    for place in range(sizes[-2]):
        damaged = bytearray(content)
        damaged[place] ^= 1 << place % 8
        (tmp_path / FILE).write_bytes(bytes(damaged))
        with pytest.raises(StorageFault):
            WriteAheadLog.open(tmp_path, QUICK)


@pytest.mark.covers(row=19)
def test_a_flipped_bit_in_the_last_record_drops_only_that(tmp_path):
    sizes = written(tmp_path)
    content = (tmp_path / FILE).read_bytes()
    for place in range(sizes[-2], sizes[-1]):
        damaged = bytearray(content)
        damaged[place] ^= 1
        (tmp_path / FILE).write_bytes(bytes(damaged))
        assert reopened(tmp_path).messages == (proposal(), vote(0), vote(1), vote(2))


@pytest.mark.parametrize("content", [b"", b"yilian-wal 2\n" + b"0" * 64, b"\0" * 100])
def test_a_file_that_is_no_log_stops(tmp_path, content):
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(StorageFault):
        WriteAheadLog.open(tmp_path)


def test_a_block_that_contains_a_log_is_not_taken_for_one(tmp_path):
    """Torn in the middle of a block that holds the bytes of another log's good records."""
    (tmp_path / "other").mkdir()
    written(tmp_path / "other")
    inner = (tmp_path / "other" / FILE).read_bytes()
    log = WriteAheadLog.open(tmp_path)
    log.begin(3)
    log.append([Proposal(3, 0, -1, b"h" * 32, inner * 3, KEY, b"s" * 64)])
    log.close()
    content = (tmp_path / FILE).read_bytes()
    (tmp_path / FILE).write_bytes(content[:-100])
    assert reopened(tmp_path).messages == ()


@pytest.mark.parametrize("call", ["fdatasync", "write", "replace", "ftruncate"])
@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC])
@pytest.mark.covers(row=17)
def test_every_failing_call_is_a_storage_fault(tmp_path, monkeypatch, call, number):
    sizes = written(tmp_path)
    log = WriteAheadLog.open(tmp_path)

    def broken(*_arguments):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, call, broken)
    with pytest.raises(StorageFault):
        if call == "replace":
            log.append([proposal(REWRITE_BYTES)])
            log.begin(9)
        elif call == "ftruncate":
            os.truncate(tmp_path / FILE, sizes[-1] - 1)
            WriteAheadLog.open(tmp_path)
        else:
            log.append([vote(7)])


# ---- the last-signed record


def guard_at(directory, disk=QUICK):
    private = SUITE.generate_private_key()
    return SigningGuard.open(directory, SUITE.signer(private), SUITE, disk)


def test_identical_bytes_get_the_old_signature(tmp_path):
    guard = guard_at(tmp_path)
    place = Place(5, 0, SignStep.PREVOTE)
    first = guard.sign(place, b"statement")
    guard.save(first)
    assert guard.sign(place, b"statement") == first
    assert guard_at(tmp_path).sign(place, b"statement") == first


@pytest.mark.parametrize(
    "earlier",
    [
        Place(5, 1, SignStep.PREVOTE),
        Place(5, 1, SignStep.PROPOSE),
        Place(5, 0, SignStep.PRECOMMIT),
        Place(4, 9, SignStep.PRECOMMIT),
        Place.committed(4),
    ],
)
def test_nothing_else_is_signed_there_or_before(tmp_path, earlier):
    guard = guard_at(tmp_path)
    guard.save(guard.sign(Place(5, 1, SignStep.PREVOTE), b"statement"))
    for again in (guard, guard_at(tmp_path)):
        with pytest.raises(Rejected):
            again.sign(earlier, b"another statement")


def test_committed_is_the_last_word_on_a_height(tmp_path):
    guard = guard_at(tmp_path)
    guard.save(guard.sign(Place.committed(5), b"block x"))
    with pytest.raises(Rejected):
        guard.sign(Place.committed(5), b"block y")
    with pytest.raises(Rejected):
        guard.sign(Place(5, 2**31, SignStep.PRECOMMIT), b"vote")
    guard.sign(Place(6, 0, SignStep.PROPOSE), b"next")


def signed_twice(directory):
    """The bytes of a record with two signatures, the second of which is the last."""
    guard = guard_at(directory)
    guard.save(guard.sign(Place(5, 1, SignStep.PREVOTE), b"first"))
    guard.save(guard.sign(Place(5, 1, SignStep.PRECOMMIT), b"second"))
    guard.close()
    return (directory / "last-signed").read_bytes()


@pytest.mark.covers(row=18)
def test_the_slots_take_turns_and_a_torn_one_leaves_the_one_before(tmp_path):
    content = signed_twice(tmp_path)
    assert guard_at(tmp_path).last.place.step is SignStep.PRECOMMIT
    for end in range(1024, 1536):
        torn = content[:end] + b"\xff" * (1536 - end)
        (tmp_path / "last-signed").write_bytes(torn)
        assert guard_at(tmp_path).last.place.step >= SignStep.PREVOTE
    guard = guard_at(tmp_path)
    guard.save(guard.sign(Place(6, 0, SignStep.PREVOTE), b"third"))
    assert guard_at(tmp_path).last.place.height == 6


def test_a_first_signature_torn_by_a_crash_was_never_sent(tmp_path):
    content = signed_twice(tmp_path)
    torn = content[:512] + content[512:560] + bytes(976)
    (tmp_path / "last-signed").write_bytes(torn)
    assert guard_at(tmp_path).last is None


def test_a_damaged_record_stops(tmp_path):
    content = signed_twice(tmp_path)
    both = bytearray(content)
    both[520] ^= 1
    both[1030] ^= 1
    for damaged in (bytes(both), b"", content[:1535], content + b"\0", b"x" + content[1:]):
        (tmp_path / "last-signed").write_bytes(damaged)
        with pytest.raises(StorageFault):
            guard_at(tmp_path)


def test_a_signature_that_could_not_be_kept_is_not_remembered_as_kept(tmp_path, monkeypatch):
    guard = guard_at(tmp_path, OperatingSystem())
    signed = guard.sign(Place(5, 1, SignStep.PREVOTE), b"statement")

    def broken(_descriptor):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fdatasync", broken)
    with pytest.raises(StorageFault):
        guard.save(signed)
    assert guard.last is None


# ---- both together


class Notaries:
    def __init__(self, directory):
        self.directory = directory
        self.signer = SUITE.signer(SUITE.generate_private_key())

    def open(self):
        return Notary("yl-test", SUITE, self.signer, self.directory)


PREVOTE = UnsignedVote(VoteKind.PREVOTE, 3, 0, b"h" * 32)


def test_own_messages_of_the_height_come_back(tmp_path):
    notaries = Notaries(tmp_path)
    notary = notaries.open()
    assert notary.begin(3) == ()
    block = notary.sign(UnsignedProposal(3, 0, -1, b"h" * 32, b"block"))
    prevote = notary.sign(PREVOTE)
    notary.close()
    again = notaries.open()
    assert again.begin(3) == (block, prevote)
    with pytest.raises(Rejected):
        again.sign(UnsignedVote(VoteKind.PREVOTE, 3, 0, b""))
    again.close()


@pytest.mark.covers(row=21)
def test_a_log_ahead_of_the_record_is_taken_over(tmp_path):
    """Killed after the log was written and before the record was: the vote counts as signed."""
    notaries = Notaries(tmp_path)
    notary = notaries.open()
    notary.begin(3)
    notary.sign(PREVOTE)
    notary.close()
    (tmp_path / "last-signed").unlink()
    again = notaries.open()
    again.begin(3)
    with pytest.raises(Rejected):
        again.sign(UnsignedVote(VoteKind.PREVOTE, 3, 0, b"x" * 32))
    again.close()


@pytest.mark.parametrize("loss", ["all", "tail"])
@pytest.mark.covers(row=(19, 21))
def test_a_record_ahead_of_the_log_stops(tmp_path, loss):
    notaries = Notaries(tmp_path)
    notary = notaries.open()
    notary.begin(3)
    notary.sign(PREVOTE)
    notary.close()
    if loss == "all":
        (tmp_path / FILE).unlink()
    else:
        os.truncate(tmp_path / FILE, os.path.getsize(tmp_path / FILE) - 1)
    again = notaries.open()
    with pytest.raises(StorageFault):
        again.begin(3)
    again.close()
