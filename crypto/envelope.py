"""The transport envelope between routers (suite C): SM2 and SM4-GCM, whatever the chains use.

    version 01 | u16 size | wrapped key (SM2Cipher) | nonce (12) | SM4-GCM ciphertext | tag (16)

The associated data are domain tag, packet id and everything before the nonce. The plaintext is
padded to a bucket, so that its length tells a listener little: `u32 length || plaintext || zeros`,
in all 512, 2,048 or 8,192 bytes or a multiple of 32,768. Anything but the one form is refused.
"""

import secrets
from typing import NamedTuple

from crypto import sm2
from crypto.aead import SM4_KEY_SIZE, sm4_gcm_open, sm4_gcm_seal
from crypto.codes import CANNOT_DECRYPT, SEALED_MALFORMED, SEALED_TOO_LARGE, CryptoError
from crypto.domain import tagged
from crypto.ports import HASH_SIZE, NONCE_SIZE, TAG_SIZE
from faults import Misuse, Rejected

PLAINTEXT_SIZE_MAX = 4 * 1024 * 1024
_VERSION = 1
_LENGTH_SIZE = 4
_BUCKETS = (512, 2_048, 8_192)
_STEP = 32_768
_HEAD_SIZE = 3
_WRAPPED_SIZE_MAX = 256
_PADDED_SIZE_MAX = PLAINTEXT_SIZE_MAX + _STEP
ENVELOPE_SIZE_MAX = _HEAD_SIZE + _WRAPPED_SIZE_MAX + NONCE_SIZE + _PADDED_SIZE_MAX + TAG_SIZE
_TAG = "yilian/envelope/v1"


class _Parts(NamedTuple):
    head: bytes
    wrapped: bytes
    nonce: bytes
    ciphertext: bytes


def seal_envelope(recipient_public: bytes, packet_id: bytes, plaintext: bytes) -> bytes:
    """Seal up to 4 MiB for the router that holds the private key of `recipient_public` (SM2).

    Raises:
        Rejected: SEALED_TOO_LARGE; CryptoError KEY_PUBLIC_INVALID.
        Misuse: the packet id has not 32 bytes.
    """
    _check_packet_id(packet_id)
    if len(plaintext) > PLAINTEXT_SIZE_MAX:
        raise Rejected(SEALED_TOO_LARGE, size=len(plaintext), limit=PLAINTEXT_SIZE_MAX)
    key = secrets.token_bytes(SM4_KEY_SIZE)
    nonce = secrets.token_bytes(NONCE_SIZE)
    wrapped = sm2.wrap(recipient_public, key)
    head = bytes((_VERSION,)) + len(wrapped).to_bytes(2, "big") + wrapped
    return head + nonce + sm4_gcm_seal(key, nonce, _pad(plaintext), _aad(packet_id, head))


def open_envelope(private: bytes, packet_id: bytes, envelope: bytes) -> bytes:
    """The plaintext of an envelope for this private key and this packet.

    Raises:
        Rejected: SEALED_MALFORMED naming the part, SEALED_TOO_LARGE; CryptoError CANNOT_DECRYPT,
            KEY_PRIVATE_INVALID.
        Misuse: the packet id has not 32 bytes.
    """
    _check_packet_id(packet_id)
    parts = _parse(envelope)
    key = sm2.opener(private).unwrap(parts.wrapped)
    if len(key) != SM4_KEY_SIZE:
        raise CryptoError(CANNOT_DECRYPT)
    aad = _aad(packet_id, parts.head)
    return _unpad(sm4_gcm_open(key, parts.nonce, parts.ciphertext, aad))


def _parse(envelope: bytes) -> _Parts:
    if len(envelope) > ENVELOPE_SIZE_MAX:
        raise Rejected(SEALED_TOO_LARGE, size=len(envelope), limit=ENVELOPE_SIZE_MAX)
    if len(envelope) < _HEAD_SIZE or envelope[0] != _VERSION:
        raise Rejected(SEALED_MALFORMED, part="version")
    wrapped_size = int.from_bytes(envelope[1:_HEAD_SIZE], "big")
    if not 1 <= wrapped_size <= _WRAPPED_SIZE_MAX:
        raise Rejected(SEALED_MALFORMED, part="wrapped")
    nonce_start = _HEAD_SIZE + wrapped_size
    text_start = nonce_start + NONCE_SIZE
    padded_size = len(envelope) - text_start - TAG_SIZE
    if padded_size < _LENGTH_SIZE or padded_size != _bucket(padded_size):
        raise Rejected(SEALED_MALFORMED, part="ciphertext")
    return _Parts(
        head=envelope[:nonce_start],
        wrapped=envelope[_HEAD_SIZE:nonce_start],
        nonce=envelope[nonce_start:text_start],
        ciphertext=envelope[text_start:],
    )


def _aad(packet_id: bytes, head: bytes) -> bytes:
    return tagged(_TAG, packet_id, head)


def _check_packet_id(packet_id: bytes) -> None:
    if len(packet_id) != HASH_SIZE:
        raise Misuse("a packet id has 32 bytes")


def _bucket(size: int) -> int:
    """The smallest bucket that holds `size` bytes."""
    for bucket in _BUCKETS:
        if size <= bucket:
            return bucket
    return (size + _STEP - 1) // _STEP * _STEP


def _pad(plaintext: bytes) -> bytes:
    size = _LENGTH_SIZE + len(plaintext)
    return len(plaintext).to_bytes(_LENGTH_SIZE, "big") + plaintext + bytes(_bucket(size) - size)


def _unpad(padded: bytes) -> bytes:
    end = _LENGTH_SIZE + int.from_bytes(padded[:_LENGTH_SIZE], "big")
    if end > len(padded) or _bucket(end) != len(padded) or padded[end:].strip(b"\0"):
        raise Rejected(SEALED_MALFORMED, part="padding")
    return padded[_LENGTH_SIZE:end]
