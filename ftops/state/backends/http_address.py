"""Where a state of Terraform's HTTP protocol is, and which account may go there."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import SplitResult, unquote, urlsplit

from ftops.errors import StateError
from ftops.state.backend import Opening
from ftops.transport.account import Account
from ftops.transport.hosts import LOOPBACK, origin_of


def parts_of(url: str) -> SplitResult:
    """Take an address apart. Raises StateError for one that is no http:// or https:// URL with a host."""
    try:
        parts = urlsplit(url)
        fine = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        fine = None
        parts = urlsplit("")
    if not fine:
        raise StateError(
            "the address of the state, or of its lock, is not an http:// or https:// URL with a host",
            hint="write it as https://HOST/PATH",
        )
    return parts


def bare(parts: SplitResult) -> SplitResult:
    """Return an address without its account."""
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment="")


def account_for(parts: SplitResult, opening: Opening, location: str) -> Account | None:
    """Find the account for a state. Raises StateError for one in a file, Refused if nothing may go there."""
    environ = opening.environ
    opening.refuse_stranger(origin_of(parts.geturl()), [origin_of(environ.get("CI_API_V4_URL", ""))])
    if "@" in parts.netloc and opening.reference is None:
        raise StateError(
            f"the address of the state {location} contains a user or password, which must never be in a file",
            hint="set TF_HTTP_USERNAME and TF_HTTP_PASSWORD, and change the password",
        )
    user, password = environ.get("TF_HTTP_USERNAME"), environ.get("TF_HTTP_PASSWORD")
    account = None
    if user or password:
        account = Account(user or "", password or "")
    elif parts.username is not None:
        account = Account(unquote(parts.username), unquote(parts.password or ""))
    if not password and user in (None, "", "gitlab-ci-token") and _is_own_gitlab(parts, environ):
        token = environ.get("CI_JOB_TOKEN")
        account = Account("gitlab-ci-token", token) if token else account
    return account


def _is_own_gitlab(parts: SplitResult, environ: Mapping[str, str]) -> bool:
    own = origin_of(environ.get("CI_API_V4_URL", ""))
    return own is not None and own == origin_of(parts.geturl())


def refuse_open_wire(parts: SplitResult, account: Account | None) -> None:
    """Raise StateError if the account would be sent where everybody on the way can read it."""
    if account is not None and parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise StateError(
            f"the account of the state is not sent to {parts.hostname} over http://, which is unencrypted",
            hint="use https://",
        )
