"""Which tests are scenarios of which clauses, read from their sources: nothing is run for it."""

import ast
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
FOLDERS = ("scenarios", "journey")


def scenarios() -> dict[str, list[str]]:
    """Clause -> the tests marked with it, as "folder/file::test", in the order they stand."""
    found: dict[str, list[str]] = {}
    for folder in FOLDERS:
        for path in sorted((TESTS / folder).glob("test_*.py")):
            for test, clause in _marked(ast.parse(path.read_text(encoding="utf-8"))):
                found.setdefault(clause, []).append(f"{folder}/{path.name}::{test}")
    return found


def _marked(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef):
            continue
        for decorator in node.decorator_list:
            if isinstance(decorator, ast.Call) and ast.unparse(decorator.func).endswith(".clause"):
                for argument in decorator.args:
                    yield node.name, ast.literal_eval(argument)
