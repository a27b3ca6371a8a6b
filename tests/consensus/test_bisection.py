"""One transaction that every node executes differently: it is named, and all others commit."""

import random

import pytest

from consensus import bisection
from consensus.application import OtherRoots
from consensus.bisection import (
    DISTRUST_HEIGHTS,
    HALVINGS_MAX,
    NAMED_MAX,
    Bisection,
    Committed,
    Offered,
    RootsDiffered,
    selection,
    step,
)
from tests.consensus.test_driver import SUITE, FakeApplication, consortium, finish, run, until

T = tuple(bytes([number]) * 32 for number in range(16))
A, B, C, D = (b"\x04" + name * 64 for name in (b"a", b"b", b"c", b"d"))


def differed(height, proposer, *transactions, power=1, enough=2):
    return RootsDiffered(height, proposer, power, enough, transactions)


def test_normally_everything_may_stand_in_a_block():
    chosen = selection(Bisection(), 5, 0)
    assert chosen.only is None
    assert all(chosen.allows(tx) for tx in T)


def test_after_a_mismatch_the_rest_of_the_height_is_empty_and_then_come_halves():
    state = Bisection()
    assert step(state, differed(5, A, *T[:8])) is None
    assert selection(state, 5, 1).only == ()
    assert not selection(state, 5, 3).allows(T[12])
    assert selection(state, 6, 0).only == T[:4]
    step(state, Committed(5, ()))
    assert selection(state, 6, 0).only == T[:4]


def test_a_half_that_commits_is_innocent_and_one_that_fails_is_halved():
    state = Bisection()
    step(state, differed(5, A, *T[:8]))
    step(state, Committed(6, T[:4]))
    assert selection(state, 7, 0).only == T[4:6]
    step(state, differed(7, B, *T[4:6]))
    assert selection(state, 7, 1).only == ()
    assert selection(state, 8, 0).only == T[4:5]


def test_a_transaction_is_named_when_it_failed_alone_under_more_than_a_third():
    state = Bisection()
    step(state, differed(5, A, *T[:2]))
    assert step(state, differed(6, B, T[0])) is None
    assert state.named == {}
    assert step(state, differed(7, B, T[0])) is None, "one proposer, however often, may be lying"
    assert step(state, differed(8, C, T[0])) == T[0]
    assert state.named == {T[0]: 8}
    assert state.suspects == ()
    assert selection(state, 9, 0).only is None


def test_a_heavy_proposer_alone_may_be_enough_and_a_light_one_not():
    for power, named in ((3, None), (4, T[0])):
        state = Bisection()
        assert step(state, differed(5, A, T[0], power=power, enough=4)) == named


def test_an_accusation_that_leads_to_nothing_is_not_listened_to_again_for_a_while():
    state = Bisection()
    step(state, differed(5, A, *T[:4]))
    step(state, Committed(6, T[:2]))
    step(state, Committed(7, T[2:4]))
    assert state.suspects == ()
    step(state, differed(8, A, *T[:4]))
    assert state.suspects == ()
    assert selection(state, 8, 1).only is None
    step(state, differed(9, B, *T[:4]))
    assert state.suspects == T[:4]
    step(state, Committed(9, T[:4]))
    step(state, Committed(8 + DISTRUST_HEIGHTS, ()))
    step(state, differed(9 + DISTRUST_HEIGHTS, A, *T[4:6]))
    assert state.suspects == T[4:6]


def test_while_searching_only_what_is_in_question_counts():
    state = Bisection()
    step(state, differed(5, A, *T[:4]))
    step(state, differed(6, D, T[0], T[9]))
    assert state.suspects == T[:4]
    step(state, differed(6, D))
    assert state.suspects == T[:4]


def test_suspects_that_wait_nowhere_are_dropped():
    state = Bisection()
    step(state, differed(5, A, *T[:4]))
    step(state, Offered(T[1:2]))
    assert state.suspects == T[1:4]
    step(state, Offered(()))
    step(state, Offered(()))
    step(state, Offered(()))
    assert state.suspects == ()


def test_what_commits_after_all_is_named_no_longer():
    state = Bisection()
    step(state, differed(5, A, T[0], enough=1))
    assert state.named == {T[0]: 5}
    step(state, Committed(9, (T[0],)))
    assert state.named == {}


def test_names_are_bounded():
    state = Bisection()
    for number in range(NAMED_MAX + 10):
        step(state, differed(number, A, number.to_bytes(32, "big"), enough=1))
    assert len(state.named) == NAMED_MAX
    assert (9).to_bytes(32, "big") not in state.named


def test_later_rounds_offer_less():
    halvings = [selection(Bisection(), 5, number).halvings for number in range(20)]
    assert halvings[:4] == [0, 0, 1, 2]
    assert halvings == sorted(halvings)
    assert halvings[-1] == HALVINGS_MAX


@pytest.mark.parametrize("seed", range(20))
def test_every_search_among_honest_proposers_ends_with_the_culprits(seed):
    """Four nodes that see each other's blocks fail whenever one of the culprits is in them."""
    dice = random.Random(seed)
    pool = [bytes([number]) * 32 for number in range(dice.randrange(2, 120))]
    culprits = set(dice.sample(pool, dice.randrange(1, min(4, len(pool)))))
    nodes = {key: Bisection() for key in (A, B, C, D)}
    keys, held, height, done = list(nodes), {key: set() for key in nodes}, 0, set()
    while any(tx not in done and tx not in held[key] for key in nodes for tx in pool):
        height += 1
        assert height < 400
        for round_number in range(20):
            proposer = keys[(height + round_number) % 4]
            state = nodes[proposer]
            chosen = selection(state, height, round_number)
            block = [t for t in pool if t not in done | held[proposer] and chosen.allows(t)]
            if state.suspects and height != state.empty_height:
                step(state, Offered(tuple(block)))
            if not culprits & set(block):
                done |= set(block)
                for one in nodes.values():
                    step(one, Committed(height, tuple(block)))
                break
            for key, one in nodes.items():
                named = step(one, differed(height, proposer, *block))
                if named is not None:
                    held[key].add(named)
    assert done == set(pool) - culprits
    assert all(found == culprits for found in held.values())


# ---- four drivers


class Unsteady(FakeApplication):
    """Executes one transaction differently on every node."""

    def __init__(self, validators, own, culprits):
        super().__init__(validators)
        self.own, self.culprits = own, culprits

    def _state(self, transactions):
        effects = [raw + self.own if raw in self.culprits else raw for raw in transactions]
        return super()._state(effects)

    def execute(self, block):
        found = super().execute(block)
        return None if found is None else OtherRoots(found)


def unsteady(tmp_path, culprits, size=4):
    nodes = consortium(tmp_path, size)
    for number, node in enumerate(nodes):
        node.application = Unsteady(node.application.set, bytes([number]), culprits)
    return nodes


def test_the_chain_goes_on_all_others_commit_and_the_culprit_is_named(tmp_path):
    async def story():
        wanted = [b"tx %d" % number for number in range(40)]
        culprit = b"differs everywhere"
        nodes = unsteady(tmp_path, [culprit])
        for node in nodes:
            node.start()
        await until(lambda: all(len(node.driver.status().peers) == 3 for node in nodes))
        for node in nodes:
            node.application.pool.extend([*wanted[:17], culprit, *wanted[17:]])
            node.driver.notify_pool()

        def done():
            return all(
                set(wanted)
                <= {raw for block, _ in node.application.chain for raw in block.transactions}
                for node in nodes
            )

        await until(done)
        await until(lambda: all(node.driver.status().quarantined for node in nodes))
        for node in nodes:
            assert list(node.driver.status().quarantined) == [SUITE.hash(culprit)]
            assert culprit not in node.application.pool
            assert node.driver.status().suspects == 0
        late = [b"later %d" % number for number in range(3)]
        for node in nodes:
            for raw in late:
                node.submit(raw)
        await until(lambda: not any(node.application.pool for node in nodes))
        await finish(nodes)

    run(story())


def test_one_proposer_with_wrong_roots_names_nothing(tmp_path):
    async def story():
        wanted = [b"tx %d" % number for number in range(30)]
        nodes = unsteady(tmp_path, [])
        liar = nodes[0].application
        honest = liar._state
        liar._state = lambda transactions: SUITE.hash(b"wrong" + honest(transactions))
        liar.execute = lambda block: None
        for node in nodes:
            node.start()
        for node in nodes[1:]:
            node.application.pool.extend(wanted)
            node.driver.notify_pool()
        liar.pool.extend(wanted)
        nodes[0].driver.notify_pool()
        await until(lambda: not any(node.application.pool for node in nodes[1:]))
        assert all(node.driver.status().quarantined == {} for node in nodes[1:])
        await finish(nodes)

    run(story())


def test_the_planner_needs_no_transactions_to_name():
    state = Bisection()
    assert bisection.step(state, differed(1, A)) is None
    assert selection(state, 1, 0).only is None
