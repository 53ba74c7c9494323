"""What a request that did not succeed means: which error class, in whose words.

The class is what the create protocol builds on: only what certainly had no effect may be said to have none.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct

from ftops.errors import (
    About,
    Ambiguous,
    Failure,
    Forbidden,
    NotFound,
    NotReady,
    NotSent,
    ProviderError,
    RateLimited,
    RefusalKind,
    Rejected,
    Unauthorized,
    Unpaid,
)
from ftops.transport.error_words import said
from ftops.transport.failure_table import NO_FAILURES, FailureRule, FailureTable
from ftops.transport.loose_json import read_json
from ftops.transport.secret import Secret, blanked, blanked_bytes

_CERTAIN = frozenset(range(400, 500)) - {408, 409}
"""The statuses by which a provider says no; after the two left out it may still have done it."""

_PASSING = frozenset({408, 429, 500, 502, 503, 504, *range(520, 525)})
"""520 to 524 are a CDN's: its origin answered badly, late or not at all."""


class Origin(Struct, frozen=True):
    """Whom a request went to, and how it says no.

    `secrets` never appear in an error, even when the provider echoes them. `elsewhere` is a server that the
    provider named, such as its store of files: it got no credential, and says no in its own way.
    """

    provider: str
    host: str
    secrets: frozenset[Secret] = frozenset()
    failures: FailureTable = NO_FAILURES
    elsewhere: bool = False

    def blanked(self, text: str) -> str:
        """Replace every secret in a text."""
        return blanked(text, self.secrets)

    def blanked_bytes(self, content: bytes) -> bytes:
        """Replace every secret in a reply, before any of it can reach a record."""
        return blanked_bytes(content, self.secrets)


def refused(
    origin: Origin, operation: str, status: int, headers: Mapping[str, str], content: bytes
) -> ProviderError:
    """Judge a reply that is not 2xx."""
    # Before it is cut: half a secret would not be found.
    content = origin.blanked_bytes(content)
    code, words = said(content)
    words = origin.blanked(words)
    rule = _STORE.get(status) if origin.elsewhere else _rule(origin.failures, operation, status, content)
    failure = Failure(
        origin.provider,
        operation,
        status,
        origin.blanked(code) if code else None,
        words,
        headers.get("x-request-id"),
        retry_after(headers.get("retry-after")),
        rule.about if rule else None,
    )
    request_id = f", request {failure.request_id}" if failure.request_id else ""
    message = f"{origin.provider}: {operation} got {status}: {words}{request_id}"
    if rule is None:
        hint = _named(origin) if origin.elsewhere else _not_its_own(origin, status)
        return Ambiguous(message, failure=failure, hint=hint)
    error = NotFound if status == _NOT_FOUND and rule.kind is RefusalKind.REJECTED else _ERRORS[rule.kind]
    return error(message, failure=failure, hint=_hint(rule, failure))


def _rule(table: FailureTable, operation: str, status: int, content: bytes) -> FailureRule | None:
    """Find what a refusal means; None where the request may still have had its effect.

    A read and an upload cost nothing, so there a plain status is believed, whoever wrote the reply; that a
    job does not exist only its provider may say.
    """
    if status in _CERTAIN:
        rule = table.judged(operation, status, _read(content))
        if rule is not None:
            return rule
    return _WITHOUT_EFFECT.get(status) if operation not in _WITH_EFFECT else None


_NOT_FOUND = 404
_WITH_EFFECT = frozenset({"create", "cancel"})
_WITHOUT_EFFECT = {
    401: FailureRule(RefusalKind.UNAUTHORIZED),
    413: FailureRule(RefusalKind.REJECTED),
    429: FailureRule(RefusalKind.LIMIT),
}
_STORE = {413: _WITHOUT_EFFECT[413], 429: _WITHOUT_EFFECT[429]}
_ERRORS: Mapping[RefusalKind, type[ProviderError]] = {
    RefusalKind.REJECTED: Rejected,
    RefusalKind.NOT_READY: NotReady,
    RefusalKind.LIMIT: RateLimited,
    RefusalKind.BILLING: Unpaid,
    RefusalKind.FORBIDDEN: Forbidden,
    RefusalKind.UNAUTHORIZED: Unauthorized,
}


def _hint(rule: FailureRule, failure: Failure) -> str | None:
    """Say what to do next. Only what is about the key sends anybody to the key."""
    if rule.kind is RefusalKind.UNAUTHORIZED:
        return f"check api_key of provider {failure.provider}"
    if rule.kind is RefusalKind.FORBIDDEN:
        return "the key was accepted: ask the provider for access, or choose something else"
    if rule.kind is RefusalKind.BILLING:
        return "settle billing at the provider: nothing is created there until then"
    if rule.kind is RefusalKind.LIMIT and rule.about is About.ACCOUNT:
        return "see the limits of the account at the provider"
    return _come_back(failure.retry_after) if rule.kind is RefusalKind.LIMIT else None


def _named(origin: Origin) -> str:
    return f"{origin.provider} wants its files at {origin.host}; run ftops again, it asks for a new place"


def _not_its_own(origin: Origin, status: int) -> str | None:
    if 300 <= status < 400:  # noqa: PLR2004 - a status code is its own best name
        return f"ftops follows no redirects: write the API's own address as base_url of {origin.provider}"
    if status in _CERTAIN:
        return f"the reply is not in the API's own error format: check base_url of provider {origin.provider}"
    return None


def unreadable(
    origin: Origin, operation: str, why: str, status: int | None = None, *, told: str | None = None
) -> ProviderError:
    """Judge a 2xx that is not what the wire format says: it may have had its effect.

    `told` are the words of an error that it holds instead.
    """
    words = origin.blanked(told) if told else None
    failure = Failure(origin.provider, operation, status=status, message=words)
    if words:
        message = f"{origin.provider}: {operation} got {status or 'a reply'} with an error in it: {words}"
        return Ambiguous(message, failure=failure)
    message = f"{origin.provider}: {operation} got an unreadable reply from {origin.host}: {why}"
    hint = f"check base_url of provider {origin.provider}: it should be the API's address"
    if origin.elsewhere:
        hint = _named(origin)
    return Ambiguous(origin.blanked(message), failure=failure, hint=hint)


def wrong_address(base_url: str, error: ProviderError, address: str | None = None) -> ProviderError:
    """Say of a collection that is not there that the address is the likely cause, and what it may lack.

    `address` is what the dialect says of it.
    """
    should_be = address or "the API's address"
    hint = f"check base_url of provider {error.failure.provider}: it should be {should_be}"
    if address is None and not re.search(r"/v\d", urlsplit(base_url).path):
        hint += "; this one does not end in /v1, which most servers expect"
    return type(error)(error.message, failure=error.failure, hint=hint)


def not_reached(origin: Origin, operation: str, cause: str, through: str = "") -> ProviderError:
    """Judge a connection that was never made: certainly nothing arrived."""
    hint = f"check base_url of provider {origin.provider}, and whether the server is up"
    if origin.elsewhere:
        hint = f"{origin.provider} wants its files at {origin.host}: it must be reachable from here"
    return NotSent(
        f"{origin.provider}: cannot reach {origin.host}{through}: {cause}",
        failure=Failure(origin.provider, operation),
        hint=hint,
    )


def broken(origin: Origin, operation: str, *, timed_out: bool) -> ProviderError:
    """Judge a connection that ended in the middle: the request may have arrived."""
    what = "no reply in time" if timed_out else "the connection broke"
    return Ambiguous(
        f"{origin.provider}: {operation}: {what} ({origin.host})",
        failure=Failure(origin.provider, operation),
    )


def passing(error: ProviderError) -> bool:
    """Return whether a read that failed like this may succeed a moment later."""
    return error.failure.status is None or error.failure.status in _PASSING


def _read(content: bytes) -> Any:
    """Read a body as JSON, or as the text that it is where it holds none."""
    try:
        return read_json(content)
    except ValueError:
        return content.decode("utf-8", errors="replace")


def retry_after(value: str | None) -> float | None:
    """Read `Retry-After`, seconds or a date; anything else says nothing."""
    if not value:
        return None
    if value.strip().isascii() and value.strip().isdigit():
        return float(value.strip()[:9])
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None


def _come_back(seconds: float | None) -> str:
    return "try again later" if not seconds else f"try again in {seconds:.0f} seconds"
