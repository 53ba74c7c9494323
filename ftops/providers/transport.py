"""HTTP: credentials, timeouts, retries of reads, errors by class (the only requests import).

A POST is sent once by every layer: urllib3's retries are for GET alone, and no redirect is followed.
"""

from __future__ import annotations

import hashlib
import html
import logging
import re
import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import orjson
import requests
from requests.adapters import HTTPAdapter
from requests_toolbelt.multipart.encoder import MultipartEncoder
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError
from urllib3.util.retry import Retry

from ftops import __version__
from ftops.errors import (
    Ambiguous,
    Failure,
    FtopsError,
    InvalidInput,
    NotFound,
    NotSent,
    Problem,
    ProviderError,
    RateLimited,
    Rejected,
    Unauthorized,
)

CONNECT_SECONDS = 10.0
READ_RETRIES = 3
POOL_SIZE = 64
"""Connections kept for each host; more threads than this would open and close one a request."""

_AMBIGUOUS_4XX = frozenset({408, 409})
_LOG = logging.getLogger("ftops.http")


@dataclass(frozen=True, slots=True)
class HttpReply:
    """A 2xx reply with its JSON."""

    status: int
    headers: Mapping[str, str]
    body: Any


class Transport:
    """Sends requests to one base URL with one credential. Safe to use from several threads."""

    def __init__(
        self,
        provider: str,
        base_url: str,
        headers: Mapping[str, str],
        *,
        timeout: float = 30.0,
        backoff: float = 0.2,
    ) -> None:
        check_url(provider, base_url)
        self._provider = provider
        self._base_url = base_url.rstrip("/")
        self._timeout = (min(CONNECT_SECONDS, timeout), timeout)
        self._reads = _session(base_url, headers, _read_retries(backoff))
        # urllib3 retries a TLS failure of any method: only an adapter without retries sends a POST once.
        self._writes = _session(base_url, headers, Retry(total=0, read=False))

    def get(self, operation: str, path: str, query: Mapping[str, str] | None = None) -> HttpReply:
        """Fetch JSON; passing failures are tried again."""
        return self._json(operation, self._send(operation, "GET", path, params=query))

    def post(self, operation: str, path: str, body: Mapping[str, Any] | None = None) -> HttpReply:
        """Send once. Ambiguous means that it may have had its effect."""
        data = None if body is None else orjson.dumps(body)
        headers = {} if body is None else {"Content-Type": "application/json"}
        return self._json(operation, self._send(operation, "POST", path, data=data, headers=headers))

    def delete(self, operation: str, path: str) -> HttpReply:
        """Send once."""
        return self._json(operation, self._send(operation, "DELETE", path))

    def download(self, operation: str, path: str) -> bytes:
        """Fetch bytes."""
        return self._checked(operation, self._send(operation, "GET", path)).content

    def upload(self, path: str, file: Path, filename: str, sha256: str, purpose: str) -> HttpReply:
        """Stream a file up, and make sure that what went out is what was planned.

        Raises InvalidInput when the bytes sent have another SHA-256: the upload must not be used.
        """
        with file.open("rb") as handle:
            body = _HashedFile(handle, file.stat().st_size)
            encoder = MultipartEncoder({"purpose": purpose, "file": (filename, body, "application/jsonl")})
            headers = {"Content-Type": encoder.content_type}
            sent = self._send("upload", "POST", path, data=encoder, headers=headers)
        reply = self._json("upload", sent)
        if body.sha256 != sha256:
            message = "changed while it was being sent; the upload is not used"
            raise InvalidInput((Problem(message, file=str(file), hint="run ftops again"),))
        return reply

    def lines(self, operation: str, path: str, query: Mapping[str, str]) -> Iterator[str]:
        """Yield the lines of a stream as they come. A break raises ProviderError."""
        reply = self._send(operation, "GET", path, params=query, stream=True)
        with reply:
            self._checked(operation, reply)
            try:
                for line in reply.iter_lines(decode_unicode=False):
                    yield line.decode("utf-8", errors="replace")
            except requests.RequestException as error:
                raise self._broken(operation, error) from error

    def close(self) -> None:
        """Close the connections."""
        self._reads.close()
        self._writes.close()

    def unreadable(self, operation: str, why: object, reply: HttpReply | None = None) -> ProviderError:
        """Make the error for a 2xx that is not what the wire format says: it may have had its effect."""
        failure = Failure(self._provider, operation, status=reply.status if reply else None)
        return Ambiguous(f"{self._provider}: {operation} got an unreadable reply: {why}", failure=failure)

    def _send(self, operation: str, method: str, path: str, **arguments: Any) -> requests.Response:
        started = time.monotonic()
        try:
            session = self._reads if method == "GET" else self._writes
            reply = session.request(
                method,
                self._base_url + quote(path, safe="/:"),
                timeout=self._timeout,
                allow_redirects=False,
                **arguments,
            )
        except requests.RequestException as error:
            _LOG.info("%s %s failed after %.0f ms", method, path, 1000 * (time.monotonic() - started))
            raise self._broken(operation, error) from error
        _LOG.info(
            "%s %s %d %s %.0f ms",
            method,
            path,
            reply.status_code,
            reply.headers.get("x-request-id", "-"),
            1000 * (time.monotonic() - started),
        )
        return reply

    def _broken(self, operation: str, error: requests.RequestException) -> ProviderError:
        host = urlsplit(self._base_url).hostname
        failure = Failure(self._provider, operation)
        if _certainly_not_sent(error):
            return NotSent(
                f"{self._provider}: cannot reach {host}: {_plain_cause(error)}",
                failure=failure,
                hint=f"check base_url of provider {self._provider}, and whether the server is up",
            )
        what = "no reply in time" if isinstance(error, requests.Timeout) else "the connection broke"
        return Ambiguous(f"{self._provider}: {operation}: {what} ({host})", failure=failure)

    def _json(self, operation: str, reply: requests.Response) -> HttpReply:
        self._checked(operation, reply)
        if reply.status_code == requests.codes.no_content:
            return HttpReply(reply.status_code, reply.headers, {})
        try:
            body = orjson.loads(reply.content)
        except orjson.JSONDecodeError as error:
            what = "an HTML page" if _is_html(reply) else "something that is not JSON"
            raise Ambiguous(
                f"{self._provider}: {operation} got {what} from {urlsplit(self._base_url).hostname}",
                failure=self._failure(operation, reply, None, None),
                hint=f"check base_url of provider {self._provider}: it should be the API's address",
            ) from error
        return HttpReply(reply.status_code, reply.headers, body)

    def _checked(self, operation: str, reply: requests.Response) -> requests.Response:
        """Return a 2xx; raise the class that says whether the request can have had its effect."""
        status = reply.status_code
        if requests.codes.ok <= status < requests.codes.multiple_choices:
            return reply
        code, words = _said(reply)
        failure = self._failure(operation, reply, code, words)
        request_id = f", request {failure.request_id}" if failure.request_id else ""
        message = f"{self._provider}: {operation} got {status}: {words}{request_id}"
        if status in (requests.codes.unauthorized, requests.codes.forbidden):
            return _raise(Unauthorized(message, failure=failure, hint=f"check api_key of {self._provider}"))
        if status == requests.codes.too_many_requests:
            return _raise(RateLimited(message, failure=failure, hint="try again later"))
        if status == requests.codes.not_found:
            return _raise(NotFound(message, failure=failure))
        client_error = requests.codes.bad_request <= status < requests.codes.internal_server_error
        if client_error and status not in _AMBIGUOUS_4XX:
            return _raise(Rejected(message, failure=failure))
        return _raise(Ambiguous(message, failure=failure))

    def _failure(
        self, operation: str, reply: requests.Response, code: str | None, words: str | None
    ) -> Failure:
        request_id = reply.headers.get("x-request-id")
        return Failure(self._provider, operation, reply.status_code, code, words, request_id)


class _HashedFile:
    """A file that knows the digest of what was read from it; `len` is what is left, as the encoder wants."""

    def __init__(self, handle: Any, size: int) -> None:
        self._handle = handle
        self._left = size
        self._digest = hashlib.sha256()

    @property
    def len(self) -> int:
        return self._left

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def read(self, size: int = -1) -> bytes:
        data: bytes = self._handle.read(size if size >= 0 else self._left)[: self._left]
        self._digest.update(data)
        self._left -= len(data)
        return data


def _read_retries(backoff: float) -> Retry:
    return Retry(
        total=READ_RETRIES,
        connect=1,
        redirect=0,
        allowed_methods=frozenset({"GET"}),
        status_forcelist=frozenset({429, 500, 502, 503, 504}),
        backoff_factor=backoff,
        raise_on_status=False,
    )


def _session(base_url: str, headers: Mapping[str, str], retries: Retry) -> requests.Session:
    session = requests.Session()
    # A ~/.netrc must not replace the credential; proxies and CA bundles of the environment still count.
    session.trust_env = False
    session.proxies = dict(requests.utils.get_environ_proxies(base_url))
    session.verify = _ca_bundle()
    session.headers.update({"User-Agent": f"ftops/{__version__}", **headers})
    for scheme in ("https://", "http://"):
        session.mount(scheme, HTTPAdapter(max_retries=retries, pool_maxsize=POOL_SIZE))
    return session


def check_url(provider: str, url: str) -> None:
    """Refuse what cannot be an API's address, before any request."""
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good or "@" in url or "?" in url:
        raise FtopsError(
            f"provider {provider}: base_url is not an http(s) address without credentials and query",
            hint="write it like https://api.example.com/v1",
        )


def _raise(error: ProviderError) -> requests.Response:
    raise error


def _ca_bundle() -> str | bool:
    import os

    return os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("SSL_CERT_FILE") or True


def _certainly_not_sent(error: requests.RequestException) -> bool:
    """Only what fails before the first byte counts: names, refused connections, certificates."""
    reason = getattr(error.args[0], "reason", None) if error.args else None
    if isinstance(reason, NewConnectionError | ConnectTimeoutError):
        return True
    causes = [reason, *(getattr(reason, "args", ()) or ())]
    return any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes)


def _plain_cause(error: requests.RequestException) -> str:
    reason = getattr(error.args[0], "reason", error) if error.args else error
    text = str(reason).rsplit(": ", 1)[-1]
    return re.sub(r"^\[Errno -?\d+\] ", "", text)


def _is_html(reply: requests.Response) -> bool:
    return "html" in reply.headers.get("content-type", "") or reply.content.lstrip()[:1] == b"<"


def _said(reply: requests.Response) -> tuple[str | None, str]:
    """Find the provider's own words in an error reply: `{"error": {...}}`, else the start of the text."""
    try:
        body = orjson.loads(reply.content)
    except orjson.JSONDecodeError:
        text = html.unescape(re.sub(r"<[^>]*>", " ", reply.text))
        return None, " ".join(text.split())[:200] or "no words"
    error = body.get("error", body) if isinstance(body, dict) else {}
    if isinstance(error, str):
        return None, error
    code = error.get("code") if isinstance(error, dict) else None
    message = error.get("message") if isinstance(error, dict) else None
    return (str(code) if code else None), str(message or "no words")
