"""The colours of a page, as data: each light and dark, what stands on what, and which word has which.

They are close to those of GitHub, so that comment and report look like one thing. Tints are solid: how well
text is read on a translucent one cannot be computed.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from ftops.report.summary import Verdict, Word


class Colour(Struct, frozen=True):
    """One colour by day and by night, as `#rrggbb`."""

    light: str
    dark: str


COLOURS: Mapping[str, Colour] = {
    "ground": Colour("#ffffff", "#0d1117"),
    "surface": Colour("#f6f8fa", "#151b23"),
    "text": Colour("#1f2328", "#f0f6fc"),
    "muted": Colour("#59636e", "#9198a1"),
    "line": Colour("#d1d9e0", "#3d444d"),
    "edge": Colour("#6e7781", "#8b949e"),
    "link": Colour("#0969da", "#4493f8"),
    "green": Colour("#1a7f37", "#3fb950"),
    "green-tint": Colour("#dafbe1", "#0f2d1a"),
    "amber": Colour("#9a6700", "#d29922"),
    "amber-tint": Colour("#fff8c5", "#2e2408"),
    "red": Colour("#cf222e", "#ff7b72"),
    "red-tint": Colour("#ffebe9", "#3a1215"),
    "blue": Colour("#0969da", "#58a6ff"),
    "blue-tint": Colour("#ddf4ff", "#0c2545"),
    "purple": Colour("#8250df", "#c297ff"),
    "purple-tint": Colour("#fbefff", "#271a3d"),
    "grey": Colour("#59636e", "#9198a1"),
    "grey-tint": Colour("#eff2f5", "#212830"),
    "added": Colour("#116329", "#7ee787"),
    "removed": Colour("#82071e", "#ffa198"),
}

HUES = ("green", "amber", "red", "blue", "purple", "grey")
"""Each has a tint of its name."""

OF_TEXT, OF_GRAPHICS = 4.5, 3.0
"""The least contrast of text, and of borders, bars and lines (WCAG 2.2, 1.4.3 and 1.4.11, level AA)."""

STANDS_ON: tuple[tuple[str, str, float], ...] = (
    *((colour, "ground", OF_TEXT) for colour in ("text", "muted", "link", *HUES)),
    *((colour, "surface", OF_TEXT) for colour in ("text", "muted", "link", *HUES)),
    *((hue, f"{hue}-tint", OF_TEXT) for hue in HUES),
    *(("text", f"{hue}-tint", OF_TEXT) for hue in HUES),
    ("muted", "red-tint", OF_TEXT),
    ("muted", "amber-tint", OF_TEXT),
    ("added", "green-tint", OF_TEXT),
    ("removed", "red-tint", OF_TEXT),
    ("edge", "ground", OF_GRAPHICS),
)
"""What is drawn on what, and the least contrast that it needs there."""

HUE_OF_WORD: Mapping[Word, str] = {
    Word.HOLD: "red",
    Word.CANCEL: "red",
    Word.REPLACE: "amber",
    Word.CREATE: "green",
    Word.TRAIN: "green",
    Word.ADOPT: "purple",
    Word.UPDATE: "purple",
    Word.FORGET: "grey",
    Word.LATER: "blue",
    Word.WAIT: "blue",
}

HUE_OF_VERDICT: Mapping[Verdict, str] = {
    Verdict.NOT_LOADED: "red",
    Verdict.NOT_PLANNED: "red",
    Verdict.REFUSED: "red",
    Verdict.PREVIEW: "blue",
    Verdict.HELD: "amber",
    Verdict.STOPS: "amber",
    Verdict.COST_UNKNOWN: "amber",
    Verdict.TRAINS: "green",
    Verdict.RECORDS: "green",
    Verdict.NOTHING: "green",
}
