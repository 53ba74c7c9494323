"""What is wrong with the providers of `ftops.yaml`: dialects, credentials, renames, extras for gateways."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Protocol, runtime_checkable

from ftops.manifests.document import Steps
from ftops.manifests.schema import Finding, rules_of
from ftops.manifests.wording import suggestion
from ftops.model.json_value import JSONObject
from ftops.model.project import ACCOUNT_SETTINGS, EMULATOR_SCHEME, OWN_SETTINGS

_SECRET_HEADERS = frozenset(("authorization", "proxy-authorization", "cookie", "api-key", "x-api-key"))
"""Headers that carry nothing but a credential. Elsewhere a reference makes the secret, never the name."""
_SECRET_VALUE = re.compile(r"^(sk-|Bearer\s|Basic\s|Token\s)|^[a-z+]+://[^/@]*@", re.IGNORECASE)
REFERENCE_HINT = "write {env: NAME}, {file: PATH} or {exec: [COMMAND, ...]}"


class OwnFields(Protocol):
    """What a dialect sends itself, so that no extra may be called the same."""

    @property
    def default_base_url(self) -> str | None:
        """Where it is, unless a provider says otherwise."""

    @property
    def body_fields(self) -> frozenset[str]:
        """Fields of its bodies."""

    @property
    def query_fields(self) -> frozenset[str]:
        """Fields of its queries."""

    @property
    def settings(self) -> Mapping[str, bool]:
        """Keys of its providers, and whether each must be there."""


@runtime_checkable
class Shaped(Protocol):
    """A dialect with settings that decide what it can carry."""

    @property
    def shaping(self) -> Mapping[str, JSONObject]:
        """Those settings, each with the JSON Schema of its value."""


@runtime_checkable
class Engine(Protocol):
    """A dialect that runs a trainer."""

    @property
    def shortest_settle(self) -> float:
        """The least `settle` (seconds) that is safe."""


def provider_findings(
    path: Steps, provider: Mapping[str, Any], dialects: Mapping[str, OwnFields]
) -> Iterator[Finding]:
    """Check what the schema cannot say of one provider, whose place in the file is `path`."""
    dialect = provider["dialect"]
    if dialect not in dialects:
        yield Finding((*path, "dialect"), f"unknown dialect {dialect!r}", suggestion(dialect, dialects))
    embedded = str(provider.get("base_url", "")).startswith(EMULATOR_SCHEME)
    keyed = dialect not in dialects or dialects[dialect].settings.get("api_key", True)
    if "api_key" not in provider and not embedded and keyed:
        yield Finding(path, "the field 'api_key' is missing", "write api_key: {env: NAME}", key=True)
    for field in ("base_url", "organization", "project", *OWN_SETTINGS):
        if _is_secret(provider.get(field)):
            yield Finding((*path, field), "holds a key or password", REFERENCE_HINT)
    for field in ("headers", "query", "body"):
        for name, value in provider.get(field, {}).items():
            named = field == "headers" and name.lower() in _SECRET_HEADERS
            if _is_secret(value) or (named and isinstance(value, str)):
                message = "must be a reference: a credential must never be in a file"
                yield Finding((*path, field, name), message, REFERENCE_HINT)
    if dialect in dialects:
        yield from _own_findings(path, provider, dialects[dialect])
        yield from _trainer_findings(path, provider, dialects[dialect])
        yield from _extra_findings(path, provider, dialects[dialect])


def _own_findings(path: Steps, provider: Mapping[str, Any], own: OwnFields) -> Iterator[Finding]:
    """Check the keys that only some dialects have."""
    dialect = provider["dialect"]
    if own.default_base_url is None and "base_url" not in provider:
        message = f"the field 'base_url' is missing: dialect {dialect} has no address of its own"
        yield Finding(path, message, "write base_url: https://...", key=True)
    for name, required in own.settings.items():
        if required and name not in provider:
            yield Finding(path, f"the field '{name}' is missing: dialect {dialect} needs it", key=True)
    for name in (*ACCOUNT_SETTINGS, *OWN_SETTINGS):
        if name in provider and name not in own.settings:
            message = f"dialect {dialect} has no setting {name}"
            yield Finding((*path, name), message, "remove it", key=True)
    if isinstance(own, Shaped):
        yield from _shaping_findings(path, provider, own)


def _trainer_findings(path: Steps, provider: Mapping[str, Any], own: OwnFields) -> Iterator[Finding]:
    """Check the trainer of an engine, and that nobody else has one."""
    dialect, trainer = provider["dialect"], provider.get("trainer")
    if not isinstance(own, Engine):
        if trainer is not None:
            yield Finding((*path, "trainer"), f"dialect {dialect} runs no trainer", "remove it", key=True)
        return
    if trainer is None:
        hint = "write at least trainer: {output: /a/folder/that/every/node/can/write}"
        yield Finding(path, f"the field 'trainer' is missing: dialect {dialect} runs one", hint, key=True)
    elif _is_secret_in(trainer):
        yield Finding(
            (*path, "trainer"), "holds a key or password", "set it on the nodes: the engine shows it"
        )
    if provider.get("settle", own.shortest_settle) < own.shortest_settle:
        message = f"must be at least {own.shortest_settle:g}: a job may live on that long after it was lost"
        yield Finding((*path, "settle"), message)


def _is_secret_in(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(map(_is_secret_in, value.values()))
    return any(map(_is_secret_in, value)) if isinstance(value, list) else _is_secret(value)


def _shaping_findings(path: Steps, provider: Mapping[str, Any], own: Shaped) -> Iterator[Finding]:
    """Check the settings that decide what manifests may say: a manifest is judged before any reference is."""
    for name, schema in own.shaping.items():
        value = provider.get(name)
        if isinstance(value, Mapping):
            message = f"must be written out: what dialect {provider['dialect']} can carry depends on it"
            yield Finding((*path, name), message, "write the value itself")
        elif value is not None:
            for found in rules_of(schema).findings(value):
                yield Finding((*path, name), found.message, found.hint)


def _extra_findings(path: Steps, provider: Mapping[str, Any], own: OwnFields) -> Iterator[Finding]:
    """Keep what trains in the manifests: an extra is in no fingerprint."""
    for field, names in (("query", own.query_fields), ("body", own.body_fields)):
        for name in provider.get(field, {}):
            # A gateway that reads a[b] as a field of a would understand something else for a.
            if re.split(r"[\[.]", name)[0].strip().lower() in names:
                message = f"{name!r} is a field of dialect {provider['dialect']}: ftops sends it itself"
                yield Finding((*path, field, name), message, "what is trained belongs in manifests", key=True)


def rename_findings(providers: Mapping[str, Mapping[str, Any]]) -> Iterator[Finding]:
    """Check that each old name goes to one provider."""
    taken: dict[str, str] = {}
    for name, provider in providers.items():
        old = provider.get("renamed_from")
        if old is None:
            continue
        path = ("spec", "providers", name, "renamed_from")
        if old in providers:
            hint = "its records can follow only one name: remove the old entry or this line"
            yield Finding(path, f"provider {old} is still declared", hint)
        elif taken.setdefault(old, name) != name:
            yield Finding(
                path,
                f"provider {taken[old]} is also renamed from {old}",
                "only one entry can take over its records",
            )


def _is_secret(value: Any) -> bool:
    return isinstance(value, str) and _SECRET_VALUE.search(value) is not None
