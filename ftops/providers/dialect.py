"""Dialect: one wire format, as data and pure functions. No I/O: the transport moves the bytes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from ftops.model.capabilities import Capabilities
from ftops.model.job import FailureClass, Job, JobError, JobEvent, JobStatus, UploadedFile
from ftops.model.request import JobRequest
from ftops.providers.failure_table import FailureTable


class Unreadable(ValueError):
    """A reply that is not what the wire format says; the transport turns it into a ProviderError."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list. `after` is the cursor of the page behind it, None at the end of the list."""

    items: tuple[Any, ...]
    after: str | None = None


class Dialect(Protocol):
    """What a wire format has to say. Every decoder raises Unreadable for a reply it cannot take."""

    @property
    def name(self) -> str:
        """The word that `dialect:` takes in ftops.yaml."""

    @property
    def default_base_url(self) -> str | None:
        """Where the format's own provider lives; None means that `base_url` must be given."""

    @property
    def capabilities(self) -> Capabilities:
        """What the format can carry."""

    @property
    def failures(self) -> FailureTable:
        """How the format says no, and what each refusal means."""

    @property
    def jobs_path(self) -> str:
        """The path of the job collection under the base URL."""

    def auth_headers(self, key: str) -> Mapping[str, str]:
        """Give the headers that carry the credential."""

    def account_headers(self, organization: str | None, project: str | None) -> Mapping[str, str]:
        """Give the headers that choose an account."""

    def encode_create(self, request: JobRequest) -> dict[str, Any]:
        """Write the body of a create."""

    def decode_job(self, body: Any, provider: str) -> Job:
        """Read a job from a create, retrieve, cancel or list reply."""

    def first_query(self) -> Mapping[str, str]:
        """Give the query of the first page of the job list."""

    def decode_page(self, body: Any) -> Page:
        """Read one page of jobs, events or files, each item still undecoded.

        Raises Unreadable when the page does not say surely whether it is the last.
        """

    def events_query(self, *, stream: bool) -> Mapping[str, str]:
        """Give the query of the first page of events."""

    def decode_event(self, body: Any) -> JobEvent:
        """Read one event."""

    @property
    def events_newest_first(self) -> bool:
        """Whether event pages run backwards in time."""

    def decode_file(self, body: Any) -> UploadedFile:
        """Read a file object."""


def require_mapping(body: Any, what: str) -> Mapping[str, Any]:
    """Insist on a JSON object."""
    if not isinstance(body, Mapping):
        raise Unreadable(f"{what} is not a JSON object")
    return body


def require_list(body: Any, what: str) -> list[Any]:
    """Insist on the `data` list that every collection of these formats has."""
    data = require_mapping(body, what).get("data")
    if not isinstance(data, list):
        raise Unreadable(f"{what} has no list `data`")
    return data


SURELY_SHORT = 20
"""The smallest page that these providers cut a list into; a shorter one without `has_more` is the last."""


def decode_cursor_page(body: Any) -> Page:
    """Read a page of the `after` / `has_more` kind.

    One that says nothing of what follows is the last only when it is too short to be full; else the next is
    asked for. `has_more` without an id to go on from is a lie.
    """
    items = tuple(require_list(body, "a list"))
    more = body.get("has_more")
    if more is None:
        more = len(items) >= SURELY_SHORT
    if not more:
        return Page(items)
    last = items[-1].get("id") if items and isinstance(items[-1], Mapping) else None
    if not isinstance(last, str) or not last:
        raise Unreadable("a list says there is more and gives nothing to go on from")
    return Page(items, last)


def optional_strings(value: Any) -> tuple[str, ...]:
    """Take the strings of a list."""
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()


def require_id(body: Mapping[str, Any], what: str) -> str:
    """Insist on an id: a job without one could never be found again."""
    value = body.get("id")
    if not isinstance(value, str) or not value:
        raise Unreadable(f"{what} has no id")
    return value


def decode_status(body: Mapping[str, Any], known: Mapping[str, JobStatus]) -> tuple[JobStatus, str]:
    """Read a status in our words and in theirs. One that nobody knows yet counts as active."""
    raw = body.get("status")
    if not isinstance(raw, str):
        raise Unreadable("a job has no status")
    return known.get(raw.lower(), JobStatus.UNKNOWN), raw


def optional_text(value: Any) -> str | None:
    """Take a string that says something."""
    return value if isinstance(value, str) and value else None


def optional_number(value: Any) -> float | None:
    """Take a number, also one written as a string; 0 stands for "not known" in times and counts alike."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if number and math.isfinite(number) else None


def optional_count(value: Any) -> int | None:
    """Take a whole number."""
    number = optional_number(value)
    return None if number is None else int(number)


def decode_error(value: Any) -> JobError | None:
    """Read a job's error; healthy jobs show null, `{}` or all nulls there."""
    if not isinstance(value, Mapping):
        return None
    code, message = optional_text(value.get("code")), optional_text(value.get("message"))
    if code is None and message is None:
        return None
    return JobError(code, message or "the provider gave no reason", failure_class(code))


def failure_class(code: str | None) -> FailureClass:
    """Judge whose fault an error code is, by the words that the providers use in their codes."""
    words = (code or "").lower()
    for needle, verdict in _FAILURE_WORDS:
        if needle in words:
            return verdict
    return FailureClass.UNKNOWN


_FAILURE_WORDS = (
    ("server_error", FailureClass.PROVIDER_ERROR),
    ("internal", FailureClass.PROVIDER_ERROR),
    ("unavailable", FailureClass.PROVIDER_ERROR),
    ("timeout", FailureClass.PROVIDER_ERROR),
    ("rate_limit", FailureClass.QUOTA),
    ("quota", FailureClass.QUOTA),
    ("billing", FailureClass.QUOTA),
    ("invalid", FailureClass.USER_ERROR),
    ("unsafe", FailureClass.USER_ERROR),
    ("user_error", FailureClass.USER_ERROR),
    ("not_found", FailureClass.USER_ERROR),
)
