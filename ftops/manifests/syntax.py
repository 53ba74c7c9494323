"""What is wrong with text that is no YAML, in plain words, at the place where it has to be corrected.

The parser says where it could not go on, which is often a line or more behind the mistake, and in words of
its grammar. Pure: it looks at the text and at what the parser said.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from msgspec import Struct


class Place(Struct, frozen=True):
    """A line and a column, both from 0."""

    line: int
    column: int


class Stuck(Struct, frozen=True):
    """Where the parser gave up, and why; `began` is where what it was reading begins."""

    words: str
    at: Place
    began: Place | None
    lines: Sequence[str]

    def line(self, number: int) -> str:
        """Return a line, an empty one beyond the end."""
        return self.lines[number] if 0 <= number < len(self.lines) else ""

    @property
    def sign(self) -> str:
        """The character at which it gave up."""
        return self.line(self.at.line)[self.at.column : self.at.column + 1]

    @property
    def above(self) -> int:
        """The nearest line above that says something."""
        number = self.at.line - 1
        while number > 0 and not self.line(number).split("#")[0].strip():
            number -= 1
        return max(number, 0)


class Mistake(Struct, frozen=True):
    """What is wrong, where, and what to do."""

    message: str
    at: Place
    hint: str | None = None


def explain(stuck: Stuck) -> Mistake:
    """Return the mistake in plain words; the parser's own where none of ours fits."""
    for look in (_conflict, _tab):
        if (found := look(stuck)) is not None:
            return found
    for words, reading in _READINGS.items():
        if words in stuck.words and (found := reading(stuck)) is not None:
            return found
    return Mistake(f"is not valid YAML: {stuck.words}", stuck.at)


def _conflict(stuck: Stuck) -> Mistake | None:
    for number, line in enumerate(stuck.lines[: stuck.at.line + 1]):
        if re.match(r"(<{7}|>{7}) ", line):
            return Mistake(
                "has a merge conflict that is not resolved", Place(number, 0), "git status names it"
            )
    return None


def _tab(stuck: Stuck) -> Mistake | None:
    if "tab" not in stuck.words and stuck.sign != "\t":
        return None
    for number in range(min(stuck.at.line, len(stuck.lines) - 1), -1, -1):
        line = stuck.line(number)
        if "\t" in line[: len(line) - len(line.lstrip())]:
            return Mistake("is indented with a tab", Place(number, line.index("\t")), "use spaces")
    return None


def _two_values(stuck: Stuck) -> Mistake | None:
    """A colon where none can stand: the line above is no key, is a whole one, or this one has two."""
    line, above = stuck.line(stuck.at.line), stuck.line(stuck.above)
    before = line[: stuck.at.column]
    if re.search(r":\s", before):
        hint = "put the second key on a line of its own, or quote the value"
        return Mistake("has two keys in one line", stuck.at, hint)
    indent, over = _indent(line), _indent(above)
    key = re.match(r"\s*(- )?([^\s:#]+)\s*:\s+\S", above)
    if key and indent > over:
        what = f"is indented deeper than {key[2]} in line {stuck.above + 1}, which has a value already"
        return Mistake(what, Place(stuck.at.line, indent), "indent both alike")
    if stuck.above < stuck.at.line and not re.search(r":(\s|$)", above):
        return _no_colon(stuck.above, above)
    return None


def _no_colon(number: int, line: str) -> Mistake:
    hint = "write a colon and a space behind the key: `key: value`"
    return Mistake("has no colon with a space behind it", Place(number, _indent(line)), hint)


def _lost_key(stuck: Stuck) -> Mistake | None:
    number = stuck.began.line if stuck.began else stuck.above
    return _no_colon(number, stuck.line(number))


def _misplaced(stuck: Stuck) -> Mistake | None:
    """Something else where the next key of a map should be: most often its indentation is wrong."""
    if stuck.sign in ("}", "]"):
        opening = {"}": "{", "]": "["}[stuck.sign]
        return Mistake(f"has a {stuck.sign} without a {opening}", stuck.at)
    line = stuck.line(stuck.at.line)
    if stuck.at.column != _indent(line):
        return None
    if line.lstrip().startswith("- "):
        return Mistake(
            "has a list item where a key is expected", stuck.at, "indent it below the key it is for"
        )
    width = stuck.at.column
    spaces = f"{width} space" + ("" if width == 1 else "s")
    return Mistake(f"is indented by {spaces}, like no line that it could belong to", stuck.at, "align it")


def _unclosed(stuck: Stuck) -> Mistake | None:
    if stuck.began is None:
        return None
    opening = stuck.line(stuck.began.line)[stuck.began.column : stuck.began.column + 1]
    if stuck.began.line != stuck.at.line:
        return Mistake(f"opens {_named(opening)} that is not closed", stuck.began)
    return Mistake("lacks a comma, or has a sign too much", stuck.at, f"it is inside {_named(opening)}")


def _no_value(stuck: Stuck) -> Mistake | None:
    """A list or map that the text ends in, or a comma with nothing before it."""
    if stuck.sign:
        return Mistake("lacks a value", stuck.at)
    for number in range(len(stuck.lines) - 1, -1, -1):
        column = max(stuck.line(number).rfind("["), stuck.line(number).rfind("{"))
        if column >= 0:
            opening = stuck.line(number)[column]
            return Mistake(f"opens {_named(opening)} that is not closed", Place(number, column))
    return None


def _open_quote(stuck: Stuck) -> Mistake | None:
    if stuck.began is None:
        return None
    return Mistake("opens a quote that is not closed", stuck.began, "close it")


def _bad_start(stuck: Stuck) -> Mistake | None:
    hint = f"put it into quotes: '{stuck.sign}...'"
    return Mistake(f"has a value that begins with {stuck.sign}", stuck.at, hint) if stuck.sign else None


def _nameless(stuck: Stuck) -> Mistake | None:
    place = Place(stuck.at.line, max(stuck.at.column - 1, 0))
    sign = stuck.line(place.line)[place.column : place.column + 1]
    return Mistake(f"has a value that begins with {sign}", place, f"put it into quotes: '{sign}...'")


def _says(message: str, hint: str | None = None) -> Callable[[Stuck], Mistake]:
    return lambda stuck: Mistake(message, stuck.at, hint)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _named(sign: str) -> str:
    return {"{": "a {", "[": "a ["}.get(sign, "a list or map")


_READINGS: dict[str, Callable[[Stuck], Mistake | None]] = {
    "mapping values are not allowed": _two_values,
    "could not find expected ':'": _lost_key,
    "did not find expected key": _misplaced,
    "did not find expected ',' or": _unclosed,
    "did not find expected node content": _no_value,
    "unexpected end of stream": _open_quote,
    "cannot start any token": _bad_start,
    "expected alphabetic or numeric character": _nameless,
    "undefined alias": _says("names an anchor (*) that is not defined above it"),
    "second occurrence": _says("defines an anchor (&) a second time"),
    "unknown escape character": _says("has a \\ that means nothing in double quotes", "use single quotes"),
    "expected <document start>": _says("goes on behind the end of a document", "begin the next one with ---"),
    "incompatible YAML document": _says(
        "asks for another version of YAML", "remove the line that begins with %"
    ),
    "unknown directive": _says("has a directive that is not known", "remove the line that begins with %"),
    "expected comment or line break": _says("has text behind | or >", "begin the text on the next line"),
}
"""Words of the parser -> what they come from."""
