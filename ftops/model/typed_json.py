"""JSON -> a value of a type, or one sentence that names the place. The sentence never quotes a value."""

from __future__ import annotations

import re
from ast import literal_eval
from collections.abc import Mapping
from typing import Any, TypeVar

from msgspec import ValidationError, convert

from ftops.model.commit import Hash
from ftops.model.identifiers import Digest, Fingerprint, Name, ProvidersId, SHA256Hex, Word, is_word

_T = TypeVar("_T")


class Malformed(Exception):
    """A part of a document is not what it must be."""

    def __init__(self, place: str, problem: str) -> None:
        super().__init__(f"{place or 'the document'} {problem}")
        self.place = place
        self.problem = problem


def converted(document: Any, kind: type[_T], place: str = "") -> _T:
    """Return parsed JSON as a value of `kind`. Raises Malformed; `place` is where the document is."""
    try:
        return convert(document, kind)
    except ValidationError as error:
        inner, problem = _said(str(error))
        raise Malformed(".".join(filter(None, (place, inner))), problem) from error


def converted_members(members: Any, key: Any, kind: type[_T], place: str) -> dict[str, _T]:
    """Convert each member of a map on its own, so that an error names the member. Raises Malformed.

    Its keys are looked at first: no sentence of a stranger's gets into a message by way of one.
    """
    if not isinstance(members, Mapping):
        raise Malformed(place, "must be a map")
    converted(dict.fromkeys(members), dict[key, None], place)
    return {name: converted(value, kind, f"{place}.{name}") for name, value in members.items()}


def _said(text: str) -> tuple[str, str]:
    """Split what msgspec says into the place and the problem, in our words."""
    text, _, path = text.rpartition(" - at ") if _PATH.search(text) else (text, "", "")
    in_key = path.startswith("`key` in ")
    steps = _STEP.findall(path.removeprefix("`key` in ").strip("`").removeprefix("$"))
    place = ".".join("*" if step == "..." else step for step in steps)
    if in_key:
        return place, f"has a key that is not {_title(text)}"
    if found := _MISSING.fullmatch(text):
        return ".".join(filter(None, (place, found[1]))), "is missing"
    if found := _UNKNOWN.fullmatch(text):
        unknown = found[1] if is_word(found[1]) else "*"
        return ".".join(filter(None, (place, unknown))), "is unknown to this format"
    if found := _KIND.fullmatch(text):
        wanted = " or ".join(_KINDS.get(kind, kind) for kind in found[1].split(" | ") if kind != "null")
        return place, f"must be {wanted}, not {_KINDS.get(found[2], found[2])}"
    if found := _LEAST.fullmatch(text):
        return place, f"must be {found[1]} or more"
    if text.startswith(_FORMED):
        return place, f"must be {_title(text)}"
    return place, "has a value that this format does not know"


def _title(text: str) -> str:
    pattern: str = literal_eval(text.removeprefix(_FORMED))
    return _TITLES.get(pattern, "of the right form")


_PATH = re.compile(r" - at (`key` in )?`\$[\w.\[\]]*`\Z")
_STEP = re.compile(r"\.\.\.|[^.\[\]]+")
"""A step of msgspec's path; `...` stands for the key of a map, which it does not name."""
_MISSING = re.compile(r"Object missing required field `(.*)`")
_UNKNOWN = re.compile(r"Object contains unknown field `(.*)`", re.DOTALL)
_KIND = re.compile(r"Expected `(.*)`, got `(.*)`")
_LEAST = re.compile(r"Expected `\w+` >= (-?[0-9]+)")
_FORMED = "Expected `str` matching regex "

_KINDS = {
    "object": "a map",
    "array": "a list",
    "str": "a string",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
}

_FORMS: tuple[Any, ...] = (Name, Fingerprint, Digest, Word, SHA256Hex, ProvidersId, Hash)
_TITLES: dict[str, str] = {form.__metadata__[0].pattern: form.__metadata__[0].title for form in _FORMS}
