"""Which addresses lead to this machine, to what only it can reach, or into a private network."""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

_NEVER = frozenset({"metadata.google.internal"})
_METADATA = frozenset(map(ip_address, ("fd00:ec2::254", "100.100.100.200", "168.63.129.16")))
"""Metadata services of clouds that are not at a link-local address."""

_PRIVATE_ENDS = (".localhost", ".local", ".internal", ".intranet", ".lan", ".home.arpa")

_GATEWAY, _COMPATIBLE = IPv6Network("64:ff9b::/96"), IPv6Network("::/96")
"""Addresses that end with one of IPv4: of NAT64 (RFC 6052), and IPv4-compatible ones (RFC 4291)."""


def from_here_alone(host: str) -> bool:
    """Return whether a host is what only this machine can reach: a metadata service, a link-local address."""
    name, address = rooted(host), address_of(host)
    return name in _NEVER or address in _METADATA or bool(address and address.is_link_local)


def is_here(host: str) -> bool:
    """Return whether a host is this machine."""
    name, address = rooted(host), address_of(host)
    if address is not None:
        return address.is_loopback or address.is_unspecified
    return name == "localhost" or name.endswith(".localhost")


def is_private(host: str) -> bool:
    """Return whether a host is not on the internet, judging by its name or address."""
    address = address_of(host)
    if address is not None:
        return not address.is_global or from_here_alone(host)
    name = rooted(host)
    return is_here(host) or "." not in name or name.endswith(_PRIVATE_ENDS)


def rooted(host: str) -> str:
    """Return a name without the dot of the root, with which it is the same name."""
    return host.lower().removesuffix(".")


def address_of(host: str) -> IPv4Address | IPv6Address | None:
    """Read an address in every way in which the system reads it: `127.1` and `2130706433` are addresses."""
    host = rooted(host)
    try:
        address = ip_address(host)
    except ValueError:
        try:
            return IPv4Address(socket.inet_aton(host))
        except OSError:
            return None
    return _inner(address) or address if isinstance(address, IPv6Address) else address


def _inner(address: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address that an IPv6 address leads to, by itself or through a gateway."""
    if address in _GATEWAY or (address in _COMPATIBLE and int(address) > 1):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour
