"""What the verbs print: tables and lines for people, one JSON document with --json."""

import argparse
import json
import sys
from collections.abc import Mapping
from typing import Any


def json_flag(parser: argparse.ArgumentParser) -> None:
    """Give a verb its --json switch."""
    parser.add_argument(
        "--json", action="store_true", help="print one JSON document instead of text"
    )


def show(options: argparse.Namespace, facts: Mapping[str, Any]) -> None:
    """Print named facts: as JSON, or one aligned line each."""
    if options.json:
        print(json.dumps(facts, ensure_ascii=False, indent=2))
        return
    width = max((len(name) for name in facts), default=0)
    for name, value in facts.items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        print(f"{name:<{width}}  {text}")


def hint(text: str) -> None:
    """Say on standard error what to do next; standard output stays machine-readable."""
    sys.stderr.write(f"{text}\n")
