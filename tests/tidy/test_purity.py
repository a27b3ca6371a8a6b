"""Pure rooms: no I/O, no clock, no randomness, no floats, no iteration over an unordered set."""

import ast
from collections.abc import Iterator

import pytest

from tests.tidy.source import Source, rooms

PURE_ROOMS = {"ledger", "contracts", "documents"}
# The cores of rooms that also hold a shell.
PURE_FILES = {
    "consensus/machine.py",
    "consensus/state.py",
    "consensus/votes.py",
    "consensus/messages.py",
    "consensus/proposer.py",
    "consensus/gossip.py",
    "consensus/parts.py",
    "consensus/bisection.py",
    "consensus/evidence.py",
    "router/relay.py",
    "node/why/explain.py",
    "node/why/facts.py",
}
BANNED_MODULES = {
    "asyncio", "concurrent", "datetime", "glob", "grpc", "http", "io", "logging", "multiprocessing",
    "os", "pathlib", "random", "requests", "secrets", "shutil", "signal", "socket", "sqlite3",
    "subprocess", "sys", "tempfile", "threading", "time", "urllib", "uuid",
}  # fmt: skip
BANNED_CALLS = {"open", "print", "input", "hash", "id", "float", "eval", "exec", "breakpoint"}
# documents/ checks calendar dates with datetime.date, which reads no clock unless asked to.
ALLOWED = {("documents", "datetime")}


def is_pure(source: Source) -> bool:
    return source.room in PURE_ROOMS or source.path in PURE_FILES


def _is_set(node: ast.expr) -> bool:
    if isinstance(node, ast.Set | ast.SetComp):
        return True
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in {"set", "frozenset"}
    )


def impurities(source: Source) -> Iterator[str]:
    for line, name in source.imports():
        top = name.split(".", 1)[0]
        if top in BANNED_MODULES and (source.room, top) not in ALLOWED:
            yield f"{source.path}:{line} imports {name}"
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id in BANNED_CALLS:
                yield f"{source.path}:{node.lineno} calls {node.func.id}()"
        elif isinstance(node, ast.Constant) and isinstance(node.value, float):
            yield f"{source.path}:{node.lineno} has a float"
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            yield f"{source.path}:{node.lineno} divides with / (use //)"
        elif isinstance(node, ast.For | ast.comprehension) and _is_set(node.iter):
            yield f"{source.path}:{getattr(node, 'lineno', node.iter.lineno)} iterates a set"
        elif isinstance(node, ast.Attribute) and node.attr in {"now", "today", "utcnow", "urandom"}:
            yield f"{source.path}:{node.lineno} reads {node.attr}"


@pytest.mark.covers(row=15)
def test_pure_rooms_are_pure() -> None:
    assert [found for source in rooms() if is_pure(source) for found in impurities(source)] == []


@pytest.mark.parametrize(
    "text",
    [
        "import time\n",
        "from os import path\n",
        "x = 0.5\n",
        "x = 7 / 2\n",
        "y = hash('a')\n",
        "for x in {1, 2}: pass\n",
        "z = [x for x in set(q)]\n",
        "open('f')\n",
    ],
)
@pytest.mark.covers(row=15)
def test_an_impurity_would_be_found(text: str) -> None:
    assert list(impurities(Source("ledger/bad.py", text, ast.parse(text))))


def test_the_named_cores_exist() -> None:
    present = {source.path for source in rooms()}
    assert present >= PURE_FILES
