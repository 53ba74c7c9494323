"""Take members of one kind out of JSON maps, or say where another kind stands. Raises only Malformed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any, TypeVar

from msgspec import Struct

_T = TypeVar("_T")

Members = dict[Any, Any]

_NOTHING: Members = {}
_KINDS = {dict: "a map", list: "a list", str: "a text", int: "a number", float: "a number", bool: "a flag"}


class Form(Struct, frozen=True):
    """What a text must look like, and what such a text is called."""

    title: str
    fits: Callable[[str], bool]


class Malformed(Exception):
    """A part of a document is not what it must be. Never quotes the value, which may be anything."""

    def __init__(self, place: str, problem: str) -> None:
        super().__init__(f"{place or 'the whole'} {problem}")
        self._place = place
        self._problem = problem

    def within(self, outer: str) -> Malformed:
        """Return the same, seen from one level further out."""
        return Malformed(f"{outer}.{self._place}" if self._place else outer, self._problem)


def only(value: Any, known: frozenset[str]) -> Members:
    """Take a map that has no member but the known ones."""
    if value.__class__ is not dict:
        raise Malformed("", f"must be a map and is {_kind(value)}")
    if not value.keys() <= known:
        raise Malformed(min(value.keys() - known), "is unknown to this format")
    members: Members = value
    return members


def text(members: Members, key: str) -> str:
    """Take a text that must be there."""
    value = members.get(key)
    if value.__class__ is str:
        found: str = value
        return found
    raise _wrong(members, key, "a text")


def formed(members: Members, key: str, form: Form) -> str:
    """Take a text of a form that must be there."""
    value = text(members, key)
    if not form.fits(value):
        raise Malformed(key, f"must be {form.title}")
    return value


def optional_formed(members: Members, key: str, form: Form) -> str | None:
    """Take a text of a form, None where there is none."""
    return formed(members, key, form) if key in members else None


def each_formed(members: Members, key: str, form: Form) -> tuple[str, ...]:
    """Take a list of texts of a form; absent is empty."""
    values = texts(members, key)
    for index, value in enumerate(values):
        if not form.fits(value):
            raise Malformed(_joined(key, index), f"must be {form.title}")
    return values


def optional_text(members: Members, key: str) -> str | None:
    """Take a text, None where there is none."""
    return text(members, key) if key in members else None


def integer(members: Members, key: str) -> int:
    """Take a whole number, of either sign, that must be there."""
    value = members.get(key)
    if value.__class__ is int:
        found: int = value
        return found
    raise _wrong(members, key, "a whole number")


def whole(members: Members, key: str) -> int:
    """Take a count that must be there."""
    value = members.get(key)
    if value.__class__ is int and value >= 0:
        found: int = value
        return found
    raise _wrong(members, key, "a whole number from 0 up")


def number(members: Members, key: str) -> float:
    """Take a finite number that must be there."""
    value = members.get(key)
    if value.__class__ is int or (value.__class__ is float and isfinite(value)):
        found: float = value
        return found
    raise _wrong(members, key, "a number")


def optional_number(members: Members, key: str) -> float | None:
    """Take a number, None where there is none."""
    return number(members, key) if key in members else None


def flag(members: Members, key: str) -> bool:
    """Take true or false; absent is false."""
    value = members.get(key, False)
    if value.__class__ is bool:
        found: bool = value
        return found
    raise _wrong(members, key, "true or false")


def word(members: Members, key: str, words: Mapping[str, _T]) -> _T:
    """Take one of a few words."""
    value = members.get(key)
    if value.__class__ is str and value in words:
        return words[value]
    raise Malformed(key, f"must be one of {' '.join(words)}")


def mapping(members: Members, key: str) -> Members:
    """Take a map; absent is empty."""
    value = members.get(key, _NOTHING)
    if value.__class__ is dict:
        found: Members = value
        return found
    raise _wrong(members, key, "a map")


def array(members: Members, key: str) -> list[Any]:
    """Take a list; absent is empty."""
    value = members.get(key)
    if value.__class__ is list:
        found: list[Any] = value
        return found
    if key not in members:
        return []
    raise _wrong(members, key, "a list")


def texts(members: Members, key: str) -> tuple[str, ...]:
    """Take a list of texts; absent is empty."""
    values = array(members, key)
    for index, value in enumerate(values):
        if value.__class__ is not str:
            raise Malformed(_joined(key, index), f"must be a text and is {_kind(value)}")
    return tuple(values)


def texts_by_name(members: Members, key: str) -> Mapping[str, str]:
    """Take a map of texts; absent is empty."""
    values = mapping(members, key)
    for name, value in values.items():
        if value.__class__ is not str:
            raise Malformed(_joined(key, name), f"must be a text and is {_kind(value)}")
    return values


def nested(members: Members, key: str, decode: Callable[[Any], _T]) -> _T | None:
    """Decode a member, None where there is none."""
    return _at(key, members[key], decode) if key in members else None


def each(members: Members, key: str, decode: Callable[[Any], _T]) -> tuple[_T, ...]:
    """Decode a list; absent is empty."""
    values = array(members, key)
    return tuple(_at(f"{key}.{index}", value, decode) for index, value in enumerate(values)) if values else ()


def emptied(members: Members, key: str, decode: Callable[[Any], _T], names: Form) -> dict[str, _T]:
    """Decode a map that must be there, letting go of each value once it is decoded."""
    if key not in members:
        raise _wrong(members, key, "a map")
    values = mapping(members, key)
    if not all(map(names.fits, values)):
        raise Malformed(key, f"has a key that is not {names.title}")
    return {name: _at(f"{key}.{name}", values.pop(name), decode) for name in tuple(values)}


def _at(place: str, value: Any, decode: Callable[[Any], _T]) -> _T:
    try:
        return decode(value)
    except Malformed as error:
        raise error.within(place) from None


def _joined(key: str, inner: object) -> str:
    return f"{key}.{inner}" if key else str(inner)


def _wrong(members: Members, key: str, wanted: str) -> Malformed:
    found = f"is {_kind(members[key])}" if key in members else "is missing"
    return Malformed(key, f"must be {wanted} and {found}")


def _kind(value: Any) -> str:
    return _KINDS.get(type(value), "null")
