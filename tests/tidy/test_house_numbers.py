"""The house numbers (docs/decisions/0003): sizes, and what may not stand in the code."""

import ast
import re

from tests.tidy.source import ROOT, rooms, sources

FUNCTION_LINES_MAX = 70
FILE_LINES_MAX = 600
LINE_COLUMNS_MAX = 100


def test_functions_are_short() -> None:
    long = [
        f"{source.path}:{function.lineno} {function.name} has {length} lines"
        for source in sources()
        for function in source.functions()
        if (length := (function.end_lineno or 0) - function.lineno + 1) > FUNCTION_LINES_MAX
    ]
    assert long == []


def test_files_hold_one_subject() -> None:
    long = [
        f"{source.path} has {lines} lines"
        for source in sources()
        if (lines := source.text.count("\n")) > FILE_LINES_MAX
    ]
    assert long == []


def test_lines_fit() -> None:
    wide = [
        f"{source.path}:{number}"
        for source in sources()
        for number, line in enumerate(source.text.splitlines(), 1)
        if len(line) > LINE_COLUMNS_MAX
    ]
    assert wide == []


def test_nothing_is_left_undone_in_comments() -> None:
    words = ("TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK")
    marks = re.compile(rf"#.*\b({'|'.join(words)})\b")
    left = [
        f"{source.path}:{number}"
        for source in sources()
        for number, line in enumerate(source.text.splitlines(), 1)
        if marks.search(line)
    ]
    assert left == []


def test_no_bare_except_and_no_assert_for_input() -> None:
    found = []
    for source in rooms():
        for node in ast.walk(source.tree):
            if isinstance(node, ast.ExceptHandler) and node.type is None:
                found.append(f"{source.path}:{node.lineno} bare except")
            if isinstance(node, ast.Assert):
                found.append(f"{source.path}:{node.lineno} assert")
    assert found == []


def test_only_the_command_line_prints() -> None:
    found = [
        f"{source.path}:{node.lineno}"
        for source in rooms()
        if source.room not in {"cli", "testnet"}
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "print"
    ]
    assert found == []


def test_every_package_says_what_it_is() -> None:
    silent = [
        source.path
        for source in rooms()
        if source.text.strip() and ast.get_docstring(source.tree) is None
    ]
    assert silent == []


def test_each_dependency_has_its_reason() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = project["dependencies"] + project["optional-dependencies"]["dev"]
    reasons = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    names = [re.split(r"[<>=\[ ]", line)[0] for line in wanted]
    assert [name for name in names if f"`{name}`" not in reasons] == []
