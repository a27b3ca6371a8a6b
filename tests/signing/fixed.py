"""Signatures with a nonce k of our choosing, so that a file of vectors is the same each time.

For published test keys only: a k that can be guessed gives the private key away.
"""

import hashlib

from crypto import p256, sm2
from crypto.digest import sm3
from crypto.suites import GM, Suite

# GB/T 32918.5: a, b, x and y of the base point, as they enter Z_A.
_SM2_PARAMETERS = bytes.fromhex(
    "fffffffeffffffffffffffffffffffffffffffff00000000fffffffffffffffc"
    "28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93"
    "32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7"
    "bc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0"
)


def order(suite: Suite) -> int:
    """n, the order of the suite's curve."""
    return sm2.ORDER if suite is GM else p256.ORDER


def raw(r: int, s: int) -> bytes:
    """The 64 bytes r || s."""
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def digest(
    suite: Suite, public_key: bytes, message: bytes, signer_id: bytes = sm2.SIGNER_ID
) -> bytes:
    """What the curve's arithmetic gets: SM3(Z_A || message), or SHA-256(message)."""
    if suite is not GM:
        return hashlib.sha256(message).digest()
    entitled = (8 * len(signer_id)).to_bytes(2, "big") + signer_id
    return sm3(sm3(entitled + _SM2_PARAMETERS + public_key[1:]) + message)


def sign(suite: Suite, private_key: bytes, message: bytes, *, turn: int = 0) -> bytes:
    """A valid signature, 64 bytes, that depends on its arguments alone; `turn` gives others."""
    hashed = digest(suite, suite.public_key(private_key), message)
    return sign_digest(suite, private_key, hashed, turn=turn)


def sign_digest(suite: Suite, private_key: bytes, hashed: bytes, *, turn: int = 0) -> bytes:
    """`sign`, of what `digest` gave."""
    n = order(suite)
    d = int.from_bytes(private_key, "big")
    e = int.from_bytes(hashed, "big")
    seed = b"yilian test k" + private_key + hashed + turn.to_bytes(4, "big")
    k = int.from_bytes(hashlib.sha512(seed).digest(), "big") % (n - 2) + 1
    x = int.from_bytes(suite.public_key(k.to_bytes(32, "big"))[1:33], "big")
    if suite is GM:
        r = (e + x) % n
        s = pow(1 + d, -1, n) * (k - r * d) % n
    else:
        r = x % n
        s = pow(k, -1, n) * (e + r * d) % n
    return raw(r, s)
