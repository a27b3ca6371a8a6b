"""The specification names what exists, every line of the algorithm has its handler, and timers."""

import importlib
import re
from pathlib import Path

import pytest

import consensus
from consensus import machine
from consensus.settings import ConsensusSettings
from consensus.state import Timer as TimerOf
from consensus.state import TimerKind
from tests.consensus.test_machine import ELECTORATE, HEIGHT, NIL, Story, precommit
from tests.tidy.source import ROOT

ROOM = Path(consensus.__file__).parent
SPEC = (ROOM / "SPEC.md").read_text(encoding="utf-8")
CORE = (
    "machine",
    "state",
    "votes",
    "proposer",
    "messages",
    "gossip",
    "parts",
    "bisection",
    "evidence",
)
RULES = (11, 22, 28, 34, 36, 44, 47, 49, 55, 57, 61, 65)
MODULES = {path.stem for path in ROOM.glob("*.py")}


def test_every_name_in_the_specification_exists():
    named = re.findall(r"`([a-z_]+)\.([A-Za-z_]+)(?:\(.*?\))?`", SPEC)
    found = [(module, name) for module, name in named if module in MODULES and name != "py"]
    assert len(found) > 30
    missing = [
        f"{module}.{name}"
        for module, name in found
        if not hasattr(importlib.import_module(f"consensus.{module}"), name)
    ]
    assert missing == []


def test_every_file_in_the_specification_exists():
    missing = [
        path
        for path in re.findall(r"`((?:\w+/)*\w+\.py)`", SPEC)
        if not any((ROOT / folder / path).exists() for folder in (".", "tests/consensus"))
    ]
    assert missing == []


def test_every_rule_of_the_paper_is_in_the_specification_and_names_its_handler():
    starts = {int(line) for line in re.findall(r"^\| (\d+)", SPEC, re.MULTILINE)}
    assert starts >= set(RULES)
    source = (ROOM / "machine.py").read_text(encoding="utf-8")
    for line in RULES:
        assert re.search(rf"[Ll]ines? (\d+-)?{line}\b|[Ll]ines {line}-", source), line


def test_every_rule_handler_says_which_lines_it_is():
    for rule in machine._RULES:
        assert re.match(r"Lines? \d+", rule.__doc__), rule.__name__


@pytest.mark.parametrize(
    ("constant", "value"),
    [
        ("votes.ROUNDS_AHEAD", 4),
        ("votes.FAR_ROUNDS", 2),
        ("votes.VALUES_MAX", 3),
        ("machine.FUTURE_VOTES_PER_VALIDATOR", 8),
        ("machine.FUTURE_PROPOSALS_MAX", 2),
        ("machine.ROUNDS_KEPT", 8),
        ("parts.OPEN_MAX", 6),
        ("parts.WINDOW", 32),
        ("messages.BLOCK_BYTES_MAX", 14 * 2**20),
        ("messages.PART_BYTES", 2**16),
        ("messages.MESSAGE_BYTES_MAX", 15 * 2**20),
        ("bisection.NAMED_MAX", 1_000),
        ("bisection.DISTRUST_HEIGHTS", 100),
    ],
)
def test_limits_are_as_specified(constant, value):
    module, name = constant.split(".")
    assert getattr(importlib.import_module(f"consensus.{module}"), name) == value


def test_the_core_stays_readable_in_an_hour():
    texts = [(ROOM / f"{name}.py").read_text(encoding="utf-8") for name in CORE]
    lines = [line for text in texts for line in text.splitlines() if line.strip()]
    assert len(lines) <= 1_500


# ---- timers


def test_timers_grow_with_the_round_and_are_bounded():
    settings = ConsensusSettings()
    for kind in (TimerKind.PROPOSE, TimerKind.PREVOTE, TimerKind.PRECOMMIT):
        waits = [settings.duration_ms(TimerOf(kind, 1, number)) for number in range(50)]
        assert waits == sorted(set(waits))
        assert settings.duration_ms(TimerOf(kind, 1, 2**31 - 1)) == 3_600_000


def test_timers_come_back_with_the_next_height():
    story = Story()
    for round_number in range(5):
        story.tell(*(precommit(round_number, name, NIL) for name in story.others()))
        story.tell(machine.TimeoutFired(TimerKind.PRECOMMIT, HEIGHT, round_number))
    assert story.state.round == 5
    story.timers.clear()
    story.tell(machine.Start(HEIGHT + 1, ELECTORATE))
    assert [(timer.kind, timer.round) for timer in story.timers] == [(TimerKind.PROPOSE, 0)]
