"""Who may ask: programs of this machine, and no web page.

A page that a browser shows can send requests to loopback. By DNS rebinding it can even read the replies: its
own name then leads here, and is in `Host`. A page of another origin says so in `Origin`.
"""

from collections.abc import Collection
from urllib.parse import urlsplit

from flask import Flask, request

from ftops.emulator.wires.refusals import Refusal

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def install(app: Flask, hosts: Collection[str]) -> None:
    """Refuse requests that are not for one of these hosts, or come from a page of another one."""

    def check() -> None:
        origin = request.headers.get("Origin")
        if _host_of(f"//{request.headers.get('Host', '')}") not in hosts:
            raise _refused("Host")
        if origin is not None and _host_of(origin) not in hosts:
            raise _refused("Origin")

    app.before_request(check)


def _host_of(address: str) -> str | None:
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None


def _refused(header: str) -> Refusal:
    # The header is a stranger's text, and is not repeated.
    return Refusal(403, f"The emulator answers programs of this machine only: {header} names another host.")
