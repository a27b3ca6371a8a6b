"""docs/reliability.md is what the generator makes of the tests and the committed figures."""

import ast

import pytest

from tests.simulation import report


def test_the_committed_page_is_the_generated_one():
    assert report.PAGE.read_text(encoding="utf-8") == report.page(report.load(), report.collected())


def test_every_row_has_a_test():
    assert [row for row, tests in report.collected().items() if not tests] == []


def test_the_recorded_storms_found_nothing_and_the_controls_all():
    figures = report.load()
    assert all(storm["violations"] == 0 for storm in figures["storms"].values())
    for name, cost in figures["controls"].items():
        assert cost["seeds"] is not None, name
        assert cost["seeds"] <= cost["budget"], name


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("@pytest.mark.covers(row=3)\ndef test_a(): pass", [([3], "test_a")]),
        ("@pytest.mark.covers(row=(3, 4))\nasync def test_a(): pass", [([3, 4], "test_a")]),
        ("pytestmark = [pytest.mark.slow, pytest.mark.covers(row=5)]", [([5], "every test")]),
        ("@pytest.mark.slow\ndef test_a(): pass", []),
    ],
)
def test_markers_are_read_from_the_text(text, found):
    assert list(report._marked(ast.parse(text))) == found


def test_a_row_that_does_not_exist_is_refused(tmp_path):
    test = "@pytest.mark.covers(row=99)\ndef test_a(): pass\n"
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_x.py").write_text(test, encoding="utf-8")
    with pytest.raises(SystemExit):
        report.collected(tmp_path / "tests")
