"""What one evaluation may cost, in steps and in the size of every value, its errors included."""

from __future__ import annotations

from traceback import clear_frames
from typing import Any

MOST_CHARACTERS_OF_A_VALUE = 100_000
"""A few `+` in a row double a text as often."""
MOST_CHARACTERS_OF_AN_ERROR = 200


class Stopped(Exception):
    """An evaluation that must not go on: it takes too long, makes something too large, has no pattern."""


class Steps:
    """Counts the steps of one evaluation, its inner ones included, and the members of the lists it makes."""

    def __init__(self, most: int, lists: type[list[Any]]) -> None:
        self.taken = 0
        self._most = most
        self._lists = lists

    def take(self, values: list[Any]) -> None:
        """Count the values of one step. Raises Stopped."""
        lists = [one for one in values if isinstance(one, self._lists)]
        self.taken += 1 + len(values) + sum(map(len, lists))
        if self.taken > self._most:
            raise Stopped("it takes too many steps")
        if any(isinstance(one, str) and len(one) > MOST_CHARACTERS_OF_A_VALUE for one in values):
            raise Stopped("it makes a string that is too long")
        # An error's text has the list that it is about.
        if any(
            sum(len(each) for each in one if isinstance(each, str)) > MOST_CHARACTERS_OF_A_VALUE
            for one in lists
        ):
            raise Stopped("it makes a list that is too long")
        # Lists of one and the same list would be as large as their nesting is deep, and that to the power.
        if any(isinstance(member, list | dict) for one in lists for member in one):
            raise Stopped("it makes a list of lists or maps")


def shortened(text: str) -> str:
    """Return the beginning and the end of an error's text: in between may be the value that it is about."""
    half = MOST_CHARACTERS_OF_AN_ERROR // 2
    return text if len(text) <= 2 * half else f"{text[:half]}\u2026{text[-half:]}"


def let_go(error: BaseException) -> None:
    """Drop the values that an error's frames hold: in a circle, and a short run collects no garbage."""
    for one in (error, error.__cause__):
        if one is not None:
            clear_frames(one.__traceback__)
            one.__traceback__ = None
    error.__cause__ = error.__context__ = None
