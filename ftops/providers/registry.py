"""Settings -> Provider: one explicit table of dialects, then the entry points `ftops.providers`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import to_builtins

from ftops.errors import FtopsError
from ftops.model.capabilities import Capabilities
from ftops.model.json_value import JSON
from ftops.model.observation import ProviderFacts
from ftops.model.project import (
    ACCOUNT,
    EMULATOR_SCHEME,
    EnvReference,
    ExecReference,
    Extra,
    FileReference,
    ProviderSettings,
    Setting,
)
from ftops.model.value import replace
from ftops.providers.description import description_of
from ftops.providers.dialect import Attaches, Dialect, Engine, Shaped
from ftops.providers.plugins import plugin, plugins
from ftops.providers.provider import Provider
from ftops.providers.resolver import Resolver
from ftops.providers.steering import steered
from ftops.transport.hosts import Destination, origin_of, refuse_stranger
from ftops.transport.references import References
from ftops.transport.secret import MASK, Secret

if TYPE_CHECKING:
    from ftops.transport.exchange import Attached
    from ftops.transport.observer import Observer

OURS: Mapping[str, str] = {
    "openai": "openai:OpenAIDialect",
    "openai_legacy": "openai_legacy:OpenAILegacyDialect",
    "azure_openai": "azure_openai:AzureOpenAIDialect",
    "mistral": "mistral:MistralDialect",
    "fireworks": "fireworks:FireworksDialect",
    "together": "together:TogetherDialect",
    "alibaba": "alibaba:AlibabaDialect",
    "ray": "ray:RayDialect",
    **{
        profile: f"openai_profiled:ProfiledDialect:{profile}"
        for profile in ("nebius", "bedrock", "litellm", "litellm_passthrough", "portkey")
    },
}
"""Every wire format that ftops itself speaks: module of `dialects/` and class, loaded when it is used.

A third word is the profile with which the class is made.
"""

UPSTREAM = "upstream"
"""The key of ftops.yaml that decides what is behind a gateway: shown and bound as what else is sent."""

EMULATOR_KEY = "emulator"
"""The key for the embedded emulator, which takes any."""


class _Dialects(Mapping[str, Dialect]):
    """Ours, then those of third parties, which are looked for only when a name is not one of ours."""

    def __getitem__(self, name: str) -> Dialect:
        return _ours(name) if name in OURS else plugin(name)

    def __contains__(self, name: object) -> bool:
        return name in OURS or name in plugins()

    def __iter__(self) -> Iterator[str]:
        return iter([*OURS, *(name for name in plugins() if name not in OURS)])

    def __len__(self) -> int:
        return len(list(iter(self)))


@cache
def _ours(name: str) -> Dialect:
    module, found, *profile = OURS[name].split(":")
    dialect: Dialect = getattr(import_module(f"ftops.providers.dialects.{module}"), found)(*profile)
    return dialect


def dialects() -> Mapping[str, Dialect]:
    """Return every known dialect by name; third parties cannot replace one of ours."""
    return _Dialects()


def all_capabilities() -> Mapping[str, Capabilities]:
    """Return what every dialect can carry; loads all of them, but those of packages that do not load."""
    found: dict[str, Capabilities] = {}
    for name in dialects():
        with suppress(FtopsError):
            found[name] = dialects()[name].capabilities
    return found


def facts_of(settings: ProviderSettings) -> ProviderFacts:
    """Say what the planner must know of a provider; opens nothing and needs no environment."""
    dialect, trainer = _shaped(settings), settings.trainer
    engine = dialect if isinstance(dialect, Engine) and trainer else None
    return ProviderFacts(
        name=settings.name,
        dialect=settings.dialect,
        capabilities=dialect.capabilities,
        settle=settings.settle,
        send_window=settings.send_window,
        queue=settings.queue,
        extras={
            f"{place}.{name}": _written(value)
            for place, extras in (("query", settings.query), ("body", settings.body))
            for name, value in extras.items()
        }
        | {name: _written(value) for name, value in settings.own.items() if name == UPSTREAM}
        | dict(engine.code() if engine else {}),
        renamed_from=settings.renamed_from,
        service=_service(dialects()[settings.dialect], settings),
        allow_closed=settings.allow_closed,
        billing=described.service if (described := description_of(dialects()[settings.dialect])) else None,
        region=_region(dialects()[settings.dialect], settings.base_url),
        emulated=str(settings.base_url).startswith(EMULATOR_SCHEME),
        models=trainer.models if trainer else {},
        decisive=engine.decisive() if engine else {},
        package_limit=trainer.package_limit if trainer else None,
        data_place=trainer.data if trainer else None,
    )


def _shaped(settings: ProviderSettings) -> Dialect:
    """Return the dialect as far as the project file alone decides what it can carry."""
    dialect = dialects()[settings.dialect]
    if isinstance(dialect, Engine):
        return dialect.running(settings.trainer, Path()) if settings.trainer else dialect
    if not isinstance(dialect, Shaped):
        return dialect
    written = {name: value for name in dialect.shaping if isinstance(value := settings.own.get(name), str)}
    return dialect.bound(written)


def _service(dialect: Dialect, settings: ProviderSettings) -> str | None:
    """Name the service at the address, as far as the project file tells it."""
    url = settings.base_url
    if isinstance(url, EnvReference | FileReference | ExecReference):
        # A format without an address of its own is always given one; elsewhere it is another's address.
        url = dialect.default_base_url
        return None if url else service_at(dialect, None)
    return service_at(dialect, url)


def service_at(dialect: Dialect, url: str | None) -> str | None:
    """Name the known service at an address, the format's own where None; None for anybody else's server."""
    described = description_of(dialect)
    return described.service if described and (url is None or described.at(url)) else None


def _region(dialect: Dialect, url: Setting | None) -> str | None:
    """Name the region of an address; one that a reference holds is not known before it is resolved."""
    described, address = description_of(dialect), dialect.default_base_url if url is None else url
    return described.region(address) if described and isinstance(address, str) else None


def _written(value: Extra) -> JSON:
    """Write a value as it is in the project file: references are not resolved."""
    return to_builtins(value) if isinstance(value, EnvReference | FileReference | ExecReference) else value


def open_provider(
    settings: ProviderSettings,
    environ: Mapping[str, str],
    *,
    base_url: str | None = None,
    references: References | None = None,
    hears: Observer | None = None,
) -> Provider:
    """Resolve references and open a provider. `base_url` overrides the settings' (the embedded emulator).

    `hears` is told of each exchange, beside the log.

    Raises InvalidInput naming every reference that leads to no value, and Refused when a CI run would
    send the credential to a host that nobody allowed: a pull request can change `base_url`. Nothing is
    sent, and no credential is even read before its host is allowed.
    """
    from ftops.providers.http_provider import HttpProvider
    from ftops.transport.client import Transport
    from ftops.transport.observer import log_exchange, logged_and

    resolved = Resolver(settings, references or References(environ))
    dialect, url = _addressed(settings, resolved, base_url)
    if url is not None and base_url is None and not url.startswith(EMULATOR_SCHEME):
        refuse_stranger(_destination(settings, url, dialect), environ)
        for destination in steered(settings, resolved.extras):
            refuse_stranger(destination, environ)
    key = EMULATOR_KEY if base_url is not None else resolved.value("api_key", settings.api_key)
    organization = resolved.value("organization", settings.organization)
    attached = _attached(settings, resolved, dialect, organization)
    if key is None and settings.api_key is None and dialect.settings.get("api_key", True):
        resolved.problem("api_key", "is missing", "write api_key: {env: NAME}")
    if url is None and settings.base_url is None:
        resolved.problem("base_url", f"is missing; dialect {dialect.name} has no default address")
    resolved.raise_if_any()
    if url is None:
        raise ValueError("a missing value was not reported")
    if url.startswith(EMULATOR_SCHEME):
        raise FtopsError(f"provider {settings.name} is an embedded emulator that was not started")
    url = resolved.corrected(url, dialect)
    transport = Transport(
        settings.name,
        url,
        replace(attached, headers={**attached.headers, **(dialect.auth_headers(key) if key else {})}),
        secrets=frozenset(resolved.secrets),
        timeout=settings.timeout,
        environ=environ,
        observe=log_exchange if hears is None else logged_and(hears),
    )
    facts = replace(facts_of(settings), service=service_at(dialect, url), region=_region(dialect, url))
    return HttpProvider(_with_account(facts, settings, organization), dialect, transport)


def _addressed(
    settings: ProviderSettings, resolved: Resolver, base_url: str | None
) -> tuple[Dialect, str | None]:
    """Return the dialect as it speaks for this provider, and where to."""
    own = {name: resolved.value(name, value) or "" for name, value in settings.own.items()}
    if own.get("account") and not re.fullmatch(ACCOUNT, own["account"]):
        resolved.problem("account", "is not an account's name", "write letters, digits, - and _ alone")
        resolved.raise_if_any()
    dialect = dialects()[settings.dialect].bound(own)
    if isinstance(dialect, Engine) and settings.trainer:
        dialect = dialect.running(settings.trainer, resolved.root)
    return dialect, base_url or resolved.value("base_url", settings.base_url) or dialect.default_base_url


def _attached(
    settings: ProviderSettings, resolved: Resolver, dialect: Dialect, organization: str | None
) -> Attached:
    """Return what goes with every request but for the key: a dialect's own wins over the project file's."""
    from ftops.transport.exchange import Attached

    account = dialect.account_headers(organization, resolved.value("project", settings.project))
    extra = {name: resolved.value(f"headers.{name}", value) or "" for name, value in settings.headers.items()}
    query = {name: _text(value) for name, value in resolved.extras("query", settings.query).items()}
    body = resolved.extras("body", settings.body)
    told = dialect.attached if isinstance(dialect, Attaches) else Attached()
    return Attached({**extra, **account, **told.headers}, {**query, **told.query}, {**body, **told.body})


def _text(value: JSON) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _destination(settings: ProviderSettings, url: str, dialect: Dialect) -> Destination:
    """Say where the key would go. The dialect's own server counts over https alone."""
    given = settings.base_url
    return Destination(
        origin=origin_of(url),
        sends=f"the key of provider {settings.name}",
        field=f"spec.providers.{settings.name}.base_url",
        reference=None if given is None or isinstance(given, str) else str(given),
        own=[origin_of(dialect.default_base_url)] if dialect.default_base_url else [],
    )


def _with_account(
    facts: ProviderFacts, settings: ProviderSettings, organization: str | None
) -> ProviderFacts:
    """Say which account is expected. One from a reference is a secret, and blanked in replies too."""
    given = settings.organization
    if organization is None or given is None or isinstance(given, str):
        return replace(facts, organization=organization)
    blanked = MASK if Secret(organization, "organization").forms else organization
    return replace(facts, organization=blanked, organization_shown=str(given))
