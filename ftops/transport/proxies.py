"""The proxy to an address, by HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY: one rule for all."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined] # typeshed lacks it

from ftops.transport.hosts import LOOPBACK


def proxy_for(url: str, environ: Mapping[str, str]) -> str | None:
    """Return the proxy's address, None for what is reached directly; this machine always is.

    A variable's lower-case name goes first, and an empty one counts. NO_PROXY holds names, their ends,
    addresses, and networks such as 10.0.0.0/8.
    """
    parts = urlsplit(url)
    if parts.hostname in LOOPBACK:
        return None
    proxy = _variable(environ, f"{parts.scheme}_proxy")
    if proxy is None:
        proxy = _variable(environ, "all_proxy")
    exempt = _variable(environ, "no_proxy")
    asked = parts.netloc.rpartition("@")[2]
    if not proxy or (exempt and _is_exempt(asked, parts.hostname or "", exempt)):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def _variable(environ: Mapping[str, str], name: str) -> str | None:
    return environ[name] if name in environ else environ.get(name.upper())


def _is_exempt(asked: str, host: str, exempt: str) -> bool:
    return bool(proxy_bypass_environment(asked, {"no": exempt})) or any(
        _holds(network.strip(), host) for network in exempt.split(",")
    )


def _holds(network: str, host: str) -> bool:
    try:
        return "/" in network and ip_address(host) in ip_network(network, strict=False)
    except ValueError:
        return False
