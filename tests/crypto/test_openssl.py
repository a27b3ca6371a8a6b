"""The `openssl` command verifies what we sign, opens what we wrap, and the other way round."""

from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from crypto import GM, INTL, Suite, der
from tests.crypto import oracle

OpenSsl = Callable[..., CompletedProcess[bytes]]
SM3_WITH_SM2 = ("-rawin", "-digest", "sm3", "-pkeyopt", "distid:1234567812345678")
SHA256_WITH_ECDSA = ("-rawin", "-digest", "sha256")
MESSAGE = b"yilian/tx/v1\0" + bytes(range(256))


@pytest.fixture
def scheme(suite: Suite) -> tuple[str, ...]:
    return SM3_WITH_SM2 if suite is GM else SHA256_WITH_ECDSA


@pytest.fixture
def private(suite: Suite, tmp_path: Path) -> bytes:
    """A private key whose files stand in the directory in which the command runs."""
    curve = oracle.SM2 if suite is GM else oracle.P256
    key = suite.generate_private_key()
    (tmp_path / "key").write_text(oracle.private_pem(curve, int.from_bytes(key, "big")))
    (tmp_path / "public").write_text(oracle.public_pem(curve, suite.public_key(key)))
    (tmp_path / "message").write_bytes(MESSAGE)
    return key


def verified_by_openssl(openssl: OpenSsl, scheme: tuple[str, ...]) -> bool:
    done = openssl(
        *("pkeyutl", "-verify", "-pubin", "-inkey", "public"),
        *("-in", "message", "-sigfile", "signature", *scheme),
    )
    return done.returncode == 0 and b"Signature Verified Successfully" in done.stdout


def test_openssl_verifies_what_we_sign(
    suite: Suite, private: bytes, scheme: tuple[str, ...], openssl: OpenSsl, tmp_path: Path
) -> None:
    signature = suite.signer(private).sign(MESSAGE)
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    (tmp_path / "signature").write_bytes(der.encode_signature(r, s))
    assert verified_by_openssl(openssl, scheme)
    (tmp_path / "message").write_bytes(MESSAGE + b"!")
    assert not verified_by_openssl(openssl, scheme)


def test_we_verify_what_openssl_signs(
    suite: Suite, private: bytes, scheme: tuple[str, ...], openssl: OpenSsl, tmp_path: Path
) -> None:
    done = openssl(
        *("pkeyutl", "-sign", "-inkey", "key", "-in", "message", "-out", "signature", *scheme)
    )
    assert done.returncode == 0, done.stderr
    r, s = der.decode_signature((tmp_path / "signature").read_bytes())
    signature = oracle.b32(r) + oracle.b32(s)
    assert suite.verify(suite.public_key(private), MESSAGE, signature)
    assert not suite.verify(suite.public_key(private), MESSAGE + b"!", signature)


@pytest.mark.parametrize("suite", [GM], ids=["gm"])
def test_without_the_signer_id_openssl_signs_something_else(
    suite: Suite, private: bytes, openssl: OpenSsl, tmp_path: Path
) -> None:
    """OpenSSL's default id is empty: a signature made without `distid` is not ours."""
    scheme = ("-rawin", "-digest", "sm3")
    done = openssl(
        *("pkeyutl", "-sign", "-inkey", "key", "-in", "message", "-out", "signature", *scheme)
    )
    assert done.returncode == 0, done.stderr
    r, s = der.decode_signature((tmp_path / "signature").read_bytes())
    signature = oracle.b32(r) + oracle.b32(s)
    assert not suite.verify(suite.public_key(private), MESSAGE, signature)


@pytest.mark.parametrize("suite", [GM], ids=["gm"])
def test_openssl_opens_what_we_wrap_and_back(
    suite: Suite, private: bytes, openssl: OpenSsl, tmp_path: Path
) -> None:
    secret = b"sixteen byte key"
    (tmp_path / "wrapped").write_bytes(suite.wrap(suite.public_key(private), secret))
    done = openssl("pkeyutl", "-decrypt", "-inkey", "key", "-in", "wrapped")
    assert (done.returncode, done.stdout) == (0, secret)
    (tmp_path / "secret").write_bytes(secret)
    done = openssl(
        *("pkeyutl", "-encrypt", "-pubin", "-inkey", "public"),
        *("-in", "secret", "-out", "theirs"),
    )
    assert done.returncode == 0, done.stderr
    assert suite.unwrap(private, (tmp_path / "theirs").read_bytes()) == secret


def test_sm3_of_the_command(openssl: OpenSsl, tmp_path: Path) -> None:
    (tmp_path / "message").write_bytes(MESSAGE)
    done = openssl("dgst", "-sm3", "-r", "message")
    assert done.stdout.split()[0].decode() == GM.hash(MESSAGE).hex()
    done = openssl("dgst", "-sha256", "-r", "message")
    assert done.stdout.split()[0].decode() == INTL.hash(MESSAGE).hex()
