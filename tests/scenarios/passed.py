"""Counts, while tests run, for which clauses a scenario has passed (`--every-clause`)."""

from collections.abc import Iterable

import pytest

from tests.contracts.page.clauses import required


class ClausesPassed:
    """A pytest plugin of the process that reports: it sees the results of all workers."""

    def __init__(self) -> None:
        self.passed: set[str] = set()
        self.missing: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note the clauses of a scenario whose body passed."""
        if report.when == "call" and report.passed:
            self.passed |= {
                str(value) for name, value in report.user_properties if name == "clause"
            }

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """A run without every clause is a failed one."""
        self.missing = missing(self.passed)
        if self.missing and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say which clauses had no scenario that passed."""
        wanted = len(required())
        seen = wanted - len(self.missing)
        terminalreporter.write_line(f"clauses with a scenario that passed: {seen} of {wanted}")
        for clause in self.missing:
            terminalreporter.write_line(f"no scenario passed for clause {clause}", red=True)


def missing(passed: Iterable[str]) -> list[str]:
    """The clauses that need a scenario and are not among `passed`, in the tender's order."""
    seen = set(passed)
    return [clause for clause in required() if clause not in seen]


def note_clauses(items: Iterable[pytest.Item]) -> None:
    """Let every result of a marked test carry its clauses."""
    for item in items:
        for mark in item.iter_markers("clause"):
            item.user_properties += [("clause", clause) for clause in mark.args]
