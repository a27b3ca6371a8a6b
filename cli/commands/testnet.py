"""`yilian testnet`: the three chains of the demo, laid out and run for work of one's own."""

import argparse
import threading
from pathlib import Path

from cli.access import validator_count
from cli.output import hint
from cli.signals import Ended, ended_by_signals

SUMMARY = "lay out and run the demo's three chains for work of your own, until Ctrl-C"
EXAMPLE = "yilian testnet /tmp/three-chains --validators 4"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("folder", type=Path, help="folder to make; keys, data and logs go there")
    parser.add_argument(
        "--validators",
        type=validator_count,
        default=4,
        metavar="COUNT",
        help="of the province chain (default 4)",
    )


def run(options: argparse.Namespace) -> int:
    """Start everything and wait; exit code 0 once it was told to end."""
    import testnet.stage  # noqa: F401  (before signals raise)

    with ended_by_signals():
        try:
            _stay(options.folder, options.validators)
        except Ended:
            hint(f"all processes have ended; keys, data and logs stay in {options.folder}")
    return 0


def _stay(folder: Path, validators: int) -> None:
    from testnet.stage import lay_out

    folder.mkdir(parents=True, exist_ok=False, mode=0o700)
    stage = lay_out(folder.resolve(), province_validators=validators)
    with stage.supervisor.running():
        for name, process in stage.supervisor.processes.items():
            found = " ".join(f"{kind}={at}" for kind, at in sorted(process.addresses().items()))
            print(f"{name:<18} {found}", flush=True)
        hint("Ctrl-C ends all processes; the folder stays")
        threading.Event().wait()
