"""Dialect: one wire format, as data and pure functions. No I/O: the transport moves the bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from ftops.model.capabilities import Capabilities
from ftops.model.job import FailureClass, Job, JobError, JobEvent, JobStatus, UploadedFile
from ftops.model.request import JobRequest


class Unreadable(ValueError):
    """A reply that is not what the wire format says; the transport turns it into a ProviderError."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list. `next_query` asks for the page after it, None at the end."""

    items: tuple[Any, ...]
    next_query: Mapping[str, str] | None


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
        """Read one page of jobs, each still undecoded."""

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
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float) or value == 0:
        return None
    return float(value)


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
