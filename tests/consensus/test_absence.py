"""Who let a turn pass is not waited for long again, until it is heard."""

import pytest

from consensus.absence import Absence
from consensus.settings import ConsensusSettings
from consensus.state import ProposalReceived, TimeoutFired, Timer, TimerKind
from tests.consensus.test_machine import ELECTORATE, HEIGHT, NIL, Story, X, prevote, proposal

PROPOSER = ELECTORATE.proposer(HEIGHT, 0)
FIRED = TimeoutFired(TimerKind.PROPOSE, HEIGHT, 0)


def test_a_turn_that_passed_in_silence_makes_absent_until_heard():
    story, absence = Story(), Absence()
    assert not absence.absent(story.state, 0)
    absence.missed(story.state, FIRED)
    assert absence.absent(story.state, 0)
    assert not absence.absent(story.state, 1)
    absence.heard(PROPOSER)
    assert not absence.absent(story.state, 0)


@pytest.mark.parametrize(
    "fired",
    [
        TimeoutFired(TimerKind.PREVOTE, HEIGHT, 0),
        TimeoutFired(TimerKind.PROPOSE, HEIGHT, 1),
        TimeoutFired(TimerKind.PROPOSE, HEIGHT - 1, 0),
    ],
)
def test_other_timers_tell_nothing(fired):
    story, absence = Story(), Absence()
    absence.missed(story.state, fired)
    assert not absence.absent(story.state, 0)


def test_a_proposal_that_is_being_executed_is_not_missed():
    story, absence = Story(valid=None).tell(ProposalReceived(proposal(0, X))), Absence()
    absence.missed(story.state, FIRED)
    assert not absence.absent(story.state, 0)


def test_a_timer_of_a_round_that_went_on_is_not_a_missed_turn():
    story, absence = Story(), Absence()
    story.tell(FIRED, *(prevote(0, name, NIL) for name in story.others()))
    absence.missed(story.state, FIRED)
    assert not absence.absent(story.state, 0)


def test_nobody_thinks_itself_absent():
    story = Story(me=next(name for name in "ABCD" if story_key(name) == PROPOSER))
    absence = Absence()
    absence.missed(story.state, FIRED)
    assert not absence.absent(story.state, 0)


def story_key(name):
    return Story(me=name).state.own


def test_an_absent_proposer_is_waited_for_briefly_and_longer_every_round():
    settings = ConsensusSettings(timeout_propose_ms=1_000, timeout_absent_ms=100)
    for kind, number, wait_ms in (
        (TimerKind.PROPOSE, 0, 100),
        (TimerKind.PROPOSE, 4, 100 + 4 * settings.timeout_propose_delta_ms),
        (TimerKind.PREVOTE, 0, settings.timeout_prevote_ms),
        (TimerKind.PRECOMMIT, 0, settings.timeout_precommit_ms),
        (TimerKind.EMPTY, 0, settings.empty_block_interval_ms),
    ):
        timer = Timer(kind, HEIGHT, number)
        assert settings.duration_ms(timer, proposer_absent=True) == wait_ms
    impatient = ConsensusSettings(timeout_propose_ms=50, timeout_absent_ms=100)
    first = Timer(TimerKind.PROPOSE, HEIGHT, 0)
    assert impatient.duration_ms(first, proposer_absent=True) == 50
