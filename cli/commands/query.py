"""`yilian query`: one record of the state."""

import argparse
import json

from cli.access import node_option
from cli.output import hint, json_flag, show

SUMMARY = "show a record of the state, e.g. bill/46060124-0000000101"
EXAMPLE = "yilian query --node 127.0.0.1:7401 bill/46060124-0000000101"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("object", help="state key: contract/object key")
    node_option(parser)
    json_flag(parser)


def run(options: argparse.Namespace) -> int:
    """Print the record; exit code 1 when there is none."""
    from cli.connection import connect

    with connect(options.node) as client:
        reply = client.state(options.object)
    if not reply.found:
        proof = ", and its absence is proved" if reply.proof else ""
        hint(f"nothing stands at {options.object} at height {reply.height}{proof}")
        return 1
    show(options, {"height": reply.height, **json.loads(reply.record_json)})
    return 0
