"""One request and its reply, whoever asks: certificates, proxies, connections, limits.

Every request goes out once: no adapter has retries and no redirect is followed, so that a credential goes to
no host that nobody named. What a status means is the asker's business.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from urllib3.exceptions import HTTPError, ReadTimeoutError

from ftops.transport.causes import cause_of, connecting_failure
from ftops.transport.connections import Admits
from ftops.transport.deadline import time_left
from ftops.transport.direct import Direct
from ftops.transport.exchange import LARGEST
from ftops.transport.observer import Exchange, Observer, log_exchange
from ftops.transport.outgoing import Outgoing
from ftops.transport.proxies import proxy_for
from ftops.transport.reply_body import read_lines, read_pieces, read_start, read_whole
from ftops.transport.wire_errors import Broken, NotReached, WireError
from ftops.version import __version__

if TYPE_CHECKING:
    from ftops.transport.session import Session

__all__ = ["Broken", "NotReached", "OpenReply", "Outgoing", "Wire"]

CONNECT_SECONDS = 10.0


class Wire:
    """Sends to any address. `headers` go with each request; `timeout` (seconds) is for each silence.

    Proxies and certificates are those of `environ`. `admits` judges the address of each direct connection.
    Safe to use from several threads.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        *,
        timeout: float,
        headers: Mapping[str, str] | None = None,
        observe: Observer = log_exchange,
        admits: Admits | None = None,
    ) -> None:
        self._environ = environ
        self._timeout = (min(CONNECT_SECONDS, timeout), timeout)
        self._observe = observe
        self._bundle = environ.get("REQUESTS_CA_BUNDLE") or environ.get("SSL_CERT_FILE") or None
        usual = {"User-Agent": f"ftops/{__version__}", "Accept": "*/*", "Accept-Encoding": "gzip"}
        self._headers = {**usual, **(headers or {})}
        self._direct = Direct(self._bundle, self._headers, admits)
        self._opened: Session | None = None
        self._opening = threading.Lock()

    def ask(self, outgoing: Outgoing) -> OpenReply:
        """Send once and return the reply, of which only the head has been read.

        Raises NotReached when certainly nothing arrived, and Broken when it may have.
        """
        proxy = proxy_for(outgoing.url, self._environ)
        started = time.monotonic()
        status, request_id = None, None
        try:
            if outgoing.method == "GET" and outgoing.body is None and proxy is None:
                raw = self._direct.get_once(outgoing, self._timeout)
            else:
                raw = self._session().send_once(outgoing, self._timeout, proxy)
            status, request_id = raw.status, raw.headers.get("x-request-id")
        except (HTTPError, OSError, ValueError) as error:
            raise _failure(error, outgoing, proxy) from error
        finally:
            milliseconds = 1000 * (time.monotonic() - started)
            told = Exchange(outgoing.method, outgoing.host, outgoing.path, status, request_id, milliseconds)
            self._observe(told)
        return OpenReply(raw, outgoing, proxy)

    def close(self) -> None:
        """Close the connections."""
        self._direct.close()
        if self._opened is not None:
            self._opened.close()

    def _session(self) -> Session:
        with self._opening:
            if self._opened is None:
                from ftops.transport.session import Session

                self._opened = Session(self._bundle, self._headers)
            return self._opened


class OpenReply:
    """A reply whose body is still to be read: whole, from its start, or line by line. Then it is closed."""

    def __init__(self, raw: Any, outgoing: Outgoing, proxy: str | None) -> None:
        self._raw = raw
        self._outgoing = outgoing
        self._proxy = proxy
        self.status: int = raw.status
        self.headers: Mapping[str, str] = raw.headers

    @property
    def good(self) -> bool:
        """Return whether it was done."""
        return 200 <= self.status < 300  # noqa: PLR2004 - the 2xx of HTTP

    def whole(self, largest: int = LARGEST, seconds: float = float("inf")) -> bytes:
        """Read to the end, for `seconds` and as long as a slow line takes for what has come.

        Raises BadBody for what is too large or cannot be unpacked, and Broken.
        """
        until = time.monotonic() + seconds
        with self._closing(), self._reading():
            return read_whole(self._raw, self.headers, largest, until)

    def pieces(self, seconds: float) -> Iterator[bytes]:
        """Yield what has come, of any size in all, for `seconds` and as long as a slow line takes for it.

        Raises BadBody for what cannot be unpacked, and Broken.
        """
        until = time.monotonic() + seconds
        with self._closing(), self._reading():
            yield from read_pieces(self._raw, self.headers, until)

    def start(self) -> bytes:
        """Read as much as the words of an error can need; nothing of a body that breaks."""
        with self._closing():
            try:
                return read_start(self._raw, self.headers)
            except HTTPError:
                return b""

    def lines(self) -> Iterator[bytes]:
        """Yield each line when it has come. Raises BadBody and Broken."""
        with self._closing(), self._reading():
            yield from read_lines(self._raw, self.headers)

    def close(self) -> None:
        """Give the connection back where the body was read to its end, and end it where it was not."""
        self._raw.close()
        self._raw.release_conn()

    @contextmanager
    def _closing(self) -> Iterator[None]:
        try:
            yield
        finally:
            self.close()

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except (HTTPError, OSError) as error:
            raise _failure(error, self._outgoing, self._proxy) from error


def _failure(error: Exception, outgoing: Outgoing, proxy: str | None) -> WireError:
    """Only what failed before the connection was there, or was refused unsent, is certain."""
    between = (urlsplit(proxy).hostname or "of the environment") if proxy else None
    host = urlsplit(outgoing.url).hostname or outgoing.host
    never, late = _judged(error)
    if never is not None:
        return NotReached(cause_of(never).replace(host, outgoing.host), between)
    return Broken(cause_of(error).replace(host, outgoing.host), between, late=late or time_left() <= 0)


def _judged(error: Exception) -> tuple[BaseException | None, bool]:
    """Return what kept the request from being sent at all (None: that is not certain), and if it was late."""
    if type(error).__module__.partition(".")[0] == "requests":
        from ftops.transport.session import never_sent, timed_out

        if never_sent(error):
            return error, False
        late = timed_out(error)
    else:
        late = isinstance(error, ReadTimeoutError)
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return connecting_failure(reason if reason is not None else error), late
