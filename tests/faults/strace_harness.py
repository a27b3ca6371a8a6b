"""Kills or fails a validator at one chosen system call on one of its files, and looks at the rest.

A first run under strace counts the calls; each trial is a new run in which the i-th such call on
that file kills the process (before it happens) or fails. Afterwards fsck has to be clean, all that
was acknowledged has to be there, and the node has to start and take the same transactions again.
"""

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from crypto.suites import GM
from ledger.transaction import body_hash
from node.block_store import BlockStore
from node.fsck import check_store, replay_store
from node.runtime import EXIT_FATAL
from node.store import RocksStore
from testnet.faults.cluster import PASSPHRASE, PASSPHRASE_ENV, lay_out
from testnet.faults.load import transaction
from tests.faults.strace_worker import FIRST, TOLD, TRANSACTIONS

CALLS = (
    "write",
    "pwrite64",
    "fsync",
    "fdatasync",
    "rename",
    "renameat2",
    "ftruncate",
    "unlink",
)
KILLED = -9
STRACE_KILLED = 128 + 9
RUN_SECONDS = 120

_ON_DESCRIPTOR = re.compile(r"(\w+)\(\d+<([^>]+)>.*")
_ON_PATHS = re.compile(r'(unlink|rename\w*)\((?:AT_FDCWD\S*, )?"([^"]+)".*')


@dataclass(frozen=True, order=True)
class Place:
    """The `occurrence`-th `call` on the file `name` (relative to the node's folder)."""

    name: str
    call: str
    occurrence: int


@dataclass(frozen=True)
class Ran:
    """How a run ended, and what it acknowledged."""

    code: int
    told: tuple[bytes, ...]
    errors: str


@dataclass
class Bench:
    """A node laid out once, copied for each trial to the same path (names count in the trace)."""

    folder: Path

    def __post_init__(self) -> None:
        cluster = lay_out(self.folder / "fresh", members=1)
        cluster.proxies.close()
        self.genesis = cluster.genesis
        self._fresh = self.folder / "fresh" / "node0"
        self._home = self._fresh.with_name("run")
        config = self._fresh / "node.toml"
        config.write_text(config.read_text().replace(str(self._fresh), str(self._home)))

    def count(self) -> Counter[tuple[str, str]]:
        """(file, call) → how often in one whole run, from start to clean stop.

        Left out: the file of addresses, whose name is another on every run and which holds nothing.
        """
        trace = self.folder / "trace"
        options = ["-f", "-y", "-o", str(trace), "-e", f"trace={','.join(CALLS)}"]
        self._renew()
        ran = self._run(["strace", *options])
        if ran.code != 0 or len(ran.told) != TRANSACTIONS:
            raise RuntimeError(f"the unharmed run failed: {ran}")
        counted: Counter[tuple[str, str]] = Counter()
        for line in trace.read_text(errors="replace").splitlines():
            call = line.partition(" ")[2].strip()
            found = _ON_PATHS.match(call) or _ON_DESCRIPTOR.match(call)
            if found and found[2].startswith(str(self._home)) and "/.addresses" not in found[2]:
                counted[str(Path(found[2]).relative_to(self._home)), found[1]] += 1
        return counted

    def trial(self, place: Place, how: str) -> tuple[Ran, list[str]]:
        """One run with the fault (`signal=KILL`, `error=EIO`); what was wrong afterwards."""
        self._renew()
        path = self._home / place.name
        inject = f"inject={place.call}:{how}:when={place.occurrence}"
        options = ["-f", "-o", "/dev/null", "-P", str(path), "-e", f"trace={place.call}"]
        ran = self._run(["strace", *options, "-e", inject])
        wrong = self._ended_badly(ran, how)
        if (self._home / "store" / "CURRENT").exists():
            wrong += self._unsound(ran.told, "after the fault")
        again = self._run([])
        if again.code != 0:
            wrong.append(f"the next start ended with {again.code}: {again.errors[-500:]}")
        everything = [
            body_hash(GM, transaction(FIRST + number).body) for number in range(TRANSACTIONS)
        ]
        return ran, wrong + self._unsound(everything, "after the next run", replay=True)

    def _ended_badly(self, ran: Ran, how: str) -> list[str]:
        """A fault that happened ends the process: at once, or with 70 and no more answers."""
        if "KILL" in how:
            fine = ran.code in (KILLED, STRACE_KILLED, 0)
        else:
            fine = ran.code in (EXIT_FATAL, 1, 0)
        return [] if fine else [f"it ended with {ran.code}: {ran.errors[-500:]}"]

    def _unsound(self, told: Sequence[bytes], when: str, *, replay: bool = False) -> list[str]:
        try:
            store = RocksStore(self._home / "store")
        except BaseException as error:
            return [f"{when} the store does not open: {error}"]
        try:
            blocks = BlockStore(store)
            if blocks.height() == 0 and not told:
                return []
            check_store(store, self.genesis)
            if replay:
                replay_store(store, self.genesis)
            return [f"{when} {one.hex()} is lost" for one in told if blocks.place(one) is None]
        except BaseException as error:
            return [f"{when} fsck says: {error}"]
        finally:
            store.close()

    def _renew(self) -> None:
        shutil.rmtree(self._home, ignore_errors=True)
        shutil.copytree(self._fresh, self._home)

    def _run(self, before: Sequence[str]) -> Ran:
        command = [*before, sys.executable, "-m", "tests.faults.strace_worker"]
        done = subprocess.run(
            [*command, str(self._home / "node.toml")],
            env={**os.environ, PASSPHRASE_ENV: PASSPHRASE},
            capture_output=True,
            text=True,
            check=False,
            timeout=RUN_SECONDS,
        )
        lines = done.stdout.splitlines()
        told = tuple(bytes.fromhex(one[len(TOLD) :]) for one in lines if one.startswith(TOLD))
        return Ran(done.returncode, told, done.stderr)


def places(counted: Counter[tuple[str, str]]) -> list[Place]:
    """Every call of the run."""
    return sorted(
        Place(name, call, occurrence)
        for (name, call), times in counted.items()
        for occurrence in range(1, times + 1)
    )
