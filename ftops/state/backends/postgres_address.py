"""Where a PostgreSQL server is, and how it is asked: a URL and libpq's variables, before anything is sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import psycopg
from msgspec import Struct
from psycopg import pq
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from ftops.errors import StateError
from ftops.state.backend import Opening
from ftops.transport.hosts import Origin

_DEFAULTS = {
    "application_name": "ftops",
    "client_encoding": "utf8",
    "connect_timeout": "10",
    "keepalives_idle": "15",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "20000",
}

_SECRET = frozenset(
    {"password", "sslpassword", "scram_client_key", "scram_server_key", "oauth_client_secret"}
)

_OPERATORS = frozenset(
    {"sslmode", "sslrootcert", "sslnegotiation", "channel_binding", "gssencmode", "ssl_min_protocol_version"}
)
"""What guards a password on its way: the environment has the last word over a file."""

_MAY_STAND_IN_A_FILE = _OPERATORS | {
    "host", "port", "dbname", "user", "options", "application_name", "fallback_application_name",
    "connect_timeout", "keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count",
    "tcp_user_timeout", "target_session_attrs", "load_balance_hosts", "sslsni",
}  # fmt: skip
"""All else could send a credential elsewhere (`hostaddr`), pick one (`passfile`), or write one down."""


class Address(Struct, frozen=True):
    """A server and a database. `conninfo` may hold a password: it is for libpq alone."""

    location: str
    conninfo: str
    secrets: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Address({self.location})"

    def clean(self, text: str) -> str:
        """Take secrets out of what somebody else wrote."""
        for secret in self.secrets:
            text = text.replace(secret, "***")
        return text


def address_of(opening: Opening) -> Address:
    """Join the URL with libpq's variables of `opening.environ`, which the URL goes before.

    Raises StateError for a URL that cannot be understood or that brings a secret out of a file, and Refused
    for a host that a CI run may not turn to.
    """
    given = _parsed(opening.url)
    if opening.reference is None:
        _refuse_password(given)
    if not opening.trusted:
        _check_parameters(given)
        _check_hosts(given, opening)
    settings = {**_DEFAULTS, **_environment(given, opening), **given}
    if not opening.trusted:
        settings.update({name: value for name, value in _variables(opening.environ) if name in _OPERATORS})
    try:
        conninfo = make_conninfo("", **settings)
    except psycopg.Error:
        # The library's words may repeat what it could not read.
        raise StateError("the settings of the PostgreSQL server cannot be understood", hint=_SHAPE) from None
    secrets = tuple(value for name, value in settings.items() if name in _SECRET and value)
    location = opening.reference or _location(settings)
    return Address(f"{location} (project {opening.project})", conninfo, secrets)


_SHAPE = "write postgresql://user@host:port/database, with special characters as %XX; no password"


def _parsed(url: str) -> dict[str, str]:
    scheme, rest = url.split("://", 1)
    try:
        found = conninfo_to_dict(f"{scheme.lower()}://{rest}")
    except psycopg.Error:
        # The library's words repeat parts of the URL, which may hold a password.
        raise StateError("the postgresql:// URL of the state cannot be understood", hint=_SHAPE) from None
    return {name: str(value) for name, value in found.items() if value is not None}


def _refuse_password(given: Mapping[str, str]) -> None:
    if any(given.get(name) for name in _SECRET):
        raise StateError(
            "the URL of the state holds a password, and a secret never stands in a file",
            hint="take it out and use PGPASSWORD or PGPASSFILE, or write spec.state.url: {env: NAME}",
        )


def _check_parameters(given: Mapping[str, str]) -> None:
    unknown = sorted(given.keys() - _MAY_STAND_IN_A_FILE - _SECRET)
    if unknown:
        raise StateError(
            f"the URL of the state sets {', '.join(unknown)}, which a file may not decide",
            hint="set it in the environment (libpq's PG variables); outside CI a URL from {env: NAME} may",
        )


def _check_hosts(given: Mapping[str, str], opening: Opening) -> None:
    """Keep a credential from a server that a pull request names: it could ask for it in clear text."""
    own = [_origin(host) for host in opening.environ.get("PGHOST", "").split(",")]
    for host in given.get("host", "").split(","):
        # A path is a socket of this machine; without a host it is libpq's own, or PGHOST.
        if host and not host.startswith(("/", "@")):
            opening.refuse_stranger(_origin(host), own)


def _origin(host: str) -> Origin:
    """Name a server by its host alone. libpq itself has read it out of the URL, so it means just this."""
    return Origin("postgresql", host.lower())


def _environment(given: Mapping[str, str], opening: Opening) -> dict[str, str]:
    found = dict(_variables(opening.environ))
    if "service" in given or "service" in found:
        # libpq reads the service file before its own variables: given as parameters they would go before it.
        return {name: value for name, value in found.items() if name in {"service", "servicefile"}}
    return found


def _variables(environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Return libpq's parameters that have a variable, by libpq's own table."""
    for option in pq.Conninfo.get_defaults():
        value = environ.get(option.envvar.decode()) if option.envvar else None
        if value:
            yield option.keyword.decode(), value


def _location(settings: Mapping[str, str]) -> str:
    if "service" in settings and "host" not in settings:
        return f"postgresql://service {settings['service']}"
    host = settings.get("host") or settings.get("hostaddr") or "localhost"
    host = f"[{host}]" if ":" in host else host
    database = settings.get("dbname") or settings.get("user") or ""
    return f"postgresql://{host}:{settings.get('port') or 5432}/{database}"
