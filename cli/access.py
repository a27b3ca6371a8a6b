"""How a verb reaches a node and a key: shared options, and where the passphrase comes from."""

import argparse
import getpass
import os
import re
import sys
from pathlib import Path

from cli.errors import Usage

PASSPHRASE_VARIABLE = "YILIAN_PASSPHRASE"
NODE_VARIABLE = "YILIAN_NODE"
VALIDATORS_MAX = 31

_ADDRESS = re.compile(r"([^\s:]+|\[[0-9a-fA-F:.]+\]):([0-9]{1,5})")


def address(text: str) -> str:
    """A node's address as typed; ArgumentTypeError says what it has to look like."""
    found = _ADDRESS.fullmatch(text)
    if found is None or not 1 <= int(found[2]) <= 65_535:
        raise argparse.ArgumentTypeError(f"{text!r} is no HOST:PORT, such as 127.0.0.1:7401")
    return text


def validator_count(text: str) -> int:
    """How many validators a chain has: 1 to 31."""
    if not re.fullmatch(r"[0-9]{1,2}", text) or not 1 <= int(text) <= VALIDATORS_MAX:
        raise argparse.ArgumentTypeError(f"a number from 1 to {VALIDATORS_MAX} is expected")
    return int(text)


def node_option(parser: argparse.ArgumentParser) -> None:
    """Give a verb its --node option."""
    parser.add_argument(
        "--node",
        type=address,
        default=os.environ.get(NODE_VARIABLE, "127.0.0.1:7401"),
        metavar="HOST:PORT",
        help=f"gRPC address of a node (default: ${NODE_VARIABLE} or 127.0.0.1:7401)",
    )


def key_option(parser: argparse.ArgumentParser) -> None:
    """Give a verb its --key option."""
    parser.add_argument(
        "--key",
        required=True,
        type=Path,
        metavar="FILE",
        help=f"key file of `yilian keys new`; passphrase: asked for, or ${PASSPHRASE_VARIABLE}",
    )


def passphrase(*, confirm: bool = False) -> bytes:
    """The passphrase from the environment, or asked for on the terminal (twice with `confirm`)."""
    given = os.environ.get(PASSPHRASE_VARIABLE)
    if given is not None:
        return given.encode()
    if not sys.stdin.isatty():
        raise Usage(f"set {PASSPHRASE_VARIABLE}: there is no terminal to ask for the passphrase")
    first = getpass.getpass("passphrase: ")
    if confirm and getpass.getpass("again: ") != first:
        raise Usage("the two passphrases differ; nothing was written")
    return first.encode()
