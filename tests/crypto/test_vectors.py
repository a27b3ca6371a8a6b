"""Golden vectors: what was sealed, signed and stored once must open, hold and load for ever."""

import json
from pathlib import Path
from typing import Any

import pytest

import crypto
from crypto import SealedBytes, open_envelope, open_payload, rewrap

VECTORS = Path(__file__).parent / "vectors"


def cases(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((VECTORS / name).read_text("utf-8"))["cases"]
    return found


@pytest.mark.parametrize("case", cases("payload.json"), ids=lambda case: case["suite"])
def test_payloads_open(case: dict[str, Any]) -> None:
    keys = tuple(
        (key["compartment"], bytes.fromhex(key["recipient"]), bytes.fromhex(key["wrapped"]))
        for key in case["keys"]
    )
    sealed = SealedBytes(case["suite"], bytes.fromhex(case["ciphertext"]), keys)
    aad, plaintext = bytes.fromhex(case["aad"]), bytes.fromhex(case["plaintext"])
    first, second = (bytes.fromhex(key) for key in case["private_keys"])
    assert open_payload(sealed, private_key=first, aad=aad) == plaintext
    assert open_payload(sealed, private_key=second, aad=aad) == plaintext
    handed = rewrap(sealed, private_key=first, to=keys[1][1])
    assert open_payload(handed, private_key=second, aad=aad) == plaintext


@pytest.mark.parametrize("case", cases("envelope.json"), ids=lambda case: case["packet_id"][:8])
def test_envelopes_open(case: dict[str, str]) -> None:
    private, packet, sealed, plaintext = (
        bytes.fromhex(case[name]) for name in ("private_key", "packet_id", "envelope", "plaintext")
    )
    assert open_envelope(private, packet, sealed) == plaintext


@pytest.mark.parametrize("case", cases("signature.json"), ids=lambda case: case["suite"])
def test_signatures_hold(case: dict[str, str]) -> None:
    suite = crypto.suite(case["suite"])
    public, message = bytes.fromhex(case["public_key"]), bytes.fromhex(case["message"])
    assert suite.public_key(bytes.fromhex(case["private_key"])) == public
    assert suite.hash(message).hex() == case["hash"]
    assert suite.verify(public, message, bytes.fromhex(case["signature"]))


@pytest.mark.parametrize("case", cases("keystore.json"), ids=lambda case: case["suite"])
def test_key_files_load(case: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text(case["file"], encoding="ascii")
    path.chmod(0o600)
    suite, private = crypto.load_key(path, case["passphrase"].encode())
    assert suite.name == case["suite"]
    assert private.hex() == case["private_key"]
    assert suite.public_key(private).hex() == case["public_key"]
