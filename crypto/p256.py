"""P-256 (FIPS 186-5): ECDSA with SHA-256, and ECIES for short secrets.

ECDSA has for each (r, s) a second valid signature (r, n-s). Both are accepted: a transaction is
known by its signer and nonce, and no identifier or vote may depend on a signature being unique.

A wrapped secret is `01 || ephemeral public key (65) || AES-256-GCM(secret) || tag`. Key and nonce
come from HKDF-SHA256 over the ECDH secret with both public keys in its context: used once.
"""

import functools
import secrets
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from crypto import der
from crypto.aead import AES_KEY_SIZE, aes_gcm_open, aes_gcm_seal
from crypto.codes import CANNOT_DECRYPT, KEY_PRIVATE_INVALID, KEY_PUBLIC_INVALID, CryptoError
from crypto.domain import tagged
from crypto.ports import (
    NONCE_SIZE,
    PRIVATE_KEY_SIZE,
    PUBLIC_KEY_SIZE,
    SIGNATURE_SIZE,
    TAG_SIZE,
    Opener,
    Signer,
)
from faults import Misuse

ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
SECRET_SIZE_MAX: Final = 256
_WRAP_VERSION = b"\x01"
_WRAP_HEAD_SIZE = 1 + PUBLIC_KEY_SIZE
_CACHED_KEYS_MAX = 4096
_SCHEME = ec.ECDSA(hashes.SHA256())


class _P256Signer:
    """A software signer; for production keys a device stands behind the same port."""

    def __init__(self, private_key: bytes) -> None:
        self._key = _load_private(private_key)
        self._public_key = _encode_public(self._key.public_key())

    @property
    def public_key(self) -> bytes:
        """The 65 bytes of the key it signs with."""
        return self._public_key

    def sign(self, message: bytes) -> bytes:
        """Sign `message`; 64 bytes r || s."""
        r, s = der.decode_signature(self._key.sign(message, _SCHEME))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


class _P256Opener:
    """Unwraps with a key in memory; for production keys a device stands behind the same port."""

    def __init__(self, private_key: bytes) -> None:
        self._key = _load_private(private_key)
        self._public_key = _encode_public(self._key.public_key())

    @property
    def public_key(self) -> bytes:
        """The 65 bytes to which secrets are wrapped."""
        return self._public_key

    def unwrap(self, wrapped: bytes) -> bytes:
        """Undo `wrap`; CryptoError if any byte was changed or it is for another key."""
        smallest = _WRAP_HEAD_SIZE + 1 + TAG_SIZE
        if not smallest <= len(wrapped) <= smallest - 1 + SECRET_SIZE_MAX:
            raise CryptoError(CANNOT_DECRYPT)
        head, sealed = wrapped[:_WRAP_HEAD_SIZE], wrapped[_WRAP_HEAD_SIZE:]
        if head[:1] != _WRAP_VERSION:
            raise CryptoError(CANNOT_DECRYPT)
        try:
            ephemeral = _parse_public(head[1:])
        except CryptoError:
            raise CryptoError(CANNOT_DECRYPT) from None
        shared = self._key.exchange(ec.ECDH(), ephemeral)
        content_key, nonce = _derive(shared, head, self._public_key)
        return aes_gcm_open(content_key, nonce, sealed, head)


def generate_private_key() -> bytes:
    """A private key, uniform in 1 .. n-1, from the operating system's randomness."""
    while True:
        candidate = secrets.token_bytes(PRIVATE_KEY_SIZE)
        if 1 <= int.from_bytes(candidate, "big") < ORDER:
            return candidate


def public_key(private_key: bytes) -> bytes:
    """The public key of a private key; CryptoError if that is none."""
    return _encode_public(_load_private(private_key).public_key())


def signer(private_key: bytes) -> Signer:
    """A signer with SHA-256; CryptoError if the key is none."""
    return _P256Signer(private_key)


def verify(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether r || s, 64 bytes, is `public_key`'s signature over `message`; never raises."""
    if len(signature) != SIGNATURE_SIZE:
        return False
    r = int.from_bytes(signature[:32], "big")
    s = int.from_bytes(signature[32:], "big")
    if not (1 <= r < ORDER and 1 <= s < ORDER):
        return False
    try:
        _load_public(public_key).verify(der.encode_signature(r, s), message, _SCHEME)
    except (CryptoError, InvalidSignature):
        return False
    return True


def wrap(recipient_public_key: bytes, secret: bytes) -> bytes:
    """ECIES of 1 to 256 bytes to a public key.

    Raises:
        CryptoError: the recipient's key is not a point on the curve.
        Misuse: the secret's size.
    """
    if not 1 <= len(secret) <= SECRET_SIZE_MAX:
        raise Misuse(f"a wrapped secret has 1 to {SECRET_SIZE_MAX} bytes")
    recipient = _load_public(recipient_public_key)
    ephemeral = ec.generate_private_key(ec.SECP256R1())
    head = _WRAP_VERSION + _encode_public(ephemeral.public_key())
    key, nonce = _derive(ephemeral.exchange(ec.ECDH(), recipient), head, recipient_public_key)
    return head + aes_gcm_seal(key, nonce, secret, head)


def opener(private_key: bytes) -> Opener:
    """What undoes `wrap` for this key; CryptoError if it is none."""
    return _P256Opener(private_key)


def _derive(shared: bytes, head: bytes, recipient: bytes) -> tuple[bytes, bytes]:
    info = tagged("yilian/ecies-p256/v1", head, recipient)
    length = AES_KEY_SIZE + NONCE_SIZE
    material = HKDF(hashes.SHA256(), length, salt=None, info=info).derive(shared)
    return material[:AES_KEY_SIZE], material[AES_KEY_SIZE:]


def _load_private(private_key: bytes) -> ec.EllipticCurvePrivateKey:
    value = int.from_bytes(private_key, "big")
    if len(private_key) != PRIVATE_KEY_SIZE or not 1 <= value < ORDER:
        raise CryptoError(KEY_PRIVATE_INVALID)
    return ec.derive_private_key(value, ec.SECP256R1())


def _parse_public(public_key: bytes) -> ec.EllipticCurvePublicKey:
    if len(public_key) != PUBLIC_KEY_SIZE or public_key[0] != 0x04:
        raise CryptoError(KEY_PUBLIC_INVALID)
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public_key)
    except ValueError:
        raise CryptoError(KEY_PUBLIC_INVALID) from None


# Ephemeral keys go past this cache: they would push out the keys that come again.
_load_public = functools.lru_cache(maxsize=_CACHED_KEYS_MAX)(_parse_public)


def _encode_public(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
