"""HTTP: credentials, deadlines, retries of reads.

A POST is sent once by every layer: no adapter has retries, no redirect is followed, and the one loop that
tries again is around GET alone. Every reply has a deadline and a largest size, whatever the server does.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from typing import TypeVar, cast
from urllib.parse import quote, urlsplit

import orjson
import requests
from requests_toolbelt.multipart.encoder import MultipartEncoder
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, ReadTimeoutError

from ftops.errors import InvalidInput, NotSent, Problem, ProviderError
from ftops.model.value import replace
from ftops.transport.connections import open_session
from ftops.transport.deadline import ending_by, time_left
from ftops.transport.error_words import error_in
from ftops.transport.exchange import (
    Attached,
    Expect,
    FileBody,
    HttpReply,
    Request,
    check_headers,
    check_url,
)
from ftops.transport.failure_table import FailureTable
from ftops.transport.loose_json import read_json
from ftops.transport.outcome import (
    Origin,
    broken,
    not_reached,
    passing,
    plain_cause,
    refused,
    unreadable,
    wrong_address,
)
from ftops.transport.reply_body import BadBody, read_lines, read_start, read_whole
from ftops.transport.secret import Secret
from ftops.transport.upload_body import FileShrank, HashedFile

CONNECT_SECONDS = 10.0
READ_TIMEOUTS = 4.0
"""Times the timeout that a read may take in all, its retries included."""

SEND_TIMEOUTS = 2.0
"""Times the timeout that a POST or DELETE may take in all; one that is late may have had its effect."""

PAGES_TIMEOUTS = 20.0
"""Times the timeout that all the pages of a list may take together."""

SLOWEST_UPLOAD = 65_536.0
"""Bytes a second: a file is given this much more time, since a slow line is no fault."""

READ_RETRIES = 3
LONGEST_PAUSE = 20.0
"""Seconds that a read waits for a busy provider; one that asks for more is reported instead."""

_LOG = logging.getLogger("ftops.http")
_T = TypeVar("_T")


class Transport:
    """Sends requests to one base URL with what is attached. Safe to use from several threads.

    `secrets` are blanked in every reply and error; `pause(seconds)` waits between two tries of a read.
    """

    def __init__(
        self,
        provider: str,
        base_url: str,
        attached: Attached,
        *,
        secrets: frozenset[Secret] = frozenset(),
        timeout: float = 30.0,
        pause: Callable[[float], object] = time.sleep,
    ) -> None:
        check_url(provider, base_url)
        check_headers(provider, attached.headers)
        self._host = urlsplit(base_url).hostname or ""
        self._origin = Origin(provider, _shown_host(base_url, self._host, secrets), secrets)
        self._base_url = base_url.rstrip("/")
        self._timeout = (min(CONNECT_SECONDS, timeout), timeout)
        self._pause = pause
        self._attached = attached
        self._session = open_session(base_url, attached.headers)

    def judge_by(self, failures: FailureTable) -> None:
        """Take refusals for what this table says; without one none is certain."""
        self._origin = replace(self._origin, failures=failures)

    def send(self, request: Request) -> HttpReply:
        """Send a request: a GET is tried again after a passing failure, anything else goes out once.

        Raises ProviderError, whose class says whether it can have had its effect; `Ambiguous` means that it
        may. For lines, a break or none within the timeout raises it from their iterator.
        """
        if request.method == "GET":
            read = {Expect.JSON: self._fetch, Expect.BYTES: self._fetch_bytes, Expect.LINES: self._open_lines}
            return self._retried(lambda: read[request.expect](request))
        if request.file is not None:
            return self._upload(request, request.file)
        with ending_by(self._until(SEND_TIMEOUTS)):
            return self._json(request.operation, self._sent(request, *self._encoded(request)))

    def _fetch(self, request: Request) -> HttpReply:
        return self._json(request.operation, self._sent(request))

    def _fetch_bytes(self, request: Request) -> HttpReply:
        reply = self._sent(request)
        return HttpReply(reply.status_code, reply.headers, self._whole(request.operation, reply))

    def _open_lines(self, request: Request) -> HttpReply:
        # Packed lines would be held back until enough of them are together.
        reply = self._sent(request, headers={"Accept-Encoding": "identity"})
        kind = reply.headers.get("content-type", "").lower()
        told = "json" in kind or "html" in kind
        if not ("event-stream" in kind or (request.streamed and not told)):
            return self._json(request.operation, reply)
        self._checked(request.operation, reply)
        lines = self._lines(request.operation, reply)
        return HttpReply(reply.status_code, reply.headers, lines=lines)

    def _encoded(self, request: Request) -> tuple[bytes | None, dict[str, str]]:
        if request.method == "DELETE":
            return None, {}
        whole = {**self._attached.body, **(request.body or {})}
        if request.body is None and not whole:
            return None, {}
        return orjson.dumps(whole), {"Content-Type": "application/json"}

    def _upload(self, request: Request, file: FileBody) -> HttpReply:
        """Stream a file up, once, and make sure that what went out is what was planned.

        Raises InvalidInput when the bytes sent have another SHA-256: the upload must not be used.
        """
        changed = Problem(
            "changed while it was being sent; the upload is not used",
            file=str(file.path),
            hint="run ftops again",
        )
        with file.path.open("rb") as handle:
            body = HashedFile(handle, os.fstat(handle.fileno()).st_size)
            content = (file.filename, body, "application/jsonl")
            encoder = MultipartEncoder({**self._attached.form, **file.fields, "file": content})
            headers = {"Content-Type": encoder.content_type}
            with ending_by(self._until(SEND_TIMEOUTS) + body.len / SLOWEST_UPLOAD):
                try:
                    sent = self._sent(request, encoder, headers)
                except FileShrank as error:
                    raise InvalidInput((changed,)) from error
                reply = self._json(request.operation, sent)
        if body.sha256 != file.sha256:
            raise InvalidInput((changed,))
        return reply

    @property
    def pages_seconds(self) -> float:
        """How long all the pages of a list may take together."""
        return PAGES_TIMEOUTS * self._timeout[1]

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def unreadable(self, operation: str, why: object, reply: HttpReply | None = None) -> ProviderError:
        """Make the error for a 2xx that is not what the wire format says: it may have had its effect."""
        told = error_in(reply.body) if reply else None
        return unreadable(self._origin, operation, str(why), reply.status if reply else None, told=told)

    def late(self, operation: str, why: str, hint: str) -> ProviderError:
        """Make the error for a read that took too long in all."""
        error = broken(self._origin, operation, timed_out=True)
        return type(error)(f"{error.message}: {why}", failure=error.failure, hint=hint)

    def wrong_address(self, error: ProviderError) -> ProviderError:
        """Make the error for a collection that is not there."""
        return wrong_address(self._base_url, error)

    def _until(self, timeouts: float) -> float:
        return time.monotonic() + timeouts * self._timeout[1]

    def _lines(self, operation: str, reply: requests.Response) -> Iterator[str]:
        with reply, self._reading(operation, reply):
            for line in read_lines(reply.raw, reply.headers):
                yield self._origin.blanked_bytes(line).decode("utf-8", errors="replace")

    def _retried(self, read: Callable[[], _T]) -> _T:
        """Try a read again after passing failures; a server that was not there is asked once more only."""
        with ending_by(self._until(READ_TIMEOUTS)):
            for attempt in range(READ_RETRIES):
                try:
                    return read()
                except ProviderError as error:
                    wait = max(0.2 * 2**attempt, error.failure.retry_after or 0.0)
                    if not passing(error) or wait > LONGEST_PAUSE or wait >= time_left():
                        raise
                    if attempt and isinstance(error, NotSent):
                        raise
                self._pause(wait)
            return read()

    def _sent(
        self, request: Request, data: object = None, headers: Mapping[str, str] | None = None
    ) -> requests.Response:
        started = time.monotonic()
        method, path = request.method, request.path
        try:
            reply = self._session.request(
                method,
                self._base_url + quote(path, safe="/:"),
                params={**self._attached.query, **request.query},
                data=cast("bytes | None", data),
                headers={**(headers or {}), **request.headers},
                timeout=self._timeout,
                allow_redirects=False,
                stream=True,
            )
        except requests.RequestException as error:
            _LOG.info("%s %s failed after %.0f ms", method, path, 1000 * (time.monotonic() - started))
            raise self._broken(request.operation, error) from error
        request_id = reply.headers.get("x-request-id", "-")
        milliseconds = 1000 * (time.monotonic() - started)
        _LOG.info("%s %s %d %s %.0f ms", method, path, reply.status_code, request_id, milliseconds)
        return reply

    def _broken(self, operation: str, error: requests.RequestException | HTTPError) -> ProviderError:
        """Only what failed while the connection was being made is certain."""
        reason = getattr(error.args[0], "reason", None) if error.args else None
        if isinstance(reason, NewConnectionError | ConnectTimeoutError):
            cause = plain_cause(reason.__cause__ or reason).replace(self._host, self._origin.host)
            return not_reached(self._origin, operation, cause)
        late = isinstance(error, requests.Timeout | ReadTimeoutError) or time_left() <= 0
        return broken(self._origin, operation, timed_out=late)

    @contextmanager
    def _reading(self, operation: str, reply: requests.Response) -> Iterator[None]:
        """Turn what goes wrong in a body into our errors; one that ends too soon is a broken connection."""
        try:
            yield
        except BadBody as error:
            raise unreadable(self._origin, operation, str(error), reply.status_code) from error
        except HTTPError as error:
            raise self._broken(operation, error) from error

    def _whole(self, operation: str, reply: requests.Response) -> bytes:
        with closing(self._checked(operation, reply)), self._reading(operation, reply):
            return read_whole(reply.raw, reply.headers)

    def _json(self, operation: str, reply: requests.Response) -> HttpReply:
        content = self._whole(operation, reply)
        if reply.status_code == requests.codes.no_content:
            return HttpReply(reply.status_code, reply.headers, {})
        try:
            body = read_json(self._origin.blanked_bytes(content))
        except ValueError as error:
            is_html = "html" in reply.headers.get("content-type", "") or content.lstrip()[:1] == b"<"
            what = "it is an HTML page" if is_html else "it is not JSON"
            raise unreadable(self._origin, operation, what, reply.status_code) from error
        return HttpReply(reply.status_code, reply.headers, body)

    def _checked(self, operation: str, reply: requests.Response) -> requests.Response:
        """Return a 2xx; raise the class that says whether the request can have had its effect."""
        if requests.codes.ok <= reply.status_code < requests.codes.multiple_choices:
            return reply
        with closing(reply):
            try:
                content = read_start(reply.raw, reply.headers)
            except HTTPError:
                content = b""
        raise refused(self._origin, operation, reply.status_code, reply.headers, content)


def _shown_host(base_url: str, host: str, secrets: frozenset[Secret]) -> str:
    """Name the server for messages; one that a reference leads to is named by the field that holds it."""
    named = (f"the host of {secret.name}" for secret in secrets if secret.reveal() == base_url)
    return next(named, host)
