"""What holds for all tests."""

import pytest
from hypothesis import settings

from tests.scenarios.passed import ClausesPassed, note_clauses

# Machines are shared and noisy: a slow example is no failure; pytest's own timeout is the limit.
settings.register_profile("house", deadline=None)
settings.load_profile("house")


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--every-clause`: the run fails unless every clause's scenario passed in it."""
    parser.addoption("--every-clause", action="store_true", help=str(pytest_addoption.__doc__))


def pytest_configure(config: pytest.Config) -> None:
    """The process that reports counts the clauses."""
    if config.getoption("--every-clause") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(ClausesPassed(), "clauses")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Results of scenarios carry their clauses."""
    note_clauses(items)
