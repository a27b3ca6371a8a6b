"""Textbook arithmetic, slow and plain, that the tests hold against the native libraries.

It knows the standards' text (GB/T 32918, NIST SP 800-38D) and none of our code. Signing takes its
nonce as an argument, so that the standard's own example can be recomputed and edge cases be made.
"""

import base64
from collections.abc import Callable
from dataclasses import dataclass

from gmssl import sm3 as gmssl_sm3

Point = tuple[int, int] | None


@dataclass(frozen=True)
class Curve:
    """y^2 = x^3 + ax + b over p, with generator of order n."""

    p: int
    a: int
    b: int
    n: int
    g: tuple[int, int]
    oid: str

    def add(self, left: Point, right: Point) -> Point:
        if left is None or right is None:
            return left if right is None else right
        if left[0] == right[0]:
            if (left[1] + right[1]) % self.p == 0:
                return None
            slope = (3 * left[0] ** 2 + self.a) * pow(2 * left[1], -1, self.p)
        else:
            slope = (right[1] - left[1]) * pow(right[0] - left[0], -1, self.p)
        x = (slope**2 - left[0] - right[0]) % self.p
        return x, (slope * (left[0] - x) - left[1]) % self.p

    def multiply(self, factor: int, point: Point) -> Point:
        result: Point = None
        while factor:
            if factor & 1:
                result = self.add(result, point)
            point = self.add(point, point)
            factor >>= 1
        return result

    def public(self, private: int) -> tuple[int, int]:
        point = self.multiply(private, self.g)
        assert point is not None
        return point

    def point_at(self, x: int) -> Point:
        """A point with this x, if there is one (p = 3 mod 4 for both our curves)."""
        square = (x**3 + self.a * x + self.b) % self.p
        y = pow(square, (self.p + 1) // 4, self.p)
        return (x, y) if y * y % self.p == square else None


def _big(text: str) -> int:
    return int(text.replace(" ", ""), 16)


SM2 = Curve(
    p=_big("FFFFFFFE FFFFFFFF FFFFFFFF FFFFFFFF FFFFFFFF 00000000 FFFFFFFF FFFFFFFF"),
    a=_big("FFFFFFFE FFFFFFFF FFFFFFFF FFFFFFFF FFFFFFFF 00000000 FFFFFFFF FFFFFFFC"),
    b=_big("28E9FA9E 9D9F5E34 4D5A9E4B CF6509A7 F39789F5 15AB8F92 DDBCBD41 4D940E93"),
    n=_big("FFFFFFFE FFFFFFFF FFFFFFFF FFFFFFFF 7203DF6B 21C6052B 53BBF409 39D54123"),
    g=(
        _big("32C4AE2C 1F198119 5F990446 6A39C994 8FE30BBF F2660BE1 715A4589 334C74C7"),
        _big("BC3736A2 F4F6779C 59BDCEE3 6B692153 D0A9877C C62A4740 02DF32E5 2139F0A0"),
    ),
    oid="06082a811ccf5501822d",
)
P256 = Curve(
    p=_big("FFFFFFFF 00000001 00000000 00000000 00000000 FFFFFFFF FFFFFFFF FFFFFFFF"),
    a=_big("FFFFFFFF 00000001 00000000 00000000 00000000 FFFFFFFF FFFFFFFF FFFFFFFC"),
    b=_big("5AC635D8 AA3A93E7 B3EBBD55 769886BC 651D06B0 CC53B0F6 3BCE3C3E 27D2604B"),
    n=_big("FFFFFFFF 00000000 FFFFFFFF FFFFFFFF BCE6FAAD A7179E84 F3B9CAC2 FC632551"),
    g=(
        _big("6B17D1F2 E12C4247 F8BCE6E5 63A440F2 77037D81 2DEB33A0 F4A13945 D898C296"),
        _big("4FE342E2 FE1A7F9B 8EE7EB4A 7C0F9E16 2BCE3357 6B315ECE CBB64068 37BF51F5"),
    ),
    oid="06082a8648ce3d030107",
)


def b32(value: int) -> bytes:
    return value.to_bytes(32, "big")


def point_bytes(point: tuple[int, int]) -> bytes:
    return b"\x04" + b32(point[0]) + b32(point[1])


def sm3(data: bytes) -> bytes:
    return bytes.fromhex(gmssl_sm3.sm3_hash(list(data)))


def za(public: tuple[int, int], signer_id: bytes = b"1234567812345678") -> bytes:
    parts = (SM2.a, SM2.b, *SM2.g, *public)
    head = (8 * len(signer_id)).to_bytes(2, "big") + signer_id
    return sm3(head + b"".join(b32(part) for part in parts))


def sm2_digest(public: tuple[int, int], message: bytes) -> int:
    return int.from_bytes(sm3(za(public) + message), "big")


def sm2_sign(private: int, message: bytes, k: int) -> tuple[int, int]:
    x, _ = SM2.public(k)
    r = (sm2_digest(SM2.public(private), message) + x) % SM2.n
    return r, pow(1 + private, -1, SM2.n) * (k - r * private) % SM2.n


def sm2_verify(public: tuple[int, int], message: bytes, r: int, s: int) -> bool:
    t = (r + s) % SM2.n
    point = SM2.add(SM2.multiply(s, SM2.g), SM2.multiply(t, public))
    return point is not None and r == (sm2_digest(public, message) + point[0]) % SM2.n


def sm2_kdf(point: tuple[int, int], size: int) -> bytes:
    seed = b32(point[0]) + b32(point[1])
    blocks = (sm3(seed + i.to_bytes(4, "big")) for i in range(1, size // 32 + 2))
    return b"".join(blocks)[:size]


def sm2_cipher_parts(
    private: int, c1: tuple[int, int], plaintext: bytes
) -> tuple[int, int, bytes, bytes]:
    """(x, y, C3, C2) of the ciphertext of `plaintext` that has this C1, by the recipient's key."""
    shared = SM2.multiply(private, c1)
    assert shared is not None
    text = xor(plaintext, sm2_kdf(shared, len(plaintext)))
    return *c1, sm3(b32(shared[0]) + plaintext + b32(shared[1])), text


def xor(left: bytes, right: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(left, right, strict=True))


def gcm_seal(block: Callable[[bytes], bytes], nonce: bytes, plaintext: bytes, aad: bytes) -> bytes:
    """GCM over any 16-byte block cipher, bit by bit (SP 800-38D)."""
    subkey = int.from_bytes(block(bytes(16)), "big")
    blocks = -(-len(plaintext) // 16)
    stream = b"".join(block(nonce + i.to_bytes(4, "big")) for i in range(2, blocks + 2))
    ciphertext = xor(plaintext, stream[: len(plaintext)])
    padded = _fill(aad) + _fill(ciphertext)
    padded += (8 * len(aad)).to_bytes(8, "big") + (8 * len(ciphertext)).to_bytes(8, "big")
    state = 0
    for offset in range(0, len(padded), 16):
        state = _gf_multiply(state ^ int.from_bytes(padded[offset : offset + 16], "big"), subkey)
    return ciphertext + xor(state.to_bytes(16, "big"), block(nonce + b"\0\0\0\x01"))


def _fill(data: bytes) -> bytes:
    return data + bytes(-len(data) % 16)


def _gf_multiply(left: int, right: int) -> int:
    product = 0
    for bit in range(127, -1, -1):
        if left >> bit & 1:
            product ^= right
        right = right >> 1 ^ (0xE1 << 120 if right & 1 else 0)
    return product


def element(tag: int, content: bytes) -> bytes:
    size = len(content)
    length = bytes((size,)) if size < 128 else bytes((0x81, size))
    return bytes((tag,)) + length + content


def private_pem(curve: Curve, private: int) -> str:
    """PKCS#8, as the openssl command reads it."""
    public = element(0xA1, element(0x03, b"\0" + point_bytes(curve.public(private))))
    inner = element(0x30, b"\x02\x01\x01" + element(0x04, b32(private)) + public)
    return _pem("PRIVATE KEY", b"\x02\x01\0" + _algorithm(curve) + element(0x04, inner))


def public_pem(curve: Curve, public: bytes) -> str:
    """SubjectPublicKeyInfo, as the openssl command reads it."""
    return _pem("PUBLIC KEY", _algorithm(curve) + element(0x03, b"\0" + public))


def _algorithm(curve: Curve) -> bytes:
    return element(0x30, bytes.fromhex("06072a8648ce3d0201" + curve.oid))


def _pem(label: str, content: bytes) -> str:
    body = base64.encodebytes(element(0x30, content)).decode()
    return f"-----BEGIN {label}-----\n{body}-----END {label}-----\n"
