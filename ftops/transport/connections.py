"""Connections that end by a deadline, and that prove when nothing was sent.

Only this module and transport know requests.

The library's timeout is for one wait: a server that sends a byte now and then is never late by it.
"""

from __future__ import annotations

import http.client
import io
import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from ftops.transport.deadline import wait_at_most
from ftops.transport.hosts import LOOPBACK
from ftops.version import __version__

POOL_SIZE = 64
"""Connections kept for each host; more threads than this would open and close one a request."""


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


class _Connection(HTTPConnection):
    response_class = _Response

    def send(self, data: Any) -> None:
        """Send on; a server that takes a body too slowly is as late as one that answers too slowly."""
        if self.sock is not None:
            self.sock.settimeout(wait_at_most(self.timeout))
        super().send(data)


class _ProvenConnection(HTTPSConnection, _Connection):
    def connect(self) -> None:
        """Connect and shake hands. No byte of a request is sent before this, so its failure is certain."""
        try:
            super().connect()
        except (NewConnectionError, ConnectTimeoutError):
            raise
        except OSError as error:
            raise NewConnectionError(self, str(error)) from error


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _ProvenPool(HTTPSConnectionPool):
    ConnectionCls = _ProvenConnection


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """No redirect is followed; requests would still read `Location`, and fail on a bad one."""
        return None


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _ProvenPool}


def open_session(base_url: str, headers: Mapping[str, str]) -> requests.Session:
    """Make a session that sends each request once, and takes no credential from anywhere else."""
    session = _Session()
    # A ~/.netrc must not replace the credential; proxies and CA bundles of the environment still count.
    session.trust_env = False
    if urlsplit(base_url).hostname not in LOOPBACK:
        session.proxies = dict(requests.utils.get_environ_proxies(base_url))
    session.verify = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("SSL_CERT_FILE") or True
    session.headers.update({"User-Agent": f"ftops/{__version__}", "Accept-Encoding": "gzip", **headers})
    for scheme in ("https://", "http://"):
        session.mount(scheme, _Adapter(max_retries=0, pool_maxsize=POOL_SIZE))
    return session
