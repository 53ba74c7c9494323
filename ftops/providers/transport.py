"""HTTP: credentials, timeouts, retries of reads (the only requests import).

A POST is sent once by every layer: no adapter has retries, no redirect is followed, and the one loop that
tries again is around GET alone.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

import orjson
import requests
from requests.adapters import HTTPAdapter
from requests_toolbelt.multipart.encoder import MultipartEncoder
from urllib3.connection import HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from ftops import __version__
from ftops.errors import FtopsError, InvalidInput, NotSent, Problem, ProviderError
from ftops.model.hosts import LOOPBACK
from ftops.model.secret import Secret
from ftops.providers.failure_table import FailureTable
from ftops.providers.failures import Origin, broken, not_reached, passing, plain_cause, refused, unreadable
from ftops.providers.upload_body import FileShrank, HashedFile

CONNECT_SECONDS = 10.0
READ_RETRIES = 3
LONGEST_PAUSE = 20.0
"""Seconds that a read waits for a busy provider; one that asks for more is reported instead."""

POOL_SIZE = 64
"""Connections kept for each host; more threads than this would open and close one a request."""

_LOG = logging.getLogger("ftops.http")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class HttpReply:
    """A 2xx reply with its JSON."""

    status: int
    headers: Mapping[str, str]
    body: Any


@dataclass(frozen=True, slots=True)
class LineStream:
    """A 2xx reply whose lines come one by one; a break raises ProviderError from the iterator."""

    status: int
    headers: Mapping[str, str]
    lines: Iterator[str]


class Transport:
    """Sends requests to one base URL with one credential. Safe to use from several threads.

    `secrets` are blanked in every reply and error; `pause(seconds)` waits between two tries of a read.
    """

    def __init__(
        self,
        provider: str,
        base_url: str,
        headers: Mapping[str, str],
        *,
        secrets: frozenset[Secret] = frozenset(),
        timeout: float = 30.0,
        pause: Callable[[float], object] = time.sleep,
    ) -> None:
        check_url(provider, base_url)
        check_headers(provider, headers)
        self._origin = Origin(provider, urlsplit(base_url).hostname or "", secrets)
        self._base_url = base_url.rstrip("/")
        self._timeout = (min(CONNECT_SECONDS, timeout), timeout)
        self._pause = pause
        self._session = _session(base_url, headers)

    def judge_by(self, failures: FailureTable) -> None:
        """Take refusals for what this table says; without one none is certain."""
        self._origin = replace(self._origin, failures=failures)

    def get(self, operation: str, path: str, query: Mapping[str, str] | None = None) -> HttpReply:
        """Fetch JSON; a passing failure is tried again."""
        return self._retried(lambda: self._json(operation, self._send(operation, "GET", path, params=query)))

    def post(
        self,
        operation: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> HttpReply:
        """Send once. Ambiguous means that it may have had its effect."""
        data = None if body is None else orjson.dumps(body)
        all_headers = {**({} if body is None else {"Content-Type": "application/json"}), **(headers or {})}
        return self._json(operation, self._send(operation, "POST", path, data=data, headers=all_headers))

    def delete(self, operation: str, path: str) -> HttpReply:
        """Send once."""
        return self._json(operation, self._send(operation, "DELETE", path))

    def download(self, operation: str, path: str) -> bytes:
        """Fetch bytes; a passing failure is tried again."""
        return self._retried(lambda: self._checked(operation, self._send(operation, "GET", path)).content)

    def upload(self, path: str, file: Path, filename: str, sha256: str, purpose: str) -> HttpReply:
        """Stream a file up, once, and make sure that what went out is what was planned.

        Raises InvalidInput when the bytes sent have another SHA-256: the upload must not be used.
        """
        changed = Problem(
            "changed while it was being sent; the upload is not used", file=str(file), hint="run ftops again"
        )
        with file.open("rb") as handle:
            body = HashedFile(handle, os.fstat(handle.fileno()).st_size)
            encoder = MultipartEncoder({"purpose": purpose, "file": (filename, body, "application/jsonl")})
            headers = {"Content-Type": encoder.content_type}
            try:
                sent = self._send("upload", "POST", path, data=encoder, headers=headers)
            except FileShrank as error:
                raise InvalidInput((changed,)) from error
        reply = self._json("upload", sent)
        if body.sha256 != sha256:
            raise InvalidInput((changed,))
        return reply

    def stream(self, operation: str, path: str, query: Mapping[str, str]) -> LineStream:
        """Open a stream of lines. A break, or no line within the timeout, raises ProviderError there."""
        reply = self._send(operation, "GET", path, params=query, stream=True)
        self._checked(operation, reply)
        return LineStream(reply.status_code, reply.headers, self._lines(operation, reply))

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def unreadable(self, operation: str, why: object, status: int | None = None) -> ProviderError:
        """Make the error for a 2xx that is not what the wire format says: it may have had its effect."""
        return unreadable(self._origin, operation, str(why), status)

    def _lines(self, operation: str, reply: requests.Response) -> Iterator[str]:
        with reply:
            try:
                for line in reply.iter_lines(decode_unicode=False):
                    yield self._origin.blanked_bytes(line).decode("utf-8", errors="replace")
            except requests.RequestException as error:
                raise self._broken(operation, error) from error

    def _retried(self, read: Callable[[], _T]) -> _T:
        """Try a read again after passing failures; a server that was not there is asked once more only."""
        for attempt in range(READ_RETRIES):
            try:
                return read()
            except ProviderError as error:
                wait = max(0.2 * 2**attempt, error.failure.retry_after or 0.0)
                if not passing(error) or wait > LONGEST_PAUSE or (attempt and isinstance(error, NotSent)):
                    raise
            self._pause(wait)
        return read()

    def _send(self, operation: str, method: str, path: str, **arguments: Any) -> requests.Response:
        started = time.monotonic()
        url = self._base_url + quote(path, safe="/:")
        try:
            reply = self._session.request(
                method, url, timeout=self._timeout, allow_redirects=False, **arguments
            )
        except requests.RequestException as error:
            _LOG.info("%s %s failed after %.0f ms", method, path, 1000 * (time.monotonic() - started))
            raise self._broken(operation, error) from error
        request_id = reply.headers.get("x-request-id", "-")
        milliseconds = 1000 * (time.monotonic() - started)
        _LOG.info("%s %s %d %s %.0f ms", method, path, reply.status_code, request_id, milliseconds)
        return reply

    def _broken(self, operation: str, error: requests.RequestException) -> ProviderError:
        """Only what failed while the connection was being made is certain."""
        reason = getattr(error.args[0], "reason", None) if error.args else None
        if isinstance(reason, NewConnectionError | ConnectTimeoutError):
            return not_reached(self._origin, operation, plain_cause(reason.__cause__ or reason))
        return broken(self._origin, operation, timed_out=isinstance(error, requests.Timeout))

    def _json(self, operation: str, reply: requests.Response) -> HttpReply:
        self._checked(operation, reply)
        if reply.status_code == requests.codes.no_content:
            return HttpReply(reply.status_code, reply.headers, {})
        try:
            body = orjson.loads(self._origin.blanked_bytes(reply.content))
        except orjson.JSONDecodeError as error:
            is_html = "html" in reply.headers.get("content-type", "") or reply.content.lstrip()[:1] == b"<"
            what = "it is an HTML page" if is_html else "it is not JSON"
            raise self.unreadable(operation, what, reply.status_code) from error
        return HttpReply(reply.status_code, reply.headers, body)

    def _checked(self, operation: str, reply: requests.Response) -> requests.Response:
        """Return a 2xx; raise the class that says whether the request can have had its effect."""
        if requests.codes.ok <= reply.status_code < requests.codes.multiple_choices:
            return reply
        try:
            content = reply.content
        except requests.RequestException:
            content = b""
        raise refused(self._origin, operation, reply.status_code, reply.headers, content)


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """No redirect is followed; requests would read `Location` all the same, and fail on a bad one."""
        return None


class _ProvenConnection(HTTPSConnection):
    def connect(self) -> None:
        """Connect and shake hands. No byte of a request is sent before this, so its failure is certain."""
        try:
            super().connect()
        except (NewConnectionError, ConnectTimeoutError):
            raise
        except OSError as error:
            raise NewConnectionError(self, str(error)) from error


class _ProvenPool(HTTPSConnectionPool):
    ConnectionCls = _ProvenConnection


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": HTTPConnectionPool, "https": _ProvenPool}


def _session(base_url: str, headers: Mapping[str, str]) -> requests.Session:
    session = _Session()
    # A ~/.netrc must not replace the credential; proxies and CA bundles of the environment still count.
    session.trust_env = False
    if urlsplit(base_url).hostname not in LOOPBACK:
        session.proxies = dict(requests.utils.get_environ_proxies(base_url))
    session.verify = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("SSL_CERT_FILE") or True
    session.headers.update({"User-Agent": f"ftops/{__version__}", **headers})
    for scheme in ("https://", "http://"):
        session.mount(scheme, _Adapter(max_retries=0, pool_maxsize=POOL_SIZE))
    return session


def check_url(provider: str, url: str) -> None:
    """Refuse what cannot be an API's address, before any request."""
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good or "@" in url or "?" in url or "#" in url:
        raise FtopsError(
            f"provider {provider}: base_url is not an http(s) address without credentials and query",
            hint="write it like https://api.example.com/v1",
        )


def check_headers(provider: str, headers: Mapping[str, str]) -> None:
    """Refuse a header that cannot be sent, before any request; its value may be a key, and is not shown."""
    for name, value in headers.items():
        if not (f"{name}{value}".isascii() and f"{name}{value}".isprintable()) or value != value.strip():
            raise FtopsError(
                f"provider {provider}: the value for header {name!r} has a line break, an outer space or a"
                " character that no header may have",
                hint="was the key pasted or read with a line break at its end?",
            )
