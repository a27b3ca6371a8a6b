"""RFC 6962 trees against their definition, and paths that are not quite right."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.digest import sha256
from faults import Misuse, Rejected
from ledger import merkle
from ledger.merkle import HashLog
from tests.ledger import oracle


def leaves(count: int) -> list[bytes]:
    return [b"leaf %d" % i for i in range(count)]


def test_known_answers() -> None:
    # Roots of the first entries of the usual Certificate Transparency test data.
    entries = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657"]
    data = [bytes.fromhex(entry) for entry in entries]
    assert merkle.root(sha256, []).hex() == (
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    )
    assert merkle.root(sha256, data[:1]).hex() == (
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    )
    assert merkle.root(sha256, data[:2]).hex() == (
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"
    )
    assert merkle.root(sha256, data[:7]).hex() == (
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"
    )


@given(st.integers(0, 70))
def test_root_is_the_definition(count: int) -> None:
    assert merkle.root(sha256, leaves(count)) == oracle.tree(sha256, leaves(count))


@settings(max_examples=40)
@given(st.integers(1, 70), st.data())
def test_paths_verify_and_nothing_near_them_does(count: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, count - 1))
    all_leaves, root = leaves(count), merkle.root(sha256, leaves(count))
    path = merkle.path(sha256, all_leaves, index)
    assert list(path) == oracle.tree_path(sha256, all_leaves, index)

    def holds(leaf: bytes, i: int, n: int, p: tuple[bytes, ...], r: bytes = root) -> bool:
        return merkle.verify_path(sha256, leaf, i, n, p, r)

    assert holds(all_leaves[index], index, count, path)
    assert not holds(b"other", index, count, path)
    assert not holds(all_leaves[index], index, count, (*path, bytes(32)))
    assert not holds(all_leaves[index], index, count, (bytes(32), *path))
    assert not holds(all_leaves[index], index, count, path, bytes(32))
    assert not any(
        holds(all_leaves[index], i, count, path) for i in range(-1, count + 2) if i != index
    )
    for cut in range(len(path)):
        assert not holds(all_leaves[index], index, count, path[:cut] + path[cut + 1 :])
        flipped = path[cut][:-1] + bytes([path[cut][-1] ^ 1])
        assert not holds(all_leaves[index], index, count, (*path[:cut], flipped, *path[cut + 1 :]))
        assert not holds(all_leaves[index], index, count, (*path[:cut], b"", *path[cut + 1 :]))


def test_an_inner_node_is_not_a_leaf() -> None:
    root = merkle.root(sha256, leaves(4))
    left, right = (merkle.root(sha256, leaves(4)[i : i + 2]) for i in (0, 2))
    assert not merkle.verify_path(sha256, left, 0, 2, (right,), root)
    inner = b"\x01" + left + right
    assert not merkle.verify_path(sha256, inner, 0, 1, (), root)


def test_absurd_sizes_are_false() -> None:
    assert not merkle.verify_path(sha256, b"x", 0, 0, (), bytes(32))
    assert not merkle.verify_path(sha256, b"x", 0, 2**65, (), bytes(32))
    assert not merkle.verify_path(sha256, b"x", 0, 2**64, (bytes(32),) * 65, bytes(32))


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 100))
def test_the_log_is_the_tree(count: int) -> None:
    log, nodes = HashLog(), dict[tuple[int, int], bytes]()
    for size, leaf in enumerate(leaves(count)):
        assert log.root(sha256) == merkle.root(sha256, leaves(size))
        assert HashLog.decode(log.encode()) == log
        assert log.append(sha256, leaf) == log.append_with_nodes(sha256, leaf)[0]
        log, completed = log.append_with_nodes(sha256, leaf)
        nodes.update(completed)
    for size in range(1, count + 1, 7):
        for index in range(0, size, 5):
            path = merkle.log_path(sha256, index, size, lambda level, i: nodes[level, i])
            assert path == merkle.path(sha256, leaves(size), index)


def test_a_frontier_has_its_sizes_form() -> None:
    log = HashLog()
    for leaf in leaves(5):
        log = log.append(sha256, leaf)
    for wrong in (log.encode()[:-1], log.encode() + b"\0", bytes(7) + b"\x04" + log.encode()[8:]):
        with pytest.raises(Rejected, match="MALFORMED"):
            HashLog.decode(wrong)


def test_no_path_to_what_is_not_there() -> None:
    with pytest.raises(Misuse):
        merkle.path(sha256, leaves(3), 3)
    with pytest.raises(Misuse):
        merkle.log_path(sha256, 3, 3, lambda level, i: b"")
