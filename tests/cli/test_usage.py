"""Every verb explains itself, and mistakes in what was typed get a sentence and exit code 2."""

import json
import re
import shlex
import socket
from pathlib import Path

import pytest

from cli.commands.tx import EXAMPLE, read_request
from cli.main import EXIT_REFUSED, EXIT_UNAVAILABLE, EXIT_USAGE, VERBS, build_parser, main
from crypto.keystore import create_key, load_key
from crypto.suites import GM
from node.config import load_config
from tests.cli.running import PASSPHRASE, yilian

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YILIAN_PASSPHRASE", PASSPHRASE)
    monkeypatch.delenv("YILIAN_NODE", raising=False)
    monkeypatch.setattr("sys.stdin.isatty", lambda: False)


@pytest.fixture
def key(tmp_path: Path) -> Path:
    create_key(tmp_path / "desk.key", GM, PASSPHRASE.encode())
    return tmp_path / "desk.key"


def said(capsys: Captured) -> str:
    """What stands on standard error; standard output has to be empty."""
    out, err = capsys.readouterr()
    assert out == ""
    assert "Traceback" not in err
    return err


def exit_of(arguments: list[str]) -> int:
    try:
        return main(arguments)
    except SystemExit as ended:  # argparse's own way out
        assert isinstance(ended.code, int)
        return ended.code


@pytest.mark.parametrize("verb", VERBS)
def test_help_ends_with_an_example_that_parses(verb: str, capsys: Captured) -> None:
    assert exit_of([verb, "--help"]) == 0
    example = capsys.readouterr().out.rpartition("example:\n")[2]
    assert example.strip()
    for line in example.strip().splitlines():
        typed = shlex.split(line.partition(" > ")[0])
        words = [word for word in typed if not word.startswith("YILIAN_")]
        assert words[:2] == ["yilian", verb]
        assert build_parser().parse_args(words[1:]).verb == verb


def test_the_example_of_tx_fits_its_method() -> None:
    options = build_parser().parse_args(shlex.split(EXAMPLE)[1:])
    request = read_request(options.contract, options.method, options.request)
    assert request.bill.code == "46060124"


def test_the_general_help_names_every_verb(capsys: Captured) -> None:
    assert exit_of(["--help"]) == 0
    text = capsys.readouterr().out
    assert all(re.search(rf"^    {verb}\s", text, re.MULTILINE) for verb in VERBS)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["burn"],
        ["init"],
        ["start"],
        ["keys"],
        ["keys", "new"],
        ["keys", "new", "--suite", "rsa", "x.key"],
        ["tx", "bill"],
        ["endorse", "begin", "bill", "lock", "{}"],
        ["endorse", "add", "file"],
        ["keys", "rotate", "new.key"],
        ["tx", "bill", "lock", "{}"],
        ["query"],
        ["query", "bill/x", "--node", "here"],
        ["query", "bill/x", "--node", "127.0.0.1:0"],
        ["query", "bill/x", "--node", "127.0.0.1:70000"],
        ["evidence", "bill/x"],
        ["verify", "file"],
        ["demo", "--validators", "0"],
        ["demo", "--validators", "32"],
        ["demo", "--validators", "four"],
        ["testnet"],
    ],
    ids=" ".join,
)
def test_wrong_usage(arguments: list[str], capsys: Captured) -> None:
    assert exit_of(arguments) == EXIT_USAGE
    assert "yilian" in said(capsys)


@pytest.mark.parametrize(
    ("contract", "method", "request_", "named"),
    [
        ("bank", "pay", "{}", "bill"),
        ("bill", "burn", "{}", "issue_blue"),
        ("bill", "lock", "{", "expires_ms"),
        ("bill", "lock", "[]", "expires_ms"),
        ("bill", "lock", "1", "expires_ms"),
        ("bill", "lock", "", "expires_ms"),
        ("bill", "lock", '{"purpose": "a", "purpose": "b"}', "expires_ms"),
        ("bill", "lock", '{"colour": "red"}', "expires_ms"),
        ("bill", "lock", '{"expires_ms": -1}', "expires_ms"),
    ],
)
def test_a_transaction_that_does_not_fit(
    contract: str, method: str, request_: str, named: str, key: Path, capsys: Captured
) -> None:
    assert exit_of(["tx", contract, method, request_, "--key", str(key)]) == EXIT_USAGE
    assert named in said(capsys)


def closed_port() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{free.getsockname()[1]}"


@pytest.mark.parametrize("verb", ["query", "trace", "evidence", "tx"])
def test_nobody_answers(verb: str, key: Path, tmp_path: Path, capsys: Captured) -> None:
    out = tmp_path / "evidence.json"
    more = {
        "query": ["bill/x"],
        "trace": ["bill/x"],
        "evidence": ["bill/x", "--out", str(out)],
        "tx": ["bill", "unlock", "{}", "--key", str(key)],
    }[verb]
    assert exit_of([verb, *more, "--node", closed_port()]) == EXIT_UNAVAILABLE
    assert "is the node started" in said(capsys)
    assert not out.exists()


def test_the_node_may_be_named_by_the_environment(
    monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    address = closed_port()
    monkeypatch.setenv("YILIAN_NODE", address)
    assert exit_of(["query", "bill/x"]) == EXIT_UNAVAILABLE
    assert address in said(capsys)
    monkeypatch.setenv("YILIAN_NODE", "nonsense")
    assert exit_of(["query", "bill/x"]) == EXIT_USAGE


def test_keys_new_and_show(tmp_path: Path, capsys: Captured) -> None:
    for suite in ("gm", "intl"):
        file = tmp_path / f"{suite}.key"
        assert exit_of(["keys", "new", "--suite", suite, str(file), "--json"]) == 0
        made = json.loads(capsys.readouterr().out)
        assert exit_of(["keys", "show", str(file), "--json"]) == 0
        assert json.loads(capsys.readouterr().out) == made
        kind, private_key = load_key(file, PASSPHRASE.encode())
        assert kind.public_key(private_key).hex() == made["public_key"]
        assert file.stat().st_mode & 0o777 == 0o600
        assert PASSPHRASE.encode() not in file.read_bytes()


def test_a_key_is_never_overwritten(key: Path, capsys: Captured) -> None:
    before = key.read_bytes()
    assert exit_of(["keys", "new", str(key)]) == EXIT_REFUSED
    assert "KEY_FILE_EXISTS" in said(capsys)
    assert key.read_bytes() == before


@pytest.mark.parametrize(
    ("passphrase", "code"),
    [("not this one", "KEY_PASSPHRASE_WRONG"), ("", "KEY_PASSPHRASE_WRONG")],
)
def test_a_wrong_passphrase(
    passphrase: str, code: str, key: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setenv("YILIAN_PASSPHRASE", passphrase)
    assert exit_of(["keys", "show", str(key)]) == EXIT_REFUSED
    assert code in said(capsys)


def test_no_passphrase_and_nobody_to_ask(
    key: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.delenv("YILIAN_PASSPHRASE")
    assert exit_of(["keys", "show", str(key)]) == EXIT_USAGE
    assert "YILIAN_PASSPHRASE" in said(capsys)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--chain-id", "no spaces"], "BAD_GENESIS"),
        (["--chain-id", "c" * 33], "BAD_GENESIS"),
        (["--org", ""], "BAD_GENESIS"),
    ],
)
def test_init_leaves_nothing_of_a_failure(
    arguments: list[str], code: str, tmp_path: Path, capsys: Captured
) -> None:
    home = tmp_path / "home"
    assert exit_of(["init", str(home), *arguments]) == EXIT_REFUSED
    assert code in said(capsys)
    assert not home.exists()
    home.mkdir()
    assert exit_of(["init", str(home), *arguments]) == EXIT_REFUSED
    assert list(home.iterdir()) == []


def test_init_with_a_passphrase_too_short(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setenv("YILIAN_PASSPHRASE", "short")
    assert exit_of(["init", str(tmp_path / "home")]) == EXIT_REFUSED
    assert "KEY_PASSPHRASE_UNFIT" in said(capsys)
    assert not (tmp_path / "home").exists()


def test_init_never_overwrites(tmp_path: Path, capsys: Captured) -> None:
    home = tmp_path / 'a "quoted" 文件夹'
    assert exit_of(["init", str(home), "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert load_config(Path(made["config"])).node.home == str(home)
    before = {path.name: path.read_bytes() for path in home.iterdir()}
    assert exit_of(["init", str(home)]) == EXIT_REFUSED
    assert "never overwritten" in said(capsys)
    assert {path.name: path.read_bytes() for path in home.iterdir()} == before


@pytest.mark.parametrize("verb", ["demo", "testnet"])
def test_a_stage_never_overwrites(verb: str, tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "mine").write_text("keep")
    folder = [str(tmp_path)] if verb == "testnet" else ["--folder", str(tmp_path)]
    assert exit_of([verb, *folder]) == EXIT_REFUSED
    assert "never overwritten" in said(capsys)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_files_that_are_not_there(tmp_path: Path, capsys: Captured) -> None:
    none = str(tmp_path / "none")
    assert exit_of(["fsck", "--config", none]) == EXIT_REFUSED
    assert exit_of(["start", "--config", none]) == EXIT_REFUSED
    assert exit_of(["keys", "show", none]) == EXIT_REFUSED
    assert exit_of(["keys", "new", f"{none}/x.key"]) == EXIT_REFUSED
    assert list(tmp_path.iterdir()) == []


@pytest.mark.processes
def test_verify_without_its_files(tmp_path: Path) -> None:
    """In a process of its own: it forswears the network for as long as it lives."""
    none = tmp_path / "none"
    for file in (none, tmp_path):
        done = yilian("verify", file, "--checkpoint", none)
        assert (done.returncode, done.stdout) == (EXIT_USAGE, "")
        assert str(file) in done.stderr
        assert "Traceback" not in done.stderr


def test_fsck_makes_no_store_where_there_is_none(tmp_path: Path, capsys: Captured) -> None:
    home = tmp_path / "home"
    assert exit_of(["init", str(home)]) == 0
    before = sorted(home.rglob("*"))
    capsys.readouterr()
    assert exit_of(["fsck", "--config", str(home / "node.toml")]) == EXIT_USAGE
    assert "never started" in said(capsys)
    assert sorted(home.rglob("*")) == before
