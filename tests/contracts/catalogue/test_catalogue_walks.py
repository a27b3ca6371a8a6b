"""Random walks against a small model: editions, items by day, shares in any order, questions."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.catalogue.records import (
    ItemRecord,
    ItemsQuestionRecord,
    item_in_force,
)
from contracts.state_view import StateView
from tests.contracts.catalogue.requests import (
    QUESTION,
    abandon,
    add,
    ask,
    begin,
    check_traces,
    publish,
    share,
)
from tests.contracts.harness import Chain
from tests.contracts.regions import REMOTE_REGION, Regions, item

DAYS = [f"2024010{day}" for day in range(1, 7)]
CODES = ["A", "B", "C"]
days = st.sampled_from(DAYS)
period = st.tuples(days, st.one_of(st.just(""), days)).filter(
    lambda both: not both[1] or both[0] <= both[1]
)
change = st.tuples(period, st.booleans(), st.integers(1, 3))
EDITION = st.dictionaries(st.sampled_from(CODES), change, min_size=1, max_size=3)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("edition"), EDITION),
        st.tuples(st.just("dropped"), EDITION),
        st.tuples(st.just("share"), st.integers(1, 6)),
        st.tuples(st.just("ask"), days),
        st.tuples(st.just("ask"), days),
    ),
    min_size=4,
    max_size=25,
)
Change = tuple[tuple[str, str], bool, int]
Editions = dict[int, dict[str, Change]]


def expected(editions: Editions, code: str, day: str) -> int:
    """The limit in the highest edition whose period holds the day; 0 = not in the catalogue."""
    for number in sorted(editions, reverse=True):
        if code in editions[number]:
            (first, last), valid, limit = editions[number][code]
            if first <= day <= (last or "9"):
                return limit if valid else 0
    return 0


def limits(chain: Chain, day: str) -> list[int]:
    found = [item_in_force(StateView(chain), REMOTE_REGION, code, day) for code in CODES]
    return [0 if one is None else one.item.price_limit_fen for one in found]


def make_edition(chain: Chain, number: int, made: dict[str, Change]) -> None:
    """One chunk for each item, so that shares of several chunks are walked through too."""
    where: dict[str, Any] = {"region": REMOTE_REGION}
    chain.ok("bureau", "catalogue.begin", begin(number, len(made), **where))
    for chunk, code in enumerate(sorted(made), start=1):
        (first, last), valid, limit = made[code]
        one = item(
            code,
            effective_from=first,
            effective_to=last,
            withdrawn=not valid,
            price_limit_fen=limit,
        )
        chain.ok("bureau", "catalogue.add", add([one], number, chunk, **where))


def versions(chain: Chain) -> dict[str, list[Any]]:
    return {
        key: list(chain.load(ItemRecord, key).versions)
        for key in chain.state
        if key.startswith("catalogue_item/")
    }


@given(STEPS)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_catalogues_keep_their_promises_on_every_walk(
    monkeypatch: pytest.MonkeyPatch, steps: list[tuple[str, Any]]
) -> None:
    net = Regions(monkeypatch)
    home, middle, here = net.guangdong, net.national, net.province
    published: Editions = {}
    arrived: Editions = {}
    latest = 0
    for what, value in steps:
        before = [versions(chain) for chain in (home, middle, here)]
        if what in ("edition", "dropped"):
            latest += 1
            make_edition(home, latest, value)
            if what == "edition":
                home.ok("bureau", "catalogue.publish", publish(latest, REMOTE_REGION))
                published[latest] = value
            else:
                drop = abandon(latest)
                drop.region = REMOTE_REGION
                home.ok("bureau", "catalogue.abandon", drop)
        elif what == "share" and value in published and value not in arrived:
            for chunk in range(len(published[value]), 0, -1):
                home.ok("bureau", "catalogue.share", share(chunk, value, REMOTE_REGION))
                assert limits(middle, DAYS[0]) == [
                    expected(arrived, code, DAYS[0]) for code in CODES
                ]
                assert net.send_all(home) == ["OK"]
            arrived[value] = published[value]
        elif what == "ask":
            here.ok("bureau", "catalogue.request_remote", ask(*CODES, date=value))
            net.send_all(here)
            question = here.load(ItemsQuestionRecord, QUESTION)
            assert (question.state == "answered") == bool(arrived)
            wanted = [expected(arrived, code, value) for code in CODES]
            if arrived:
                assert question.missing == tuple(
                    code for code, limit in zip(CODES, wanted, strict=True) if not limit
                )
                assert limits(here, value) == wanted
        for chain, old in zip((home, middle, here), before, strict=True):
            now = versions(chain)
            assert all(one in now[key] for key, kept in old.items() for one in kept)
        for day in DAYS:
            assert limits(home, day) == [expected(published, code, day) for code in CODES]
            assert limits(middle, day) == [expected(arrived, code, day) for code in CODES]
    for chain in (home, middle, here):
        if any(key.startswith("catalogue") for key in chain.state):
            check_traces(chain)
