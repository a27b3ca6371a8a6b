"""`yilian fsck`: check a stopped node's whole ledger from its first block on."""

import argparse
from pathlib import Path

from cli.errors import Usage
from cli.output import json_flag, show

SUMMARY = "check a stopped node's ledger: links, roots, certificates, state"
EXAMPLE = "yilian fsck --config /srv/yilian/node.toml"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--config", required=True, type=Path, help="the node's TOML file")
    parser.add_argument(
        "--replay", action="store_true", help="also run every transaction again from genesis"
    )
    json_flag(parser)


def run(options: argparse.Namespace) -> int:
    """Re-derive everything; exit code 1 when something does not hold."""
    from node.config import load_config
    from node.files import read_genesis
    from node.fsck import fsck

    node = load_config(options.config).node
    store = Path(node.home) / "store"
    if not store.is_dir():
        raise Usage(f"there is no ledger in {node.home}: the node was never started")
    height = fsck(store, read_genesis(node.genesis), replay=options.replay)
    show(options, {"height": height, "sound": True, "replayed": options.replay})
    return 0
