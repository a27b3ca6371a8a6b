"""Step 9: the bill's whole trace, and evidence that a fresh process checks with no network."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from testnet.journey.world import FIRST_BILL, World, bill_state_key, expect
from testnet.stage import PROVINCE

TITLE = "the whole trace, and evidence that needs no trust in us (轨迹, 存证)"


def run(world: World) -> Iterator[str]:
    """One flipped digit makes the check fail, and it says which."""
    key = bill_state_key(FIRST_BILL)
    for event in world.trace(PROVINCE, key):
        details = " ".join(f"{name}={value}" for name, value in event["details"].items())
        yield (
            f"  {event['index']:>2} h{event['height']:<4} {event['actor_org']:<24}"
            f" {event['action']:<20} {event['code']:<14} {details[:60]}"
        )
    file = world.stage.folder / "bill.evidence.json"
    file.write_bytes(world.patiently(lambda: world.client(PROVINCE).evidence(key)))
    good = verify(file, world.stage.genesis_file(PROVINCE))
    expect(good.returncode == 0, f"the evidence is good: {good.stdout}{good.stderr}")
    report = json.loads(good.stdout)
    for check in report["checks"]:
        yield f"  ✓ {check}"
    yield f"evidence of {file.stat().st_size} bytes verified by a fresh process without network"
    bad = verify(_with_one_digit_flipped(file), world.stage.genesis_file(PROVINCE))
    expect(bad.returncode == 1, "a flipped digit is noticed")
    failed = json.loads(bad.stdout)["failed"]
    yield f"one digit flipped: refused at check “{failed}”"


def verify(file: Path, genesis: Path) -> subprocess.CompletedProcess[str]:
    """`yilian verify` in a process of its own."""
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "cli.main",
            "verify",
            str(file),
            "--checkpoint",
            str(genesis),
            "--json",
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def _with_one_digit_flipped(file: Path) -> Path:
    content = file.read_bytes()
    record = json.loads(content)["record"].encode("ascii")
    place = content.index(record) + len(record) // 2
    digit = b"1" if content[place : place + 1] == b"0" else b"0"
    flipped = file.with_name("flipped.evidence.json")
    flipped.write_bytes(content[:place] + digit + content[place + 1 :])
    return flipped
