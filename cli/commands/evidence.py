"""`yilian evidence`: a file that proves an object's record and its whole trace."""

import argparse
import errno
from pathlib import Path

from cli.access import node_option
from cli.output import hint, json_flag, show

SUMMARY = "write a file with which an auditor can check an object alone"
EXAMPLE = "yilian evidence bill/46060124-0000000101 --out bill.evidence.json"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("object", help="state key: contract/object key")
    parser.add_argument("--out", required=True, type=Path, help="where to write; must not exist")
    node_option(parser)
    json_flag(parser)


def run(options: argparse.Namespace) -> int:
    """Fetch and write the evidence."""
    from cli.connection import connect

    if options.out.exists():
        raise FileExistsError(errno.EEXIST, "exists", str(options.out))
    with connect(options.node) as client:
        evidence = client.evidence(options.object)
    with options.out.open("xb") as file:
        file.write(evidence)
    show(options, {"file": str(options.out), "bytes": len(evidence)})
    hint(f"next: yilian verify {options.out} --checkpoint GENESIS_OR_CHECKPOINT")
    return 0
