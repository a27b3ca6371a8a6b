"""Scores and allowances of peers."""

from hypothesis import given
from hypothesis import strategies as st

from consensus.codes import MESSAGE_MALFORMED
from node.peer_codes import PEER_FRAME, PEER_SLOW
from node.peer_limits import SCORE_FULL, Allowance, Scores

PEER, OTHER = b"p" * 65, b"o" * 65


def test_one_breach_leaves_a_peer_out_and_every_further_one_for_longer():
    scores = Scores(1.0, 60.0)
    now, spans = 100.0, []
    for _ in range(8):
        assert scores.fault(PEER, MESSAGE_MALFORMED, now)
        began = now
        while scores.left_out(PEER, now):
            now += 0.5
        spans.append(now - began)
    assert spans == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0]
    assert not scores.left_out(OTHER, now)
    assert scores.lowest(now) < scores.score(OTHER, now) == SCORE_FULL


def test_a_slow_peer_has_four_tries_and_time_heals():
    scores = Scores(1.0, 60.0)
    assert [scores.fault(PEER, PEER_SLOW, 0.0) for _ in range(4)] == [False, False, False, True]
    scores = Scores(1.0, 60.0)
    assert not any(scores.fault(PEER, PEER_SLOW, 300.0 * n) for n in range(50))


def test_a_long_good_time_makes_penalties_short_again():
    scores = Scores(1.0, 60.0)
    for _ in range(5):
        scores.fault(PEER, PEER_FRAME, 0.0)
    assert scores.left_out(PEER, 15.9)
    scores.fault(PEER, PEER_FRAME, 10_000.0)
    assert scores.left_out(PEER, 10_000.9)
    assert not scores.left_out(PEER, 10_001.0)


def test_penalties_are_bounded_however_many():
    scores = Scores(1.0, 60.0)
    for _ in range(5_000):
        scores.fault(PEER, PEER_FRAME, 0.0)
    assert not scores.left_out(PEER, 60.0)


@given(st.lists(st.tuples(st.floats(0, 5), st.integers(0, 5_000)), max_size=60))
def test_who_keeps_the_pauses_never_exceeds_the_rate(spends):
    allowance, now, total = Allowance(1_000, 2_000), 0.0, 0
    for wait, amount in spends:
        now += wait
        pause = allowance.spend(amount, now)
        now += pause
        total += amount
        assert total <= 2_000 + 1_000 * now + 1e-6
