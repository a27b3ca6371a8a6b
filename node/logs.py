"""Structured logs without personal data: an event's name, and fields from one list.

A field that is not on the list is left out and counted, so that nothing personal can slip into a
log by a new call. Records of libraries keep their logger's name and the exception's type; their
text, which may quote a request, is left out.
"""

import json
import logging
import sys
import time
from typing import Literal

FIELDS: frozenset[str] = frozenset(
    {
        "address",
        "advice",
        "block_hash",
        "chain_id",
        "code",
        "contract",
        "count",
        "duration_ms",
        "failpoint",
        "grpc",
        "height",
        "http",
        "key",
        "kind",
        "method",
        "node",
        "peer",
        "peers",
        "pool",
        "reason",
        "round",
        "signal",
        "state_root",
        "status",
        "suite",
        "transactions",
        "tx_hash",
        "validators",
        "version",
    }
)
"""What may stand in a log line beside the event's name."""

VALUE_CHARACTERS_MAX = 256
OWN_LOGGERS = ("consensus", "contracts", "crypto", "ledger", "node", "router", "yilian")

Level = Literal["debug", "info", "warning", "error"]


def get_logger(name: str) -> logging.Logger:
    """The logger of one file; `name` is its dotted module name."""
    return logging.getLogger(name)


def log_event(logger: logging.Logger, level: Level, event: str, **fields: str | int | bool) -> None:
    """Log `event` (a constant such as "block.committed") with fields from FIELDS."""
    logger.log(
        logging.getLevelNamesMapping()[level.upper()], event, extra={"yilian_fields": fields}
    )


def setup_logs(level: str, form: str) -> None:
    """Send all logs of this process to stderr in one form ("json" or "text")."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonForm() if form == "json" else _TextForm())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for noisy in ("asyncio", "grpc", "uvicorn", "uvicorn.error"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def _content(record: logging.LogRecord) -> dict[str, str | int | bool]:
    own = record.name.partition(".")[0] in OWN_LOGGERS
    line: dict[str, str | int | bool] = {
        "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        + f".{int(record.msecs):03d}Z",
        "level": record.levelname.lower(),
        "logger": record.name,
        "event": record.getMessage()[:VALUE_CHARACTERS_MAX] if own else "library.message",
    }
    fields: dict[str, str | int | bool] = getattr(record, "yilian_fields", {})
    for name in sorted(fields.keys() & FIELDS):
        value = fields[name]
        line[name] = value if isinstance(value, int) else str(value)[:VALUE_CHARACTERS_MAX]
    if left_out := len(fields.keys() - FIELDS):
        line["fields_left_out"] = left_out
    if record.exc_info and record.exc_info[0] is not None:
        line["exception"] = record.exc_info[0].__name__
        line["where"] = _where(record)
    return line


def _where(record: logging.LogRecord) -> str:
    """File and line of the innermost frame: enough to find it, and no values."""
    trace = record.exc_info[2] if record.exc_info else None
    place = ""
    while trace is not None:
        code = trace.tb_frame.f_code
        place = f"{code.co_filename.rpartition('/')[2]}:{trace.tb_lineno} {code.co_name}"
        trace = trace.tb_next
    return place


class _JsonForm(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        return json.dumps(_content(record), ensure_ascii=False)


class _TextForm(logging.Formatter):
    """The same for people's eyes."""

    def format(self, record: logging.LogRecord) -> str:
        line = _content(record)
        head = f"{line.pop('time')} {line.pop('level')!s:7} {line.pop('event')}"
        return " ".join([head, *(f"{name}={value}" for name, value in line.items())])
