"""What a forge says of a failure. GitHub adds `errors` to its message; GitLab has four shapes of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ftops.transport.error_words import said, said_in
from ftops.transport.loose_json import read_json


def words_of(content: bytes) -> str:
    """Return the words of an error reply, whatever it is."""
    try:
        body = read_json(content)
    except ValueError:
        return said(content)[1]
    told = body.get("message") if isinstance(body, Mapping) else None
    if isinstance(told, Mapping) and "error" not in told:
        # `{"message": {"note": ["can't be blank"]}}`: by field.
        return "; ".join(f"{field}: {_joined(faults)}" for field, faults in told.items())
    words = said_in(body)[1]
    errors = body.get("errors") if isinstance(body, Mapping) else None
    if isinstance(told, str) and isinstance(errors, list) and errors:
        return f"{words}: {said_in(errors)[1]}"
    return words


def _joined(faults: Any) -> str:
    return ", ".join(map(str, faults)) if isinstance(faults, list) else str(faults)
