"""Requests to a server that a provider names in a reply: where an upload is to be put.

Whoever runs the provider's API chooses that server, so it gets the training data, which the API would get
anyway, and nothing else: no credential, no extra of a gateway, no cookie. Its address is a secret of the two
(a signature is in its query), and is not shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urldefrag, urlsplit

from ftops.errors import Failure, NotSent
from ftops.model.value import replace
from ftops.transport.addresses import from_here_alone, is_here
from ftops.transport.exchange import Request
from ftops.transport.hosts import Origin as Server
from ftops.transport.hosts import origin_of
from ftops.transport.outcome import Origin
from ftops.transport.outgoing import Outgoing
from ftops.transport.secret import SHORTEST, Secret

SHOWN_PATH = "(an address of its own)"
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
    why = _refusal(url, origin_of(base_url))
    if why is not None:
        raise NotSent(
            f"{provider}: {request.operation}: nothing was sent to the server that its API named: {why}",
            failure=Failure(provider, request.operation),
            hint=f"tell whoever runs the API of {provider}, or check its base_url",
        )
    return Outgoing(request.method, url, host_of(url), SHOWN_PATH, request.query, headers, body)


def origin(of: Origin, url: str) -> Origin:
    """Return whom such a request goes to, for errors: a store may repeat the address that it was asked at."""
    query = urlsplit(url).query
    values = (query, *dict(parse_qsl(query)).values())
    signing = {Secret(value, SHOWN_PATH) for value in values if len(value) >= SHORTEST}
    return replace(of, host=host_of(url), elsewhere=True, secrets=of.secrets | signing)


def host_of(url: str) -> str:
    """Return the host's name, as far as it can be told."""
    found = origin_of(url)
    return found.host if found else "another server"


def _refusal(url: str, asked: Server | None) -> str | None:
    """Return why nothing is sent to an address; `asked` is the provider itself."""
    server = origin_of(url)
    if not _is_plain(url) or server is None or server.scheme not in ("https", "http"):
        return "it is not a plain http(s) address"
    if server.scheme == "http" and (asked is None or asked.scheme != "http"):
        return f"{server.host} would get the file without encryption"
    if from_here_alone(server.host):
        return f"{server.host} can be reached only from this machine"
    if is_here(server.host) and not (asked and is_here(asked.host)):
        return f"{server.host} is this machine"
    return None


def _is_plain(url: str) -> bool:
    """Return whether the libraries can send there: what they refuse, they quote with its signature."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    return "@" not in parts.netloc and port != 0
