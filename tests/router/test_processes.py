"""A router process killed at each of its fail points, started again, loses and doubles nothing."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from router.failpoints import FAILPOINTS
from tests.router.fake_node import until
from tests.router.test_service import Stage, stage

pytestmark = pytest.mark.processes

ROOT = Path(__file__).resolve().parents[2]
MAIN = """
import asyncio, sys
from pathlib import Path
from router.config import load_config
from router.runtime import run_router
asyncio.run(run_router(load_config(Path(sys.argv[1]))))
"""


async def process(one: Stage, name: str, failpoint: str = "") -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        MAIN,
        str(one.folder / f"{name}.toml"),
        cwd=ROOT,
        env={**os.environ, "YILIAN_FAILPOINT": failpoint},
        stderr=asyncio.subprocess.PIPE,
    )


@pytest.mark.parametrize("name", FAILPOINTS)
def test_killed_at_a_fail_point_it_resumes(tmp_path: Path, name: str) -> None:
    side = "a" if "seal" in name or "ack" in name else "b"

    async def journey() -> None:
        async with stage(tmp_path) as one:
            for sent in ("n1", "n1", "n2"):
                one.a.send(sent)
            one.start("b" if side == "a" else "a")
            killed = await process(one, side, name)
            assert await asyncio.wait_for(killed.wait(), 20) == -signal.SIGKILL
            one.start(side)
            await until(one.done)
            assert one.b.chain.note("n1").total_fen == 200
            assert one.b.chain.note("n2").total_fen == 100
            assert one.a.chain.note("n1").heard == ("OK:OK",) * 2

    asyncio.run(journey())


def test_sigterm_ends_it_in_order_and_the_log_tells_nothing_personal(tmp_path: Path) -> None:
    async def journey() -> None:
        async with stage(tmp_path) as one:
            one.a.send("n1")
            running = [await process(one, "a"), await process(one, "b")]
            await until(one.done)
            for each in running:
                each.send_signal(signal.SIGTERM)
            for each in running:
                _, log = await asyncio.wait_for(each.communicate(), 20)
                assert each.returncode == 0
                assert b'"router.listening"' in log and b'"router.stopped"' in log
                assert b"private part" not in log and b"<document" not in log

    asyncio.run(journey())
