"""`yilian keys`: make and look at key files."""

import argparse
from pathlib import Path

from cli.access import passphrase
from cli.output import hint, json_flag, show

SUMMARY = "make a key file, or show its public key"
EXAMPLE = "yilian keys new --suite gm bureau.key"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the actions."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    new = actions.add_parser("new", help="make a key; an existing file is never overwritten")
    new.add_argument("file", type=Path)
    new.add_argument("--suite", choices=("gm", "intl"), default="gm", help="gm = SM2, intl = P-256")
    new.add_argument(
        "--node",
        action="store_true",
        help="for a node: mark it as never used, so that its first start may sign",
    )
    json_flag(new)
    look = actions.add_parser("show", help="the suite and public key of a key file")
    look.add_argument("file", type=Path)
    json_flag(look)


def run(options: argparse.Namespace) -> int:
    """Make or show a key."""
    from crypto.keystore import create_key, load_key
    from crypto.suites import suite

    if options.action == "new":
        public_key = create_key(options.file, suite(options.suite), passphrase(confirm=True))
        if options.node:
            from node.first_start import mark_never_signed

            mark_never_signed(options.file, public_key)
        show(
            options,
            {"file": str(options.file), "suite": options.suite, "public_key": public_key.hex()},
        )
        hint("next: have the governance of the chain register this public key")
        return 0
    kind, private_key = load_key(options.file, passphrase())
    show(
        options,
        {
            "file": str(options.file),
            "suite": kind.name,
            "public_key": kind.public_key(private_key).hex(),
        },
    )
    return 0
