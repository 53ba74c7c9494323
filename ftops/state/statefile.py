"""State <-> bytes: readable JSON, versioned, sorted, without secrets.

What has its default is left out, so that a record reads like what is known of it.
`schemas/state.v1.json` describes the format.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Literal

import msgspec
from msgspec import DecodeError, ValidationError
from msgspec.json import Decoder

from ftops.errors import StateError, StateMoved
from ftops.model.ack import Ack
from ftops.model.identifiers import Count, Name, ProvidersId, SHA256Hex, Word
from ftops.model.provider_memory import ProviderMemory
from ftops.model.state import ArchivedRecord, Record, State
from ftops.model.typed_json import Malformed, converted, converted_members
from ftops.state.encoding import Unwritable, lean, written
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
    except Unwritable as error:
        raise StateError(
            f"the state cannot be written as JSON: {error}", hint="nothing was written; look at the manifests"
        ) from error


def encode_record(record: Record) -> str:
    """Write one record as the state file has it."""
    return written(lean(record)).decode() + "\n"


def moved_away(state: State, place: str) -> bytes:
    """Write, in place of a state, that it is elsewhere now, for whoever still reads here."""
    notice = {
        "format_version": FORMAT_VERSION,
        "lineage": state.lineage,
        "moved_to": place,
        "project": state.project,
        "serial": state.serial + 1,
    }
    return written(notice) + b"\n"


class _Version1(State, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A state as a document. Required members have no default: one without records is not empty."""

    format_version: Literal[1]
    serial: Count
    fine_tunes: Mapping[Name, Record]
    archive: Mapping[Name, ArchivedRecord]
    datasets: Mapping[Word, Mapping[SHA256Hex, ProvidersId]]


_DECODER = Decoder(_Version1)


def decode(data: bytes, location: str, recovery: str = _RECOVERY) -> State:
    """Read a state back, as plain text.

    Raises StateError, naming `location` and the spot, for anything but a state, and StateMoved where only
    the notice is left that it was moved.
    """
    try:
        with suppress(ValidationError):
            return _state(_DECODER.decode(data))
        # An older format, a notice, or damage.
        document = upgraded(msgspec.json.decode(data), location, recovery=recovery)
    except (DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise StateError(f"{location} is not valid JSON: {error}", hint=recovery) from error
    if "moved_to" in document:
        raise StateMoved(location, str(document["moved_to"]))
    try:
        for place, (key, kind) in _PARTS.items():
            converted_members(document.get(place, {}), key, kind, place)
        return _state(converted({**document, "format_version": FORMAT_VERSION}, _Version1))
    except Malformed as error:
        raise StateError(f"{location} is damaged or was edited: {error}", hint=recovery) from error


_PARTS: Mapping[str, tuple[Any, Any]] = {
    "fine_tunes": (Name, Record),
    "archive": (Name, ArchivedRecord),
    "datasets": (Word, Mapping[SHA256Hex, ProvidersId]),
    "providers": (Word, ProviderMemory),
    "acks": (Name, Ack),
}
"""Maps in which an error names the member that it is in: the kinds of their keys and members."""


def _state(document: _Version1) -> State:
    return State(**{name: getattr(document, name) for name in State.__struct_fields__})


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
