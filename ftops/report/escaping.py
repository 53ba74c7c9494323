"""A stranger's text as Markdown that shows its letters and does nothing else.

Whoever opens a pull request writes names, labels, paths and data, and a provider writes messages: none of it
may call people by @name, link, load, or draw anything. A character reference is never markup, so every sign
that could be one becomes a reference. Mentions, numbers of issues, bare addresses and emoji are found later,
in what Markdown has made of it: a space of no width breaks these.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from ftops.report.words import cut, printable

MOST_OF_A_TEXT = 600
"""Columns of one stranger's text: it cannot push the rest out of a comment."""

MOST_OF_A_LINE = 160
"""Columns of one line in a fence."""

_REMEMBERED = 8192
"""Texts: a document is drawn more than once, to see what fits."""

_BREAK = "\u200b"
_FOUND_LATER = re.compile(
    r"[@#!](?=\S)|[~%](?=[\w\"{])|&(?=\d)|:(?=//)|:(?=[\w+-]+:|[a-z][\w+-]*$)|\b(?:www|gh|ftp|mailto|xmpp)(?=[.:-])",
    re.IGNORECASE,
)
"""What forges look for in rendered text: users, issues, labels, milestones, epics, emoji, addresses."""

_SIGN = re.compile(r"[^\w\s.,;:/()'%\u0080-\U0010ffff-]|_")
_BEGINS_A_BLOCK = re.compile(r"^[\W\d]")
_PLAIN_CODE = re.compile(r"[\w.:/@+=-]{1,300}", re.ASCII)
_BACKTICKS = re.compile("`+")
_LINK = re.compile(r"https://[A-Za-z0-9._~:/?#@!$&'*+,;=%-]+")


def safe(text: str, most: int = MOST_OF_A_TEXT) -> str:
    """Write text that may stand anywhere, at the beginning of a line too."""
    written = inline(text, most)
    return _BEGINS_A_BLOCK.sub(_reference, written) if not written.startswith("&") else written


@lru_cache(maxsize=_REMEMBERED)
def inline(text: str, most: int = MOST_OF_A_TEXT) -> str:
    """Write text for the middle of a line, a table's cell or a summary."""
    shown = _FOUND_LATER.sub(rf"\g<0>{_BREAK}", cut(printable(text).strip(), most))
    return _written(shown)


@lru_cache(maxsize=_REMEMBERED)
def cell(text: str, most: int = MOST_OF_A_TEXT) -> str:
    """Write text for a narrow cell: it wraps after a `_`, and not between an arrow and its value."""
    shown = cut(printable(text).strip(), most).replace("_", f"_{_BREAK}").replace("\u2192 ", "\u2192\u00a0")
    return _written(_FOUND_LATER.sub(rf"\g<0>{_BREAK}", shown))


def code(text: str, most: int = MOST_OF_A_TEXT) -> str:
    """Write an id as code, to be copied exactly; one of odd signs as text."""
    return f"`{text}`" if _PLAIN_CODE.fullmatch(text) else inline(text, most)


def fenced(info: str, lines: Iterable[str], most: int = MOST_OF_A_LINE) -> tuple[str, ...]:
    """Fence lines by more backticks than any holds in a row. Each line begins with a sign of ours."""
    shown = [cut(printable(line), most) for line in lines]
    longest = max((len(run) for line in shown for run in _BACKTICKS.findall(line)), default=0)
    fence = "`" * max(3, longest + 1)
    return (f"{fence}{info}", *shown, fence)


def link(words: str, address: str | None) -> str | None:
    """Write a link of ours; None where the address is not one that is safe to follow."""
    return f"[{words}]({address})" if address and _LINK.fullmatch(address) else None


def _written(shown: str) -> str:
    return _SIGN.sub(_reference, shown).replace(_BREAK, "&#8203;")


def _reference(sign: re.Match[str]) -> str:
    return f"&#{ord(sign[0])};"
