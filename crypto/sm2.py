"""SM2 (GB/T 32918, curve 1.2.156.10197.1.301): signatures with SM3 and public-key encryption.

The native library is Tongsuo's binding, loaded at first use and nowhere else. It always signs under
the default signer id `1234567812345678`, which is the only one we use. Its calls release the
interpreter lock, so verification runs in as many threads as there are cores.

Encodings, ranges and key forms are checked here, because the library is lenient about them: it
takes compressed and hybrid points, trailing bytes, coordinates beyond the field (which it reduces),
and an empty ciphertext as an empty secret. That a point is on the curve it checks itself.
"""

import functools
import secrets
from typing import Any, Final

from crypto import der
from crypto.codes import CANNOT_DECRYPT, KEY_PRIVATE_INVALID, KEY_PUBLIC_INVALID, CryptoError
from crypto.ports import PRIVATE_KEY_SIZE, PUBLIC_KEY_SIZE, SIGNATURE_SIZE, Opener, Signer
from faults import Misuse

SIGNER_ID: Final = b"1234567812345678"
FIELD: Final = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
ORDER: Final = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
SECRET_SIZE_MAX: Final = 256
_CACHED_KEYS_MAX = 4096  # about 2 KiB of native memory each


class _Library:
    """The names of the native binding we use; untyped there, so `Any` here."""

    def __init__(self) -> None:
        from tongsuopy.backends.tongsuo import backend
        from tongsuopy.crypto import exceptions, hashes
        from tongsuopy.crypto.asymciphers import ec

        self.curve: Any = ec.SM2()
        self.scheme: Any = ec.ECDSA(hashes.SM3())
        self.derive: Any = ec.derive_private_key
        self.load_point: Any = backend.load_elliptic_curve_public_bytes
        self.refusals: tuple[type[Exception], ...] = (
            exceptions.InvalidSignature,
            exceptions.InternalError,
            ValueError,
        )


@functools.cache
def _library() -> _Library:
    return _Library()


class _Sm2Signer:
    """A software signer; for production keys a certified device stands behind the same port."""

    def __init__(self, private_key: bytes) -> None:
        self._key = _load_private(private_key)
        self._public_key = _encode_public(self._key)

    @property
    def public_key(self) -> bytes:
        """The 65 bytes of the key it signs with."""
        return self._public_key

    def sign(self, message: bytes) -> bytes:
        """Sign `message`; 64 bytes r || s."""
        r, s = der.decode_signature(self._key.sign(message, _library().scheme))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


class _Sm2Opener:
    """Loading a private key costs more than an unwrapping: keep it while there are several."""

    def __init__(self, private_key: bytes) -> None:
        self._key = _load_private(private_key)
        self._public_key = _encode_public(self._key)

    @property
    def public_key(self) -> bytes:
        """The 65 bytes to which secrets are wrapped."""
        return self._public_key

    def unwrap(self, wrapped: bytes) -> bytes:
        """Undo `wrap`; CryptoError if any byte was changed or it is for another key."""
        try:
            parts = der.decode_sm2_cipher(wrapped)
            sized = 1 <= len(parts.text) <= SECRET_SIZE_MAX
            if not sized or parts.x >= FIELD or parts.y >= FIELD:
                raise CryptoError(CANNOT_DECRYPT)
            secret: bytes = self._key.decrypt(wrapped)
        except _library().refusals:
            raise CryptoError(CANNOT_DECRYPT) from None
        if len(secret) != len(parts.text):
            raise CryptoError(CANNOT_DECRYPT)
        return secret


def generate_private_key() -> bytes:
    """A private key, uniform in 1 .. n-2, from the operating system's randomness."""
    while True:
        candidate = secrets.token_bytes(PRIVATE_KEY_SIZE)
        if 1 <= int.from_bytes(candidate, "big") <= ORDER - 2:
            return candidate


def public_key(private_key: bytes) -> bytes:
    """The public key of a private key; CryptoError if that is none."""
    return _encode_public(_load_private(private_key))


def signer(private_key: bytes) -> Signer:
    """A signer with SM3 and the default signer id; CryptoError if the key is none."""
    return _Sm2Signer(private_key)


def verify(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether r || s, 64 bytes, is `public_key`'s signature over `message`; never raises."""
    if len(signature) != SIGNATURE_SIZE:
        return False
    r = int.from_bytes(signature[:32], "big")
    s = int.from_bytes(signature[32:], "big")
    return _verify_pair(public_key, message, r, s)


def verify_der(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Like `verify` for a signature in DER (GM/T 0009), which must be strict; never raises."""
    try:
        r, s = der.decode_signature(signature)
    except ValueError:
        return False
    return _verify_pair(public_key, message, r, s)


def wrap(recipient_public_key: bytes, secret: bytes) -> bytes:
    """SM2 public-key encryption of 1 to 256 bytes: SM2Cipher of GM/T 0009 in DER (C1, C3, C2).

    Raises:
        CryptoError: the recipient's key is not a point on the curve.
        Misuse: the secret's size.
    """
    if not 1 <= len(secret) <= SECRET_SIZE_MAX:
        raise Misuse(f"a wrapped secret has 1 to {SECRET_SIZE_MAX} bytes")
    wrapped: bytes = _load_public(recipient_public_key).encrypt(secret)
    return wrapped


def opener(private_key: bytes) -> Opener:
    """What undoes `wrap` for this key; CryptoError if it is none."""
    return _Sm2Opener(private_key)


def _verify_pair(public_key: bytes, message: bytes, r: int, s: int) -> bool:
    if not (1 <= r < ORDER and 1 <= s < ORDER):
        return False
    library = _library()
    try:
        key = _load_public(public_key)
        key.verify(der.encode_signature(r, s), message, library.scheme)
    except CryptoError:
        return False
    except library.refusals:
        # An internal error too means no: who owns a key can choose (r, s) so that the library
        # meets the point at infinity and reports a failure of its own instead of a refusal.
        return False
    return True


def _load_private(private_key: bytes) -> Any:
    value = int.from_bytes(private_key, "big")
    if len(private_key) != PRIVATE_KEY_SIZE or not 1 <= value <= ORDER - 2:
        raise CryptoError(KEY_PRIVATE_INVALID)
    library = _library()
    return library.derive(value, library.curve)


@functools.lru_cache(maxsize=_CACHED_KEYS_MAX)
def _load_public(public_key: bytes) -> Any:
    if len(public_key) != PUBLIC_KEY_SIZE or public_key[0] != 0x04:
        raise CryptoError(KEY_PUBLIC_INVALID)
    library = _library()
    try:
        return library.load_point(library.curve, public_key)
    except library.refusals:
        raise CryptoError(KEY_PUBLIC_INVALID) from None


def _encode_public(key: Any) -> bytes:
    numbers = key.public_key().public_numbers()
    x: int = numbers.x
    y: int = numbers.y
    return b"\x04" + x.to_bytes(32, "big") + y.to_bytes(32, "big")
