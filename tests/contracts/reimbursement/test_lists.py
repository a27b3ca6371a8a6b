"""The blacklist and the whitelist: entered, queried by key, changed and removed (2.2.1.4.3.6–7)."""

from typing import Any

import pytest

from contracts.reimbursement.lists import LIST_STATES, ListedRecord
from proto import reimbursement_pb2 as pb
from tests.contracts.harness import HOUR_MS, Chain
from tests.contracts.reimbursement.support import INDEX, ISSUER, add_listed, subject

ACCOUNT = f"{1:032x}"
ADD, CHANGE, REMOVE = (f"reimbursement.{verb}_listed" for verb in ("add", "change", "remove"))
KEY = f"reimbursement_list/black-index-{INDEX}"


@pytest.fixture
def chain() -> Chain:
    return Chain()


def change(name: str = "black", **changes: Any) -> pb.ChangeListedRequest:
    own: dict[str, Any] = {"reason": "prolonged", "from_ms": 0, "to_ms": 0}
    return pb.ChangeListedRequest(subject=subject(name, "index", INDEX), **{**own, **changes})


def remove(name: str = "black", reason: str = "cleared") -> pb.RemoveListedRequest:
    return pb.RemoveListedRequest(subject=subject(name, "index", INDEX), reason=reason)


def entry(chain: Chain) -> ListedRecord:
    return chain.load(ListedRecord, KEY)


def test_an_entry_from_its_first_day_to_its_last(chain: Chain) -> None:
    until = chain.time_ms + HOUR_MS
    chain.ok("bureau", ADD, add_listed("black", "index", INDEX, to_ms=until))
    first = entry(chain)
    assert (first.list, first.kind, first.subject) == ("black", "index", INDEX)
    assert (first.state, first.reason, first.to_ms) == ("listed", "case 2024-7", until)
    assert (first.org, first.revision) == ("org-bureau", 1)
    chain.ok("bureau", CHANGE, change(to_ms=until + HOUR_MS))
    assert (entry(chain).reason, entry(chain).to_ms) == ("prolonged", until + HOUR_MS)
    chain.ok("bureau", REMOVE, remove())
    gone = entry(chain)
    assert (gone.state, gone.reason, gone.revision) == ("removed", "cleared", 3)
    assert gone.to_ms == until + HOUR_MS
    chain.ok("bureau", ADD, add_listed("black", "index", INDEX))
    again = entry(chain)
    assert (again.state, again.to_ms, again.revision) == ("listed", 0, 4)
    assert [one.action for one in chain.trace(KEY)] == ["add", "change", "remove", "add"]
    chain.check_trace(KEY, again.trace_count, again.trace_head)


EXPECTED = {
    ("-", "add"): "listed",
    ("-", "change"): "NOT_LISTED",
    ("-", "remove"): "NOT_LISTED",
    ("listed", "add"): "ALREADY_LISTED",
    ("listed", "change"): "listed",
    ("listed", "remove"): "removed",
    ("removed", "add"): "listed",
    ("removed", "change"): "NOT_LISTED",
    ("removed", "remove"): "NOT_LISTED",
}


def test_the_table_is_complete() -> None:
    assert {row[:2]: row[2] or row[3] for row in LIST_STATES.rows()} == EXPECTED


@pytest.mark.parametrize(("state", "action"), list(EXPECTED))
def test_state_and_action(chain: Chain, state: str, action: str) -> None:
    if state != "-":
        chain.ok("bureau", ADD, add_listed("black", "index", INDEX))
    if state == "removed":
        chain.ok("bureau", REMOVE, remove())
    before = entry(chain) if state != "-" else None
    requests: dict[str, tuple[str, Any]] = {
        "add": (ADD, add_listed("black", "index", INDEX)),
        "change": (CHANGE, change()),
        "remove": (REMOVE, remove()),
    }
    result = chain.call("bureau", *requests[action])
    expected = EXPECTED[state, action]
    if expected.islower():
        assert (result.code, entry(chain).state) == ("OK", expected)
        return
    assert result.code == expected
    if before is None:
        assert not chain.writes
    else:
        # The refusal is kept in the entry's trace; nothing else changes.
        after = entry(chain)
        assert after.trace_count == before.trace_count + 1
        assert after.changed(trace_count=0, trace_head=b"") == before.changed(
            trace_count=0, trace_head=b""
        )


def test_the_lists_are_two(chain: Chain) -> None:
    chain.ok("bureau", ADD, add_listed("black", "index", INDEX))
    chain.refused("bureau", REMOVE, remove("white"), "NOT_LISTED")
    chain.ok("bureau", ADD, add_listed("white", "index", INDEX))
    chain.ok("bureau", REMOVE, remove("white"))
    assert entry(chain).state == "listed"


@pytest.mark.parametrize(
    ("name", "kind", "value"),
    [
        ("black", "account", ACCOUNT),
        ("white", "account", ACCOUNT),
        ("black", "institution", ISSUER),
        ("white", "institution", "H43010099901"),
        ("white", "index", INDEX),
    ],
)
def test_subjects(chain: Chain, name: str, kind: str, value: str) -> None:
    chain.ok("bureau", ADD, add_listed(name, kind, value))
    record = chain.load(ListedRecord, f"reimbursement_list/{name}-{kind}-{value}")
    assert (record.list, record.kind, record.subject) == (name, kind, value)


@pytest.mark.parametrize(
    ("name", "kind", "value"),
    [
        ("grey", "index", INDEX),
        ("", "index", INDEX),
        ("black", "name", "测试甲"),
        ("black", "", INDEX),
        ("black", "index", "测试甲"),
        ("black", "index", INDEX[:-1]),
        ("black", "index", INDEX.upper()),
        ("black", "account", INDEX),
        ("black", "account", ""),
        ("black", "institution", ""),
        ("black", "institution", "测试医院"),
        ("black", "institution", "a/b"),
        ("black", "institution", "1" * 33),
    ],
)
def test_never_by_name(chain: Chain, name: str, kind: str, value: str) -> None:
    chain.refused("bureau", ADD, add_listed(name, kind, value), "MALFORMED_REQUEST")
    assert not chain.writes


@pytest.mark.parametrize("reason", ["", "  ", "x" * 201, "a\tb"])
def test_a_reason_is_needed(chain: Chain, reason: str) -> None:
    request = add_listed("black", "index", INDEX, reason=reason)
    chain.refused("bureau", ADD, request, "MALFORMED_REQUEST")
    assert not chain.writes
    chain.ok("bureau", ADD, add_listed("black", "index", INDEX))
    chain.refused("bureau", CHANGE, change(reason=reason), "MALFORMED_REQUEST")
    chain.refused("bureau", REMOVE, remove(reason=reason), "MALFORMED_REQUEST")
    assert entry(chain).revision == 1


@pytest.mark.parametrize(("start", "end"), [(0, -1), (0, 1000), (HOUR_MS, HOUR_MS), (2000, 1999)])
def test_a_period_ends_after_it_begins_and_after_now(chain: Chain, start: int, end: int) -> None:
    now = chain.time_ms
    from_ms, to_ms = (now + start if start else 0), now + end
    request = add_listed("black", "index", INDEX, from_ms=from_ms, to_ms=to_ms)
    chain.refused("bureau", ADD, request, "LIST_PERIOD")
    assert not chain.writes
    chain.ok("bureau", ADD, add_listed("black", "index", INDEX))
    chain.refused("bureau", CHANGE, change(from_ms=from_ms, to_ms=now), "LIST_PERIOD")
    assert (entry(chain).from_ms, entry(chain).to_ms) == (0, 0)


@pytest.mark.parametrize("who", ["hospital", "agency_a", "centre", "custodian", "governor"])
def test_the_bureau_keeps_the_lists(chain: Chain, who: str) -> None:
    chain.refused(who, ADD, add_listed("black", "index", INDEX), "NOT_PERMITTED")
    chain.refused(who, CHANGE, change(), "NOT_PERMITTED")
    chain.refused(who, REMOVE, remove(), "NOT_PERMITTED")
    assert not chain.writes
