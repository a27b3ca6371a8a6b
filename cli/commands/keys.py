"""`yilian keys`: make and look at key files, and put one key in another's place."""

import argparse
import json
from pathlib import Path

from cli.access import key_option, node_option, passphrase
from cli.errors import Usage
from cli.output import hint, json_flag, show

SUMMARY = "make a key file, show its public key, or rotate an identity to a new key"
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
    rotate = actions.add_parser("rotate", help="a new key takes an identity's place on the chain")
    rotate.add_argument("file", type=Path, help="the new key; --key is the one that it replaces")
    key_option(rotate)
    node_option(rotate)
    json_flag(rotate)


def run(options: argparse.Namespace) -> int:
    """Do what the action says."""
    from crypto.keystore import create_key, load_key
    from crypto.suites import suite

    if options.action == "rotate":
        return _rotate(options)
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


def _rotate(options: argparse.Namespace) -> int:
    """Both key files have the same passphrase."""
    from cli.connection import connect
    from contracts.governance.requests import rotate_identity
    from crypto.keystore import load_key

    secret = passphrase()
    kind, old = load_key(options.key, secret)
    new_kind, new = load_key(options.file, secret)
    if new_kind.name != kind.name:
        raise Usage(f"the keys are of different suites: {kind.name} and {new_kind.name}")
    signer, successor = kind.signer(old), kind.signer(new)
    with connect(options.node) as client:
        status = client.status()
        request = rotate_identity(status.chain_id, signer.public_key, successor, status.height)
        receipt = client.call("identity", "rotate", [request], signer)
    operation = receipt.operations[0]
    facts = {"height": receipt.height, "code": operation.code, **dict(operation.fields)}
    show(options, facts | (json.loads(operation.result) if operation.result else {}))
    if operation.code == "OK":
        hint("next: use the new key file; the old one can't sign any more")
    return 0 if operation.code == "OK" else 1
