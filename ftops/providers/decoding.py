"""How to read what servers write: strict about what matters, liberal about the rest. Raises Unreadable."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from ftops.model.fingerprint import AUTO
from ftops.model.identifiers import is_providers_id
from ftops.model.job import JobError, JobStatus
from ftops.model.json_value import JSON
from ftops.model.spending import USD, Amount, amount
from ftops.providers.failure_classes import GENERAL, FailureClasses
from ftops.providers.flow import Unreadable
from ftops.transport.error_words import error_in


def require_mapping(body: Any, what: str) -> Mapping[str, Any]:
    """Insist on a JSON object."""
    if not isinstance(body, dict):
        raise Unreadable(f"{what} is not a JSON object")
    return body


def require_list(body: Any, what: str) -> list[Any]:
    """Insist on the `data` list that every collection of these formats has.

    Servers in Go write an empty list as null. But null is also what a gateway wraps a failure in, so it is
    trusted only next to something else that a list has.
    """
    found = require_mapping(body, what)
    if error := error_in(found):
        raise Unreadable(error)
    data = found.get("data")
    if data is None and (found.get("object") == "list" or isinstance(found.get("has_more"), bool)):
        return []
    if not isinstance(data, list):
        raise Unreadable(f"{what} has no list `data`")
    return data


NANO = Decimal("1e-9")
"""Of a dollar: the unit of some wires."""


def decode_price(value: Any, unit: Decimal = Decimal(1), currency: Any = None) -> Amount | None:
    """Read what a job cost. Zero means unknown: servers write it before they have computed a cost."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        return None
    shown = USD if currency is None else optional_text(currency)
    if shown is None or not re.fullmatch("[A-Z]{3}", shown):
        return None
    try:
        return amount(Decimal(str(value)) * unit, currency=shown)
    except (ValueError, ArithmeticError):
        return None


def optional_id(value: Any) -> str | None:
    """Take the id of an object, or the value itself where it is one."""
    return optional_text(value.get("id") if isinstance(value, dict) else value)


def optional_strings(value: Any) -> tuple[str, ...]:
    """Take the strings of a list, or the ids of the objects in it."""
    found = map(optional_id, value) if isinstance(value, list) else ()
    return tuple(item for item in found if item is not None)


def require_id(body: Mapping[str, Any], what: str) -> str:
    """Insist on an id that fits into a path: a job without one could never be found again."""
    value = body.get("id")
    if not isinstance(value, str) or not value:
        raise Unreadable(f"{what} has no id")
    if not is_providers_id(value):
        raise Unreadable(f"{what} has an id that cannot be part of an address")
    return value


def decode_status(body: Mapping[str, Any], known: Mapping[str, JobStatus]) -> tuple[JobStatus, str]:
    """Read a status in our words and in theirs. One that nobody knows yet counts as active.

    So does a missing one, but only in what is surely a job: a gateway's own reply may have an id too, and
    must never be recorded as what was created.
    """
    raw = body.get("status")
    reported = raw if isinstance(raw, str) else ""
    status = known.get(reported) or known.get(reported.strip().lower(), JobStatus.UNKNOWN)
    if status is JobStatus.UNKNOWN and not _is_job(body):
        raise Unreadable(
            f"a job has the status {reported[:40]!r} and no model" if reported else "a job has no status"
        )
    return status, reported


def _is_job(body: Mapping[str, Any]) -> bool:
    return isinstance(body.get("model"), str) or "fine" in str(body.get("object"))


def optional_text(value: Any) -> str | None:
    """Take a string that is not empty."""
    return value if isinstance(value, str) and value else None


def optional_number(value: Any) -> float | None:
    """Take a number, also one written as a string; 0 means "unknown" in times and counts alike."""
    if value.__class__ is int and 0 < value < _EXACT:
        return float(value)
    if value is None or isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if number and math.isfinite(number) else None


def decode_instant(value: Any) -> float | None:
    """Read a time of RFC 3339 (`2026-11-27T00:34:37.089Z`) as Unix seconds; anything else says nothing."""
    if not isinstance(value, str) or not value:
        return None
    try:
        found = datetime.fromisoformat(value)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def decode_day(value: Any) -> float | None:
    """Read a day, `2027-01-14`, as the second when it begins in UTC; anything else says nothing."""
    try:
        day = date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return None if day is None else datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()


def optional_count(value: Any) -> int | None:
    """Take a whole number; a large one in a string is taken exactly."""
    if value.__class__ is int and 0 < value < _EXACT:
        return int(value)
    if isinstance(value, str) and (exact := optional_whole(value)) is not None:
        return exact or None
    number = optional_number(value)
    return None if number is None else int(number)


def optional_whole(value: Any) -> int | None:
    """Take a whole number, zero too, also one written as a string: JavaScript loses digits of larger ones."""
    if isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


_EXACT = 2**53
"""Whole numbers below this are exact in JSON, and as a float."""

_WHOLE = re.compile(r"-?[0-9]{1,19}")
_AUTO_BY_NUMBER = -1
"""How Azure, and OpenAI before it had a word for it, write "auto"."""


def shown_hyperparameters(shown: Any) -> dict[str, JSON]:
    """Read what a job shows of its hyperparameters.

    Null says nothing. `auto` stays, because it may appear where a value was sent.
    """
    if not isinstance(shown, dict):
        return {}
    return {_path_of(key): _meant(value) for key, value in shown.items() if value is not None}


@lru_cache(maxsize=256)
def _path_of(key: str) -> str:
    """Name a hyperparameter as a manifest does; ten thousand jobs share the text."""
    return f"hyperparameters.{key}"


def _meant(value: Any) -> Any:
    """Read a number that is written as a string, and `auto` that is written as a number."""
    if value.__class__ is int and value > 0:
        return value
    if isinstance(value, str):
        whole = optional_whole(value)
        value = optional_number(value) or value if whole is None else whole
    return AUTO if value == _AUTO_BY_NUMBER and not isinstance(value, bool) else value


def decode_error(value: Any, classes: FailureClasses = GENERAL) -> JobError | None:
    """Read a job's error; healthy jobs show null, `{}` or all nulls there, some servers the text alone.

    `classes` is the format's table of whose fault it is.
    """
    if isinstance(value, str) and value.strip():
        return JobError(None, value.strip(), classes.of(None, value))
    if not value or not isinstance(value, dict):
        return None
    code, message = optional_text(value.get("code")), optional_text(value.get("message"))
    if code is None and message is None:
        return None
    return JobError(code, message or "the provider gave no reason", classes.of(code, message))
