"""Dialect: one wire format, as data and pure functions. No I/O: the transport moves the bytes."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from ftops.model.capabilities import Capabilities
from ftops.model.fingerprint import AUTO
from ftops.model.identifiers import is_providers_id
from ftops.model.job import FailureClass, Job, JobError, JobEvent, JobStatus, UploadedFile
from ftops.model.json_value import JSON
from ftops.model.request import JobRequest
from ftops.transport.error_words import error_in
from ftops.transport.failure_table import FailureTable


class Unreadable(ValueError):
    """A reply that is not what the wire format says; the transport turns it into a ProviderError."""


class BrokenPaging(Unreadable):
    """Pages that contradict themselves: no other try can make a whole list of them."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list. `after` is the cursor of the page behind it, None at the end of the list.

    With `guessed` the page itself did not say whether there is more: the same page again then means that the
    server does not page at all.
    """

    items: tuple[Any, ...]
    after: str | None = None
    guessed: bool = False


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
    def body_fields(self) -> frozenset[str]:
        """Every field that a request's body may have; the extras of a gateway may not be one of them."""

    @property
    def query_fields(self) -> frozenset[str]:
        """The same for queries."""

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
    """Insist on the `data` list that every collection of these formats has.

    Servers in Go write an empty list as null. But null is also what a gateway wraps a failure in, so it is
    believed only beside something else that a list has.
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


SURELY_SHORT = 20
"""The smallest page that these providers cut a list into; a shorter one without `has_more` is the last."""


def decode_cursor_page(body: Any) -> Page:
    """Read a page of the `after` / `has_more` kind.

    One that says nothing of what follows is the last only when it is too short to be full; else the next is
    asked for. `has_more` without an id to go on from is a lie.
    """
    items = tuple(require_list(body, "a list"))
    more = _FLAGS.get(str(body.get("has_more")).lower())
    guessed = more is None
    if not (len(items) >= SURELY_SHORT if guessed else more):
        return Page(items)
    last = optional_id(items[-1]) if items else None
    if last is None:
        raise BrokenPaging("a list says there is more and gives nothing to go on from")
    return Page(items, last, guessed)


def is_unpaged(last: Page, page: Page, query: Mapping[str, str]) -> bool:
    """Tell whether a list came whole twice, from a server that does not page.

    As many as were asked for at most may be a page all the same: then the rest was never seen.
    """
    ids = [optional_id(item) for item in page.items]
    same = last.guessed and ids == [optional_id(item) for item in last.items]
    return same and None not in ids and str(len(ids)) != query.get("limit")


_FLAGS = {"true": True, "false": False, "1": True, "0": False}


def optional_id(value: Any) -> str | None:
    """Take the id of an object, or the value itself where it is one."""
    return optional_text(value.get("id") if isinstance(value, Mapping) else value)


def optional_strings(value: Any) -> tuple[str, ...]:
    """Take the strings of a list, or the ids of the objects that stand there."""
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
    told = raw if isinstance(raw, str) else ""
    status = known.get(told.strip().lower(), JobStatus.UNKNOWN)
    if status is JobStatus.UNKNOWN and not _is_job(body):
        raise Unreadable(
            f"a job has the status {told[:40]!r} and no model" if told else "a job has no status"
        )
    return status, told


def _is_job(body: Mapping[str, Any]) -> bool:
    return isinstance(body.get("model"), str) or "fine" in str(body.get("object"))


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
    """Take a whole number; a large one in a string is taken exactly."""
    if isinstance(value, str) and (exact := optional_whole(value)) is not None:
        return exact or None
    number = optional_number(value)
    return None if number is None else int(number)


def optional_whole(value: Any) -> int | None:
    """Take a whole number, zero too, also one written as a string: JavaScript loses digits of larger ones."""
    if isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


_WHOLE = re.compile(r"-?[0-9]{1,19}")
_AUTO_BY_NUMBER = -1
"""How Azure, and OpenAI before it had a word for it, write "auto"."""


def shown_hyperparameters(shown: Any) -> dict[str, JSON]:
    """Read what a job shows of its hyperparameters.

    Null says nothing. `auto` stays, for it may stand where a value was sent.
    """
    if not isinstance(shown, Mapping):
        return {}
    return {f"hyperparameters.{key}": _meant(value) for key, value in shown.items() if value is not None}


def _meant(value: Any) -> Any:
    """Read a number that is written as a string, and `auto` that is written as a number."""
    if isinstance(value, str):
        whole = optional_whole(value)
        value = optional_number(value) or value if whole is None else whole
    return AUTO if value == _AUTO_BY_NUMBER and not isinstance(value, bool) else value


def decode_error(value: Any) -> JobError | None:
    """Read a job's error; healthy jobs show null, `{}` or all nulls there, some servers the text alone."""
    if isinstance(value, str) and value.strip():
        return JobError(None, value.strip(), FailureClass.UNKNOWN)
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
