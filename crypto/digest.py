"""SM3 (GB/T 32905), HMAC-SM3 and SHA-256.

SM3 comes from the interpreter's own OpenSSL where that has it, else from `cryptography`; which of
the two is found out once, at import. Merkle trees hash many short inputs, so the state of an empty
hash is made once and copied: twice as fast as making it anew each time.
"""

import hashlib
import hmac
from collections.abc import Callable

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.hmac import HMAC


def _sm3_of_cryptography(data: bytes) -> bytes:
    state = hashes.Hash(hashes.SM3())
    state.update(data)
    return state.finalize()


def _hmac_of_cryptography(key: bytes, data: bytes) -> bytes:
    state = HMAC(key, hashes.SM3())
    state.update(data)
    return state.finalize()


def _choose() -> tuple[Callable[[bytes], bytes], Callable[[bytes, bytes], bytes]]:
    try:
        empty = hashlib.new("sm3")
        hmac.digest(b"probe", b"", "sm3")
    except ValueError:
        return _sm3_of_cryptography, _hmac_of_cryptography

    def sm3_of_hashlib(data: bytes) -> bytes:
        state = empty.copy()
        state.update(data)
        return state.digest()

    def hmac_of_hashlib(key: bytes, data: bytes) -> bytes:
        return hmac.digest(key, data, "sm3")

    return sm3_of_hashlib, hmac_of_hashlib


_sm3, _hmac_sm3 = _choose()


def sm3(data: bytes) -> bytes:
    """SM3 of `data`, 32 bytes."""
    return _sm3(data)


def hmac_sm3(key: bytes, data: bytes) -> bytes:
    """HMAC (RFC 2104) with SM3, 32 bytes; a key may have any length."""
    return _hmac_sm3(key, data)


def sha256(data: bytes) -> bytes:
    """SHA-256 of `data`, 32 bytes."""
    return hashlib.sha256(data).digest()
