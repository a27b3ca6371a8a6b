"""`yilian start`: run a node or a router in the foreground until SIGTERM or Ctrl-C."""

import argparse
import tomllib
from pathlib import Path

from cli.signals import ends_at_once

SUMMARY = "run a node or a router in the foreground"
EXAMPLE = "YILIAN_PASSPHRASE=... yilian start --config /srv/yilian/node.toml"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--config", required=True, type=Path, help="TOML file with a [node] or a [router] table"
    )


def run(options: argparse.Namespace) -> int:
    """Start what the file describes; the process's exit code, 0 when it was told to end."""
    with ends_at_once():
        return _serve(options.config)


def _serve(config: Path) -> int:
    if _describes_router(config):
        import asyncio

        from router.config import load_config as load_router_config
        from router.runtime import run_router

        asyncio.run(run_router(load_router_config(config)))
        return 0
    from node.config import load_config
    from node.runtime import serve

    return serve(load_config(config))


def _describes_router(path: Path) -> bool:
    """Whether the file has a [router] table; what is unreadable is left to the full check."""
    try:
        with path.open("rb") as file:
            return "router" in tomllib.load(file)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return False
