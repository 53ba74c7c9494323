"""State <-> bytes: readable JSON, versioned, sorted, without secrets.

What is absent, empty or false is left out, so that a record reads like what is known of it.
`schemas/state.v1.json` describes the format.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from ftops.errors import StateError, StateMoved
from ftops.model.state import Record, State
from ftops.state import decoding, encoding
from ftops.state.sections import SectionWriter

FORMAT_VERSION = 1

Upgrade = Callable[[dict[str, Any]], dict[str, Any]]

UPGRADES: Mapping[int, Upgrade] = {}
"""From each older format version to the next one; these stay for ever."""

_RECOVERY = "restore it from a backup"


def encode(state: State, writer: SectionWriter | None = None, *, packed: bool = False) -> bytes:
    """Encode a state. Equal states give equal bytes. Raises StateError for what JSON cannot hold.

    A `writer` that wrote the last one writes only what has changed since.
    """
    try:
        return (writer or SectionWriter()).write(state, FORMAT_VERSION, packed=packed)
    except (encoding.NotFinite, orjson.JSONEncodeError) as error:
        raise StateError(
            f"the state cannot be written as JSON: {error}", hint="nothing was written; look at the manifests"
        ) from error


def encode_record(record: Record) -> str:
    """Write one record as the state file has it."""
    options = orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    return orjson.dumps(encoding.record(record), option=options, default=encoding.plain_mapping).decode()


def moved_away(state: State, place: str) -> bytes:
    """Write, in place of a state, that it is elsewhere now, for whoever still reads here."""
    words = {
        "format_version": FORMAT_VERSION,
        "lineage": state.lineage,
        "moved_to": place,
        "project": state.project,
        "serial": state.serial + 1,
    }
    return orjson.dumps(words, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def decode(data: bytes, location: str, recovery: str = _RECOVERY) -> State:
    """Read a state back, as plain text.

    Raises StateError, naming `location` and the spot, for anything but a state, and StateMoved where only
    the notice is left that it was moved.
    """
    try:
        document = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise StateError(f"{location} is not valid JSON: {error}", hint=recovery) from error
    document = upgraded(document, location, recovery=recovery)
    if "moved_to" in document:
        raise StateMoved(location, str(document["moved_to"]))
    try:
        return decoding.state(document)
    except decoding.Malformed as error:
        raise StateError(f"{location} is damaged or was edited: {error}", hint=recovery) from error


def upgraded(
    document: Any,
    location: str,
    *,
    upgrades: Mapping[int, Upgrade] = UPGRADES,
    newest: int = FORMAT_VERSION,
    recovery: str = _RECOVERY,
) -> dict[str, Any]:
    """Bring a document of any earlier format version to the newest. Raises StateError for a newer one."""
    version = document.get("format_version") if isinstance(document, dict) else None
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise StateError(f"{location} is not an ftops state: it has no format version", hint=recovery)
    if version > newest:
        raise StateError(
            f"{location} was written by a newer ftops (format {version}, this one knows {newest})",
            hint="upgrade ftops",
        )
    for step in range(version, newest):
        try:
            document = upgrades[step](document)
        except (KeyError, TypeError, AttributeError) as error:
            raise StateError(f"{location} cannot be upgraded from format {step}", hint=recovery) from error
    return {key: value for key, value in document.items() if key != "format_version"}
