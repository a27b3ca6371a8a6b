"""The source tree as the tidy tests see it."""

import ast
import contextlib
import gc
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# A room imports only rooms on floors below its own (and itself).
FLOORS: dict[str, int] = {
    "faults": 0,
    "proto": 1,
    "crypto": 1,
    "ledger": 2,
    "documents": 2,
    "consensus": 3,
    "contracts": 3,
    "router": 3,
    "node": 4,
    "adapters": 5,
    "testnet": 6,
    "cli": 7,  # above testnet, because `yilian demo` and `yilian testnet` run it
}


@dataclass(frozen=True)
class Source:
    """One file of the tree, parsed."""

    path: str
    text: str
    tree: ast.Module

    @property
    def room(self) -> str:
        """The top-level folder the file stands in."""
        return self.path.split("/", 1)[0]

    def imports(self) -> Iterator[tuple[int, str]]:
        """Line and dotted name of every import, those inside functions included."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from ((node.lineno, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
                yield node.lineno, node.module

    def functions(self) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
        """Every function and method, nested ones too."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node


@cache
def sources() -> tuple[Source, ...]:
    """Every Python file git knows or would take, generated code left out."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    paths = [
        path
        for path in sorted(set(listing.stdout.split()))
        if "_pb2" not in path and (ROOT / path).exists()
    ]
    with _uncollected():
        return tuple(_parsed(path) for path in paths)


def _parsed(path: str) -> Source:
    text = (ROOT / path).read_text(encoding="utf-8")
    return Source(path, text, ast.parse(text, filename=path))


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """Syntax trees are millions of objects, all of them kept: collecting finds nothing, slowly."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was:
            gc.enable()


@cache
def rooms() -> tuple[Source, ...]:
    """The sources that stand in a room (tests and bench are none)."""
    return tuple(source for source in sources() if source.room in FLOORS)
