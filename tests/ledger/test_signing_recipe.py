"""docs/signing.md: every value on the page is what the recipe gives, and OpenSSL agrees."""

import re
import subprocess
from pathlib import Path

import pytest

from crypto.der import encode_signature
from crypto.digest import sm3
from crypto.suites import GM
from ledger.endorsement import endorsed_part, endorsement_bytes
from ledger.transaction import check_signature, parse_transaction
from proto.contracts_pb2 import UnlockRequest
from proto.transaction_pb2 import Transaction, TxBody
from tests.tidy.source import ROOT

PAGE = (ROOT / "docs" / "signing.md").read_text(encoding="utf-8")
VECTOR = {
    name: bytes.fromhex(re.sub(r"\s", "", digits))
    for name, digits in re.findall(r"^    (\w[\w ,']*):\n((?:        [0-9a-f]+\n)+)", PAGE, re.M)
}


def test_the_page_has_every_step() -> None:
    assert list(VECTOR) == [
        "private key",
        "public key",
        "operation",
        "body, plain",
        "message",
        "signature",
        "transaction hash",
        "endorser's key",
        "endorsed message",
        "body, endorsed",
        "transaction",
    ]


def test_operation_and_body() -> None:
    assert GM.public_key(VECTOR["private key"]) == VECTOR["public key"]
    request = UnlockRequest.FromString(VECTOR["operation"])
    assert (request.bill.number, request.reason) == ("0000000101", "by phone")
    body = TxBody.FromString(VECTOR["body, plain"])
    assert body.SerializeToString() == VECTOR["body, plain"]
    assert (body.contract, body.method, list(body.operations)) == (
        "bill",
        "unlock",
        [VECTOR["operation"]],
    )


def test_message_hash_and_signature() -> None:
    assert VECTOR["message"] == b"yilian/tx/v1\0" + VECTOR["body, plain"]
    assert VECTOR["transaction hash"] == sm3(VECTOR["message"])
    assert GM.verify(VECTOR["public key"], VECTOR["message"], VECTOR["signature"])


def test_endorsement_and_transaction() -> None:
    plain, endorsed = VECTOR["body, plain"], VECTOR["body, endorsed"]
    assert endorsed.startswith(plain + b"\x4a")
    assert endorsed_part(endorsed) == plain
    assert VECTOR["endorsed message"] == b"yilian/endorsement/v1\0" + plain
    assert VECTOR["endorsed message"] == endorsement_bytes(plain)
    raw = VECTOR["transaction"]
    assert Transaction.FromString(raw).SerializeToString() == raw
    parsed = parse_transaction(raw, GM, chain_id="yl-province")
    check_signature(GM, parsed)
    assert [one.public_key for one in parsed.body.endorsements] == [VECTOR["endorser's key"]]


def test_openssl_verifies_it(tmp_path: Path) -> None:
    prefix = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d034200")
    (tmp_path / "key.der").write_bytes(prefix + VECTOR["public key"])
    (tmp_path / "message").write_bytes(VECTOR["message"])
    halves = VECTOR["signature"][:32], VECTOR["signature"][32:]
    der = encode_signature(*(int.from_bytes(half) for half in halves))
    (tmp_path / "signature").write_bytes(der)
    command = ["openssl", "dgst", "-sm3", "-verify", "key.der", "-keyform", "DER"]
    command += ["-signature", "signature", "-sigopt", "distid:1234567812345678", "message"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout == "Verified OK\n", done.stderr


@pytest.mark.parametrize("place", [0, 40, 100])
def test_a_changed_byte_does_not_verify(place: int) -> None:
    raw = bytearray(VECTOR["message"])
    raw[place] ^= 1
    assert not GM.verify(VECTOR["public key"], bytes(raw), VECTOR["signature"])
