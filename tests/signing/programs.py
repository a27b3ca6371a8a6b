"""The Go and the Java program of docs/signing, built outside the tree, where that is possible.

Where a toolchain or a pinned library is missing the tests are skipped, and say which.
"""

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.tidy.source import ROOT

SOURCES = ROOT / "docs" / "signing"
FETCH_S = 120  # a machine without network may hang instead of failing
BUILD_S = 240
JAVA_OLDEST = 17  # records and HexFormat


@dataclass(frozen=True)
class Program:
    """A built program: `check` and `sign` are its two commands."""

    name: str
    command: list[str]

    def check(self, vectors: Path) -> tuple[int, str]:
        """Exit code and output of checking a file of vectors."""
        done = self._run(["check", str(vectors)])
        return done.returncode, done.stdout

    def sign(self, request: dict[str, Any]) -> dict[str, Any]:
        """Every step's bytes (hex) of the transaction it makes and signs."""
        done = self._run(["sign"], json.dumps(request, ensure_ascii=False))
        assert done.returncode == 0, done.stderr
        made: dict[str, Any] = json.loads(done.stdout)
        return made

    def _run(self, arguments: list[str], given: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self.command, *arguments],
            input=given,
            capture_output=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )


def build_go(folder: Path) -> Program:
    """The Go program; pytest.skip without `go` or the modules that go.mod pins."""
    if shutil.which("go") is None:
        pytest.skip("there is no go command on this machine")
    source = _copy("go", folder)
    # Neither another toolchain is fetched nor an outer workspace looked into.
    own = {**os.environ, "GOTOOLCHAIN": "local", "GOWORK": "off", "GOFLAGS": "-mod=readonly"}
    fetch = ["go", "mod", "download"]
    if not _succeeds(fetch, source, {**own, "GOPROXY": "off"}) and not _succeeds(
        fetch, source, own
    ):
        pytest.skip("this go is too old for docs/signing/go/go.mod, or can't get what that pins")
    _must(["go", "vet", "."], source, own)
    _must(["go", "build", "-o", "program", "."], source, own)
    return Program("go", [str(source / "program")])


def build_java(folder: Path) -> Program:
    """The Java program; pytest.skip without JDK, Maven or the libraries that pom.xml pins."""
    missing = [name for name in ("java", "javac", "mvn") if shutil.which(name) is None]
    if missing:
        pytest.skip(f"there is no {' and no '.join(missing)} command on this machine")
    version = subprocess.run(
        ["javac", "-version"], capture_output=True, text=True, check=False, timeout=60
    )
    number = re.search(r"javac (\d+)", version.stdout + version.stderr)
    if number is None or int(number[1]) < JAVA_OLDEST:
        pytest.skip(f"Java {JAVA_OLDEST} or newer is needed")
    source = _copy("java", folder)
    fetch = ["mvn", "-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=lib"]
    if not _succeeds([*fetch, "-o"], source) and not _succeeds(fetch, source):
        pytest.skip("Maven can't get the libraries that docs/signing/java/pom.xml pins")
    _must(["javac", "-encoding", "UTF-8", "-Xlint:all", "-Werror", "-d", "classes", "-cp", "lib/*",
           "Yilian.java", "Main.java"], source)  # fmt: skip
    path = os.pathsep.join((str(source / "classes"), str(source / "lib" / "*")))
    return Program("java", ["java", "-cp", path, "Main"])


def _copy(language: str, folder: Path) -> Path:
    return Path(shutil.copytree(SOURCES / language, folder / language))


def _succeeds(command: list[str], folder: Path, env: dict[str, str] | None = None) -> bool:
    try:
        done = subprocess.run(
            command, cwd=folder, env=env, capture_output=True, timeout=FETCH_S, check=False
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def _must(command: list[str], folder: Path, env: dict[str, str] | None = None) -> None:
    done = subprocess.run(
        command, cwd=folder, env=env, capture_output=True, text=True, timeout=BUILD_S, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
