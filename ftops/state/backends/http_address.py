"""Where a state of Terraform's HTTP protocol is, and which account may go there."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import SplitResult, unquote, urlsplit

from ftops.errors import Refused, StateError
from ftops.model.hosts import ALLOWED_HOSTS, LOOPBACK, is_allowed_host
from ftops.state.backend import Opening
from ftops.state.backends.http_requests import Account


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
            "the address of the state, or of its lock, is no http:// or https:// URL with a host",
            hint="write it as https://HOST/PATH",
        )
    return parts


def bare(parts: SplitResult) -> SplitResult:
    """Give an address without its account."""
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment="")


def account_for(parts: SplitResult, opening: Opening, location: str) -> Account | None:
    """Find the account for a state. Raises StateError for one in a file, Refused if it may not go there."""
    environ = opening.environ
    if "@" in parts.netloc and not opening.trusted:
        raise StateError(
            f"the address of the state {location} holds an account, and files are no place for one",
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
    if account is not None and not opening.trusted:
        _refuse_stranger(parts, environ)
    return account


def _is_own_gitlab(parts: SplitResult, environ: Mapping[str, str]) -> bool:
    try:
        own = urlsplit(environ.get("CI_API_V4_URL", ""))
        origin = (own.scheme, own.hostname, own.port)
    except ValueError:
        return False
    return origin == (parts.scheme, parts.hostname, parts.port)


def _refuse_stranger(parts: SplitResult, environ: Mapping[str, str]) -> None:
    host = parts.hostname or ""
    if is_allowed_host(host, environ) or _is_own_gitlab(parts, environ):
        return
    raise Refused(
        f"state: in CI the account is not sent to {host}, which a file of the project names",
        hint=f"if it is meant, set {ALLOWED_HOSTS}={host} in the CI settings",
    )


def refuse_open_wire(parts: SplitResult, account: Account | None) -> None:
    """Raise StateError if the account would go where everybody on the way can read it."""
    if account is not None and parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise StateError(
            f"the account of the state is not sent to {parts.hostname} over http://, open to all on the way",
            hint="use https://",
        )
