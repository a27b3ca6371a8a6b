"""SM3 and HMAC-SM3 against the standard, a second implementation, and each other's fallbacks."""

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto import GM, INTL, digest, hmac_sm3, sha256, sm3
from tests.crypto import oracle, standard


@pytest.mark.parametrize("message", standard.SM3)
def test_sm3_of_the_standard(message: bytes) -> None:
    assert sm3(message).hex() == standard.SM3[message]
    assert GM.hash(message) == sm3(message)


# Around the 56- and 64-byte edges of a block, where padding changes shape.
@pytest.mark.parametrize("size", [0, 1, 55, 56, 57, 63, 64, 65, 119, 120, 128, 1000, 5000])
def test_sm3_agrees_with_a_second_implementation(size: int) -> None:
    message = bytes(i * 7 % 256 for i in range(size))
    assert sm3(message) == oracle.sm3(message)


@pytest.mark.parametrize("key_size", [0, 1, 32, 63, 64, 65, 200])
def test_hmac_sm3_follows_its_definition(key_size: int) -> None:
    key, message = bytes(range(key_size)), b"field path"
    block = (key if key_size <= 64 else oracle.sm3(key)).ljust(64, b"\0")
    inner = oracle.sm3(oracle.xor(block, b"\x36" * 64) + message)
    assert hmac_sm3(key, message) == oracle.sm3(oracle.xor(block, b"\x5c" * 64) + inner)


def test_sha256_is_the_suites_hash_of_intl() -> None:
    assert INTL.hash(b"abc") == sha256(b"abc") == hashlib.sha256(b"abc").digest()


@given(st.binary(max_size=300), st.binary(max_size=80))
def test_both_sources_of_sm3_agree(message: bytes, key: bytes) -> None:
    assert digest._sm3_of_cryptography(message) == sm3(message)
    assert digest._hmac_of_cryptography(key, message) == hmac_sm3(key, message)


def test_without_sm3_in_the_interpreter_the_other_source_is_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise ValueError("unsupported hash type sm3")

    monkeypatch.setattr(hashlib, "new", refuse)
    assert digest._choose() == (digest._sm3_of_cryptography, digest._hmac_of_cryptography)
    monkeypatch.undo()
    monkeypatch.setattr(hmac, "digest", refuse)
    assert digest._choose() == (digest._sm3_of_cryptography, digest._hmac_of_cryptography)


def test_the_empty_state_is_not_spoiled_by_use() -> None:
    first = sm3(b"abc")
    sm3(b"x" * 10_000)
    assert sm3(b"abc") == first
    assert sm3(b"").hex() == standard.SM3[b""]
