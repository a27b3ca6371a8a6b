"""Sealed payloads: who opens them, who does not, and every byte of them flipped."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto import (
    GM,
    INTL,
    CryptoError,
    SealedBytes,
    Suite,
    check_sealed,
    open_payload,
    payload,
    rewrap,
    seal_payload,
)
from crypto.codes import (
    CANNOT_DECRYPT,
    KEY_PUBLIC_INVALID,
    NOT_A_RECIPIENT,
    SEALED_MALFORMED,
    SEALED_TOO_LARGE,
    UNKNOWN_SUITE,
)
from faults import Misuse, Rejected

AAD = bytes(range(32))
TEXT = "标准形式".encode()


@pytest.fixture
def keys(suite: Suite) -> list[tuple[bytes, bytes]]:
    privates = [suite.generate_private_key() for _ in range(3)]
    return [(private, suite.public_key(private)) for private in privates]


def test_each_recipient_opens_it_and_no_one_else(
    suite: Suite, keys: list[tuple[bytes, bytes]]
) -> None:
    sealed = seal_payload(suite, TEXT, aad=AAD, recipients=[public for _, public in keys[:2]])
    assert sealed.suite == suite.name
    assert [(part, key) for part, key, _ in sealed.keys] == [("full", k) for _, k in keys[:2]]
    assert len(sealed.ciphertext) == 12 + len(TEXT) + 16
    for private, _ in keys[:2]:
        assert open_payload(sealed, private_key=private, aad=AAD) == TEXT
    with pytest.raises(CryptoError) as caught:
        open_payload(sealed, private_key=keys[2][0], aad=AAD)
    assert caught.value.code is NOT_A_RECIPIENT


def test_nothing_is_used_twice(suite: Suite, keys: list[tuple[bytes, bytes]]) -> None:
    made = [seal_payload(suite, TEXT, aad=AAD, recipients=[keys[0][1]]) for _ in range(50)]
    assert len({sealed.ciphertext[:12] for sealed in made}) == 50
    assert len({sealed.ciphertext[12:] for sealed in made}) == 50
    assert len({sealed.keys[0][2] for sealed in made}) == 50


def test_it_is_bound_to_its_commitment(suite: Suite, keys: list[tuple[bytes, bytes]]) -> None:
    sealed = seal_payload(suite, TEXT, aad=AAD, recipients=[keys[0][1]])
    for aad in (b"", AAD[:-1], AAD + b"\0", bytes(32)):
        with pytest.raises(CryptoError) as caught:
            open_payload(sealed, private_key=keys[0][0], aad=aad)
        assert caught.value.code is CANNOT_DECRYPT


def test_every_flipped_byte_is_refused(suite: Suite, keys: list[tuple[bytes, bytes]]) -> None:
    private, public = keys[0]
    sealed = seal_payload(suite, TEXT, aad=AAD, recipients=[public])
    compartment, recipient, wrapped = sealed.keys[0]
    spoilers: list[tuple[bytes, Callable[[bytes], SealedBytes]]] = [
        (sealed.ciphertext, lambda part: replace(sealed, ciphertext=part)),
        (recipient, lambda part: replace(sealed, keys=((compartment, part, wrapped),))),
        (wrapped, lambda part: replace(sealed, keys=((compartment, recipient, part),))),
    ]
    for part, spoiled in spoilers:
        for index in range(len(part)):
            for bit in (1, 0x80):
                changed = bytearray(part)
                changed[index] ^= bit
                with pytest.raises(CryptoError) as caught:
                    open_payload(spoiled(bytes(changed)), private_key=private, aad=AAD)
                assert caught.value.code in (CANNOT_DECRYPT, NOT_A_RECIPIENT)


def test_rewrapping_hands_the_key_to_exactly_one(
    suite: Suite, keys: list[tuple[bytes, bytes]]
) -> None:
    (private, public), (reader, reader_public), (other, other_public) = keys
    recipients = [other_public, public]
    sealed = seal_payload(suite, TEXT, aad=AAD, recipients=recipients, compartment="amounts")
    handed = rewrap(sealed, private_key=private, to=reader_public)
    assert handed.ciphertext == sealed.ciphertext
    assert [(part, key) for part, key, _ in handed.keys] == [("amounts", reader_public)]
    assert open_payload(handed, private_key=reader, aad=AAD) == TEXT
    for without in (private, other):
        with pytest.raises(CryptoError):
            open_payload(handed, private_key=without, aad=AAD)
    with pytest.raises(CryptoError) as caught:
        rewrap(sealed, private_key=reader, to=reader_public)
    assert caught.value.code is NOT_A_RECIPIENT
    with pytest.raises(CryptoError) as caught:
        rewrap(sealed, private_key=private, to=bytes(65))
    assert caught.value.code is KEY_PUBLIC_INVALID


def test_a_content_key_of_another_size_is_refused(
    suite: Suite, keys: list[tuple[bytes, bytes]]
) -> None:
    private, public = keys[0]
    sealed = seal_payload(suite, TEXT, aad=AAD, recipients=[public])
    for size in (1, 15, 17, 24, 31, 33):
        spoiled = replace(sealed, keys=(("full", public, suite.wrap(public, bytes(size))),))
        with pytest.raises(CryptoError) as caught:
            open_payload(spoiled, private_key=private, aad=AAD)
        assert caught.value.code is CANNOT_DECRYPT


def test_malformed_payloads_are_named(suite: Suite, keys: list[tuple[bytes, bytes]]) -> None:
    private, public = keys[0]
    good = seal_payload(suite, TEXT, aad=AAD, recipients=[public])
    entry = good.keys[0]
    wrapped = entry[2]
    many = tuple(("full", bytes(63) + i.to_bytes(2, "big"), wrapped) for i in range(65))
    cases = [
        ("ciphertext", replace(good, ciphertext=b"")),
        ("ciphertext", replace(good, ciphertext=bytes(27))),
        ("keys", replace(good, keys=())),
        ("keys", replace(good, keys=many)),
        ("compartment", replace(good, keys=(("", public, wrapped),))),
        ("compartment", replace(good, keys=(("x" * 65, public, wrapped),))),
        ("compartment", replace(good, keys=(("全", public, wrapped),))),
        ("compartment", replace(good, keys=(("a\nb", public, wrapped),))),
        ("recipient", replace(good, keys=(("full", public[:-1], wrapped),))),
        ("recipient", replace(good, keys=(entry, entry))),
        ("wrapped", replace(good, keys=(("full", public, b""),))),
        ("wrapped", replace(good, keys=(("full", public, bytes(513)),))),
    ]
    for part, sealed in cases:
        for call in (
            check_sealed,
            lambda s: open_payload(s, private_key=private, aad=AAD),
            lambda s: rewrap(s, private_key=private, to=public),
        ):
            with pytest.raises(Rejected) as caught:
                call(sealed)
            assert caught.value.code is SEALED_MALFORMED
            assert caught.value.fields == {"part": part}
    with pytest.raises(Rejected) as caught:
        check_sealed(replace(good, suite="rot13"))
    assert caught.value.code is UNKNOWN_SUITE
    check_sealed(good)


def test_a_payload_of_one_suite_is_none_of_the_other() -> None:
    private = GM.generate_private_key()
    sealed = seal_payload(GM, TEXT, aad=AAD, recipients=[GM.public_key(private)])
    with pytest.raises(CryptoError) as caught:
        open_payload(replace(sealed, suite="intl"), private_key=private, aad=AAD)
    assert caught.value.code is NOT_A_RECIPIENT


def test_size_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(payload, "PLAINTEXT_SIZE_MAX", 1000)
    private = INTL.generate_private_key()
    public = INTL.public_key(private)
    for size in (0, 1000):
        sealed = seal_payload(INTL, bytes(size), aad=AAD, recipients=[public])
        assert open_payload(sealed, private_key=private, aad=AAD) == bytes(size)
    with pytest.raises(Rejected) as caught:
        seal_payload(INTL, bytes(1001), aad=AAD, recipients=[public])
    assert caught.value.code is SEALED_TOO_LARGE
    with pytest.raises(Rejected) as caught:
        check_sealed(replace(sealed, ciphertext=bytes(1029)))
    assert caught.value.code is SEALED_TOO_LARGE


def test_our_own_bad_arguments_are_bugs(suite: Suite, keys: list[tuple[bytes, bytes]]) -> None:
    public = keys[0][1]
    for recipients in ([], [public, public], [public] * 65):
        with pytest.raises(Misuse):
            seal_payload(suite, TEXT, aad=AAD, recipients=recipients)
    for compartment in ("", "x" * 65, "全", "a\tb"):
        with pytest.raises(Misuse):
            seal_payload(suite, TEXT, aad=AAD, recipients=[public], compartment=compartment)
    with pytest.raises(CryptoError) as caught:
        seal_payload(suite, TEXT, aad=AAD, recipients=[public, bytes(65)])
    assert caught.value.code is KEY_PUBLIC_INVALID


@settings(max_examples=25, deadline=None)
@given(st.binary(max_size=3000), st.binary(max_size=64))
def test_what_is_sealed_comes_back(plaintext: bytes, aad: bytes) -> None:
    for suite in (GM, INTL):
        private = suite.generate_private_key()
        sealed = seal_payload(suite, plaintext, aad=aad, recipients=[suite.public_key(private)])
        assert open_payload(sealed, private_key=private, aad=aad) == plaintext
