"""Rooms import only rooms on floors below them."""

from tests.tidy.source import FLOORS, ROOT, Source, rooms, sources


def upward_imports(source: Source) -> list[str]:
    floor = FLOORS[source.room]
    wrong = []
    for line, name in source.imports():
        target = name.split(".", 1)[0]
        if target == "tests" or (
            target in FLOORS and target != source.room and FLOORS[target] >= floor
        ):
            wrong.append(f"{source.path}:{line} imports {name}")
    return wrong


def test_rooms_import_downward_only() -> None:
    assert [wrong for source in rooms() for wrong in upward_imports(source)] == []


def test_an_upward_import_would_be_found() -> None:
    import ast

    text = "from node.store import RocksStore\nimport contracts.registry\n"
    bad = Source("ledger/bad.py", text, ast.parse(text))
    assert len(upward_imports(bad)) == 2


def test_every_folder_with_python_is_a_room_or_known() -> None:
    known = {*FLOORS, "tests", "bench", "docs"}
    assert {source.room for source in sources() if "/" in source.path} <= known


def test_rooms_have_a_first_sentence() -> None:
    missing = [
        room
        for room in FLOORS
        if (ROOT / room).exists()
        and not (
            (ROOT / room / "__init__.py").exists()
            and (ROOT / room / "__init__.py").read_text(encoding="utf-8").startswith('"""')
        )
    ]
    assert missing == []
