"""One HTTP request at a time, sent once, and what its failure means (the only urllib3 import of the state).

Nothing here is tried again and no redirect is followed: credentials go to no host that nobody named.
"""

from __future__ import annotations

import base64
import hashlib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined] # typeshed lacks it

import orjson
from urllib3 import BaseHTTPResponse, PoolManager, ProxyManager, Timeout
from urllib3.exceptions import ConnectTimeoutError, HTTPError, LocationValueError, ProxyError, SSLError
from urllib3.util import make_headers, parse_url

from ftops.errors import StateError, StateUncertain
from ftops.transport.hosts import LOOPBACK
from ftops.version import __version__

CONNECT_SECONDS = 10.0
TOTAL_SECONDS = 20.0

MOST_WORDS = 1 << 20
"""Bytes of a reply that is no state."""

_CHUNK = 1 << 20
_MOVED = frozenset({301, 302, 303, 307, 308})
_LONGEST_SENTENCE = 200


@dataclass(frozen=True, slots=True)
class Account:
    """A user and a password, for basic authentication."""

    user: str
    password: str = field(repr=False)

    @property
    def header(self) -> str:
        """Return the value of `Authorization`; a secret."""
        return "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode()


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server answered; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def good(self) -> bool:
        """Return whether it was done."""
        return 200 <= self.status < 300  # noqa: PLR2004 - the 2xx of HTTP

    @property
    def doubtful(self) -> bool:
        """Return whether it may have been done in spite of the answer."""
        passing = self.status == 408 or self.status >= 500  # noqa: PLR2004 - the numbers of HTTP
        return self.status // 100 == 3 or (passing and self.status != 501)  # noqa: PLR2004 - "cannot"

    @property
    def members(self) -> Mapping[str, Any]:
        """Return the JSON object in the body; an empty one for anything else."""
        try:
            told = orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return {}
        return told if isinstance(told, dict) else {}


class Requests:
    """Sends requests for one state, with one account or none. Safe to use from several threads.

    `location` names the state in errors; `seconds` are for connecting and for each silence of the server.
    """

    def __init__(
        self,
        location: str,
        account: Account | None,
        environ: Mapping[str, str],
        seconds: float = TOTAL_SECONDS,
    ) -> None:
        self._location = location
        self._account = account
        self._environ = environ
        self._wait = Timeout(total=seconds, connect=min(CONNECT_SECONDS, seconds))
        self._pools: dict[tuple[str | None, bool], PoolManager] = {}

    def send(
        self, method: str, url: str, *, doing: str, body: bytes | None = None, most: int = MOST_WORDS
    ) -> Reply:
        """Send once and return whatever is answered, up to `most` bytes of it.

        Raises StateError when the request certainly never arrived, and StateUncertain when it may have.
        """
        host = urlsplit(url).hostname or ""
        try:
            pool = self._pool(url)
            response = pool.request(
                method,
                url,
                body=body,
                headers=self._headers(body),
                retries=False,
                redirect=False,
                preload_content=False,
            )
            reply = _read(response, most)
        except (HTTPError, HTTPException, OSError, ValueError) as error:
            raise self._broken(doing, url, error) from error
        if reply is None:
            raise StateUncertain(
                f"cannot {doing} the state {self._location}: {host} answered with more than {most} bytes",
                hint="check what is at this address",
            )
        return self._at_home(reply, host, doing)

    def refused(self, doing: str, reply: Reply) -> StateError:
        """Make the error for an answer that is none of those hoped for."""
        words = f"cannot {doing} the state {self._location}: the server answered {reply.status}"
        hint = _HINTS.get(reply.status, "check the server's log; if it says nothing, run ftops again")
        kind = StateUncertain if reply.doubtful else StateError
        return kind(f"{words}{self._said(reply)}", hint=hint)

    def _broken(self, doing: str, url: str, error: Exception) -> StateError:
        host, proxy = urlsplit(url).hostname, proxy_for(url, self._environ)
        through = f" through the proxy {urlsplit(proxy).hostname}" if proxy else ""
        cannot = f"cannot {doing} the state {self._location}"
        if _never_arrived(error):
            return StateError(
                f"{cannot}: {host} cannot be reached{through}: {_cause(error)}",
                hint="check the address and the network; nothing was sent",
            )
        return StateUncertain(
            f"{cannot}: no complete reply from {host}{through}: {_cause(error)}",
            hint="run ftops again once the server is healthy",
        )

    def _at_home(self, reply: Reply, host: str, doing: str) -> Reply:
        if reply.status not in _MOVED:
            return reply
        try:
            where = urlsplit(reply.headers.get("location", "")).hostname or host
        except ValueError:
            where = "something that is not an address"
        raise StateUncertain(
            f"cannot {doing} the state {self._location}: {host} redirects to {where}",
            hint="nothing was sent there; if the state was moved on purpose, set its new address",
        )

    def _said(self, reply: Reply) -> str:
        told = reply.members.get("message") or reply.members.get("error")
        if not isinstance(told, str) or not told:
            return ""
        for secret in (self._account.password, self._account.header[6:]) if self._account else ():
            told = told.replace(secret, "***") if secret else told
        return f": {one_line(told)}"

    def _headers(self, body: bytes | None) -> dict[str, str]:
        headers = {"User-Agent": f"ftops/{__version__}", "Accept": "application/json"}
        if self._account is not None:
            headers["Authorization"] = self._account.header
        if body is not None:
            headers["Content-Type"] = "application/json"
            headers["Content-MD5"] = _md5(body)
        return headers

    def _pool(self, url: str) -> PoolManager:
        proxy, secure = proxy_for(url, self._environ), urlsplit(url).scheme == "https"
        pool = self._pools.get((proxy, secure))
        if pool is None:
            # TF_HTTP_SKIP_CERT_VERIFICATION is not looked at: whoever is in between could hand out the lock.
            context = ssl.create_default_context() if secure else None
            if proxy is None:
                pool = PoolManager(ssl_context=context, timeout=self._wait)
            else:
                bare = parse_url(proxy)
                headers = make_headers(proxy_basic_auth=bare.auth) if bare.auth else None
                pool = ProxyManager(proxy, proxy_headers=headers, ssl_context=context, timeout=self._wait)
            self._pools[proxy, secure] = pool
        return pool


_HINTS: Mapping[int, str] = {
    401: "set TF_HTTP_USERNAME and TF_HTTP_PASSWORD to an account that may use this state",
    403: "the account may not do this; GitLab lets a Developer read, and a Maintainer lock and write",
    404: "check the address; GitLab also says so of a project that the account may not see",
    413: "the state is larger than the server accepts; in GitLab: Admin > Settings > Preferences > "
    "Terraform limits",
    429: "the server is busy; run ftops again later",
}


def proxy_for(url: str, environ: Mapping[str, str]) -> str | None:
    """Return a URL's proxy by HTTP_PROXY, HTTPS_PROXY and NO_PROXY, as urllib does; none for loopback."""
    parts = urlsplit(url)
    if parts.hostname in LOOPBACK:
        return None
    proxy, exempt = (_variable(environ, f"{name}_proxy") for name in (parts.scheme, "no"))
    asked = parts.netloc.rpartition("@")[2]
    if not proxy or (exempt and proxy_bypass_environment(asked, {"no": exempt})):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def one_line(text: str) -> str:
    """Make a server's text fit to be shown."""
    shown = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(shown.split())[:_LONGEST_SENTENCE]


def arrived_whole(reply: Reply) -> bool:
    """Compare a body with its Content-MD5, where there is one that is understood."""
    told = reply.headers.get("content-md5", "")
    coded = "content-encoding" in reply.headers
    return coded or len(told) != len(_md5(b"")) or told == _md5(reply.body)


def _variable(environ: Mapping[str, str], name: str) -> str:
    return environ[name] if name in environ else environ.get(name.upper(), "")


def _read(response: BaseHTTPResponse, most: int) -> Reply | None:
    chunks: list[bytes] = []
    size = 0
    for chunk in response.stream(_CHUNK, decode_content=True):
        chunks.append(chunk)
        size += len(chunk)
        if size > most:
            response.close()
            return None
    response.release_conn()
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Reply(response.status, headers, b"".join(chunks))


def _md5(data: bytes) -> str:
    return base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()


def _never_arrived(error: BaseException | None) -> bool:
    """Return whether the request certainly was not sent.

    TLS can break and a proxy fall silent after the request is out: the class alone does not show which.
    """
    if isinstance(error, ProxyError):
        cause = error.original_error
        return _never_arrived(cause) or str(cause).startswith("Tunnel connection failed")
    if isinstance(error, SSLError):
        return isinstance(error.__context__, ssl.SSLCertVerificationError)
    return isinstance(error, ConnectTimeoutError | LocationValueError)


def _cause(error: BaseException) -> str:
    """Find the system's message under the library's."""
    cause: BaseException = error
    while (deeper := cause.__cause__ or cause.__context__) is not None:
        cause = deeper
    if isinstance(cause, ssl.SSLCertVerificationError):
        return one_line(cause.verify_message)
    told = cause.strerror if isinstance(cause, OSError) else None
    return one_line(told or str(cause)) or type(cause).__name__
