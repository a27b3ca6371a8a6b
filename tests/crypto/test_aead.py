"""SM4-GCM and AES-256-GCM: the standard's SM4, RFC 8998's GCM, a second GCM, every byte flipped."""

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES, SM4
from cryptography.hazmat.primitives.ciphers.modes import ECB
from gmssl.sm4 import SM4_ENCRYPT, CryptSM4

from crypto import GM, INTL, CryptoError, Suite
from crypto.codes import CANNOT_DECRYPT
from faults import Misuse
from tests.crypto import oracle, standard

NONCE = bytes(range(12))
ONE_BLOCK = ECB()  # noqa: S305  one block at a time: the bare cipher of the standard's examples


def gmssl_block(key: bytes, block: bytes) -> bytes:
    cipher = CryptSM4(SM4_ENCRYPT, padding_mode=None)
    cipher.set_key(key, SM4_ENCRYPT)
    return bytes(cipher.one_round(cipher.sk, list(block)))


def test_sm4_of_the_standard() -> None:
    encryptor = Cipher(SM4(standard.SM4_KEY), ONE_BLOCK).encryptor()
    assert encryptor.update(standard.SM4_KEY).hex() == standard.SM4_ONCE
    assert gmssl_block(standard.SM4_KEY, standard.SM4_KEY).hex() == standard.SM4_ONCE


def test_sm4_of_the_standard_a_million_times() -> None:
    encryptor = Cipher(SM4(standard.SM4_KEY), ONE_BLOCK).encryptor()
    block = standard.SM4_KEY
    for _ in range(1_000_000):
        block = encryptor.update(block)
    assert block.hex() == standard.SM4_MILLION


def test_sm4_gcm_of_rfc_8998() -> None:
    sealed = GM.seal(standard.SM4_KEY, standard.GCM_NONCE, standard.GCM_PLAINTEXT, standard.GCM_AAD)
    assert sealed.hex() == standard.GCM_CIPHERTEXT + standard.GCM_TAG
    opened = GM.open(standard.SM4_KEY, standard.GCM_NONCE, sealed, standard.GCM_AAD)
    assert opened == standard.GCM_PLAINTEXT


@pytest.mark.parametrize("size", [0, 1, 15, 16, 17, 100])
@pytest.mark.parametrize("aad", [b"", b"commitment", bytes(33)])
def test_sm4_gcm_agrees_with_a_second_implementation(size: int, aad: bytes) -> None:
    key, plaintext = bytes(range(16)), bytes(i % 251 for i in range(size))
    expected = oracle.gcm_seal(lambda block: gmssl_block(key, block), NONCE, plaintext, aad)
    assert GM.seal(key, NONCE, plaintext, aad) == expected


@pytest.mark.parametrize("size", [0, 16, 33])
def test_aes_gcm_agrees_with_a_second_implementation(size: int) -> None:
    key, plaintext = bytes(range(32)), bytes(i % 251 for i in range(size))
    block = Cipher(AES(key), ONE_BLOCK).encryptor().update
    assert INTL.seal(key, NONCE, plaintext, b"aad") == oracle.gcm_seal(
        block, NONCE, plaintext, b"aad"
    )


def refused(suite: Suite, key: bytes, nonce: bytes, sealed: bytes, aad: bytes) -> bool:
    with pytest.raises(CryptoError) as caught:
        suite.open(key, nonce, sealed, aad)
    return caught.value.code is CANNOT_DECRYPT


def test_every_flipped_bit_is_refused(suite: Suite) -> None:
    key, aad = bytes(range(suite.key_size)), b"packet"
    sealed = suite.seal(key, NONCE, b"standard form", aad)
    for field in (key, NONCE, sealed, aad):
        for index in range(8 * len(field)):
            changed = bytearray(field)
            changed[index // 8] ^= 1 << index % 8
            arguments = [
                bytes(changed) if part is field else part for part in (key, NONCE, sealed, aad)
            ]
            assert refused(suite, *arguments)


def test_cut_and_grown_ciphertexts_are_refused(suite: Suite) -> None:
    key = bytes(suite.key_size)
    sealed = suite.seal(key, NONCE, b"standard form", b"")
    for size in range(len(sealed)):
        assert refused(suite, key, NONCE, sealed[:size], b"")
    assert refused(suite, key, NONCE, sealed + b"\0", b"")


def test_our_own_wrong_sizes_are_bugs(suite: Suite) -> None:
    key = bytes(suite.key_size)
    for call in (suite.seal, suite.open):
        with pytest.raises(Misuse):
            call(key + b"\0", NONCE, bytes(16), b"")
        with pytest.raises(Misuse):
            call(key[:-1], NONCE, bytes(16), b"")
        with pytest.raises(Misuse):
            call(key, NONCE + b"\0", bytes(16), b"")
