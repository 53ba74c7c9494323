"""Settings -> Provider: one explicit table of dialects, then the entry points `ftops.providers`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from urllib.parse import urlsplit

from ftops.errors import FtopsError, InvalidInput, Problem, Refused
from ftops.model.observation import ProviderFacts
from ftops.model.project import EMULATOR_SCHEME, EnvReference, ProviderSettings, Setting
from ftops.providers.dialect import Dialect
from ftops.providers.dialects.openai import OpenAIDialect
from ftops.providers.dialects.openai_legacy import OpenAILegacyDialect
from ftops.providers.provider import Provider

DIALECTS: Mapping[str, Dialect] = {
    dialect.name: dialect for dialect in (OpenAIDialect(), OpenAILegacyDialect())
}
"""Every wire format that ftops itself speaks."""

EMULATOR_KEY = "emulator"
"""The key for the embedded emulator, which takes any."""


class _Dialects(Mapping[str, Dialect]):
    """Ours, then those of third parties, which are looked for only when a name is not one of ours."""

    def __getitem__(self, name: str) -> Dialect:
        return DIALECTS[name] if name in DIALECTS else _added()[name]

    def __iter__(self) -> Iterator[str]:
        return iter({**_added(), **DIALECTS})

    def __len__(self) -> int:
        return len(list(iter(self)))


@cache
def _added() -> Mapping[str, Dialect]:
    from importlib.metadata import entry_points

    return {found.name: found.load()() for found in entry_points(group="ftops.providers")}


def dialects() -> Mapping[str, Dialect]:
    """Give every known dialect by name; third parties cannot replace one of ours."""
    return _Dialects()


def facts_of(settings: ProviderSettings) -> ProviderFacts:
    """Say what the planner must know of a provider; opens nothing and needs no environment."""
    return ProviderFacts(
        name=settings.name,
        dialect=settings.dialect,
        capabilities=dialects()[settings.dialect].capabilities,
        settle=settings.settle,
        send_window=settings.send_window,
        max_active=settings.max_active,
    )


def open_provider(
    settings: ProviderSettings, environ: Mapping[str, str], *, base_url: str | None = None
) -> Provider:
    """Resolve references and open a provider. `base_url` overrides the settings' (the embedded emulator).

    Raises InvalidInput naming every missing or empty variable, and Refused when a CI run would send the
    credential to a host that nobody allowed: a pull request can change `base_url`. Nothing is sent.
    """
    from ftops.providers.http_provider import HttpProvider
    from ftops.providers.transport import Transport

    dialect = dialects()[settings.dialect]
    embedded = base_url is not None
    resolved = _Resolver(settings, environ)
    url = base_url or resolved.value("base_url", settings.base_url) or dialect.default_base_url
    key = EMULATOR_KEY if embedded else resolved.value("api_key", settings.api_key)
    organization = resolved.value("organization", settings.organization)
    account = dialect.account_headers(organization, resolved.value("project", settings.project))
    extra = {name: resolved.value(f"headers.{name}", value) or "" for name, value in settings.headers.items()}
    if key is None and settings.api_key is None:
        resolved.problem("api_key", "is missing", "write api_key: {env: NAME}")
    if url is None and settings.base_url is None:
        resolved.problem("base_url", f"is missing; dialect {dialect.name} has no address of its own")
    resolved.raise_if_any()
    if url is None or key is None:
        raise ValueError("a missing value was not reported")
    if url.startswith(EMULATOR_SCHEME):
        raise FtopsError(f"provider {settings.name} is an embedded emulator that was not started")
    if not embedded:
        _check_host(settings.name, url, dialect, environ)
    headers = {**extra, **account, **dialect.auth_headers(key)}
    transport = Transport(
        settings.name, url, headers, secrets=frozenset(resolved.secrets), timeout=settings.timeout
    )
    return HttpProvider(replace(facts_of(settings), organization=organization), dialect, transport)


class _Resolver:
    """Reads references from the environment, and remembers each that is missing."""

    def __init__(self, settings: ProviderSettings, environ: Mapping[str, str]) -> None:
        self._name = settings.name
        self._environ = environ
        self._problems: list[Problem] = []
        self.secrets: set[str] = set()

    def value(self, field: str, setting: Setting | None) -> str | None:
        if not isinstance(setting, EnvReference):
            return setting
        value = self._environ.get(setting.env)
        if not value:
            state = "is empty" if value == "" else "is not set"
            self.problem(field, f"environment variable {setting.env} {state}", f"export {setting.env}=...")
        elif field == "api_key" or field.startswith("headers."):
            self.secrets |= {value, value.strip()}
        return value or None

    def problem(self, field: str, message: str, hint: str | None = None) -> None:
        path = f"spec.providers.{self._name}.{field}"
        self._problems.append(Problem(message, file="ftops.yaml", path=path, hint=hint))

    def raise_if_any(self) -> None:
        if self._problems:
            raise InvalidInput(tuple(self._problems))


def _check_host(name: str, url: str, dialect: Dialect, environ: Mapping[str, str]) -> None:
    if not environ.get("CI"):
        return
    from ftops.providers.transport import LOOPBACK

    host = urlsplit(url).hostname or ""
    own = urlsplit(dialect.default_base_url or "").hostname
    allowed = {item.strip() for item in environ.get("FTOPS_ALLOWED_HOSTS", "").split(",")}
    if host in LOOPBACK or host == own or host in allowed:
        return
    raise Refused(
        f"provider {name}: in CI the key is not sent to {host}, which is not {dialect.name}'s own host",
        hint=f"if it is meant, set FTOPS_ALLOWED_HOSTS={host} in the CI settings",
    )
