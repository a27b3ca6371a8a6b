"""Writes docs/signing/vectors.json: `python -m tests.signing.make_vectors`, the same each time."""

import json
from typing import Any

from tests.signing import judged
from tests.signing.build import vector
from tests.signing.drafts import drafts
from tests.tidy.source import ROOT

FILE = ROOT / "docs" / "signing" / "vectors.json"


def vectors() -> dict[str, Any]:
    """What the file holds; docs/signing.md describes it."""
    return {
        "format": "yilian-signing-vectors/1",
        "transactions": [vector(draft) for draft in drafts()],
        "signatures": judged.signatures(),
        "judged": judged.transactions(),
    }


def text() -> str:
    """The file."""
    return json.dumps(vectors(), ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
