"""Connections that end by a deadline, and that prove when nothing was sent.

The library's timeout is for one wait: a server that sends a byte now and then is never late by it.
"""

from __future__ import annotations

import http.client
import io
import ssl
from collections.abc import Callable
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from ftops.transport.deadline import wait_at_most

POOL_SIZE = 64
"""Connections kept for each host; more threads than this would open and close one a request."""


UNADMITTED = "its name resolves to a private network"
"""The cause that is given for a connection that was not admitted."""


class _Reader(io.RawIOBase):
    """What a response reads from: before each read the socket is given no more time than is left."""

    def __init__(self, raw: Any, sock: Any) -> None:
        self._raw = raw
        self._sock = sock
        self._usual = sock.gettimeout()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(wait_at_most(self._usual))
        count: int | None = self._raw.readinto(buffer)
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(http.client.HTTPResponse):
    def __init__(self, sock: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_Reader(self.fp.detach(), sock))


Admits = Callable[[str, str], bool]
"""Whether a connection may be used: takes the host's name and the address that it led to."""


def _anybody(_host: str, _address: str) -> bool:
    return True


class _Connection(HTTPConnection):
    response_class = _Response
    admits: Admits = staticmethod(_anybody)

    def _new_conn(self) -> Any:
        """Connect, and see where that led: a name may lead to another address each time that it is asked."""
        sock = super()._new_conn()
        address = sock.getpeername()[0]
        if not self.admits(self.host, address):
            sock.close()
            raise NewConnectionError(self, "") from ConnectionError(UNADMITTED)
        return sock

    def send(self, data: Any) -> None:
        """Send on; a server that takes a body too slowly is as late as one that answers too slowly."""
        if self.sock is not None:
            self.sock.settimeout(wait_at_most(self.timeout))
        super().send(data)


class _ProvenConnection(HTTPSConnection, _Connection):
    trust: Callable[[], ssl.SSLContext]

    def connect(self) -> None:
        """Connect, through a tunnel where there is a proxy, and shake hands.

        No byte of a request is sent before this, so its failure is certain.
        """
        # Set here and not handed down: what the library puts in its place differs by release.
        self.ssl_context = type(self).trust()
        try:
            super().connect()
        except (NewConnectionError, ConnectTimeoutError):
            raise
        except (OSError, http.client.HTTPException) as error:
            raise NewConnectionError(self, str(error)) from error


def pool_classes(
    trust: Callable[[], ssl.SSLContext], admits: Admits = _anybody
) -> dict[str, type[HTTPConnectionPool]]:
    """Return the pools to make connections with, by scheme; `trust` is called for each one over TLS.

    Certificates are read no sooner: it takes longer than a small run without them.
    """

    class Plain(_Connection):
        pass

    class Proven(_ProvenConnection):
        pass

    Proven.trust = staticmethod(trust)
    Plain.admits = Proven.admits = staticmethod(admits)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class ProvenPool(HTTPSConnectionPool):
        ConnectionCls = Proven

    return {"http": PlainPool, "https": ProvenPool}
