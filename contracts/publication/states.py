"""The state machines of sharing and of asking."""

from contracts.publication.codes import (
    ALREADY_SHARED,
    NOTHING_SHARING,
    QUESTION_CLOSED,
    QUESTION_PENDING,
    SHARE_PENDING,
)
from contracts.states import START, StateTable

NOT_SHARED, SHARING, SHARED = "not_shared", "sharing", "shared"
SHARE, CONFIRM, REFUSE = "share", "confirm", "refuse"

SHARES = StateTable(
    name="share",
    states=(NOT_SHARED, SHARING, SHARED),
    actions=(SHARE, CONFIRM, REFUSE),
    moves={
        (NOT_SHARED, SHARE): SHARING,
        (SHARING, CONFIRM): SHARED,
        (SHARING, REFUSE): NOT_SHARED,
    },
    refusals={(SHARING, SHARE): SHARE_PENDING, (SHARED, SHARE): ALREADY_SHARED},
    otherwise=NOTHING_SHARING,
)
"""A version that its home made: not shared until the other chain's proved OK."""

ASKED, ANSWERED, UNANSWERED = "asked", "answered", "unanswered"
ASK, ANSWER, FAIL = "ask", "answer", "fail"

QUESTIONS = StateTable(
    name="question",
    states=(ASKED, ANSWERED, UNANSWERED),
    actions=(ASK, ANSWER, FAIL),
    moves={
        (START, ASK): ASKED,
        (ANSWERED, ASK): ASKED,
        (UNANSWERED, ASK): ASKED,
        (ASKED, ANSWER): ANSWERED,
        (ASKED, FAIL): UNANSWERED,
    },
    refusals={(ASKED, ASK): QUESTION_PENDING},
    otherwise=QUESTION_CLOSED,
)
"""A question to another chain; once it has its answer or none, it may be asked again."""
