"""State tables are complete and consistent, and say which refusal is due."""

import pytest

from contracts.codes import NOT_PERMITTED, OBJECT_NOT_FOUND
from contracts.states import START, StateTable
from faults import Misuse, Rejected


def table(**changes):
    given = {
        "name": "door",
        "states": ("open", "shut"),
        "actions": ("make", "close"),
        "moves": {(START, "make"): "open", ("open", "close"): "shut"},
        "refusals": {(START, "close"): OBJECT_NOT_FOUND},
        "otherwise": NOT_PERMITTED,
    }
    return StateTable(**{**given, **changes})


def test_every_pair_is_a_move_or_a_refusal():
    assert list(table().rows()) == [
        ("-", "make", "open", ""),
        ("-", "close", "", "OBJECT_NOT_FOUND"),
        ("open", "make", "", "NOT_PERMITTED"),
        ("open", "close", "shut", ""),
        ("shut", "make", "", "NOT_PERMITTED"),
        ("shut", "close", "", "NOT_PERMITTED"),
    ]


def test_a_refusal_names_state_and_action():
    assert table().move("open", "close") == "shut"
    with pytest.raises(Rejected) as refused:
        table().move("shut", "close", door="7")
    assert refused.value.code is NOT_PERMITTED
    assert refused.value.fields == {"door": "7", "state": "shut", "action": "close"}


@pytest.mark.parametrize(
    "changes",
    [
        {"moves": {("ajar", "close"): "shut"}},
        {"moves": {("open", "kick"): "shut"}},
        {"moves": {("open", "close"): "ajar"}},
        {"refusals": {("open", "close"): NOT_PERMITTED}},
    ],
)
def test_a_wrong_table_cannot_be_made(changes):
    with pytest.raises(Misuse):
        table(**changes)
