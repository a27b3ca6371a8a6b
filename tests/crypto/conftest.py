"""What the tests of this room share."""

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from crypto import GM, INTL, Suite


@pytest.fixture(params=[GM, INTL], ids=lambda suite: suite.name)
def suite(request: pytest.FixtureRequest) -> Suite:
    chosen: Suite = request.param
    return chosen


@pytest.fixture(scope="session")
def has_openssl() -> bool:
    """Whether the `openssl` command here signs with SM2: OpenSSL from 3.0 on, not LibreSSL."""
    if shutil.which("openssl") is None:
        return False

    def output(*arguments: str) -> str:
        done = subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=False)
        return done.stdout

    recent = re.match(r"OpenSSL ([3-9]|\d\d)\.", output("version")) is not None
    return recent and "SM2" in output("ecparam", "-list_curves")


@pytest.fixture
def openssl(has_openssl: bool, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[bytes]]:
    """Runs the `openssl` command in an empty directory; paths are relative to it."""
    if not has_openssl:
        pytest.skip("no openssl command with SM2 on this machine")

    def run(*arguments: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            ["openssl", *arguments], cwd=tmp_path, capture_output=True, check=False, timeout=30
        )

    return run
