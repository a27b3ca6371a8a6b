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
    assert _generated(tmp_path) == _generated(ROOT)


def _generated(root: Path) -> dict[str, bytes]:
    found = sorted((root / "proto").rglob("*_pb2*.py*"))
    return {str(path.relative_to(root)): path.read_bytes() for path in found if path.is_file()}
