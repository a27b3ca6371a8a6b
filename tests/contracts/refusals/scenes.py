"""All scenes, and the stage they are played on: what the tests of this package go through."""

from tests.contracts.refusals import scenes_bills, scenes_money, scenes_papers, scenes_people
from tests.contracts.refusals.scene import METHODS, NAMES, NUMBERS, SCENES, play
from tests.contracts.refusals.stage import MORE_PEOPLE, Stage

# Importing these enters their scenes; named so that nobody takes them for unused.
FILES = (scenes_bills, scenes_money, scenes_papers, scenes_people)

__all__ = ["METHODS", "MORE_PEOPLE", "NAMES", "NUMBERS", "SCENES", "Stage", "play"]
