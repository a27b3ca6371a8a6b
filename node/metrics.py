"""Counters and gauges in Prometheus' text form (exposition format 0.0.4), without a library.

Labels have few values each (methods, stable codes), never keys or ids: the number of series is
bounded by the code, not by what callers send.
"""

import threading
from collections.abc import Callable, Mapping

SERIES_MAX = 2_000

Labels = tuple[tuple[str, str], ...]
Family = Mapping[Labels, float]


class Metrics:
    """One process's numbers; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counters: dict[tuple[str, Labels], int] = {}
        self._gauges: dict[str, tuple[str, Callable[[], float]]] = {}
        self._families: dict[str, tuple[str, Callable[[], Family]]] = {}

    def count(self, name: str, amount: int = 1, **labels: str) -> None:
        """Add to the counter `name` with these labels."""
        series = (name, tuple(sorted(labels.items())))
        with self._lock:
            if series in self._counters or len(self._counters) < SERIES_MAX:
                self._counters[series] = self._counters.get(series, 0) + amount

    def value(self, name: str, **labels: str) -> int:
        """The counter's value so far."""
        return self._counters.get((name, tuple(sorted(labels.items()))), 0)

    def gauge(self, name: str, text: str, read: Callable[[], float]) -> None:
        """Show `read()` under `name` whenever somebody looks; `text` explains it."""
        self._gauges[name] = (text, read)

    def gauges(self, name: str, text: str, read: Callable[[], Family]) -> None:
        """Show what `read()` gives under `name`, one line for each combination of labels."""
        self._families[name] = (text, read)

    def expose(self) -> str:
        """Everything as Prometheus reads it."""
        lines: list[str] = []
        for name, (text, read) in sorted(self._gauges.items()):
            lines += [f"# HELP {name} {text}", f"# TYPE {name} gauge", f"{name} {read():g}"]
        for name, (text, families) in sorted(self._families.items()):
            lines += [f"# HELP {name} {text}", f"# TYPE {name} gauge"]
            lines += [f"{_series(name, labels)} {value:g}" for labels, value in families().items()]
        with self._lock:
            counters = sorted(self._counters.items())
        previous = ""
        for (name, labels), value in counters:
            if name != previous:
                lines.append(f"# TYPE {name} counter")
                previous = name
            lines.append(f"{_series(name, labels)} {value}")
        return "\n".join(lines) + "\n"


def _series(name: str, labels: Labels) -> str:
    shown = ",".join(f'{label}="{_escape(text)}"' for label, text in labels)
    return f"{name}{{{shown}}}" if shown else name


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
