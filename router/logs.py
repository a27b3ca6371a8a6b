"""The router's log: one JSON line an event, built from codes, keys and numbers only."""

import json
import logging
import sys

_logger = logging.getLogger("yilian.router")


def log(event: str, *, level: int = logging.INFO, **fields: str | int | bool) -> None:
    """Log `event` with fields: codes, channels, numbers, never a document's text."""
    _logger.log(level, event, extra={"fields": fields})


class JsonLines(logging.Formatter):
    """One line of JSON a record. Exceptions of libraries are named, not quoted."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its newline."""
        fields = getattr(record, "fields", None)
        if fields is None:
            # A library's text may quote what it worked on: only who spoke is kept.
            line: dict[str, object] = {"event": "library", "logger": record.name}
        else:
            line = {"event": record.msg, **fields}
        if record.exc_info and record.exc_info[0] is not None:
            line["exception"] = record.exc_info[0].__name__
        line = {"time_ms": int(record.created * 1000), "level": record.levelname.lower(), **line}
        return json.dumps(line, ensure_ascii=False)


def setup_logs() -> None:
    """Send this process's logs to standard error as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    _logger.setLevel(logging.INFO)
