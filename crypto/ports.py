"""The narrow ports behind which cryptography stands; a certified device can take any place."""

from typing import Protocol

HASH_SIZE = 32
PRIVATE_KEY_SIZE = 32
PUBLIC_KEY_SIZE = 65
SIGNATURE_SIZE = 64
NONCE_SIZE = 12
TAG_SIZE = 16


class Signer(Protocol):
    """Signs with one private key that never leaves it."""

    @property
    def public_key(self) -> bytes:
        """The 65 bytes 04 || x || y of the key it signs with."""

    def sign(self, message: bytes) -> bytes:
        """Sign `message`, which carries its own domain tag; 64 bytes r || s, big-endian."""


class Verifier(Protocol):
    """Checks signatures; an answer, never an error, whatever bytes come in."""

    def verify(self, public_key: bytes, message: bytes, signature: bytes) -> bool:
        """Whether `signature` (64 bytes r || s) over `message` is of `public_key` (65 bytes)."""


class Cipher(Protocol):
    """Authenticated encryption under a symmetric key."""

    def seal(self, key: bytes, nonce: bytes, plaintext: bytes, aad: bytes) -> bytes:
        """Encrypt and authenticate; the ciphertext followed by its 16-byte tag."""

    def open(self, key: bytes, nonce: bytes, ciphertext: bytes, aad: bytes) -> bytes:
        """Undo `seal`; CryptoError if key, nonce, ciphertext or `aad` are not as sealed."""


class Opener(Protocol):
    """Unwraps secrets with one private key that never leaves it."""

    @property
    def public_key(self) -> bytes:
        """The 65 bytes 04 || x || y to which secrets are wrapped for it."""

    def unwrap(self, wrapped: bytes) -> bytes:
        """Undo `Sealer.wrap`; CryptoError if the bytes were changed or are for another key."""


class Sealer(Protocol):
    """Carries a short secret to the holder of a private key."""

    def wrap(self, recipient_public_key: bytes, secret: bytes) -> bytes:
        """Encrypt `secret` so that only the recipient's private key unwraps it."""

    def opener(self, private_key: bytes) -> Opener:
        """What undoes `wrap`; CryptoError if the key is none."""


class Curve(Verifier, Sealer, Protocol):
    """Everything a suite does with key pairs; `crypto.sm2` and `crypto.p256` are such modules."""

    def generate_private_key(self) -> bytes:
        """A private key of 32 bytes from the operating system's randomness."""

    def public_key(self, private_key: bytes) -> bytes:
        """The public key, 65 bytes, of a private key; CryptoError if that is none."""

    def signer(self, private_key: bytes) -> Signer:
        """A signer that holds the private key; CryptoError if that is none."""
