"""Domain tags: exact bytes, no two meanings for the same bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto import tagged
from faults import Misuse

parts = st.lists(st.binary(max_size=20), min_size=2, max_size=4)


def test_the_bytes() -> None:
    assert tagged("t") == b"t\0"
    assert tagged("t", b"ab") == b"t\0ab"
    assert tagged("t", b"ab", b"") == b"t\0\0\0\0\x02ab\0\0\0\0"
    assert tagged("yilian/x/v1", b"") == b"yilian/x/v1\0"


@given(parts, parts)
def test_several_parts_have_one_reading(left: list[bytes], right: list[bytes]) -> None:
    assert (tagged("t", *left) == tagged("t", *right)) == (left == right)


@given(st.binary(max_size=9), st.binary(max_size=9))
def test_tags_keep_purposes_apart(left: bytes, right: bytes) -> None:
    assert tagged("yilian/a/v1", left) != tagged("yilian/a/v2", right)
    assert tagged("yilian/a", left) != tagged("yilian/a/v1", right)


@pytest.mark.parametrize("tag", ["", "a\0b", "医链"])
def test_a_tag_is_plain_ascii(tag: str) -> None:
    with pytest.raises(Misuse):
        tagged(tag, b"x")
