"""What a scene is: how a correct request of one method comes about, and what is due around it.

The tests go through `all_methods()`: a method without a scene fails them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pytest
from google.protobuf.message import Message

from contracts.framework import Method
from contracts.registry import all_methods
from tests.contracts.refusals.stage import Stage

Play = Callable[[Stage, int], Message]
NOTHING = ""


@dataclass(frozen=True)
class Scene:
    """One method's scene.

    `who` calls. `again`: the code of the same request made a second time ("OK": that is allowed).
    `missing`: the code where nothing that it refers to stands ("OK": it refers to nothing).
    `others`: who may call the method, but not about this object -> the code.
    `foreign`: the code when the object's home is another chain (NOTHING: that makes no difference).
    `open`: paths of fields whose every value of their type is meant, with the reason beside it.
    """

    who: str
    play: Play
    again: str
    missing: str
    others: Mapping[str, str]
    foreign: str
    open: tuple[str, ...]


SCENES: dict[str, Scene] = {}


def scene(
    name: str,
    who: str,
    *,
    again: str,
    missing: str,
    others: Mapping[str, str] | None = None,
    foreign: str = NOTHING,
    open: tuple[str, ...] = (),
) -> Callable[[Play], Play]:
    """Decorator: the function plays what comes before and returns the request."""

    def enter(play: Play) -> Play:
        assert name not in SCENES, name
        SCENES[name] = Scene(who, play, again, missing, dict(others or {}), foreign, open)
        return play

    return enter


METHODS: dict[str, Method] = {f"{contract}.{one.name}": one for contract, one in all_methods()}
NAMES = sorted(METHODS)
NUMBERS = {name: 100 + index for index, name in enumerate(NAMES)}


def play(name: str, stage: Stage) -> tuple[str, Message]:
    """Play the scene of a method; who calls, and the request that is then correct."""
    if name not in SCENES:
        pytest.fail(f"{name} has no scene: state one in tests/contracts/refusals")
    one = SCENES[name]
    return one.who, one.play(stage, NUMBERS[name])
