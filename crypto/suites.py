"""The two cipher suites: `gm` (SM2, SM3, SM4) and `intl` (P-256, SHA-256, AES-256).

A chain has one suite for everything it makes; a foreign chain's is used to verify what that made.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from crypto import aead, p256, sm2
from crypto.codes import UNKNOWN_SUITE
from crypto.digest import sha256, sm3
from crypto.ports import Curve, Opener, Signer
from faults import Rejected

_Aead = Callable[[bytes, bytes, bytes, bytes], bytes]


@dataclass(frozen=True, slots=True)
class Suite:
    """Hash, signature, symmetric cipher and key wrapping that belong together.

    `hash` gives 32 bytes; it is a field and not a method because Merkle trees call it most of all.
    `key_size` is the symmetric key's size in bytes.
    """

    name: str
    key_size: int
    hash: Callable[[bytes], bytes] = field(repr=False)
    _curve: Curve = field(repr=False)
    _seal: _Aead = field(repr=False)
    _open: _Aead = field(repr=False)

    def verify(self, public_key: bytes, message: bytes, signature: bytes) -> bool:
        """Whether `signature` (64 bytes r || s) over `message` is of `public_key` (65 bytes).

        Never raises: a key that is not on the curve, a length, a range give False.
        """
        return self._curve.verify(public_key, message, signature)

    def generate_private_key(self) -> bytes:
        """A private key of 32 bytes from the operating system's randomness."""
        return self._curve.generate_private_key()

    def signer(self, private_key: bytes) -> Signer:
        """A signer with this key; CryptoError KEY_PRIVATE_INVALID if it is none."""
        return self._curve.signer(private_key)

    def public_key(self, private_key: bytes) -> bytes:
        """The public key, 65 bytes 04 || x || y; CryptoError KEY_PRIVATE_INVALID if it has none."""
        return self._curve.public_key(private_key)

    def seal(self, key: bytes, nonce: bytes, plaintext: bytes, aad: bytes) -> bytes:
        """Encrypt and authenticate with a key of `key_size` bytes and a fresh nonce of 12.

        Returns ciphertext || tag (16 bytes). A nonce must never come twice under one key. Misuse if
        a size is wrong.
        """
        return self._seal(key, nonce, plaintext, aad)

    def open(self, key: bytes, nonce: bytes, ciphertext: bytes, aad: bytes) -> bytes:
        """Undo `seal`; CryptoError CANNOT_DECRYPT unless all is as it was sealed."""
        return self._open(key, nonce, ciphertext, aad)

    def wrap(self, recipient_public_key: bytes, secret: bytes) -> bytes:
        """Encrypt 1 to 256 bytes to a public key; CryptoError KEY_PUBLIC_INVALID if it is none."""
        return self._curve.wrap(recipient_public_key, secret)

    def unwrap(self, private_key: bytes, wrapped: bytes) -> bytes:
        """Undo `wrap`; CryptoError CANNOT_DECRYPT if changed or for another key."""
        return self._curve.opener(private_key).unwrap(wrapped)

    def opener(self, private_key: bytes) -> Opener:
        """Unwraps many secrets with one key; CryptoError KEY_PRIVATE_INVALID if it is none."""
        return self._curve.opener(private_key)


GM = Suite("gm", aead.SM4_KEY_SIZE, sm3, sm2, aead.sm4_gcm_seal, aead.sm4_gcm_open)
INTL = Suite("intl", aead.AES_KEY_SIZE, sha256, p256, aead.aes_gcm_seal, aead.aes_gcm_open)


def suite(name: str) -> Suite:
    """The suite of that name; Rejected UNKNOWN_SUITE if there is none."""
    for candidate in (GM, INTL):
        if candidate.name == name:
            return candidate
    raise Rejected(UNKNOWN_SUITE, suite=name[:32])
