"""docs/signing.md: the bytes on the page are the vector's, its codes exist, and OpenSSL agrees."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

import node.codes  # noqa: F401  its codes
from contracts.registry import decode_request
from crypto.der import encode_signature
from faults import Rejected, all_codes
from proto.contracts_pb2 import EnterRequest, UnlockRequest
from tests.signing.make_vectors import FILE
from tests.tidy.source import ROOT

PAGE = (ROOT / "docs" / "signing.md").read_text(encoding="utf-8")
VECTORS = json.loads(FILE.read_text(encoding="utf-8"))
TRANSACTIONS = VECTORS["transactions"]
# Blocks of lines `bytes ; what they are`.
BLOCKS = [
    [line.strip().split(";", 1) for line in block.splitlines()]
    for block in re.findall(r"(?:^    .*;.*\n)+", PAGE, re.M)
]


def shown(block: list[list[str]]) -> str:
    return "".join(line[0].replace(" ", "") for line in block)


def vector(name: str) -> Any:
    return next(one for one in TRANSACTIONS if one["name"] == name)


def test_the_bytes_are_the_vector_s() -> None:
    body, named, transaction = BLOCKS
    example = vector("gm-endorsed")
    assert shown(body) == example["body"]
    head, signature = example["transaction"].split(example["body"])
    assert shown(transaction) == head + signature
    values = {name.strip(): value.strip() for name, value in named}
    assert values["hash"] == example["hash"]
    assert values["SM3(Z ‖ message)"] == example["digest"]
    assert bytes.fromhex(values["message"].split(" and ")[0]) == b"yilian/tx/v1\0"
    assert example["private_key"] == bytes(range(1, 33)).hex()
    assert example["endorser_keys"] == [bytes(range(33, 65)).hex()]


def test_the_lengths_and_texts_beside_the_bytes_are_theirs() -> None:
    for line in BLOCKS[0]:
        raw = bytes.fromhex(line[0])
        for text in re.findall(r'"([^"]+)"', line[1]):
            assert raw.endswith(text.encode()), line
            assert raw[-len(text) - 1] == len(text), line


def test_every_code_on_the_page_exists() -> None:
    table = PAGE.split("## What goes wrong")[1].split("## The vectors")[0]
    named = set(re.findall(r"`([A-Z]+(?:_[A-Z]+)*)`", table))
    assert "MALFORMED_REQUEST" in named
    assert named <= {code.name for code in all_codes()}


@pytest.mark.parametrize(
    "operation",
    [
        "1000",  # a zero
        "1a00",  # an empty text
        "2001",  # no field of the message
        "10011001",  # twice
        "108100",  # two bytes for a one
    ],
)
def test_an_operation_of_other_bytes_is_refused(operation: str) -> None:
    with pytest.raises(Rejected) as refused:
        decode_request(EnterRequest, bytes.fromhex(operation))
    assert refused.value.code.name == "MALFORMED_REQUEST"


def test_what_no_check_can_see() -> None:
    minus_one_in_five_bytes = decode_request(EnterRequest, bytes.fromhex("10ffffffff0f"))
    assert minus_one_in_five_bytes == EnterRequest(amount_fen=2**32 - 1)
    other = decode_request(UnlockRequest, b"\x12\x03e\xcc\x81")
    assert other != UnlockRequest(reason="é")


def test_every_link_leads_somewhere() -> None:
    for folder, page in (("docs", PAGE), ("docs/signing", _readme())):
        links = re.findall(r"\]\(([^)#]+)\)", page)
        assert [link for link in links if not (ROOT / folder / link).exists()] == []


def test_the_pinned_libraries_are_the_named_ones() -> None:
    folder = ROOT / "docs" / "signing"
    pinned = re.findall(r"require (\S+) v(\S+)", (folder / "go" / "go.mod").read_text("utf-8"))
    pinned += [
        (f"{group}:{artifact}", version)
        for group, artifact, version in re.findall(
            r"<groupId>(.+)</groupId>\s*<artifactId>(.+)</artifactId>\s*<version>(.+)</version>"
            r"\s*</dependency>",
            (folder / "java" / "pom.xml").read_text("utf-8"),
        )
    ]
    reasons = (ROOT / "docs" / "dependencies.md").read_text("utf-8")
    assert len(pinned) == 3
    assert [name for name, _ in pinned if f"| `{name}` |" not in reasons] == []
    shown = dict(re.findall(r"`([\w./:-]+)` v?(\d[\d.]+),", _readme()))
    assert shown
    assert shown.items() <= dict(pinned).items()


def _readme() -> str:
    return (ROOT / "docs" / "signing" / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "one", [one for one in TRANSACTIONS if one["suite"] == "gm"], ids=lambda one: one["name"]
)
def test_openssl_verifies_it(one: dict[str, Any], tmp_path: Path) -> None:
    prefix = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d034200")
    (tmp_path / "key.der").write_bytes(prefix + bytes.fromhex(one["public_key"]))
    (tmp_path / "message").write_bytes(bytes.fromhex(one["message"]))
    halves = one["signature"][:64], one["signature"][64:]
    (tmp_path / "signature").write_bytes(encode_signature(*(int(half, 16) for half in halves)))
    command = ["openssl", "dgst", "-sm3", "-verify", "key.der", "-keyform", "DER"]
    command += ["-signature", "signature", "-sigopt", "distid:1234567812345678", "message"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout == "Verified OK\n", done.stderr
