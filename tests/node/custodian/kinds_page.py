"""The table in docs/preparing.md, made from the custodian's own. `make docs` writes it."""

import sys
from pathlib import Path

from node.custodian.preparing.kinds import KINDS

PAGE = Path(__file__).resolve().parents[3] / "docs" / "preparing.md"
ROW = "| `"


def page_rows() -> list[str]:
    """A row for each kind: its document and its options, those that may be left out in italics."""
    rows = []
    for name, kind in KINDS.items():
        told = []
        for option in kind.options:
            shown = f"`{option.name}`" if option.required else f"*`{option.name}`*"
            told.append(f"{shown}: {option.about}")
        rows.append(f"| `{name}` | {kind.document or '—'} | {'<br>'.join(told) or '—'} |")
    return rows


def write() -> None:
    """Put the rows where the page has its own."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    first = next(at for at, line in enumerate(lines) if line.startswith(ROW))
    rest = [line for line in lines[first:] if not line.startswith(ROW)]
    PAGE.write_text("\n".join([*lines[:first], *page_rows(), *rest]) + "\n", encoding="utf-8")
    sys.stdout.write("docs/preparing.md\n")


if __name__ == "__main__":
    write()
