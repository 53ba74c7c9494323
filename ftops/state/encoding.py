"""Values of the model -> JSON of format version 1. What is left out, they say themselves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from math import isfinite
from typing import Any, get_args

from msgspec import Struct
from msgspec import json as typed
from msgspec.structs import fields

from ftops.model.finetune import Lifecycle, Retry
from ftops.model.state import Record
from ftops.model.value import replace

_BITS = 63
"""Of a whole number that every reader of JSON in use takes."""


class Unwritable(ValueError):
    """Something that JSON cannot hold; the JSON writer would turn some of it into null without a word."""


def written(value: Any) -> bytes:
    """Return JSON text of a value, sorted and indented. Raises Unwritable. Equal values give equal bytes."""
    _check(value)
    try:
        return typed.format(_ENCODER.encode(value), indent=2)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise Unwritable(str(error)) from error


def lean(record: Record) -> Record:
    """Return the record with the very default for each part that equals it: only such a part is left out."""
    lifecycle = record.lifecycle
    if lifecycle == _LIFECYCLE:
        return record if lifecycle is _LIFECYCLE else replace(record, lifecycle=_LIFECYCLE)
    if lifecycle.retry == _RETRY and lifecycle.retry is not _RETRY:
        return replace(record, lifecycle=replace(lifecycle, retry=_RETRY))
    return record


_LIFECYCLE: Lifecycle = Record("", "", 0, 0).lifecycle
_RETRY: Retry = _LIFECYCLE.retry


def _mapping(value: Any) -> Any:
    """Serve the JSON writer, which knows no mapping but dict."""
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"a {type(value).__name__} is not JSON")


_ENCODER = typed.Encoder(order="sorted", enc_hook=_mapping)


def _check(value: Any) -> None:
    """Look at every number in a value. Raises Unwritable."""
    if isinstance(value, float):
        if not isfinite(value):
            raise Unwritable(f"{value} is not a JSON number")
    elif isinstance(value, int):
        if value.bit_length() > _BITS:
            raise Unwritable("a whole number is too large for JSON")
    else:
        for member in _members(value):
            if member.__class__ not in _PLAIN:
                _check(member)


_PLAIN = frozenset({str, bool, type(None)})


def _members(value: Any) -> Iterable[Any]:
    if isinstance(value, Struct):
        return [getattr(value, name) for name in _open_fields(value.__class__)]
    if isinstance(value, Mapping):
        return value.values()
    return value if isinstance(value, list | tuple) else ()


@cache
def _open_fields(kind: type[Struct]) -> tuple[str, ...]:
    """Name the fields that may hold a number of any kind; most hold text, and a state has 100,000 of each."""
    return tuple(field.name for field in fields(kind) if _is_open(field.type))


def _is_open(kind: Any) -> bool:
    if kind in (Any, float):
        return True
    if isinstance(kind, type) and issubclass(kind, Struct):
        return bool(_open_fields(kind))
    return any(map(_is_open, get_args(kind)))
