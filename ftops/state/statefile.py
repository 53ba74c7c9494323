"""State <-> bytes: readable JSON, versioned, sorted, without secrets.

What is absent, empty or false is left out, so that a record reads like what is known of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

import orjson

from ftops.errors import StateError
from ftops.model.finetune import Lifecycle, OnChange, OnRemove, Retry, RetryOn
from ftops.model.job import FailureClass, JobError, JobStatus
from ftops.model.state import ArchivedRecord, Intent, Record, RecordedJob, State

FORMAT_VERSION = 1

UPGRADES: Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}
"""From each older format version to the next one; these stay for ever."""


def encode(state: State) -> bytes:
    """Write a state down. Equal states give equal bytes."""
    document = {
        "format_version": FORMAT_VERSION,
        "project": state.project,
        "lineage": state.lineage,
        "serial": state.serial,
        "fine_tunes": {name: _plain(record) for name, record in state.fine_tunes.items()},
        "archive": {name: _plain(entry) for name, entry in state.archive.items()},
        "datasets": {name: dict(files) for name, files in state.datasets.items()},
        "not_mine": {name: list(ids) for name, ids in state.not_mine.items()},
    }
    return orjson.dumps(document, option=_OPTIONS)


def encode_record(record: Record) -> str:
    """Write one record as the state file has it."""
    return orjson.dumps(_plain(record), option=_OPTIONS).decode()


def decode(data: bytes, location: str) -> State:
    """Read a state back. Raises StateError, naming `location` and the spot, for anything but a state."""
    try:
        document = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise StateError(
            f"{location} is not valid JSON: {error}", hint="restore it from its backup beside it"
        ) from error
    if not isinstance(document, dict) or not isinstance(document.get("format_version"), int):
        raise StateError(f"{location} is no ftops state", hint="restore it from its backup beside it")
    document = _upgraded(document, location)
    try:
        return State(
            project=_text(document["project"]),
            lineage=_text(document["lineage"]),
            serial=_whole(document["serial"]),
            fine_tunes={name: _record(value) for name, value in document["fine_tunes"].items()},
            archive={name: _archived(value) for name, value in document["archive"].items()},
            datasets={
                provider: {_text(key): _text(value) for key, value in files.items()}
                for provider, files in document["datasets"].items()
            },
            not_mine={
                provider: tuple(map(_text, ids)) for provider, ids in document.get("not_mine", {}).items()
            },
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise StateError(
            f"{location} has a part that no ftops writes: {error}",
            hint="restore it from its backup beside it",
        ) from error


_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE


def _upgraded(document: dict[str, Any], location: str) -> dict[str, Any]:
    version = document["format_version"]
    if version > FORMAT_VERSION:
        raise StateError(
            f"{location} was written by a newer ftops (format {version}, this one knows {FORMAT_VERSION})",
            hint="upgrade ftops",
        )
    while version < FORMAT_VERSION:
        if version not in UPGRADES:
            raise StateError(f"{location} has the unknown format version {version}")
        document = UPGRADES[version](document)
        version += 1
    return document


_NAMES: dict[type, tuple[str, ...]] = {
    kind: tuple(field.name for field in fields(kind))
    for kind in (Record, RecordedJob, Intent, ArchivedRecord, Lifecycle, Retry, JobError)
}


def _plain(value: Any) -> Any:
    """Turn a value of the model into JSON, without what is empty; numbers are never empty."""
    names = _NAMES.get(type(value))
    if names is not None:
        plain = {name: _plain(getattr(value, name)) for name in names}
        return {name: member for name, member in plain.items() if not _is_empty(member)}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value


def _is_empty(value: Any) -> bool:
    return value is None or value is False or value == "" or (isinstance(value, dict | list) and not value)


def _record(value: Mapping[str, Any]) -> Record:
    return Record(
        provider=_text(value["provider"]),
        fingerprint=_text(value["fingerprint"]),
        fingerprint_version=_whole(value["fingerprint_version"]),
        generation=_whole(value["generation"]),
        attempt=_whole(value["attempt"]),
        spec=_mapping(value.get("spec", {})),
        lifecycle=_lifecycle(value.get("lifecycle", {})),
        labels=_mapping(value.get("labels", {})),
        annotations=_mapping(value.get("annotations", {})),
        integrations=tuple(value.get("integrations", ())),
        intent=_intent(value["intent"]) if "intent" in value else None,
        job=_job(value["job"]) if "job" in value else None,
        rejected=_error(value["rejected"]) if "rejected" in value else None,
        history=tuple(_job(job) for job in value.get("history", ())),
        spent_nonces=tuple(map(_text, value.get("spent_nonces", ()))),
    )


def _archived(value: Mapping[str, Any]) -> ArchivedRecord:
    return ArchivedRecord(
        generation=_whole(value["generation"]),
        jobs=tuple(_job(job) for job in value.get("jobs", ())),
        spent_nonces=tuple(map(_text, value.get("spent_nonces", ()))),
    )


def _job(value: Mapping[str, Any]) -> RecordedJob:
    known = dict(value)
    error = known.pop("error", None)
    return RecordedJob(
        **{
            **known,
            "nonce": known.get("nonce"),
            "status": JobStatus(known["status"]),
            "error": _error(error) if error is not None else None,
        }
    )


def _intent(value: Mapping[str, Any]) -> Intent:
    known = dict(value)
    lookalikes = tuple(map(_text, known.pop("lookalikes", ())))
    return Intent(**{"spec": {}, **known, "lookalikes": lookalikes})


def _error(value: Mapping[str, Any]) -> JobError:
    return JobError(
        value.get("code"),
        _text(value.get("message", "")),
        FailureClass(value.get("failure_class", "unknown")),
    )


def _lifecycle(value: Mapping[str, Any]) -> Lifecycle:
    known = dict(value)
    retry = known.pop("retry", {})
    return Lifecycle(
        **{
            **known,
            "on_change": OnChange(known.get("on_change", OnChange.REPLACE)),
            "on_remove": OnRemove(known.get("on_remove", OnRemove.CANCEL)),
            "retry": Retry(
                _whole(retry.get("max_attempts", 1)), tuple(RetryOn(cause) for cause in retry.get("on", ()))
            ),
        }
    )


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not a string")
    return value


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{value!r} is not a whole number")
    return value


def _mapping(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise TypeError(f"{value!r} is not a mapping")
    return value
