"""Requests to a server that a provider names in a reply: where an upload is to be put.

Whoever runs the provider's API chooses that server, so it gets the training data, which the API would get
anyway, and nothing else: no credential, no extra of a gateway, no cookie. Its address is a secret of the two
(a signature is in its query), and is not shown.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any
from urllib.parse import urldefrag, urlsplit

from ftops.errors import Failure, NotSent
from ftops.model.value import replace
from ftops.transport.exchange import Request
from ftops.transport.hosts import origin_of
from ftops.transport.outcome import Origin
from ftops.transport.outgoing import Outgoing

SHOWN_PATH = "(an address of its own)"
_NEVER = frozenset({"metadata.google.internal"})
_METADATA = frozenset(map(ip_address, ("fd00:ec2::254", "100.100.100.200", "168.63.129.16")))
"""Metadata services of clouds that are not at a link-local address."""
_WITH_EFFECT = frozenset({"create", "cancel"})


def outgoing(
    provider: str, base_url: str, request: Request, headers: Mapping[str, str], body: Any
) -> Outgoing:
    """Return what goes out. Raises NotSent for an address that nothing is sent to.

    Encryption is asked for unless the provider itself is spoken to without. The networks of this machine
    alone, where a metadata service answers, are never reached, nor is loopback from a provider that is not
    there: no reply of an API makes ftops a messenger to what only this machine can reach.
    """
    if request.operation in _WITH_EFFECT:
        raise ValueError("what costs money is sent to the provider itself")
    url = urldefrag(request.url or "").url
    why = _refusal(url, plain=base_url.startswith("http://"))
    if why is not None:
        raise NotSent(
            f"{provider}: {request.operation}: nothing was sent to the server that its API named: {why}",
            failure=Failure(provider, request.operation),
            hint=f"tell whoever runs the API of {provider}, or check its base_url",
        )
    return Outgoing(request.method, url, host_of(url), SHOWN_PATH, request.query, headers, body)


def origin(of: Origin, url: str) -> Origin:
    """Return whom such a request goes to, for errors."""
    return replace(of, host=host_of(url), elsewhere=True)


def host_of(url: str) -> str:
    """Return the host's name, as far as it can be told."""
    found = origin_of(url)
    return found.host if found else "another server"


def _refusal(url: str, *, plain: bool) -> str | None:
    """Return why nothing is sent to an address; `plain`: the provider itself is reached over http."""
    server = origin_of(url)
    if server is None or server.scheme not in ("https", "http") or "@" in urlsplit(url).netloc:
        return "it is not a plain http(s) address"
    if server.scheme == "http" and not plain:
        return f"{server.host} would get the file without encryption"
    address = _address(server.host)
    if server.host in _NEVER or address in _METADATA or (address is not None and address.is_link_local):
        return f"{server.host} is reached from this machine alone"
    loopback = server.host == "localhost" or server.host.endswith(".localhost")
    if not plain and (loopback or (address is not None and (address.is_loopback or address.is_unspecified))):
        return f"{server.host} is this machine"
    return None


def _address(host: str) -> IPv4Address | IPv6Address | None:
    """Read an address in every way in which the system reads it: `127.1` and `2130706433` are addresses."""
    try:
        address = ip_address(host)
    except ValueError:
        try:
            return IPv4Address(socket.inet_aton(host))
        except OSError:
            return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
