"""Colours can be read: the contrast of all that stands on something is computed."""

from __future__ import annotations

import re

import pytest

from ftops.report.palette import (
    COLOURS,
    HUE_OF_VERDICT,
    HUE_OF_WORD,
    HUES,
    OF_GRAPHICS,
    OF_TEXT,
    STANDS_ON,
)
from ftops.report.summary import SIGNS, Verdict, Word


def luminance(colour: str) -> float:
    """The relative luminance: https://www.w3.org/TR/WCAG22/#dfn-relative-luminance."""
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels]
    return sum(weight * each for weight, each in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    dim, bright = sorted((luminance(one), luminance(other)))
    return (bright + 0.05) / (dim + 0.05)


def test_black_on_white_has_all_the_contrast_there_is() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize(("colour", "ground", "least"), STANDS_ON)
def test_what_stands_on_a_ground_can_be_read_by_day_and_by_night(
    colour: str, ground: str, least: float
) -> None:
    above, below = COLOURS[colour], COLOURS[ground]
    assert contrast(above.light, below.light) >= least
    assert contrast(above.dark, below.dark) >= least


def test_every_colour_is_solid_and_is_checked_or_only_divides() -> None:
    assert all(
        re.fullmatch("#[0-9a-f]{6}", shade) for each in COLOURS.values() for shade in (each.light, each.dark)
    )
    checked = {name for colour, ground, _ in STANDS_ON for name in (colour, ground)}
    assert COLOURS.keys() - checked == {"line"}
    assert {OF_TEXT, OF_GRAPHICS} == {least for _, _, least in STANDS_ON}


def test_every_word_and_verdict_has_a_hue_and_every_word_a_sign() -> None:
    assert HUE_OF_WORD.keys() == SIGNS.keys() == set(Word)
    assert HUE_OF_VERDICT.keys() == set(Verdict)
    assert {*HUE_OF_WORD.values(), *HUE_OF_VERDICT.values()} == set(HUES)
