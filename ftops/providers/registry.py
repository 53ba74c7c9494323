"""Settings -> Provider: one explicit table of dialects, then the entry points `ftops.providers`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from urllib.parse import urlsplit

from ftops.errors import FtopsError, InvalidInput, Problem, Refused
from ftops.model.hosts import ALLOWED_HOSTS, is_allowed_host
from ftops.model.observation import ProviderFacts
from ftops.model.project import EMULATOR_SCHEME, ProviderSettings, Setting
from ftops.model.secret import Secret
from ftops.providers.dialect import Dialect
from ftops.providers.dialects.openai import OpenAIDialect
from ftops.providers.dialects.openai_legacy import OpenAILegacyDialect
from ftops.providers.provider import Provider
from ftops.providers.references import References, Unresolved

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
        renamed_from=settings.renamed_from,
    )


def open_provider(
    settings: ProviderSettings,
    environ: Mapping[str, str],
    *,
    base_url: str | None = None,
    references: References | None = None,
) -> Provider:
    """Resolve references and open a provider. `base_url` overrides the settings' (the embedded emulator).

    Raises InvalidInput naming every reference that leads to no value, and Refused when a CI run would
    send the credential to a host that nobody allowed: a pull request can change `base_url`. Nothing is
    sent, and no credential is even read before its host is allowed.
    """
    from ftops.providers.http_provider import HttpProvider
    from ftops.providers.transport import Transport

    dialect = dialects()[settings.dialect]
    embedded = base_url is not None
    resolved = _Resolver(settings, references or References(environ))
    url = base_url or resolved.value("base_url", settings.base_url) or dialect.default_base_url
    if url is not None and not embedded and not url.startswith(EMULATOR_SCHEME):
        _check_host(settings.name, url, dialect, environ)
    key = EMULATOR_KEY if embedded else resolved.credential("api_key", settings.api_key)
    organization = resolved.value("organization", settings.organization)
    account = dialect.account_headers(organization, resolved.value("project", settings.project))
    extra = {
        name: resolved.credential(f"headers.{name}", value) or "" for name, value in settings.headers.items()
    }
    if key is None and settings.api_key is None:
        resolved.problem("api_key", "is missing", "write api_key: {env: NAME}")
    if url is None and settings.base_url is None:
        resolved.problem("base_url", f"is missing; dialect {dialect.name} has no address of its own")
    resolved.raise_if_any()
    if url is None or key is None:
        raise ValueError("a missing value was not reported")
    if url.startswith(EMULATOR_SCHEME):
        raise FtopsError(f"provider {settings.name} is an embedded emulator that was not started")
    headers = {**extra, **account, **dialect.auth_headers(key)}
    transport = Transport(
        settings.name, url, headers, secrets=frozenset(resolved.secrets), timeout=settings.timeout
    )
    return HttpProvider(replace(facts_of(settings), organization=organization), dialect, transport)


class _Resolver:
    """Reads the references of one provider, and remembers each that leads to no value."""

    def __init__(self, settings: ProviderSettings, references: References) -> None:
        self._name = settings.name
        self._references = references
        self._problems: list[Problem] = []
        self.secrets: set[Secret] = set()

    def value(self, field: str, setting: Setting | None) -> str | None:
        if setting is None or isinstance(setting, str):
            return setting
        try:
            return self._references.resolve(setting)
        except Unresolved as error:
            self.problem(field, error.message, error.hint)
            return None

    def credential(self, field: str, setting: Setting | None) -> str | None:
        """Give a value that must never be shown, if it comes from a reference."""
        value = self.value(field, setting)
        if value is not None and not isinstance(setting, str):
            secret = Secret(value, f"spec.providers.{self._name}.{field}")
            self.secrets |= {secret, Secret(value.strip(), secret.name)}
            self._references.vault.add(secret)
        return value

    def problem(self, field: str, message: str, hint: str | None = None) -> None:
        path = f"spec.providers.{self._name}.{field}"
        self._problems.append(Problem(message, file="ftops.yaml", path=path, hint=hint))

    def raise_if_any(self) -> None:
        if self._problems:
            raise InvalidInput(tuple(self._problems))


def _check_host(name: str, url: str, dialect: Dialect, environ: Mapping[str, str]) -> None:
    try:
        asked, own = urlsplit(url), urlsplit(dialect.default_base_url or "")
    except ValueError:
        return  # No address at all, and refused as such before anything is sent.
    host = asked.hostname or ""
    # The dialect's own host counts with its own scheme: over http anybody on the way reads the key.
    if is_allowed_host(host, environ) or (asked.scheme, host) == (own.scheme, own.hostname):
        return
    raise Refused(
        f"provider {name}: in CI the key is not sent to {host}: not {dialect.name}'s own over https",
        hint=f"if it is meant, set {ALLOWED_HOSTS}={host} in the CI settings",
    )
