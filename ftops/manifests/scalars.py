"""The values that words in YAML mean, and those that a manifest cannot use."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

TAG = "tag:yaml.org,2002:"
STR = TAG + "str"
SCALARS = frozenset(TAG + name for name in ("str", "null", "bool", "int", "float"))

_LONGEST_NUMBER = 400
_BITS_64 = 1 << 63


class Unusable(Exception):
    """A scalar without a usable value, and why."""


@lru_cache(maxsize=4096)
def scalar_value(tag: str, text: str, plain: str) -> Any:
    """Return the value of a scalar with a tag; `plain` is the tag that its text alone would have.

    Raises Unusable, in words that fit after the place.
    """
    if tag not in SCALARS:
        raise Unusable(unsupported(tag))
    if plain != tag and (tag, plain) != (TAG + "float", TAG + "int"):
        raise Unusable("does not match its tag")
    if tag == TAG + "null":
        return None
    if tag == TAG + "bool":
        return text.lower() == "true"
    if len(text) > _LONGEST_NUMBER:
        raise Unusable("the number is too long; quote it if it is a string")
    return _float(text) if tag == TAG + "float" else _integer(text)


def unsupported(tag: str) -> str:
    """Refuse a tag."""
    return f"the tag {tag.removeprefix(TAG)} is not supported"


def _integer(text: str) -> int:
    number = int(text, 0) if text[:2] in ("0x", "0o") else int(text)
    if not -_BITS_64 <= number < _BITS_64:
        raise Unusable("the number needs more than 64 bits; quote it if it is a string")
    return number


def _float(text: str) -> float:
    number = math.inf if text.lower().lstrip("+-") in (".inf", ".nan") else float(text)
    if not math.isfinite(number):
        raise Unusable(f"{text} is not a usable number; quote it if it is a string")
    return number
