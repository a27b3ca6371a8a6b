"""SM2 against the standard, the textbook and gmssl; what nobody honest makes is refused."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from gmssl import sm2 as gmssl_sm2

from crypto import GM, CryptoError, der, sm2, sm2_public_key, sm2_verify_der
from crypto.codes import CANNOT_DECRYPT, KEY_PRIVATE_INVALID, KEY_PUBLIC_INVALID
from faults import Misuse
from tests.crypto import oracle, standard
from tests.crypto.oracle import SM2, b32
from tests.crypto.standard import MESSAGE, PRIVATE, PUBLIC

D = int.from_bytes(PRIVATE, "big")
POINT = SM2.public(D)


def gmssl_key() -> gmssl_sm2.CryptSM2:
    return gmssl_sm2.CryptSM2(PRIVATE.hex(), PUBLIC.hex()[2:], mode=1)


# ---- the standard's examples


def test_the_oracle_reproduces_the_standard() -> None:
    assert oracle.point_bytes(POINT) == PUBLIC
    assert oracle.za(POINT).hex() == standard.ZA
    assert oracle.sm2_digest(POINT, MESSAGE) == standard.E
    assert oracle.sm2_sign(D, MESSAGE, standard.K) == (standard.R, standard.S)
    parts = oracle.sm2_cipher_parts(D, standard.C1, standard.PLAINTEXT)
    assert parts == (*standard.C1, standard.C3, standard.C2)


def test_the_public_key_of_the_standard() -> None:
    assert sm2_public_key(PRIVATE) == GM.public_key(PRIVATE) == PUBLIC
    assert GM.signer(PRIVATE).public_key == PUBLIC


def test_the_signature_of_the_standard_is_accepted() -> None:
    assert GM.verify(PUBLIC, MESSAGE, b32(standard.R) + b32(standard.S))
    assert sm2_verify_der(PUBLIC, MESSAGE, der.encode_signature(standard.R, standard.S))


def test_the_ciphertext_of_the_standard_opens() -> None:
    wrapped = der.encode_sm2_cipher(der.Sm2Cipher(*standard.C1, standard.C3, standard.C2))
    assert GM.unwrap(PRIVATE, wrapped) == standard.PLAINTEXT


# ---- a second implementation agrees, both ways


@pytest.mark.parametrize("message", [b"", b"m", bytes(1000)])
def test_what_we_sign_others_verify(message: bytes) -> None:
    signature = GM.signer(PRIVATE).sign(message)
    assert gmssl_key().verify_with_sm3(signature.hex(), message) is True
    r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
    assert oracle.sm2_verify(POINT, message, r, s)


@pytest.mark.parametrize("message", [b"", b"m", bytes(1000)])
def test_what_others_sign_we_verify(message: bytes) -> None:
    signature = bytes.fromhex(gmssl_key().sign_with_sm3(message))
    assert GM.verify(PUBLIC, message, signature)
    r, s = oracle.sm2_sign(D, message, 0x1234567)
    assert GM.verify(PUBLIC, message, b32(r) + b32(s))


@pytest.mark.parametrize("size", [1, 16, 32, 33, 256])
def test_what_we_wrap_others_open_and_back(size: int) -> None:
    secret = bytes(1 + i % 255 for i in range(size))
    x, y, digest, text = der.decode_sm2_cipher(GM.wrap(PUBLIC, secret))
    assert gmssl_key().decrypt(b32(x) + b32(y) + digest + text) == secret
    raw = gmssl_key().encrypt(secret)
    x, y = int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:64], "big")
    cipher = der.Sm2Cipher(x, y, raw[64:96], raw[96:])
    assert GM.unwrap(PRIVATE, der.encode_sm2_cipher(cipher)) == secret


# ---- signatures no honest signer makes


def test_every_flipped_bit_is_refused() -> None:
    signature = GM.signer(PRIVATE).sign(MESSAGE)
    for part in (PUBLIC, MESSAGE, signature):
        for index in range(8 * len(part)):
            changed = bytearray(part)
            changed[index // 8] ^= 1 << index % 8
            key, message, signed = (
                bytes(changed) if field is part else field for field in (PUBLIC, MESSAGE, signature)
            )
            assert not GM.verify(key, message, signed)


@pytest.mark.parametrize("value", [0, SM2.n, SM2.n + 1, 2**256 - 1])
def test_scalars_out_of_range_are_refused(value: int) -> None:
    for r, s in ((value, standard.S), (standard.R, value), (value, value)):
        assert not GM.verify(PUBLIC, MESSAGE, b32(r) + b32(s))
        assert not sm2_verify_der(PUBLIC, MESSAGE, der.encode_signature(r, s))
    assert not sm2_verify_der(PUBLIC, MESSAGE, der.encode_signature(standard.R + SM2.n, standard.S))


def test_r_plus_s_of_zero_is_refused() -> None:
    assert not GM.verify(PUBLIC, MESSAGE, b32(standard.R) + b32(SM2.n - standard.R))


def test_the_point_at_infinity_is_an_answer_and_no_error() -> None:
    """The key's owner can choose r, s with sG + tP at infinity; the library then fails inside."""
    t = 0xABCDEF
    s = -t * D % SM2.n
    r = (t - s) % SM2.n
    assert SM2.add(SM2.multiply(s, SM2.g), SM2.multiply(t, POINT)) is None
    assert not GM.verify(PUBLIC, MESSAGE, b32(r) + b32(s))
    # and the failure leaves nothing behind that disturbs the next call
    assert GM.verify(PUBLIC, MESSAGE, b32(standard.R) + b32(standard.S))


def test_the_key_with_d_minus_one_is_the_only_one_that_cannot_sign() -> None:
    with pytest.raises(CryptoError) as caught:
        GM.signer(b32(SM2.n - 1))
    assert caught.value.code is KEY_PRIVATE_INVALID
    largest = GM.signer(b32(SM2.n - 2))
    assert GM.verify(largest.public_key, MESSAGE, largest.sign(MESSAGE))
    smallest = GM.signer(b32(1))
    assert GM.verify(smallest.public_key, MESSAGE, smallest.sign(MESSAGE))


@pytest.mark.parametrize("spoil", [lambda s: s + b"\0", lambda s: s[:-1], lambda s: b"", bytes.hex])
def test_other_forms_of_a_der_signature_are_refused(spoil: object) -> None:
    signature = der.encode_signature(standard.R, standard.S)
    assert callable(spoil)
    spoiled = spoil(signature)
    assert not sm2_verify_der(
        PUBLIC, MESSAGE, spoiled.encode() if isinstance(spoiled, str) else spoiled
    )
    assert not GM.verify(PUBLIC, MESSAGE, signature)


def test_each_flipped_byte_of_a_der_signature_is_refused() -> None:
    signature = der.encode_signature(standard.R, standard.S)
    for index in range(8 * len(signature)):
        changed = bytearray(signature)
        changed[index // 8] ^= 1 << index % 8
        assert not sm2_verify_der(PUBLIC, MESSAGE, bytes(changed))


# ---- wrapped secrets no honest sender makes


def refusal(private: bytes, wrapped: bytes) -> bool:
    with pytest.raises(CryptoError) as caught:
        GM.unwrap(private, wrapped)
    return caught.value.code is CANNOT_DECRYPT


@pytest.mark.slow
def test_every_flipped_bit_of_a_wrapped_secret_is_refused() -> None:
    wrapped = GM.wrap(PUBLIC, b"sixteen byte key")
    for index in range(8 * len(wrapped)):
        changed = bytearray(wrapped)
        changed[index // 8] ^= 1 << index % 8
        assert refusal(PRIVATE, bytes(changed))


def test_cut_and_grown_wrapped_secrets_are_refused() -> None:
    wrapped = GM.wrap(PUBLIC, b"sixteen byte key")
    for size in range(len(wrapped)):
        assert refusal(PRIVATE, wrapped[:size])
    assert refusal(PRIVATE, wrapped + b"\0")
    assert refusal(PRIVATE, bytes(100_000))


@pytest.mark.parametrize("x_limit", [1 << 8, 1 << 16])
def test_a_short_coordinate_is_no_way_past_the_buffer(x_limit: int) -> None:
    """Its size must come from C2: libraries that estimated it from the field wrote past the end."""
    c1 = next(point for x in range(x_limit // 2, x_limit) if (point := SM2.point_at(x)))
    for size in (1, 16, 64, 256):
        secret = bytes(1 + i % 255 for i in range(size))
        cipher = der.Sm2Cipher(*oracle.sm2_cipher_parts(D, c1, secret))
        assert GM.unwrap(PRIVATE, der.encode_sm2_cipher(cipher)) == secret


@pytest.mark.parametrize("point", [(SM2.g[0], SM2.g[1] + 1), (SM2.g[0] + 1, SM2.g[1]), (5, 7)])
def test_a_point_off_the_curve_is_refused(point: tuple[int, int]) -> None:
    """Multiplying it by the private key would give that away a few bits at a time.

    All else about the ciphertext is right: the textbook formulas work on any curve of this shape.
    """
    parts = oracle.sm2_cipher_parts(D, point, b"secret")
    assert refusal(PRIVATE, der.encode_sm2_cipher(der.Sm2Cipher(*parts)))


def test_coordinates_beyond_the_field_are_refused() -> None:
    """The library would reduce them: one ciphertext would have several encodings."""
    x, y, digest, text = oracle.sm2_cipher_parts(D, SM2.g, b"secret")
    assert GM.unwrap(PRIVATE, der.encode_sm2_cipher(der.Sm2Cipher(x, y, digest, text))) == b"secret"
    for other in ((x + SM2.p, y), (x, y + SM2.p), (x + 5 * SM2.p, y), (SM2.p, SM2.p), (0, 0)):
        assert refusal(PRIVATE, der.encode_sm2_cipher(der.Sm2Cipher(*other, digest, text)))


def test_empty_and_oversized_texts_are_refused() -> None:
    for size in (0, 257):
        cipher = der.Sm2Cipher(*oracle.sm2_cipher_parts(D, SM2.g, bytes(size)))
        assert refusal(PRIVATE, der.encode_sm2_cipher(cipher))
        with pytest.raises(Misuse):
            GM.wrap(PUBLIC, bytes(size))


# ---- keys


@pytest.mark.parametrize(
    "key",
    [
        b"",
        PUBLIC[1:],
        PUBLIC + b"\0",
        PUBLIC[:-1],
        b"\0" + PUBLIC[1:],
        b"\x06" + PUBLIC[1:],  # the hybrid form, which the library would take
        b"\x07" + PUBLIC[1:],
        b"\x02" + PUBLIC[1:33],  # compressed
        b"\x02" + PUBLIC[1:],
        b"\0",  # infinity
        b"\x04" + bytes(64),
        PUBLIC[:-1] + bytes((PUBLIC[-1] ^ 1,)),
        b"\x04" + b"\xff" * 64,
        b"\x04" + b32(SM2.p) + PUBLIC[33:],
        oracle.point_bytes(oracle.P256.g),  # a point of the other curve
    ],
)
def test_what_is_no_public_key(key: bytes) -> None:
    assert not GM.verify(key, MESSAGE, b32(standard.R) + b32(standard.S))
    assert not sm2_verify_der(key, MESSAGE, der.encode_signature(standard.R, standard.S))
    with pytest.raises(CryptoError) as caught:
        GM.wrap(key, b"secret")
    assert caught.value.code is KEY_PUBLIC_INVALID


@pytest.mark.parametrize(
    "key", [b"", bytes(31), bytes(32), bytes(33), b32(SM2.n), b32(SM2.n - 1), b"\xff" * 32]
)
def test_what_is_no_private_key(key: bytes) -> None:
    for call in (
        GM.signer,
        GM.public_key,
        sm2_public_key,
        lambda private: GM.unwrap(private, GM.wrap(PUBLIC, b"secret")),
    ):
        with pytest.raises(CryptoError) as caught:
            call(key)
        assert caught.value.code is KEY_PRIVATE_INVALID


def test_the_cache_of_keys_is_bounded() -> None:
    assert sm2._load_public.cache_info().maxsize == sm2._CACHED_KEYS_MAX


def test_threads_share_keys_and_signers() -> None:
    signer = GM.signer(PRIVATE)
    barrier = threading.Barrier(4)

    def work(worker: int) -> bool:
        barrier.wait(timeout=30)
        message = bytes((worker,))
        return all(
            GM.verify(PUBLIC, message, signer.sign(message))
            and not GM.verify(PUBLIC, message, bytes(63) + b"\1")
            and GM.unwrap(PRIVATE, GM.wrap(PUBLIC, message)) == message
            for _ in range(50)
        )

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(work, range(4)))


def test_refusals_write_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    test_every_flipped_bit_of_a_wrapped_secret_is_refused()
    test_the_point_at_infinity_is_an_answer_and_no_error()
    assert capfd.readouterr() == ("", "")
