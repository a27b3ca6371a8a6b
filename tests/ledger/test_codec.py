"""The canonical form: round trips, and everything that is not it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faults import Misuse, Rejected
from ledger.codec import Reader, Writer


@given(
    st.integers(0, 2**8 - 1),
    st.integers(0, 2**16 - 1),
    st.integers(0, 2**32 - 1),
    st.integers(0, 2**64 - 1),
    st.integers(-(2**63), 2**63 - 1),
    st.binary(max_size=40),
    st.text(max_size=20),
)
def test_round_trip(a: int, b: int, c: int, d: int, e: int, f: bytes, g: str) -> None:
    data = Writer().u8(a).u16(b).u32(c).u64(d).i64(e).lp(f).text(g).fixed(b"xyz", 3).done()
    reader = Reader(data, "sample")
    read = (reader.u8(), reader.u16(), reader.u32(), reader.u64(), reader.i64())
    assert read == (a, b, c, d, e)
    assert (reader.lp(40), reader.text(80), reader.fixed(3)) == (f, g, b"xyz")
    reader.end()
    for cut in range(len(data)):
        short = Reader(data[:cut], "sample")
        with pytest.raises(Rejected, match="MALFORMED"):
            short.u8(), short.u16(), short.u32(), short.u64(), short.i64()
            short.lp(40), short.text(80), short.fixed(3)


def test_refusals() -> None:
    trailing = Reader(b"\0\0", "sample")
    trailing.u8()
    with pytest.raises(Rejected, match="trailing bytes"):
        trailing.end()
    with pytest.raises(Rejected, match="too long"):
        Reader(b"\0\0\0\x05hello", "sample").lp(4)
    with pytest.raises(Rejected, match="too long"):
        Reader(b"\xff\xff\xff\xff", "sample").lp(2**20)
    with pytest.raises(Rejected, match="too long"):
        Reader(b"12345", "sample", limit=4)
    with pytest.raises(Rejected, match="not UTF-8"):
        Reader(b"\0\0\0\x01\xff", "sample").text(8)
    with pytest.raises(Rejected, match="too many elements"):
        Reader(b"\0\0\0\x09", "sample").count(8)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda w: w.u8(256),
        lambda w: w.u8(-1),
        lambda w: w.u64(2**64),
        lambda w: w.i64(2**63),
        lambda w: w.fixed(b"abc", 4),
    ],
)
def test_a_writer_refuses_what_does_not_fit(wrong) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(Misuse):
        wrong(Writer())


def test_a_reader_wants_bytes() -> None:
    with pytest.raises(Misuse):
        Reader(bytearray(b"x"), "sample")  # type: ignore[arg-type]
