"""Whom to ask for blocks, and which claims to doubt."""

from consensus.messages import BLOCK_BYTES_MAX, BlockRequest, BlockResponse
from consensus.settings import ConsensusSettings
from consensus.sync import BATCH_BYTES, BlockSync

SETTINGS = ConsensusSettings(sync_timeout_ms=100, sync_batch_blocks=4)


def block(height, size=10):
    return BlockResponse(height, bytes(size), b"")


def test_the_highest_peer_is_asked_for_a_batch_and_then_for_the_next():
    sync = BlockSync(SETTINGS)
    sync.saw(b"a", 3)
    sync.saw(b"b", 9)
    assert sync.next_request(2, 0) == (b"b", BlockRequest(3, 4))
    assert sync.next_request(2, 99) is None
    sync.progressed(3, 50)
    assert sync.next_request(3, 60) is None
    sync.progressed(4, 50)
    assert sync.next_request(4, 60) == (b"b", BlockRequest(7, 3))
    for height in range(5, 9):
        sync.progressed(height, 50)
        assert sync.next_request(height, 60) is None
    sync.progressed(9, 60)
    assert sync.next_request(9, 60) is None


def test_the_larger_the_blocks_the_fewer_are_asked_for():
    sync = BlockSync(ConsensusSettings())
    sync.saw(b"a", 1_000)
    assert sync.next_request(0, 0) == (b"a", BlockRequest(1, 64))
    sync.arrived(BATCH_BYTES // 4)
    sync.progressed(64, 0)
    assert sync.next_request(64, 0) == (b"a", BlockRequest(65, 4))
    for _ in range(200):
        sync.arrived(100)
    sync.progressed(68, 0)
    assert sync.next_request(68, 0) == (b"a", BlockRequest(69, 64))
    sync.arrived(2 * BATCH_BYTES)
    sync.progressed(132, 0)
    assert sync.next_request(132, 0) == (b"a", BlockRequest(133, 1))


def test_while_held_nobody_is_asked():
    sync = BlockSync(SETTINGS)
    sync.saw(b"a", 20)
    sync.held = True
    assert sync.next_request(2, 0) is None
    assert sync.behind(2, 0)
    sync.held = False
    assert sync.next_request(2, 0) == (b"a", BlockRequest(3, 4))


def test_a_silent_peer_comes_last_and_its_claim_no_longer_counts():
    sync = BlockSync(SETTINGS)
    sync.saw(b"liar", 10**15)
    sync.saw(b"b", 5)
    assert sync.next_request(2, 0) == (b"liar", BlockRequest(3, 4))
    assert sync.next_request(2, 100) == (b"b", BlockRequest(3, 3))
    assert not BlockSync(SETTINGS).behind(2, 0)
    sync.left(b"b")
    assert not sync.behind(2, 101)
    assert sync.next_request(2, 101) == (b"liar", BlockRequest(3, 4))
    assert sync.behind(2, 700)


def test_a_peer_that_sent_a_part_is_not_doubted():
    sync = BlockSync(SETTINGS)
    sync.saw(b"a", 20)
    sync.next_request(2, 0)
    sync.progressed(3, 90)
    assert sync.next_request(3, 200) == (b"a", BlockRequest(4, 4))
    assert sync.behind(3, 200)


def test_early_blocks_are_kept_in_bounds_and_only_from_the_asked_peer():
    sync = BlockSync(SETTINGS)
    sync.saw(b"a", 20)
    sync.next_request(2, 0)
    sync.keep(b"b", block(4), 2)
    sync.keep(b"a", block(7), 2)
    assert (sync.take(4), sync.take(7)) == (None, None)
    sync.keep(b"a", block(4), 2)
    assert sync.take(4) == (b"a", block(4))
    for height in (4, 5, 6):
        sync.keep(b"a", block(height, BLOCK_BYTES_MAX), 2)
    assert sync.take(6) is None
    sync.progressed(5, 10)
    assert sync.take(5) is None


def test_nobody_ahead_nobody_asked():
    sync = BlockSync(SETTINGS)
    sync.saw(b"a", 2)
    assert sync.next_request(2, 0) is None
    assert not sync.behind(2, 0)
