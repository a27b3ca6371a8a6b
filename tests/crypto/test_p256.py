"""P-256: ECDSA edge cases and ECIES; agreement with the openssl command is in test_openssl.py."""

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from crypto import INTL, CryptoError, p256, sha256
from crypto.aead import aes_gcm_seal
from crypto.codes import CANNOT_DECRYPT, KEY_PRIVATE_INVALID, KEY_PUBLIC_INVALID
from faults import Misuse
from tests.crypto import oracle
from tests.crypto.oracle import P256, b32

# RFC 6979, appendix A.2.5
PRIVATE = bytes.fromhex("C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721")
PUBLIC = bytes.fromhex(
    "04"
    "60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6"
    "7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299"
)
MESSAGE = b"sample"
R = 0xEFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716
S = 0xF7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8
D = int.from_bytes(PRIVATE, "big")


def test_the_published_example_is_accepted() -> None:
    assert INTL.public_key(PRIVATE) == PUBLIC
    assert INTL.verify(PUBLIC, MESSAGE, b32(R) + b32(S))


def test_the_textbook_accepts_what_we_sign() -> None:
    signature = INTL.signer(PRIVATE).sign(MESSAGE)
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    inverse = pow(s, -1, P256.n)
    digest = int.from_bytes(sha256(MESSAGE), "big")
    point = P256.add(
        P256.multiply(digest * inverse % P256.n, P256.g),
        P256.multiply(r * inverse % P256.n, P256.public(D)),
    )
    assert point is not None
    assert point[0] % P256.n == r


def test_both_signatures_of_a_pair_are_accepted() -> None:
    """As the module says: nothing may depend on a signature being unique."""
    assert INTL.verify(PUBLIC, MESSAGE, b32(R) + b32(P256.n - S))


def test_every_flipped_bit_is_refused() -> None:
    signature = b32(R) + b32(S)
    for part in (PUBLIC, MESSAGE, signature):
        for index in range(8 * len(part)):
            changed = bytearray(part)
            changed[index // 8] ^= 1 << index % 8
            key, message, signed = (
                bytes(changed) if field is part else field for field in (PUBLIC, MESSAGE, signature)
            )
            assert not INTL.verify(key, message, signed)


@pytest.mark.parametrize("value", [0, P256.n, P256.n + 1, 2**256 - 1])
def test_scalars_out_of_range_are_refused(value: int) -> None:
    for r, s in ((value, S), (R, value), (value, value)):
        assert not INTL.verify(PUBLIC, MESSAGE, b32(r) + b32(s))


def test_the_point_at_infinity_is_an_answer_and_no_error() -> None:
    digest = int.from_bytes(sha256(MESSAGE), "big")
    r = -digest * pow(D, -1, P256.n) % P256.n
    assert not INTL.verify(PUBLIC, MESSAGE, b32(r) + b32(1))


@pytest.mark.parametrize("size", [0, 63, 65, 70, 72])
def test_other_lengths_are_refused(size: int) -> None:
    assert not INTL.verify(PUBLIC, MESSAGE, (b32(R) + b32(S) + bytes(8))[:size])


@pytest.mark.parametrize(
    "key",
    [
        b"",
        PUBLIC[1:],
        PUBLIC + b"\0",
        b"\x06" + PUBLIC[1:],
        b"\x02" + PUBLIC[1:33],
        b"\0",
        b"\x04" + bytes(64),
        PUBLIC[:-1] + bytes((PUBLIC[-1] ^ 1,)),
        b"\x04" + b"\xff" * 64,
        oracle.point_bytes(oracle.SM2.g),
    ],
)
def test_what_is_no_public_key(key: bytes) -> None:
    assert not INTL.verify(key, MESSAGE, b32(R) + b32(S))
    with pytest.raises(CryptoError) as caught:
        INTL.wrap(key, b"secret")
    assert caught.value.code is KEY_PUBLIC_INVALID


@pytest.mark.parametrize("key", [b"", bytes(31), bytes(32), bytes(33), b32(P256.n), b"\xff" * 32])
def test_what_is_no_private_key(key: bytes) -> None:
    wrapped = INTL.wrap(PUBLIC, b"secret")
    for call in (INTL.signer, INTL.public_key, lambda private: INTL.unwrap(private, wrapped)):
        with pytest.raises(CryptoError) as caught:
            call(key)
        assert caught.value.code is KEY_PRIVATE_INVALID


def test_the_largest_private_key_signs() -> None:
    largest = INTL.signer(b32(P256.n - 1))
    assert INTL.verify(largest.public_key, MESSAGE, largest.sign(MESSAGE))


# ---- ECIES


def refusal(private: bytes, wrapped: bytes) -> bool:
    with pytest.raises(CryptoError) as caught:
        INTL.unwrap(private, wrapped)
    return caught.value.code is CANNOT_DECRYPT


def test_the_form_of_a_wrapped_secret_is_as_written_down() -> None:
    wrapped = INTL.wrap(PUBLIC, b"content key")
    assert len(wrapped) == 1 + 65 + 11 + 16
    ephemeral = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), wrapped[1:66])
    shared = ec.derive_private_key(D, ec.SECP256R1()).exchange(ec.ECDH(), ephemeral)
    head = wrapped[:66]
    info = b"yilian/ecies-p256/v1\0" + b"\0\0\0\x42" + head + b"\0\0\0\x41" + PUBLIC
    material = HKDF(hashes.SHA256(), 44, salt=None, info=info).derive(shared)
    opened = AESGCM(material[:32]).decrypt(material[32:], wrapped[66:], head)
    assert wrapped[0] == 1
    assert opened == b"content key" == INTL.unwrap(PRIVATE, wrapped)


def test_every_flipped_bit_of_a_wrapped_secret_is_refused() -> None:
    wrapped = INTL.wrap(PUBLIC, b"a content key of thirty-two byte")
    for index in range(8 * len(wrapped)):
        changed = bytearray(wrapped)
        changed[index // 8] ^= 1 << index % 8
        assert refusal(PRIVATE, bytes(changed))


def test_cut_and_grown_wrapped_secrets_are_refused() -> None:
    wrapped = INTL.wrap(PUBLIC, b"a content key of thirty-two byte")
    for size in range(len(wrapped)):
        assert refusal(PRIVATE, wrapped[:size])
    assert refusal(PRIVATE, wrapped + b"\0")
    assert refusal(PRIVATE, wrapped + bytes(100_000))


def test_an_ephemeral_point_off_the_curve_is_refused() -> None:
    point = (P256.g[0], P256.g[1] + 1)
    shared = P256.multiply(D, point)
    assert shared is not None
    head = b"\x01" + oracle.point_bytes(point)
    key, nonce = p256._derive(b32(shared[0]), head, PUBLIC)
    assert refusal(PRIVATE, head + aes_gcm_seal(key, nonce, b"secret", head))
    # The same forgery around a point of the curve opens, so the point is what was refused.
    good = P256.multiply(D, P256.g)
    assert good is not None
    head = b"\x01" + oracle.point_bytes(P256.g)
    key, nonce = p256._derive(b32(good[0]), head, PUBLIC)
    assert INTL.unwrap(PRIVATE, head + aes_gcm_seal(key, nonce, b"secret", head)) == b"secret"


@pytest.mark.parametrize("size", [0, 257])
def test_secrets_have_1_to_256_bytes(size: int) -> None:
    with pytest.raises(Misuse):
        INTL.wrap(PUBLIC, bytes(size))


def test_ephemeral_keys_do_not_enter_the_cache() -> None:
    wrapped = INTL.wrap(PUBLIC, b"secret")
    before = p256._load_public.cache_info().currsize
    assert INTL.unwrap(PRIVATE, wrapped) == b"secret"
    assert p256._load_public.cache_info().currsize == before
