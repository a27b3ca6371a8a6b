"""What holds for both suites."""

import subprocess
import sys

import pytest

import crypto
from crypto import GM, INTL, CryptoError, Suite
from crypto.codes import CANNOT_DECRYPT, UNKNOWN_SUITE
from faults import Rejected, all_codes
from tests.tidy.source import ROOT


def test_suites_by_name() -> None:
    assert crypto.suite("gm") is GM
    assert crypto.suite("intl") is INTL
    for name in ("", "GM", "gm ", "sm", "x" * 10_000):
        with pytest.raises(Rejected) as caught:
            crypto.suite(name)
        assert caught.value.code is UNKNOWN_SUITE
        assert len(str(caught.value)) < 200


def test_sizes(suite: Suite) -> None:
    private = suite.generate_private_key()
    signer = suite.signer(private)
    assert len(private) == 32
    assert len(signer.public_key) == 65
    assert signer.public_key == suite.public_key(private)
    assert len(suite.hash(b"")) == 32
    assert suite.key_size == {"gm": 16, "intl": 32}[suite.name]


def test_a_signature_is_64_bytes_whatever_the_scalars(suite: Suite) -> None:
    signer = suite.signer(suite.generate_private_key())
    signatures = {signer.sign(b"message") for _ in range(600)}
    assert {len(signature) for signature in signatures} == {64}
    assert len(signatures) == 600
    # In 600 of them leading zero bytes occur (each half starts with one in 1 of 256).
    assert all(suite.verify(signer.public_key, b"message", made) for made in signatures)


def test_a_signature_holds_for_its_key_message_and_suite_only(suite: Suite) -> None:
    signer = suite.signer(suite.generate_private_key())
    signature = signer.sign(b"message")
    other = suite.public_key(suite.generate_private_key())
    assert suite.verify(signer.public_key, b"message", signature)
    assert not suite.verify(signer.public_key, b"massage", signature)
    assert not suite.verify(signer.public_key, b"", signature)
    assert not suite.verify(other, b"message", signature)
    foreign = INTL if suite is GM else GM
    assert not foreign.verify(signer.public_key, b"message", signature)


def test_a_wrapped_secret_is_for_one_key(suite: Suite) -> None:
    private, stranger = suite.generate_private_key(), suite.generate_private_key()
    wrapped = suite.wrap(suite.public_key(private), b"secret")
    assert suite.unwrap(private, wrapped) == b"secret"
    assert suite.wrap(suite.public_key(private), b"secret") != wrapped
    with pytest.raises(CryptoError) as caught:
        suite.unwrap(stranger, wrapped)
    assert caught.value.code is CANNOT_DECRYPT


def test_an_opener_unwraps_many(suite: Suite) -> None:
    private = suite.generate_private_key()
    opener = suite.opener(private)
    assert opener.public_key == suite.public_key(private)
    secrets = [bytes((i,)) * suite.key_size for i in range(5)]
    wrapped = [suite.wrap(opener.public_key, secret) for secret in secrets]
    assert [opener.unwrap(one) for one in wrapped] == secrets
    with pytest.raises(CryptoError):
        opener.unwrap(wrapped[0][:-1])
    assert opener.unwrap(wrapped[0]) == secrets[0]


def test_keys_do_not_appear_in_representations(suite: Suite) -> None:
    private = suite.generate_private_key()
    signer = suite.signer(private)
    opener = suite.opener(private)
    shown = repr([signer, opener, vars(signer), vars(opener), suite])
    assert private.hex() not in shown
    assert repr(private) not in shown


def test_codes_have_both_sentences() -> None:
    import crypto.codes as module

    own = [code for code in all_codes() if getattr(module, code.name, None) is code]
    assert len(own) == 13
    assert all(code.zh.endswith("。") and code.en for code in own)


def test_the_native_library_is_loaded_at_first_use_only() -> None:
    script = (
        "import sys, crypto; assert 'tongsuopy' not in sys.modules; "
        "crypto.GM.generate_private_key(); crypto.sm3(b''); assert 'tongsuopy' not in sys.modules; "
        "crypto.GM.public_key(bytes(31) + b'\\1'); assert 'tongsuopy' in sys.modules; "
        "assert 'gmssl' not in sys.modules"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
