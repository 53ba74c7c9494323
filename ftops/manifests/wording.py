"""The messages for what breaks a rule of a schema."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct

from ftops.model.nearest import did_you_mean

_LONGEST_SHOWN = 60
_MOST_LISTED = 50
MOST_UNKNOWN = 20
"""Unknown keys of one map that are reported one by one; the rest is counted, so that a map of 100,000 keys
costs no more than it takes to read."""


class Shown(Struct, frozen=True):
    """How a message names a wrong value. Of a secret it names only the kind."""

    words: str
    secret: bool = False


def shown(value: Any, written: str | None = None) -> Shown:
    """Name a value; `written` is its text in the file, which a number may have lost (`123e45`)."""
    if value is None:
        return Shown("empty")
    if isinstance(value, bool):
        return Shown(f"the word {written or str(value).lower()}")
    if isinstance(value, int | float):
        return Shown(f"the number {written or value}")
    # Maps and lists are only named: anything may be in them.
    return Shown(f"the string {short(value)}" if isinstance(value, str) else _kind(value))


def short(word: str) -> str:
    """Quote a word of a file, cut where it is long."""
    return repr(word[:_LONGEST_SHOWN]) + ("..." if len(word) > _LONGEST_SHOWN else "")


def one_line(text: str) -> str:
    """Return a text whose control characters and line breaks are spaces: it stays in its comment."""
    return "".join(sign if sign.isprintable() else " " for sign in text)


def shown_kind(value: Any) -> Shown:
    """Name only the kind of a whole document: one that is no map at all may be any file, of tokens too."""
    return Shown(_kind(value))


def shown_secret(value: Any) -> Shown:
    """Name only the kind of a value that may be a key."""
    return Shown(_kind(value), secret=True)


def rule_sentence(
    rule: str, limit: Any, value: Any, found: Shown, schema: Mapping[str, Any]
) -> tuple[str | None, str | None]:
    """Return message and hint; no message for a rule that none of our schemas has."""
    match rule:
        case "type":
            names = [limit] if isinstance(limit, str) else limit
            wanted = " or ".join(_TYPES[name] for name in names)
            return f"must be {wanted}, not {found.words}", _quoting(value, names)
        case "enum" | "const":
            choices = [str(choice) for choice in (limit if isinstance(limit, list) else [limit])]
            near = did_you_mean(value, choices) if isinstance(value, str) and not found.secret else None
            one_of = "one of " if len(choices) > 1 else ""
            return f"must be {one_of}{', '.join(choices)}, not {found.words}", near
        case "pattern":
            hint = schema.get("patternErrorMessage", f"the form is {limit}")
            if found.secret:
                return "does not have the right form", hint
            hint = hint.replace("{path: FILE}", f"{{path: {value[:_LONGEST_SHOWN]}}}")
            return f"{found.words} does not have the right form", hint
    if rule in _SIZES:
        return _size_sentence(rule, limit, None if found.secret else len(value)), None
    sentence = f"{_BOUNDS[rule].format(limit)}, not {found.words}" if rule in _BOUNDS else None
    return sentence, None


def _size_sentence(rule: str, limit: int, size: int | None) -> str:
    """Say how long something may be, and where it is no secret how long it is."""
    bound, one, many = _SIZES[rule]
    if limit == 1 and bound == "at least":
        return "must not be empty"
    told = "" if size is None else f", not {size:,}"
    return f"must have {bound} {limit:,} {one if limit == 1 else many}{told}"


def suggestion(word: str, known: Iterable[str]) -> str:
    """Offer the nearest known word, else all of them, where they are not too many to read."""
    text = sorted(known)
    listed = ", ".join(text[:_MOST_LISTED]) + (", ..." if len(text) > _MOST_LISTED else "")
    return did_you_mean(word, text) or f"known here: {listed or 'nothing'}"


def _quoting(value: Any, types: list[str]) -> str | None:
    """Say when quotes, or their absence, are all that is wrong."""
    if "string" in types:
        return "quote it" if isinstance(value, bool | int | float) else None
    plain = isinstance(value, str) and (
        value in ("true", "false")
        if "boolean" in types
        else value.lstrip("+-").replace(".", "", 1).isdecimal() and bool({"integer", "number"} & set(types))
    )
    return "write it without quotes" if plain else None


def _kind(value: Any) -> str:
    if isinstance(value, dict | list):
        return "a map" if isinstance(value, dict) else "a list"
    return "a string" if isinstance(value, str) else "empty" if value is None else "a number or a truth value"


_TYPES = {
    "string": "a string",
    "object": "a map",
    "array": "a list",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
}
_BOUNDS = {
    "minimum": "must be at least {}",
    "maximum": "must be at most {}",
    "exclusiveMinimum": "must be greater than {}",
    "exclusiveMaximum": "must be less than {}",
}
_SIZES = {
    "minLength": ("at least", "character", "characters"),
    "maxLength": ("at most", "character", "characters"),
    "minProperties": ("at least", "entry", "entries"),
    "maxProperties": ("at most", "entry", "entries"),
    "minItems": ("at least", "entry", "entries"),
    "maxItems": ("at most", "entry", "entries"),
}
