"""What a newcomer does without the demo: init, start, and every verb against the running node."""

import base64
import json
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from testnet.stage import SAMPLES
from tests.cli.running import YILIAN, begun, environment, until, yilian
from tests.documents.support import shows_a_person

pytestmark = [pytest.mark.processes, pytest.mark.timeout(120)]

KEY = "bill/46060124-0000000101"
WAIT_MS = 10_000


@dataclass(frozen=True)
class FirstLook:
    """A started one-validator chain that holds one bill."""

    home: Path
    process: subprocess.Popen[bytes]
    node: str

    @property
    def config(self) -> Path:
        return self.home / "node.toml"

    @property
    def desk(self) -> Path:
        return self.home / "desk.key"

    def asks(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return yilian(*arguments, "--node", self.node)

    def learns(self, *arguments: str | Path) -> Any:
        """The JSON a command prints."""
        done = self.asks(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FirstLook]:
    home = tmp_path_factory.mktemp("first-look") / "home"
    made = yilian("init", home, "--json")
    assert made.returncode == 0, made.stderr
    assert f"yilian start --config {home}/node.toml" in made.stderr
    config = home / "node.toml"
    text = config.read_text(encoding="utf-8")
    for port in (7401, 7402, 7403):
        assert f"127.0.0.1:{port}" in text
        text = text.replace(f"127.0.0.1:{port}", "127.0.0.1:0")
    config.write_text(text, encoding="utf-8")
    with begun(home / "process.log", "start", "--config", config) as process:
        addresses = home / "addresses.json"
        until("the node listens", lambda: addresses.exists() or process.poll() is not None)
        node = json.loads(addresses.read_text(encoding="ascii"))["grpc"]
        _issue(home, node)
        yield FirstLook(home, process, node)


def _issue(home: Path, node: str) -> None:
    arguments = ("submit", "bill.issue_blue", SAMPLES / "ebill_out_01.xml")
    done = yilian(*arguments, "--key", home / "desk.key", "--node", node, "--json")
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    assert facts["object"] == KEY
    assert len(facts["transactions"]) == 1


def lock_request(seconds: int) -> str:
    bill = {"code": "46060124", "number": "0000000101"}
    expires_ms = (int(time.time()) + seconds) * 1000
    return json.dumps({"bill": bill, "purpose": "reimbursement", "expires_ms": expires_ms})


def test_a_document_that_is_refused_is_exit_code_1_and_shows_nobody(chain: FirstLook) -> None:
    bill = SAMPLES / "ebill_out_01.xml"
    again = chain.asks("submit", "bill.issue_blue", bill, "--key", chain.desk)
    assert (again.returncode, again.stderr.split()[0]) == (1, "BILL_EXISTS")
    red = chain.asks("submit", "bill.issue_red", bill, "--key", chain.desk)
    assert (red.returncode, red.stderr.split()[0]) == (1, "REQUEST_INVALID")
    for code, kind in (("CUSTODIAN_KIND_INVALID", "bill.eat"), ("UNKNOWN_METHOD", "fish.eat")):
        unknown = chain.asks("submit", kind, bill, "--key", chain.desk)
        assert (unknown.returncode, unknown.stderr.split()[0]) == (1, code)
    for done in (again, red):
        assert not shows_a_person(done.stdout + done.stderr)


def test_a_policy_or_catalogue_that_is_none_is_refused_before_anything_is_sent(
    chain: FirstLook,
) -> None:
    archive = SAMPLES / "archive_01_record.json"
    policy = chain.asks("submit", "policy.publish", archive, "--key", chain.desk)
    assert (policy.returncode, policy.stderr.split()[0]) == (1, "ELEMENT_UNKNOWN")
    without = chain.asks("submit", "catalogue.publish", archive, "--key", chain.desk)
    assert without.returncode == 2
    catalogue = chain.asks(
        "submit", "catalogue.publish", archive, "--set", "edition=1", "--key", chain.desk
    )
    assert (catalogue.returncode, catalogue.stderr.split()[0]) == (1, "CSV_HEADER")


@pytest.mark.parametrize("setting", ["edition", "=1", "edition=1 edition=2"])
def test_a_setting_is_a_name_and_a_value_once(chain: FirstLook, setting: str) -> None:
    settings = [part for one in setting.split() for part in ("--set", one)]
    bill = SAMPLES / "ebill_out_01.xml"
    done = chain.asks("submit", "bill.issue_blue", bill, *settings, "--key", chain.desk)
    assert done.returncode == 2
    assert "NAME=VALUE" in done.stderr


def test_tx_is_answered_with_its_receipt(chain: FirstLook) -> None:
    locked = chain.learns("tx", "bill", "lock", lock_request(3600), "--key", chain.desk)
    assert (locked["code"], locked["result"]["lock"]) == ("OK", "confirmed")
    assert len(bytes.fromhex(locked["tx_hash"])) == 32
    assert chain.learns("query", KEY)["lock"]["purpose"] == "reimbursement"


def test_a_refused_tx_is_exit_code_1(chain: FirstLook) -> None:
    past = chain.asks("tx", "bill", "lock", lock_request(-3600), "--key", chain.desk, "--json")
    assert past.returncode == 1
    assert json.loads(past.stdout)["code"] != "OK"
    other = chain.home / "stranger.key"
    assert yilian("keys", "new", other).returncode == 0
    unknown = chain.asks("tx", "bill", "unlock", "{}", "--key", other)
    assert (unknown.returncode, "UNKNOWN_IDENTITY" in unknown.stderr) == (1, True)


def test_a_tx_the_node_does_not_take_says_why(chain: FirstLook) -> None:
    request = ("tx", "bill", "unlock", "{}", "--key", chain.desk, "--wait-ms", "60001")
    too_long = chain.asks(*request)
    assert (too_long.returncode, too_long.stdout) == (1, "")
    assert "REQUEST_INVALID" in too_long.stderr
    assert "wait_ms" in too_long.stderr


def test_query_for_people_and_for_machines(chain: FirstLook) -> None:
    shown = chain.asks("query", KEY)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "pcommit" in shown.stdout
    record = chain.learns("query", KEY)
    assert record["public"]["total_fen"] == 23140
    nothing = chain.asks("query", "bill/none")
    assert (nothing.returncode, nothing.stdout) == (1, "")
    assert "nothing stands at bill/none" in nothing.stderr


def test_trace(chain: FirstLook) -> None:
    events = chain.learns("trace", KEY)
    assert events[0]["action"] == "issue_blue"
    assert [event["index"] for event in events] == list(range(len(events)))
    shown = chain.asks("trace", KEY)
    assert len(shown.stdout.splitlines()) == len(events)
    none = chain.asks("trace", "bill/none")
    assert (none.returncode, "OBJECT_NOT_FOUND" in none.stderr) == (1, True)


def test_a_reader_who_has_seen_enough(chain: FirstLook) -> None:
    """`yilian trace … | head`: no traceback when the pipe is closed."""
    process = subprocess.Popen(
        [*YILIAN, "trace", KEY, "--node", chain.node, "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    with process.stderr:
        assert process.stderr.read() == b""
    assert process.wait(20) == 141


def test_evidence_convinces_without_the_node(chain: FirstLook, tmp_path: Path) -> None:
    file, genesis = tmp_path / "bill.evidence.json", chain.home / "genesis.json"
    written = chain.learns("evidence", KEY, "--out", file)
    assert written == {"file": str(file), "bytes": file.stat().st_size}
    good = yilian("verify", file, "--checkpoint", genesis)
    assert (good.returncode, good.stderr) == (0, "")
    assert good.stdout.count("  ok  ") >= 7
    again = chain.asks("evidence", KEY, "--out", file)
    assert (again.returncode, "never overwritten" in again.stderr) == (1, True)
    assert file.stat().st_size == written["bytes"]


@pytest.fixture(scope="module")
def evidence(chain: FirstLook, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    file = tmp_path_factory.mktemp("evidence") / "bill.evidence.json"
    assert chain.asks("evidence", KEY, "--out", file).returncode == 0
    return file.read_bytes()


def test_a_flipped_byte_is_named(chain: FirstLook, evidence: bytes, tmp_path: Path) -> None:
    genesis, file = chain.home / "genesis.json", tmp_path / "flipped.json"
    parsed = json.loads(evidence)
    for part, check in (("record", "3 state proof"), ("certificate", "2 certificate quorum")):
        value = parsed[part].encode("ascii")
        place = evidence.index(value) + len(value) // 2
        digit = b"1" if evidence[place : place + 1] == b"0" else b"0"
        file.write_bytes(evidence[:place] + digit + evidence[place + 1 :])
        bad = yilian("verify", file, "--checkpoint", genesis, "--json")
        assert bad.returncode == 1, part
        found = json.loads(bad.stdout)
        assert (found["verified"], found["failed"]) == (False, check)
    for spoiled in (b"", evidence[:-2], evidence + b" ", b"[]", b"\xff" * 100):
        file.write_bytes(spoiled)
        bad = yilian("verify", file, "--checkpoint", genesis)
        assert (bad.returncode, bad.stderr) == (1, "")
        assert "NOT verified" in bad.stdout


def test_a_checkpoint_that_is_none_or_another_chains(
    chain: FirstLook, evidence: bytes, tmp_path: Path
) -> None:
    file = tmp_path / "bill.evidence.json"
    file.write_bytes(evidence)
    assert yilian("init", tmp_path / "other").returncode == 0
    other = yilian("verify", file, "--checkpoint", tmp_path / "other" / "genesis.json", "--json")
    assert (other.returncode, json.loads(other.stdout)["verified"]) == (1, False)
    none = yilian("verify", file, "--checkpoint", file, "--json")
    assert (none.returncode, json.loads(none.stdout)["code"]) == (1, "BAD_CHECKPOINT")


def test_a_running_node_is_not_checked(chain: FirstLook) -> None:
    busy = yilian("fsck", "--config", chain.config)
    assert (busy.returncode, busy.stdout) == (1, "")
    assert "STORE_LOCKED" in busy.stderr


def public_key(file: Path) -> bytes:
    shown = yilian("keys", "show", file, "--json")
    return bytes.fromhex(json.loads(shown.stdout)["public_key"])


def test_two_organisations_decide_on_one_file_and_a_key_is_rotated(
    chain: FirstLook, tmp_path: Path
) -> None:
    second, successor, body = (tmp_path / name for name in ("second.key", "new.key", "assign.body"))
    for file in (second, successor):
        assert yilian("keys", "new", file).returncode == 0
    registering = {
        "public_key": base64.b64encode(public_key(second)).decode(),
        "org": "second",
        "roles": ["governance"],
        "label": "desk",
    }
    request = json.dumps(registering)
    done = chain.learns("tx", "identity", "register", request, "--key", chain.desk)
    assert done["code"] == "OK"

    assign = json.dumps({"region": "460100", "home_chain": "first-look", "reason": "区划归属"})
    alone = chain.asks("tx", "region", "assign", assign, "--key", chain.desk, "--json")
    assert (alone.returncode, json.loads(alone.stdout)["code"]) == (1, "MAJORITY_NEEDED")
    signer = ("--signer", public_key(chain.desk).hex())
    begun_body = chain.learns(
        "endorse", "begin", "region", "assign", assign, *signer, "--out", body
    )
    assert begun_body["endorsed_by"] == []
    twice = chain.asks("endorse", "begin", "region", "assign", assign, *signer, "--out", body)
    assert (twice.returncode, "nothing was written" in twice.stderr) == (2, True)

    added = yilian("endorse", "add", body, "--key", second, "--json")
    assert json.loads(added.stdout)["endorsed_by"] == [public_key(second).hex()]
    again = yilian("endorse", "add", body, "--key", second)
    assert (again.returncode, "MALFORMED" in again.stderr) == (1, True)
    looked = json.loads(yilian("endorse", "look", body, "--json").stdout)
    assert (looked["call"], looked["requests"][0]["region"]) == ("region.assign", "460100")
    assert len(looked["endorsed_by"]) == 1
    stranger = chain.asks("endorse", "submit", body, "--key", second)
    assert stranger.returncode == 2
    assert chain.learns("endorse", "submit", body, "--key", chain.desk)["code"] == "OK"
    assert chain.learns("trace", "region/460100")[-1]["details"]["endorsed_by"] == "second"

    rotated = chain.learns("keys", "rotate", successor, "--key", second)
    assert rotated["code"] == "OK"
    old = chain.asks("tx", "governance", "vote", '{"motion": "1"}', "--key", second)
    assert (old.returncode, "IDENTITY_REVOKED" in old.stderr) == (1, True)
    fresh = chain.asks("tx", "governance", "vote", '{"motion": "1"}', "--key", successor, "--json")
    assert json.loads(fresh.stdout)["code"] == "MOTION_NOT_FOUND"


def test_what_is_no_body_is_not_endorsed(tmp_path: Path) -> None:
    key, file = tmp_path / "x.key", tmp_path / "x.body"
    assert yilian("keys", "new", key).returncode == 0
    for content in (b"\xff\xff", b"\x0a\xff", b"", b"{}"):
        file.write_bytes(content)
        done = yilian("endorse", "add", file, "--key", key)
        assert (done.returncode, done.stdout) in ((1, ""), (2, "")), done
        assert "Traceback" not in done.stderr
        assert file.read_bytes() == content
    assert yilian("endorse", "look", tmp_path / "none").returncode == 2


def test_stopped_it_is_sound_and_started_again_it_goes_on(chain: FirstLook) -> None:
    """The last test here: SIGTERM ends the node with 0 within seconds; fsck then finds no fault."""
    began = time.monotonic()
    chain.process.terminate()
    assert chain.process.wait(20) == 0
    assert time.monotonic() - began < 15
    sound = yilian("fsck", "--config", chain.config, "--replay", "--json")
    assert sound.returncode == 0, sound.stderr
    found = json.loads(sound.stdout)
    assert (found["sound"], found["replayed"]) == (True, True)
    assert found["height"] >= 2
    (chain.home / "genesis.json").rename(chain.home / "moved.json")
    lost = yilian("fsck", "--config", chain.config)
    assert (lost.returncode, "node.genesis" in lost.stderr) == (1, True)
