"""Both front pages say what is true: the demo's steps, the make targets, the verbs, the rooms."""

import re
from pathlib import Path

import pytest

from cli.main import build_parser
from testnet.journey.run import STEPS
from tests.tidy.source import FLOORS, ROOT

PAGES = [ROOT / "README.md", ROOT / "README.zh-CN.md"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_step_of_the_journey_is_shown(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert [step.title for step in STEPS if f"{step.number}. {step.title}" not in text] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_make_target_named_exists(page: Path) -> None:
    made = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    named = set(re.findall(r"^    make ([a-z]+)", page.read_text(encoding="utf-8"), re.M))
    assert named
    assert named <= made


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_shown_is_understood(page: Path) -> None:
    parser = build_parser()
    shown = re.findall(r"^    yilian ([^#\n]+)", page.read_text(encoding="utf-8"), re.M)
    assert shown
    for command in shown:
        parser.parse_args(command.split())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_room_is_named_and_every_link_leads_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert [room for room in FLOORS if (ROOT / room).exists() and f"`{room}/`" not in text] == []
    links = re.findall(r"\]\(([^)#]+)\)", text)
    assert [link for link in links if not (ROOT / link).exists()] == []
