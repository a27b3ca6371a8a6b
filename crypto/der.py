"""The two ASN.1 structures we meet, in strict DER (GM/T 0009 = GB/T 35276).

    SM2Signature ::= SEQUENCE { r INTEGER, s INTEGER }
    SM2Cipher    ::= SEQUENCE { x INTEGER, y INTEGER, hash OCTET STRING (32), text OCTET STRING }

Native libraries accept trailing bytes and long length forms; here one value has one encoding: what
was read is encoded again and must be the same bytes. ECDSA signatures have the same form as SM2's.
Functions that read raise `ValueError`; their callers in this room give it a meaning.
"""

from typing import NamedTuple

_INTEGER = 0x02
_OCTET_STRING = 0x04
_SEQUENCE = 0x30


class Sm2Cipher(NamedTuple):
    """What SM2 encryption makes: the point C1 = (x, y), the hash C3, the text C2."""

    x: int
    y: int
    hash: bytes
    text: bytes


def encode_signature(r: int, s: int) -> bytes:
    """SM2Signature of two non-negative integers."""
    return _element(_SEQUENCE, _integer(r) + _integer(s))


def decode_signature(der: bytes) -> tuple[int, int]:
    """(r, s) of an SM2Signature; ranges are the caller's to check. ValueError if not strict DER."""
    content = _sole_sequence(der)
    r, offset = _read(content, 0, _INTEGER)
    s, _ = _read(content, offset, _INTEGER)
    pair = int.from_bytes(r, "big"), int.from_bytes(s, "big")
    if encode_signature(*pair) != der:
        raise ValueError("not the one DER encoding of a signature")
    return pair


def encode_sm2_cipher(cipher: Sm2Cipher) -> bytes:
    """SM2Cipher in DER, in the order C1, C3, C2."""
    point = _integer(cipher.x) + _integer(cipher.y)
    octets = _element(_OCTET_STRING, cipher.hash) + _element(_OCTET_STRING, cipher.text)
    return _element(_SEQUENCE, point + octets)


def decode_sm2_cipher(der: bytes) -> Sm2Cipher:
    """The parts of an SM2Cipher; ValueError if not strict DER or the hash has not 32 bytes."""
    content = _sole_sequence(der)
    x, offset = _read(content, 0, _INTEGER)
    y, offset = _read(content, offset, _INTEGER)
    digest, offset = _read(content, offset, _OCTET_STRING)
    text, _ = _read(content, offset, _OCTET_STRING)
    cipher = Sm2Cipher(int.from_bytes(x, "big"), int.from_bytes(y, "big"), digest, text)
    if len(digest) != 32 or encode_sm2_cipher(cipher) != der:
        raise ValueError("not the one DER encoding of an SM2 ciphertext")
    return cipher


def _integer(value: int) -> bytes:
    # One bit more than the value needs: DER integers are signed.
    return _element(_INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def _element(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def _sole_sequence(der: bytes) -> bytes:
    content, end = _read(der, 0, _SEQUENCE)
    if end != len(der):
        raise ValueError("bytes after the sequence")
    return content


def _read(data: bytes, offset: int, tag: int) -> tuple[bytes, int]:
    """Content of the element at `offset` and the offset behind it; lengths up to 65,535."""
    if len(data) < offset + 2 or data[offset] != tag:
        raise ValueError("another element was expected")
    size, start = data[offset + 1], offset + 2
    if size & 0x80:
        width = size & 0x7F
        if width not in (1, 2) or len(data) < start + width:
            raise ValueError("length form not allowed")
        size, start = int.from_bytes(data[start : start + width], "big"), start + width
    if len(data) < start + size:
        raise ValueError("element longer than its container")
    return data[start : start + size], start + size
