"""The text of an expression, looked through before any parser sees it.

Whoever can open a pull request can write an expression: the parser's patterns for strings would try for ever
to close one that is never closed, and its recursion has no bound.
"""

from __future__ import annotations

import re

from msgspec import Struct

MOST_CHARACTERS = 2_000
MOST_BRACKETS = 12
"""Brackets inside one another: each costs the evaluator some forty frames of Python."""
MOST_OPERATORS = 60
"""Operators of one expression: a chain of them nests as deep as it is long."""

_TOKEN = re.compile(
    r"""
    (?P<space> \s+ | //[^\n]* )
  | (?P<string> "(?:[^"\\\n]|\\[^\n])*" | '(?:[^'\\\n]|\\[^\n])*' )
  | (?P<word> [A-Za-z_][A-Za-z0-9_]* | [0-9][A-Za-z0-9_.]* )
  | (?P<open> [(\[{] )
  | (?P<close> [)\]}] )
  | (?P<operator> && | \|\| | [!=<>]= | [-+*/%!<>?:] )
  | (?P<other> [.,] )
    """,
    re.VERBOSE,
)
_ESCAPE = re.compile(r"\\(.)")
_ESCAPES = frozenset("abfnrtv\"'\\")


class Fault(Struct, frozen=True):
    """What is wrong with an expression, at a line and column of its own text, from 1."""

    message: str
    hint: str | None = None
    line: int = 1
    column: int = 1


def fault_of(text: str) -> Fault | None:
    """Return what keeps a text from being parsed; None where a parser may have it."""
    if len(text) > MOST_CHARACTERS:
        return Fault(f"is longer than {MOST_CHARACTERS:,} characters", "write several rules")
    depth = operators = at = 0
    before = ""
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None or (found["string"] and before in ("word", "string")):
            return _unreadable(text, at)
        kind = before = str(found.lastgroup)
        depth += (kind == "open") - (kind == "close")
        operators += kind == "operator"
        if depth > MOST_BRACKETS or operators > MOST_OPERATORS:
            limit = (
                f"{MOST_BRACKETS} brackets deep" if depth > MOST_BRACKETS else f"{MOST_OPERATORS} operators"
            )
            return placed(text, at, f"has more than {limit}", "write several rules")
        if kind == "string" and (wrong := _bad_escape(found[0])):
            return placed(text, at, f"has the escape {wrong} in a string", 'a backslash is written "\\\\"')
        at = found.end()
    return None


def _unreadable(text: str, at: int) -> Fault:
    sign = text[at]
    if sign in "\"'":
        hint = "close it on its line; write strings in plain quotes, without a letter before them"
        return placed(text, at, "has a string that is not closed, or not plain", hint)
    return placed(text, at, f"has {sign!r}, which means nothing here")


def _bad_escape(string: str) -> str | None:
    return next((found[0] for found in _ESCAPE.finditer(string) if found[1] not in _ESCAPES), None)


def placed(text: str, at: int, message: str, hint: str | None = None) -> Fault:
    """Return a fault at an offset."""
    line = text.count("\n", 0, at) + 1
    return Fault(message, hint, line, at - (text.rfind("\n", 0, at) + 1) + 1)
