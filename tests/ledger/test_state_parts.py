"""A state walked in parts from its root is the same state, whatever the size of the parts."""

import hashlib

import pytest

from faults import Misuse, Rejected
from ledger.codec import Reader
from ledger.kv import MemoryKeyValue
from ledger.merkle import HashLog
from ledger.state_parts import Branch, branch_node, build_part, read_part
from ledger.state_proof import verify_state
from ledger.state_tree import StateTree, root_record


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def state(count: int) -> tuple[StateTree, dict[str, bytes]]:
    kv = MemoryKeyValue()
    tree = StateTree(kv, sha256)
    values: dict[str, bytes | None] = {f"thing/{n}": b"value %d" % n * 5 for n in range(count)}
    kv.write(tree.stage(0, None, values).batch)
    return tree, {key: value for key, value in values.items() if value is not None}


def rebuilt(tree: StateTree, budget: int, version: int) -> tuple[StateTree, int]:
    """The same state in another store, as version `version`, and how many parts it took."""
    kv, branches, leaves = MemoryKeyValue(), {}, set()
    todo, count = [("", tree.root(0))], 0
    while todo:
        path, expected = todo.pop()
        part = read_part(tree, 0, path, budget)
        count += 1
        assert part is not None
        if isinstance(part, Branch):
            assert part.hash(sha256) == expected
            assert Branch.read(Reader(part.encode(), "branch")) == part
            branches[path] = part
            todo += [(path + digit, below) for digit, below in part.children()]
            continue
        subtree = build_part(sha256, version, path, part)
        assert subtree.hash == expected
        kv.write(subtree.batch)
        if subtree.is_leaf:
            leaves.add(path)
    for path, branch in branches.items():
        bits = sum(1 << int(digit, 16) for digit, _ in branch.children() if path + digit in leaves)
        kv.write(dict([branch_node(path, version, branch, bits)]))
    root = tree.root(0)
    kv.write(root_record(version, None if root == bytes(32) else version, root))
    return StateTree(kv, sha256), count


@pytest.mark.parametrize("count", [0, 1, 2, 3, 17, 300])
@pytest.mark.parametrize("budget", [0, 200, 2_000, 1_000_000])
def test_a_state_taken_over_in_parts_is_the_same(count: int, budget: int) -> None:
    tree, values = state(count)
    again, parts = rebuilt(tree, budget, 7)
    assert again.root(7) == tree.root(0)
    assert dict(again.scan("")) == values
    for key, value in values.items():
        assert verify_state(sha256, again.root(7), key, value, again.prove(key, 7))
    writes = {"thing/1": None, "thing/2": b"other", "thing/new": b"new"}
    assert again.stage(8, 7, writes).root == tree.stage(1, 0, writes).root
    assert parts == 1 or budget < 1_000_000


def test_a_path_where_nothing_stands_has_no_part() -> None:
    tree, _ = state(3)
    assert read_part(tree, 0, "0" * 64, 1_000) is None
    taken = {digit for digit, _ in _top(tree).children()}
    free = next(digit for digit in "0123456789abcdef" if digit not in taken)
    assert read_part(tree, 0, free, 1_000) is None
    with pytest.raises(Rejected, match="VERSION_NOT_KEPT"):
        read_part(tree, 5, "", 1_000)


def _top(tree: StateTree) -> Branch:
    part = read_part(tree, 0, "", 0)
    assert isinstance(part, Branch)
    return part


def test_leaves_that_do_not_belong_there_are_refused() -> None:
    tree, _ = state(20)
    pairs = read_part(tree, 0, "", 1 << 20)
    assert isinstance(pairs, tuple)
    for wrong in (pairs[::-1], (*pairs, pairs[-1]), (("", b"x"),), (("k" * 257, b""),)):
        with pytest.raises(Rejected, match="MALFORMED"):
            build_part(sha256, 1, "", wrong)
    for path in ("0", "0" * 65):
        with pytest.raises(Rejected, match="MALFORMED"):
            build_part(sha256, 1, path, pairs)
    with pytest.raises(Rejected, match="MALFORMED"):
        build_part(sha256, 1, "0", ())
    with pytest.raises(Misuse):
        branch_node("", 1, Branch(1, (bytes(32),)), 2)


def test_a_log_is_found_again_at_any_earlier_size() -> None:
    log, nodes, logs = HashLog(), {}, [HashLog()]
    for number in range(70):
        log, added = log.append_with_nodes(sha256, number.to_bytes(4, "big"))
        nodes.update(added)
        logs.append(log)
    for size, known in enumerate(logs):
        assert HashLog.at(size, lambda level, index: nodes[level, index]) == known
        assert all(nodes[place] == node for place, node in known.peaks().items())
        assert tuple(known.peaks().values()) == known.frontier
