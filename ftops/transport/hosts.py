"""To which hosts anything may be sent. In CI a pull request can change an address, but not the environment.

The one rule for every kind of connection: providers, states over HTTP, PostgreSQL and stores of third parties
all ask `refuse_stranger` before anything is sent. The server of an object store is named by the environment.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from ipaddress import IPv6Address

from msgspec import Struct

from ftops.errors import Refused
from ftops.files.ci import in_ci

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
"""This machine by its usual names. Not the rest of 127.0.0.0/8, where nobody listens without a purpose."""

ALLOWED_HOSTS = "FTOPS_ALLOWED_HOSTS"

_PLAIN_URL = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://"
    r"(?:[^/?#@\\\s]*@)?"
    r"(?:\[(?P<ipv6>[0-9A-Fa-f:.]+)\]|(?P<name>[A-Za-z0-9._-]+))"
    r"(?::(?P<port>\d{1,5}))?"
    r"(?:[/?#][!-\[\]-~]*)?"
)
"""An address that every library reads alike: ASCII, no backslash, no white space, at most one @."""

_USUAL_PORTS = {"http": 80, "https": 443}


class Origin(Struct, frozen=True):
    """A server. `host` is in lower case; without a port the scheme's own is meant."""

    scheme: str
    host: str
    port: int | None = None


class Destination(Struct, frozen=True):
    """Where something would go. `origin` is None for an address that libraries could read differently.

    `sends` says what would go there, `field` where the address is. `reference` is set where the address
    came from one: then it is a secret, and the message names the reference instead. `own` are the servers
    that are right by themselves: the dialect's, and those that the environment names.
    """

    origin: Origin | None
    sends: str
    field: str
    reference: str | None = None
    own: Collection[Origin | None] = ()


def origin_of(url: str) -> Origin | None:
    """Read the server out of an address; None where libraries could disagree about which one it is."""
    found = _PLAIN_URL.fullmatch(url)
    if found is None or not _is_address(found["ipv6"] or "::"):
        return None
    scheme = found["scheme"].lower()
    port = int(found["port"]) if found["port"] else _USUAL_PORTS.get(scheme)
    return Origin(scheme, (found["ipv6"] or found["name"]).lower(), port)


def _is_address(ipv6: str) -> bool:
    """Return whether an address in brackets is one: libraries refuse any other, each in its own way."""
    try:
        IPv6Address(ipv6)
    except ValueError:
        return False
    return True


def refuse_stranger(to: Destination, environ: Mapping[str, str]) -> None:
    """Raise Refused where, in CI, files of the project alone say that something goes to this server."""
    if not in_ci(environ) or (to.origin is not None and to.origin in to.own):
        return
    if to.origin is not None and (to.origin.host in LOOPBACK or allowed_by(to.origin.host, environ)):
        return
    if to.reference is not None:
        where = f"the server that {to.field} ({to.reference}) leads to"
        hint = f"if that is intended, add its host to {ALLOWED_HOSTS} in the CI settings"
    elif to.origin is None:
        where = f"what {to.field} names, which is not a plain address"
        hint = "write it like https://api.example.com/v1"
    else:
        where = f"{to.origin.host}, which {to.field} names"
        hint = f"if that is intended, set {ALLOWED_HOSTS}={to.origin.host} in the CI settings"
    raise Refused(f"in CI {to.sends} is not sent to {where}: a pull request can change it", hint=hint)


def allowed_by(name: str, environ: Mapping[str, str]) -> bool:
    """Return whether the environment names this host, or this bucket as `s3://BUCKET`."""
    allowed = {item.strip().lower().strip("[]") for item in environ.get(ALLOWED_HOSTS, "").split(",")}
    return name.lower() in allowed - {""}
