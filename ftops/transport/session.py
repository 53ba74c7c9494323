"""Requests with a body, or through a proxy, by requests: only this module imports it.

It takes longer to import than a small plan takes, so that a plan, which only reads, does without.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from functools import partial
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from ftops.transport.connections import POOL_SIZE, pool_classes
from ftops.transport.outgoing import Outgoing
from ftops.transport.trust import trust


def never_sent(error: Exception) -> bool:
    """Return whether the library refused an address before it connected."""
    return isinstance(error, requests.exceptions.InvalidURL | requests.exceptions.InvalidSchema)


def timed_out(error: Exception) -> bool:
    """Return whether the library waited too long."""
    return isinstance(error, requests.Timeout)


class Session(requests.Session):
    """Keeps connections, and takes no credential from anywhere else."""

    def __init__(self, bundle: str | None, headers: Mapping[str, str]) -> None:
        super().__init__()
        # A ~/.netrc must not replace the credential, nor a cookie add one.
        self.trust_env = False
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self.headers.update(headers)
        self.adapters.clear()
        adapter = _Adapter(partial(trust, bundle))
        for scheme in ("https://", "http://"):
            self.mount(scheme, adapter)

    def send_once(self, outgoing: Outgoing, timeout: tuple[float, float], proxy: str | None) -> Any:
        """Send, and return the reply as the connection has it: the body is still to be read."""
        response = self.request(
            outgoing.method,
            outgoing.url,
            params=outgoing.query,
            data=outgoing.body,
            headers=outgoing.headers,
            timeout=timeout,
            proxies={"http": proxy, "https": proxy} if proxy else {},
            allow_redirects=False,
            stream=True,
        )
        return response.raw

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """No redirect is followed; requests would still read `Location`, and fail on a bad one."""
        return None


class _Adapter(HTTPAdapter):
    """Makes our connections, directly and through a proxy. `trusted` is asked for with the first over TLS."""

    def __init__(self, trusted: Callable[[], ssl.SSLContext]) -> None:
        self._pools = pool_classes(trusted)
        super().__init__(max_retries=0, pool_maxsize=POOL_SIZE)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        to_proxy = {"proxy_ssl_context": trust(None)} if proxy.startswith("https://") else {}
        manager = super().proxy_manager_for(proxy, **kwargs, **to_proxy)
        if not proxy.lower().startswith("socks"):
            manager.pool_classes_by_scheme = self._pools
        return manager

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Leave it to `trust`: the library would read a bundle of its own for every connection."""
        conn.cert_reqs = "CERT_REQUIRED"
