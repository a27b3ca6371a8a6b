"""Texts: what is printable is the same on every interpreter."""

import pytest

from contracts.fields import text
from faults import Rejected

TAKEN = [
    "结算中心窗口 3 (night desk)",
    "𠮷野家",  # Extension B
    "\U0002ebf0",  # Extension I: of no Unicode that Python 3.11 knows
    "葛\U000e0100",  # an ideographic variation
    "ئۇيغۇر ᠮᠣᠩᠭᠣᠯ བོད",
]
NOT_TAKEN = [
    "a\tb",
    "a\u0085b",
    "a\u00a0b",
    "a\u00adb",
    "a\u200bb",
    "a\u200fb",
    "a\u202eb",
    "a\u2060b",
    "a\u2069b",
    "a\u3000b",
    "a\ue000b",
    "a\ufeffb",
    "a\U000e0041b",
    "a\U0010ffffb",
    "x" * 201,
]


@pytest.mark.parametrize("value", TAKEN)
def test_texts_that_people_write(value: str) -> None:
    assert text("reason", value, required=True) == value


@pytest.mark.parametrize("value", NOT_TAKEN, ids=ascii)
def test_texts_that_show_something_else(value: str) -> None:
    with pytest.raises(Rejected) as refused:
        text("reason", value)
    assert (refused.value.code.name, refused.value.fields["field"]) == (
        "MALFORMED_REQUEST",
        "reason",
    )


@pytest.mark.parametrize("value", ["", "   "])
def test_required_is_not_blank(value: str) -> None:
    with pytest.raises(Rejected):
        text("reason", value, required=True)
