"""To which hosts a credential may go. In CI a pull request can change an address, but not the environment."""

from __future__ import annotations

from collections.abc import Mapping

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})

ALLOWED_HOSTS = "FTOPS_ALLOWED_HOSTS"


def is_allowed_host(host: str, environ: Mapping[str, str]) -> bool:
    """Tell whether a credential may be sent to a host that a file of the project names."""
    if not environ.get("CI"):
        return True
    allowed = {item.strip().lower() for item in environ.get(ALLOWED_HOSTS, "").split(",")}
    return host in LOOPBACK or host.lower() in allowed
