"""Logs: one object a line, listed fields only, no text of libraries."""

import json
import logging

import pytest

from node.logs import get_logger, log_event, setup_logs
from node.metrics import SERIES_MAX, Metrics


@pytest.fixture(autouse=True)
def _restore() -> object:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_listed_fields_are_shown_and_others_counted(capsys: pytest.CaptureFixture[str]) -> None:
    setup_logs("info", "json")
    log_event(get_logger("node.test"), "info", "block.committed", height=7, name="测试甲")
    log_event(get_logger("node.test"), "debug", "not.shown")
    (line,) = lines(capsys)
    assert (line["event"], line["height"], line["fields_left_out"]) == ("block.committed", 7, 1)
    assert "测试甲" not in str(line)


def test_values_are_cut(capsys: pytest.CaptureFixture[str]) -> None:
    setup_logs("info", "json")
    log_event(get_logger("node.test"), "info", "e", reason="x" * 5000)
    assert len(str(lines(capsys)[0]["reason"])) == 256


def test_texts_of_libraries_and_exceptions_stay_out(capsys: pytest.CaptureFixture[str]) -> None:
    setup_logs("info", "json")
    logging.getLogger("somelib").warning("the person 13800000000 asked")
    try:
        raise ValueError("13800000000")
    except ValueError:
        get_logger("node.test").exception("it.failed")
    library, own = lines(capsys)
    assert library["event"] == "library.message"
    assert (own["event"], own["exception"]) == ("it.failed", "ValueError")
    assert str(own["where"]).startswith("test_logs.py:")
    assert "13800000000" not in json.dumps([library, own])


def test_the_form_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    setup_logs("info", "text")
    log_event(get_logger("node.test"), "warning", "peer.left", peers=3)
    text = capsys.readouterr().err
    assert "warning" in text
    assert "peer.left" in text
    assert "peers=3" in text


def test_series_are_bounded_and_labels_escaped() -> None:
    metrics = Metrics()
    for number in range(SERIES_MAX + 10):
        metrics.count("c", code=str(number))
    metrics.count("c", code="0")
    assert metrics.value("c", code="0") == 2
    assert metrics.value("c", code=str(SERIES_MAX)) == 0
    quoted = Metrics()
    quoted.count("c", code='a"b\\c\n')
    assert 'c{code="a\\"b\\\\c\\n"} 1' in quoted.expose()
