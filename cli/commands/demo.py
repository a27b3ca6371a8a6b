"""`yilian demo`: the journey of a real medical e-bill through three chains on this machine."""

import argparse
import contextlib
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table

from cli.access import validator_count
from cli.signals import Ended, ended_by_signals

SUMMARY = "three chains on this machine, and a real medical e-bill's journey through them"
EXAMPLE = "yilian demo --once"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--once", action="store_true", help="end after the journey: 0 if all went well"
    )
    parser.add_argument(
        "--validators",
        type=validator_count,
        default=4,
        metavar="COUNT",
        help="of the province chain (default 4)",
    )
    parser.add_argument(
        "--folder", type=Path, help="keep everything here (default: a folder that is deleted)"
    )


def run(options: argparse.Namespace) -> int:
    """Start the stage, take the journey, show the summary, stay until Ctrl-C unless --once."""
    # NO_COLOR asks for plain text: rich alone would still send bold.
    plain = bool(os.environ.get("NO_COLOR"))
    console = Console(highlight=False, color_system=None if plain else "auto")
    import testnet.journey.run  # noqa: F401  (before signals raise)
    from testnet.processes import DidNotStart

    with ended_by_signals(), _folder(options.folder) as folder:
        try:
            return _show(console, folder, options.validators, options.once)
        except DidNotStart as failure:
            console.print(str(failure), markup=False)
            return 1


def _show(console: Console, folder: Path, validators: int, once: bool) -> int:
    from node.client import ClientError
    from testnet.journey.run import Outcome, travel
    from testnet.journey.world import JourneyBroken, World
    from testnet.stage import PROVINCE, lay_out

    began = time.monotonic()
    console.print("[bold]医链 Yilian[/bold]  three chains on this machine")
    console.print(
        f"  validators: finance 1 (intl), province {validators} (gm), national 1 (gm);"
        " a router at each chain"
    )
    stage = lay_out(folder, province_validators=validators)
    console.print(f"  starting {len(stage.supervisor.processes)} processes; logs in {folder}")
    with stage.supervisor.running():
        console.print(f"  all up after {time.monotonic() - began:.1f} s")
        world = World(stage)
        try:
            outcomes: list[Outcome] = travel(
                world,
                began=lambda step: console.print(
                    f"\n[bold]{step.number}. {step.title}[/bold]", soft_wrap=True
                ),
                said=lambda line: console.print(f"   {line}", markup=False, soft_wrap=True),
            )
        except (JourneyBroken, ClientError) as broken:
            console.print(f"the journey broke: {broken}", style="red", markup=False)
            return 1
        finally:
            world.close()
        console.print(_summary(outcomes))
        console.print(f"JSON API: http://{stage.http_address(PROVINCE)}/docs")
        console.print(f"gRPC:     {stage.grpc_address(PROVINCE)}")
        if not once:
            console.print("Ctrl-C ends it and leaves nothing behind.")
            with contextlib.suppress(Ended):  # the way it is meant to end
                threading.Event().wait()
    return 0


def _summary(outcomes: list) -> Table:  # type: ignore[type-arg]
    table = Table(title="\nThe journey")
    table.add_column("step", justify="right")
    table.add_column("what")
    table.add_column("outcome")
    table.add_column("seconds", justify="right")
    for outcome in outcomes:
        table.add_row(
            str(outcome.step.number), outcome.step.title, outcome.result, f"{outcome.seconds:.1f}"
        )
    return table


@contextlib.contextmanager
def _folder(wanted: Path | None) -> Iterator[Path]:
    if wanted is not None:
        wanted.mkdir(parents=True, exist_ok=False, mode=0o700)
        yield wanted.resolve()
        return
    folder = Path(tempfile.mkdtemp(prefix="yilian-demo-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
