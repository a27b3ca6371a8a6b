"""`yilian why`: why no block is coming, or that all is well."""

import argparse
import json
import unicodedata
from typing import TYPE_CHECKING

from cli.access import node_option
from cli.output import json_flag

if TYPE_CHECKING:
    from proto.services_pb2 import WhyReply, WhyValidator

SUMMARY = "say why no block is coming, who is missing and what to do (exit code 0: all is well)"
EXAMPLE = "yilian why --node 127.0.0.1:7401"

WELL = ("healthy", "idle")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    node_option(parser)
    json_flag(parser)


def run(options: argparse.Namespace) -> int:
    """Print the reasons, most important first, and the validators; 1 when something is wrong."""
    from cli.connection import connect
    from node.why.answer import why_json

    with connect(options.node) as client:
        reply = client.why()
    if options.json:
        print(json.dumps(why_json(reply), ensure_ascii=False, indent=2))
    else:
        _print(reply)
    return 0 if reply.verdict in WELL else 1


def _print(reply: "WhyReply") -> None:
    step = f", step {reply.step}" if reply.step else ""
    print(f"{reply.node_name}: {reply.verdict}")
    print(f"  height {reply.height} committed; deciding the next in round {reply.round}{step}")
    for reason in reply.reasons:
        print(f"\n{reason.code} ({reason.severity})\n  {reason.zh}\n  {reason.en}")
    print()
    _print_table([_HEAD, *(_row(one) for one in reply.validators)])


_HEAD = ["validator", "power", "connected", "at", "prevote", "precommit", "clock", "heard"]


def _row(one: "WhyValidator") -> list[str]:
    at = f"{one.height}/{one.round} {one.step}" if one.step else "-"
    clock = f"{one.clock_offset_ms:+d}±{one.clock_error_ms} ms" if one.clock_measured else "-"
    connected = "self" if one.own else "yes" if one.connected else "no"
    heard = f"{one.heard_ms_ago / 1000:.1f} s ago" if one.heard and not one.own else "-"
    votes = [vote[:8] or "-" for vote in (one.prevote, one.precommit)]
    return [one.name, str(one.power), connected, at, *votes, clock, heard]


def _print_table(rows: list[list[str]]) -> None:
    widths = [max(_width(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = [
            text + " " * (width - _width(text)) for text, width in zip(row, widths, strict=True)
        ]
        print("  ".join(cells).rstrip())


def _width(text: str) -> int:
    """Columns on a terminal: a wide character takes two."""
    return sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text)
