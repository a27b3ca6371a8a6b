"""Authenticated encryption: SM4-GCM and AES-256-GCM, 12-byte nonce, 16-byte tag at the end."""

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from cryptography.hazmat.primitives.ciphers.modes import GCM

from crypto.codes import CANNOT_DECRYPT, CryptoError
from crypto.ports import NONCE_SIZE, TAG_SIZE
from faults import Misuse

SM4_KEY_SIZE = 16
AES_KEY_SIZE = 32


def sm4_gcm_seal(key: bytes, nonce: bytes, plaintext: bytes, aad: bytes) -> bytes:
    """SM4-GCM: ciphertext || tag. A (key, nonce) pair must never be used twice."""
    _check_sizes(key, nonce, SM4_KEY_SIZE)
    encryptor = Cipher(SM4(key), GCM(nonce)).encryptor()
    encryptor.authenticate_additional_data(aad)
    return encryptor.update(plaintext) + encryptor.finalize() + encryptor.tag


def sm4_gcm_open(key: bytes, nonce: bytes, ciphertext: bytes, aad: bytes) -> bytes:
    """Undo `sm4_gcm_seal`; CryptoError unless every byte is as it was sealed."""
    _check_sizes(key, nonce, SM4_KEY_SIZE)
    if len(ciphertext) < TAG_SIZE:
        raise CryptoError(CANNOT_DECRYPT)
    decryptor = Cipher(SM4(key), GCM(nonce, ciphertext[-TAG_SIZE:])).decryptor()
    decryptor.authenticate_additional_data(aad)
    plaintext = decryptor.update(ciphertext[:-TAG_SIZE])
    try:
        return plaintext + decryptor.finalize()
    except InvalidTag:
        raise CryptoError(CANNOT_DECRYPT) from None


def aes_gcm_seal(key: bytes, nonce: bytes, plaintext: bytes, aad: bytes) -> bytes:
    """AES-256-GCM: ciphertext || tag. A (key, nonce) pair must never be used twice."""
    _check_sizes(key, nonce, AES_KEY_SIZE)
    return AESGCM(key).encrypt(nonce, plaintext, aad)


def aes_gcm_open(key: bytes, nonce: bytes, ciphertext: bytes, aad: bytes) -> bytes:
    """Undo `aes_gcm_seal`; CryptoError unless every byte is as it was sealed."""
    _check_sizes(key, nonce, AES_KEY_SIZE)
    try:
        return AESGCM(key).decrypt(nonce, ciphertext, aad)
    except InvalidTag:
        raise CryptoError(CANNOT_DECRYPT) from None


def _check_sizes(key: bytes, nonce: bytes, key_size: int) -> None:
    """Keys and nonces are made by our own code: a wrong size is its bug."""
    if len(key) != key_size:
        raise Misuse(f"the content key must have {key_size} bytes, not {len(key)}")
    if len(nonce) != NONCE_SIZE:
        raise Misuse(f"the nonce must have {NONCE_SIZE} bytes, not {len(nonce)}")
