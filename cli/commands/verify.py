"""`yilian verify`: check an evidence file with no network and no trust in whoever made it."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from cli.output import json_flag
from faults import Rejected

SUMMARY = "check an evidence file against a checkpoint or genesis file you trust; needs no network"
EXAMPLE = "yilian verify bill.evidence.json --checkpoint genesis.json"
FILE_BYTES_MAX = 256 * 1024 * 1024


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("file", type=Path, help="evidence file made by `yilian evidence`")
    parser.add_argument(
        "--checkpoint", required=True, type=Path, help="checkpoint or genesis file you trust"
    )
    json_flag(parser)


def run(options: argparse.Namespace) -> int:
    """Print each check that passed; exit code 1 and the name of the first that failed."""
    from ledger.evidence import verify_evidence

    _forbid_network()
    try:
        report = verify_evidence(_read(options.file), _read(options.checkpoint))
    except Rejected as refusal:
        return _refused(options, refusal)
    if options.json:
        facts = {
            "verified": True,
            "chain_id": report.chain_id,
            "object": report.key,
            "height": report.height,
            "block_hash": report.block_hash.hex(),
            "events": len(report.events),
            "checks": [f"{check.name}: {check.detail}" for check in report.checks],
        }
        print(json.dumps(facts, ensure_ascii=False, indent=2))
        return 0
    print(f"{report.key} on chain {report.chain_id} at height {report.height}: verified")
    for check in report.checks:
        print(f"  ok  {check.name}: {check.detail}")
    return 0


def _refused(options: argparse.Namespace, refusal: Rejected) -> int:
    failed = refusal.fields.get("check", refusal.code.name)
    reason = refusal.fields.get("reason", refusal.code.en)
    if options.json:
        facts = {"verified": False, "failed": failed, "code": refusal.code.name, "reason": reason}
        print(json.dumps(facts, ensure_ascii=False, indent=2))
    else:
        print(f"NOT verified: check “{failed}” failed\n  {reason}\n  {refusal.code.zh}")
    return 1


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(FILE_BYTES_MAX)


def _forbid_network() -> None:
    """From here on this process cannot open a socket, so that the answer owes nothing to anyone."""

    def refuse(event: str, _: tuple[Any, ...]) -> None:
        if event.startswith("socket."):
            raise RuntimeError(f"verify must not use the network ({event})")

    sys.addaudithook(refuse)
