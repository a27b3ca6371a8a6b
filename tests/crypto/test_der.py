"""Strict DER: one value has one encoding, and nothing else is read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto import der

scalar = st.integers(min_value=0, max_value=2**256 - 1)


@given(scalar, scalar)
def test_signatures_come_back(r: int, s: int) -> None:
    assert der.decode_signature(der.encode_signature(r, s)) == (r, s)


@given(scalar, scalar, st.binary(min_size=32, max_size=32), st.binary(max_size=300))
def test_ciphertexts_come_back(x: int, y: int, digest: bytes, text: bytes) -> None:
    cipher = der.Sm2Cipher(x, y, digest, text)
    assert der.decode_sm2_cipher(der.encode_sm2_cipher(cipher)) == cipher


@given(st.binary(max_size=120))
def test_whatever_is_read_is_canonical(data: bytes) -> None:
    try:
        pair = der.decode_signature(data)
    except ValueError:
        return
    assert der.encode_signature(*pair) == data


@pytest.mark.parametrize(
    ("what", "data"),
    [
        ("empty", ""),
        ("only a tag", "30"),
        ("empty sequence", "3000"),
        ("trailing byte", "3006020101020101ff"),
        ("trailing element inside", "3009020101020101020101"),
        ("one integer", "3003020101"),
        ("long length form", "308106020101020101"),
        ("indefinite length", "30800201010201010000"),
        ("length of length 3", "3083000006020101020101"),
        ("integer not minimal", "300702020001020101"),
        ("negative integer", "30060201ff020101"),
        ("empty integer", "30050200020101"),
        ("wrong outer tag", "3106020101020101"),
        ("octet string instead of integer", "3006040101020101"),
        ("inner length beyond the end", "3006020101020501"),
        ("outer length beyond the end", "3007020101020101"),
        ("length byte missing", "3081"),
    ],
)
def test_other_encodings_are_refused(what: str, data: str) -> None:
    with pytest.raises(ValueError):
        der.decode_signature(bytes.fromhex(data))


@pytest.mark.parametrize("size", [0, 31, 33])
def test_the_hash_of_a_ciphertext_has_32_bytes(size: int) -> None:
    with pytest.raises(ValueError):
        der.decode_sm2_cipher(der.encode_sm2_cipher(der.Sm2Cipher(1, 2, bytes(size), b"x")))
