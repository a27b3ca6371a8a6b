"""Generated protobuf code is exactly what `make proto` makes."""

import os
import subprocess
import sys
from pathlib import Path

from tests.tidy.source import ROOT


def test_generated_code_is_reproducible(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHON": sys.executable}
    subprocess.run(
        ["proto/generate.sh", str(tmp_path)], cwd=ROOT, env=environment, check=True, timeout=120
    )
    made = {path.name: path.read_bytes() for path in (tmp_path / "proto").iterdir()}
    kept = {path.name: path.read_bytes() for path in (ROOT / "proto").glob("*_pb2*.py*")}
    assert made == kept
