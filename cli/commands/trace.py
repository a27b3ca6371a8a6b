"""`yilian trace`: everything that happened to an object."""

import argparse
import json

from cli.access import node_option
from cli.output import json_flag

SUMMARY = "show everything that happened to an object, refusals included"
EXAMPLE = "yilian trace --node 127.0.0.1:7401 bill/46060124-0000000101"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("object", help="state key: contract/object key")
    node_option(parser)
    json_flag(parser)


def run(options: argparse.Namespace) -> int:
    """Print the events, oldest first."""
    from cli.connection import connect

    with connect(options.node) as client:
        reply = client.trace(options.object)
    events = [json.loads(event.event_json) for event in reply.events]
    if options.json:
        print(json.dumps(events, ensure_ascii=False, indent=2))
        return 0
    for event in events:
        details = " ".join(f"{name}={value}" for name, value in event["details"].items())
        print(
            f"{event['index']:>4}  height {event['height']:<6} {event['actor_org']:<22}"
            f" {event['action']:<24} {event['code']:<20} {details}"
        )
    return 0
