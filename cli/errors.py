"""Errors of the command line itself: what was typed can't be done."""


class Usage(Exception):
    """What was typed is wrong; the sentence says what to type instead. Exit code 2."""
