"""Key files: complete or absent, the owner's alone, never overwritten, every changed byte seen."""

import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from crypto import GM, CryptoError, Suite, create_key, hmac_sm3, keystore, load_key
from crypto.codes import (
    KEY_FILE_EXISTS,
    KEY_FILE_MALFORMED,
    KEY_FILE_PERMISSIONS,
    KEY_FILE_UNAVAILABLE,
    KEY_PASSPHRASE_UNFIT,
    KEY_PASSPHRASE_WRONG,
    UNKNOWN_SUITE,
)
from faults import Code, Rejected, StorageFault
from tests.tidy.source import ROOT

PASSPHRASE = "通行短语 of the tests".encode()


@pytest.fixture
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key derivation that costs nothing, where thousands of attempts are made."""
    monkeypatch.setattr(
        keystore, "_stretch", lambda passphrase, salt: hmac_sm3(passphrase, salt)[:16]
    )


def refusal(path: Path, passphrase: bytes = PASSPHRASE) -> Code:
    with pytest.raises(Rejected) as caught:
        load_key(path, passphrase)
    return caught.value.code


def test_a_key_comes_back(suite: Suite, tmp_path: Path) -> None:
    path = tmp_path / "node.key"
    public = create_key(path, suite, PASSPHRASE)
    loaded, private = load_key(str(path), PASSPHRASE)
    assert loaded is suite
    assert suite.public_key(private) == public
    signature = suite.signer(private).sign(b"message")
    assert suite.verify(public, b"message", signature)


def test_what_stands_in_the_file(suite: Suite, tmp_path: Path) -> None:
    path = tmp_path / "node.key"
    public = create_key(path, suite, PASSPHRASE)
    _, private = load_key(path, PASSPHRASE)
    text = path.read_text("ascii")
    content = json.loads(text)
    assert list(content) == [
        *("version", "suite", "public_key", "kdf", "cipher", "nonce", "ciphertext")
    ]
    assert content["suite"] == suite.name
    assert content["public_key"] == public.hex()
    assert {k: content["kdf"][k] for k in "nrp"} == {"n": 16384, "r": 8, "p": 1}
    assert private.hex() not in text.lower()
    assert PASSPHRASE.hex() not in text
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["node.key"]


def test_the_mode_does_not_depend_on_the_mask(tmp_path: Path, fast: None) -> None:
    old = os.umask(0)
    try:
        create_key(tmp_path / "key", GM, PASSPHRASE)
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600


def test_a_wrong_passphrase_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "key"
    create_key(path, GM, PASSPHRASE)
    for wrong in (PASSPHRASE + b"\0", PASSPHRASE[:-1], PASSPHRASE.upper()):
        assert refusal(path, wrong) is KEY_PASSPHRASE_WRONG
    assert refusal(path, b"") is KEY_PASSPHRASE_WRONG


@pytest.mark.parametrize("size", [0, 1, 7, 1025])
def test_unfit_passphrases_are_refused_at_creation(size: int, tmp_path: Path) -> None:
    with pytest.raises(Rejected) as caught:
        create_key(tmp_path / "key", GM, b"p" * size)
    assert caught.value.code is KEY_PASSPHRASE_UNFIT
    assert os.listdir(tmp_path) == []


def test_nothing_is_ever_overwritten(tmp_path: Path, fast: None) -> None:
    path = tmp_path / "key"
    create_key(path, GM, PASSPHRASE)
    before = path.read_bytes()
    (tmp_path / "directory").mkdir()
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    for taken in (path, tmp_path / "directory", tmp_path / "dangling", tmp_path):
        with pytest.raises(Rejected) as caught:
            create_key(taken, GM, PASSPHRASE)
        assert caught.value.code is KEY_FILE_EXISTS
    assert path.read_bytes() == before
    assert sorted(os.listdir(tmp_path)) == ["dangling", "directory", "key"]


def test_who_comes_second_loses_even_past_the_first_look(
    tmp_path: Path, fast: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "key"
    create_key(path, GM, PASSPHRASE)
    before = path.read_bytes()
    monkeypatch.setattr(os.path, "lexists", lambda _: False)
    with pytest.raises(Rejected) as caught:
        create_key(path, GM, PASSPHRASE)
    assert caught.value.code is KEY_FILE_EXISTS
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["key"]


@pytest.mark.parametrize("name", ["missing/key", "file/key", "x" * 300, "nul\0byte"])
def test_places_that_cannot_be_written_or_read(name: str, tmp_path: Path, fast: None) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Rejected) as caught:
        create_key(tmp_path / name, GM, PASSPHRASE)
    assert caught.value.code is KEY_FILE_UNAVAILABLE
    assert refusal(tmp_path / name) is KEY_FILE_UNAVAILABLE


def test_what_is_no_file_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    assert refusal(tmp_path / "pipe") is KEY_FILE_UNAVAILABLE
    assert refusal(tmp_path) is KEY_FILE_UNAVAILABLE
    assert refusal(tmp_path / "none") is KEY_FILE_UNAVAILABLE


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o644, 0o777])
def test_files_open_to_others_are_refused(mode: int, tmp_path: Path, fast: None) -> None:
    path = tmp_path / "key"
    create_key(path, GM, PASSPHRASE)
    path.chmod(mode)
    assert refusal(path) is KEY_FILE_PERMISSIONS
    path.chmod(0o400)
    load_key(path, PASSPHRASE)


def rewrite(path: Path, raw: bytes) -> None:
    path.write_bytes(raw)
    path.chmod(0o600)


def test_every_flipped_byte_is_refused(tmp_path: Path, fast: None) -> None:
    path = tmp_path / "key"
    create_key(path, GM, PASSPHRASE)
    good = path.read_bytes()
    allowed = (KEY_FILE_MALFORMED, KEY_PASSPHRASE_WRONG, UNKNOWN_SUITE)
    for index in range(len(good)):
        for bit in (1, 0x20):  # 0x20 turns a hexadecimal letter into its capital
            changed = bytearray(good)
            changed[index] ^= bit
            rewrite(path, bytes(changed))
            assert refusal(path) in allowed
    rewrite(path, good)
    load_key(path, PASSPHRASE)


def test_every_cut_is_refused(tmp_path: Path, fast: None) -> None:
    path = tmp_path / "key"
    create_key(path, GM, PASSPHRASE)
    good = path.read_bytes()
    for size in range(len(good)):
        rewrite(path, good[:size])
        assert refusal(path) is KEY_FILE_MALFORMED


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"version": "1"},
        {"cipher": "aes-gcm"},
        {"extra": 1},
        {"nonce": ""},
        {"nonce": "zz" * 12},
        {"salt": "00"},
        {"n": 2**30},
        {"n": 2},
        {"r": 1 << 20},
        {"p": 0},
        {"name": "pbkdf2"},
        {"ciphertext": "00" * 49},
        {"public_key": "04"},
        {"suite": None},
    ],
    ids=str,
)
def test_other_contents_are_refused_before_any_cost(
    change: dict[str, Any], tmp_path: Path, fast: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "key"
    create_key(path, GM, PASSPHRASE)
    content = json.loads(path.read_text())
    for name, value in change.items():
        (content["kdf"] if name in content["kdf"] else content)[name] = value
    rewrite(path, json.dumps(content, indent=2, separators=(",", ": ")).encode() + b"\n")

    def never(passphrase: bytes, salt: bytes) -> bytes:
        raise AssertionError("the passphrase must not be stretched for such a file")

    monkeypatch.setattr(keystore, "_stretch", never)
    assert refusal(path) is KEY_FILE_MALFORMED


def test_the_rewriting_of_these_tests_keeps_a_good_file_good(tmp_path: Path, fast: None) -> None:
    path = tmp_path / "key"
    create_key(path, GM, PASSPHRASE)
    good = path.read_bytes()
    assert json.dumps(json.loads(good), indent=2, separators=(",", ": ")).encode() + b"\n" == good


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"{" * 4096,
        bytes(4096),
        b" " * 5000,
        b'{"version": 1, "version": 1}',
    ],
    ids=lambda raw: repr(raw[:12]),
)
def test_what_is_no_key_file(raw: bytes, tmp_path: Path) -> None:
    path = tmp_path / "key"
    rewrite(path, raw)
    assert refusal(path) is KEY_FILE_MALFORMED


def test_unknown_suite(tmp_path: Path, fast: None) -> None:
    path = tmp_path / "key"
    create_key(path, GM, PASSPHRASE)
    rewrite(path, path.read_bytes().replace(b'"gm"', b'"sm"'))
    assert refusal(path) is UNKNOWN_SUITE


def test_a_key_that_is_not_the_public_keys_is_refused(
    tmp_path: Path, fast: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only who knows the passphrase can make such a file, but then nothing fits together."""
    path = tmp_path / "key"
    stranger = GM.public_key(GM.generate_private_key())
    with monkeypatch.context() as patched:
        patched.setattr(Suite, "public_key", lambda *_: stranger)
        create_key(path, GM, PASSPHRASE)
    assert refusal(path) is KEY_FILE_MALFORMED


def test_errors_hold_no_secret(tmp_path: Path, fast: None) -> None:
    path = tmp_path / "key"
    create_key(path, GM, PASSPHRASE)
    _, private = load_key(path, PASSPHRASE)
    with pytest.raises(Rejected) as caught:
        load_key(path, b"another passphrase")
    shown = str(caught.value) + repr(caught.value.fields)
    assert "another passphrase" not in shown
    assert private.hex() not in shown
    assert not isinstance(caught.value, CryptoError)
    assert caught.value.__suppress_context__


def test_a_disk_that_fails_is_not_a_refusal(
    tmp_path: Path, fast: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(StorageFault):
        create_key(tmp_path / "key", GM, PASSPHRASE)
    monkeypatch.undo()
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("point", "there"), [("keystore-before-link", False), ("keystore-after-link", True)]
)
def test_a_kill_leaves_the_whole_file_or_none(point: str, there: bool, tmp_path: Path) -> None:
    path = tmp_path / "key"
    script = "import sys, crypto; crypto.create_key(sys.argv[1], crypto.GM, sys.argv[2].encode())"
    arguments = [sys.executable, "-c", script, str(path), PASSPHRASE.decode()]
    killed = subprocess.run(
        arguments, cwd=ROOT, env={**os.environ, "YILIAN_FAILPOINT": point}, check=False, timeout=60
    )
    assert killed.returncode == -signal.SIGKILL
    assert path.exists() is there
    if not there:
        subprocess.run(arguments, cwd=ROOT, check=True, timeout=60)
    load_key(path, PASSPHRASE)
