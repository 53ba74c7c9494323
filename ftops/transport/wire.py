"""One request and its reply, whoever asks: certificates, proxies, connections, limits.

Every request goes out once: no adapter has retries and no redirect is followed, so that a credential goes to
no host that nobody named. What a status means is the asker's business. Only this module imports requests.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from functools import cache, partial
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

import requests
from msgspec import Struct
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError, ReadTimeoutError

from ftops.transport.causes import cause_of, connecting_failure
from ftops.transport.connections import POOL_SIZE, pool_classes
from ftops.transport.deadline import time_left
from ftops.transport.exchange import LARGEST
from ftops.transport.observer import Exchange, Observer, log_exchange
from ftops.transport.proxies import proxy_for
from ftops.transport.reply_body import read_lines, read_start, read_whole
from ftops.version import __version__

CONNECT_SECONDS = 10.0


_NOTHING: Mapping[str, str] = MappingProxyType({})


class Outgoing(Struct, frozen=True):
    """A request as it goes out. `host` and `path` are what may be shown of `url`.

    `body` is bytes, or whatever the library can read from.
    """

    method: str
    url: str
    host: str
    path: str
    query: Mapping[str, str] = _NOTHING
    headers: Mapping[str, str] = _NOTHING
    body: Any = None


class WireError(Exception):
    """No whole reply. `cause` is in the system's words; `proxy` is the host in between, None without one."""

    def __init__(self, cause: str, proxy: str | None = None, *, late: bool = False) -> None:
        super().__init__(cause)
        self.cause = cause
        self.late = late
        self.through = f" through the proxy {proxy}" if proxy else ""


class NotReached(WireError):
    """The connection was never made: certainly nothing arrived."""


class Broken(WireError):
    """The connection ended, or the time did: the request may have arrived."""


class Wire:
    """Sends to any address. `headers` go with each request; `timeout` (seconds) is for each silence.

    Proxies and certificates are those of `environ`. Safe to use from several threads.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        *,
        timeout: float,
        headers: Mapping[str, str] | None = None,
        observe: Observer = log_exchange,
    ) -> None:
        self._environ = environ
        self._timeout = (min(CONNECT_SECONDS, timeout), timeout)
        self._observe = observe
        bundle = environ.get("REQUESTS_CA_BUNDLE") or environ.get("SSL_CERT_FILE")
        self._session = _Session(bundle or None, headers or {})

    def ask(self, outgoing: Outgoing) -> Answer:
        """Send once and return the reply, of which only the head has been read.

        Raises NotReached when certainly nothing arrived, and Broken when it may have.
        """
        proxy = proxy_for(outgoing.url, self._environ)
        started = time.monotonic()
        status, request_id = None, None
        try:
            response = self._session.request(
                outgoing.method,
                outgoing.url,
                params=outgoing.query,
                data=outgoing.body,
                headers=outgoing.headers,
                timeout=self._timeout,
                proxies={"http": proxy, "https": proxy} if proxy else {},
                allow_redirects=False,
                stream=True,
            )
            status, request_id = response.status_code, response.headers.get("x-request-id")
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            raise _failure(error, outgoing, proxy) from error
        finally:
            milliseconds = 1000 * (time.monotonic() - started)
            told = Exchange(outgoing.method, outgoing.host, outgoing.path, status, request_id, milliseconds)
            self._observe(told)
        return Answer(response, outgoing, proxy)

    def close(self) -> None:
        """Close the connections."""
        self._session.close()


class Answer:
    """A reply whose body is still to be read: whole, from its start, or line by line. Then it is closed."""

    def __init__(self, response: requests.Response, outgoing: Outgoing, proxy: str | None) -> None:
        self._response = response
        self._outgoing = outgoing
        self._proxy = proxy
        self.status: int = response.status_code
        self.headers: Mapping[str, str] = response.headers

    @property
    def good(self) -> bool:
        """Return whether it was done."""
        return 200 <= self.status < 300  # noqa: PLR2004 - the 2xx of HTTP

    def whole(self, largest: int = LARGEST, seconds: float = float("inf")) -> bytes:
        """Read to the end, for `seconds` and as long as a slow line takes for what has come.

        Raises BadBody for what is too large or cannot be unpacked, and Broken.
        """
        until = time.monotonic() + seconds
        with closing(self._response), self._reading():
            return read_whole(self._response.raw, self._response.headers, largest, until)

    def start(self) -> bytes:
        """Read as much as the words of an error can need; nothing of a body that breaks."""
        with closing(self._response):
            try:
                return read_start(self._response.raw, self._response.headers)
            except HTTPError:
                return b""

    def lines(self) -> Iterator[bytes]:
        """Yield each line when it has come. Raises BadBody and Broken."""
        with closing(self._response), self._reading():
            yield from read_lines(self._response.raw, self._response.headers)

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except (HTTPError, OSError) as error:
            raise _failure(error, self._outgoing, self._proxy) from error


class _Session(requests.Session):
    """Keeps connections, and takes no credential from anywhere else."""

    def __init__(self, bundle: str | None, headers: Mapping[str, str]) -> None:
        super().__init__()
        # A ~/.netrc must not replace the credential, nor a cookie add one.
        self.trust_env = False
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self.headers.update({"User-Agent": f"ftops/{__version__}", "Accept-Encoding": "gzip", **headers})
        self.adapters.clear()
        adapter = _Adapter(partial(_trust, bundle))
        for scheme in ("https://", "http://"):
            self.mount(scheme, adapter)

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """No redirect is followed; requests would read `Location` all the same, and fail on a bad one."""
        return None


class _Adapter(HTTPAdapter):
    """Makes our connections, directly and through a proxy. `trust` is asked for with the first over TLS."""

    def __init__(self, trust: Callable[[], ssl.SSLContext]) -> None:
        self._pools = pool_classes(trust)
        super().__init__(max_retries=0, pool_maxsize=POOL_SIZE)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        to_proxy = {"proxy_ssl_context": _trust(None)} if proxy.startswith("https://") else {}
        manager = super().proxy_manager_for(proxy, **kwargs, **to_proxy)
        if not proxy.lower().startswith("socks"):
            manager.pool_classes_by_scheme = self._pools
        return manager

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Leave it to `trust`: the library would read a bundle of its own for every connection."""
        conn.cert_reqs = "CERT_REQUIRED"


@cache
def _trust(bundle: str | None) -> ssl.SSLContext:
    """Trust a bundle (file or folder) alone, else what this machine trusts and what requests brings along.

    Private authorities are in the machine's store; small images have none at all.
    """
    if bundle is None:
        context = ssl.create_default_context()
        context.load_verify_locations(requests.utils.DEFAULT_CA_BUNDLE_PATH)
        return context
    try:
        if Path(bundle).is_dir():
            return ssl.create_default_context(capath=bundle)
        return ssl.create_default_context(cafile=bundle)
    except OSError as error:
        why = error.strerror or "it holds no certificates"
        raise NotReached(
            f"the CA bundle of REQUESTS_CA_BUNDLE or SSL_CERT_FILE cannot be read: {why}"
        ) from error


def _failure(error: Exception, outgoing: Outgoing, proxy: str | None) -> WireError:
    """Only what failed before the connection was there, or was refused unsent, is certain."""
    between = (urlsplit(proxy).hostname or "of the environment") if proxy else None
    never = _connecting(error)
    host = urlsplit(outgoing.url).hostname or outgoing.host
    if never is not None:
        return NotReached(cause_of(never).replace(host, outgoing.host), between)
    late = isinstance(error, requests.Timeout | ReadTimeoutError) or time_left() <= 0
    return Broken(cause_of(error).replace(host, outgoing.host), between, late=late)


def _connecting(error: Exception) -> BaseException | None:
    """Return what kept the request from being sent at all, None if that is not certain."""
    if isinstance(error, requests.exceptions.InvalidURL | requests.exceptions.InvalidSchema):
        return error
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return connecting_failure(reason if reason is not None else error)
