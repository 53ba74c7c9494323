"""Requests of a provider: credentials, deadlines, retries of reads, and what a reply means.

Anything but a GET is sent once; the one loop that tries again is around GET alone. Every reply has a deadline
and a largest size, whatever the server does.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

import orjson

from ftops.errors import InvalidInput, NotSent, Problem, ProviderError
from ftops.model.value import replace
from ftops.transport import elsewhere
from ftops.transport.deadline import ending_by, time_left
from ftops.transport.error_words import error_in
from ftops.transport.exchange import (
    Attached,
    Expect,
    FileBody,
    FileBytes,
    FilePackage,
    HttpReply,
    Request,
    check_headers,
    check_path,
    check_url,
)
from ftops.transport.failure_table import FailureTable
from ftops.transport.loose_json import read_json
from ftops.transport.observer import Observer, log_exchange
from ftops.transport.outcome import (
    Origin,
    broken,
    not_reached,
    passing,
    refused,
    unreadable,
    wrong_address,
)
from ftops.transport.reply_body import SLOWEST, BadBody
from ftops.transport.secret import Secret
from ftops.transport.wire import Broken, NotReached, OpenReply, Outgoing, Wire

READ_TIMEOUTS = 4.0
"""Times the timeout that a read may take in all, its retries included."""

SEND_TIMEOUTS = 2.0
"""Times the timeout that a POST or DELETE may take in all; one that is late may have had its effect."""

PAGES_TIMEOUTS = 20.0
"""Times the timeout that all the pages of a list may take together."""

READ_RETRIES = 3
LONGEST_PAUSE = 20.0
"""Seconds that a read waits for a busy provider; one that asks for more is reported instead."""

_NO_CONTENT = 204
_T = TypeVar("_T")


class Transport:
    """Sends requests to one base URL with what is attached. Safe to use from several threads.

    `secrets` are blanked in every reply and error; `pause(seconds)` waits between two tries of a read.
    """

    def __init__(  # noqa: PLR0913 - what open_provider resolves, and the outside world
        self,
        provider: str,
        base_url: str,
        attached: Attached,
        *,
        secrets: frozenset[Secret] = frozenset(),
        timeout: float = 30.0,
        pause: Callable[[float], object] = time.sleep,
        environ: Mapping[str, str] = os.environ,
        observe: Observer = log_exchange,
    ) -> None:
        check_url(provider, base_url)
        check_headers(provider, attached.headers)
        self._origin = Origin(provider, _shown_host(base_url, secrets), secrets)
        self._base_url = base_url.rstrip("/")
        self._timeout = timeout
        self._pause = pause
        self._attached = attached
        self._wire = Wire(environ, timeout=timeout, headers=attached.headers, observe=observe)
        self._bare = Wire(environ, timeout=timeout, observe=observe)

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
            return self._retried(lambda: read.get(request.expect, self._fetch)(request))
        if request.file is not None:
            return self._upload(request, request.file)
        with ending_by(self._until(SEND_TIMEOUTS)):
            return self._json(request, self._sent(request, *self._encoded(request)))

    def _fetch(self, request: Request) -> HttpReply:
        return self._json(request, self._sent(request))

    def _fetch_bytes(self, request: Request) -> HttpReply:
        reply = self._sent(request)
        return HttpReply(reply.status, reply.headers, self._whole(request, reply))

    def _open_lines(self, request: Request) -> HttpReply:
        # Packed lines would be held back until enough of them are together.
        reply = self._sent(request, headers={"Accept-Encoding": "identity"})
        kind = reply.headers.get("content-type", "").lower()
        told = "json" in kind or "html" in kind
        if not ("event-stream" in kind or (request.streamed and not told)):
            return self._json(request, reply)
        self._checked(request, reply)
        lines = self._lines(request, reply)
        return HttpReply(reply.status, reply.headers, lines=lines)

    def _encoded(self, request: Request) -> tuple[bytes | None, dict[str, str]]:
        if request.method == "DELETE":
            return None, {}
        if request.content is not None:
            return request.content, {"Content-Type": "application/octet-stream"}
        extras = self._extras(request)
        if request.form is not None:
            from ftops.transport.upload_body import encoded_form

            return encoded_form({**extras.form, **request.form})
        whole = {**extras.body, **(request.body or {})}
        if request.body is None and not whole:
            return None, {}
        return orjson.dumps(whole), {"Content-Type": "application/json"}

    def _upload(self, request: Request, file: FileBody | FileBytes | FilePackage) -> HttpReply:
        """Stream a file up, once, and see that the bytes sent are those that were planned.

        With another SHA-256 the reply is `unsound`. Raises InvalidInput for a file that ended too soon.
        """
        from ftops.transport.upload_body import FileShrank, Upload

        changed = Problem(
            "changed while it was being sent; the upload is not used",
            file=str(file.path),
            hint="run ftops again",
        )
        with file.path.open("rb") as handle:
            upload = Upload(handle, file, self._extras(request).form)
            with ending_by(self._until(SEND_TIMEOUTS) + upload.size / SLOWEST):
                try:
                    sent = self._sent(request, upload.body, upload.headers)
                except FileShrank as error:
                    raise InvalidInput((changed,)) from error
                reply = self._json(request, sent)
        unsound = InvalidInput((changed,)) if sent.good and upload.changed else None
        return replace(reply, unsound=unsound, digest=upload.digest)

    @property
    def pages_seconds(self) -> float:
        """How long all the pages of a list may take together."""
        return PAGES_TIMEOUTS * self._timeout

    def close(self) -> None:
        """Close the connections."""
        self._wire.close()
        self._bare.close()

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
        return wrong_address(self._base_url, error, self._origin.failures.address)

    def _until(self, timeouts: float) -> float:
        return time.monotonic() + timeouts * self._timeout

    def _lines(self, request: Request, reply: OpenReply) -> Iterator[str]:
        with self._judged(request, reply.status):
            for line in reply.lines():
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
        self, request: Request, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> OpenReply:
        own = {**(headers or {}), **request.headers}
        if request.url is not None:
            outgoing = elsewhere.outgoing(self._origin.provider, self._base_url, request, own, body)
            with self._judged(request):
                return self._bare.ask(outgoing)
        check_path(self._origin.provider, request)
        outgoing = Outgoing(
            request.method,
            self._base_url + quote(request.path, safe="/:"),
            self._origin.host,
            request.path,
            query={**self._attached.query, **request.query},
            headers=own,
            body=body,
        )
        with self._judged(request):
            return self._wire.ask(outgoing)

    def _extras(self, request: Request) -> Attached:
        return self._attached if request.url is None else Attached()

    def _origin_of(self, request: Request) -> Origin:
        return self._origin if request.url is None else elsewhere.origin(self._origin, request.url)

    @contextmanager
    def _judged(self, request: Request, status: int | None = None) -> Iterator[None]:
        """Turn what goes wrong on the way into our errors."""
        origin = self._origin_of(request)
        try:
            yield
        except NotReached as error:
            raise not_reached(origin, request.operation, error.cause, error.through) from error
        except Broken as error:
            raise broken(origin, request.operation, timed_out=error.late) from error
        except BadBody as error:
            raise unreadable(origin, request.operation, str(error), status) from error

    def _whole(self, request: Request, reply: OpenReply) -> bytes:
        with self._judged(request, reply.status):
            return self._checked(request, reply).whole()

    def _json(self, request: Request, reply: OpenReply) -> HttpReply:
        if request.expect is Expect.NOTHING:
            self._checked(request, reply).start()
            return HttpReply(reply.status, reply.headers)
        content = self._whole(request, reply)
        if reply.status == _NO_CONTENT:
            return HttpReply(reply.status, reply.headers, {})
        try:
            body = read_json(self._origin.blanked_bytes(content))
        except ValueError as error:
            if not reply.good:
                return HttpReply(reply.status, reply.headers)
            is_html = "html" in reply.headers.get("content-type", "") or content.lstrip()[:1] == b"<"
            what = "it is an HTML page" if is_html else "it is not JSON"
            raise unreadable(self._origin_of(request), request.operation, what, reply.status) from error
        return HttpReply(reply.status, reply.headers, body)

    def _checked(self, request: Request, reply: OpenReply) -> OpenReply:
        """Return a 2xx; raise the class that says whether the request can have had its effect."""
        if reply.good or reply.status in request.takes:
            return reply
        origin = self._origin_of(request)
        raise refused(origin, request.operation, reply.status, reply.headers, reply.start())


def _shown_host(base_url: str, secrets: frozenset[Secret]) -> str:
    """Name the server for messages; one that a reference leads to is named by the field that holds it."""
    named = (f"the host of {secret.name}" for secret in secrets if secret.reveal() == base_url)
    return next(named, urlsplit(base_url).hostname or "")
