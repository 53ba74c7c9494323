"""One account at a fine-tuning API, without a project."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from ftops.api.opening import opened_provider
from ftops.errors import UsageError
from ftops.model.project import EMULATOR_SCHEME, EnvReference, ProviderSettings
from ftops.providers.provider import Provider
from ftops.providers.registry import dialects
from ftops.transport.secret import Vault

_HOST_RULE = ("CI", "FTOPS_ALLOWED_HOSTS")
_KEY = "api_key"


@contextmanager
def open_provider(
    dialect: str,
    *,
    api_key: str | None = None,
    base_url: str | None = None,
    organization: str | None = None,
    headers: Mapping[str, str] | None = None,
    timeout: float = 30.0,
) -> Iterator[Provider]:
    """Open one account at a fine-tuning API, without a project. Nothing is sent before the first call.

    `base_url` defaults to the dialect's own address; `emulator:PATH` starts the embedded emulator, which
    needs no key and trains nothing. `timeout` is seconds; `headers` go out with every request. With `CI`
    set, the key goes only to the dialect's own host, to loopback and to hosts in `FTOPS_ALLOWED_HOSTS`.
    """
    known = dialects()
    if dialect not in known:
        raise UsageError(f"unknown dialect {dialect!r}", hint=f"use one of: {', '.join(sorted(known))}")
    if base_url is None and known[dialect].default_base_url is None:
        raise UsageError(f"dialect {dialect} has no default address", hint="pass base_url")
    embedded = base_url is not None and base_url.startswith(EMULATOR_SCHEME)
    if not api_key and not embedded:
        raise UsageError("open_provider needs api_key", hint="read it from the environment, never from code")
    # The key travels as a reference, as everywhere: the settings can then be shown without it.
    settings = ProviderSettings(
        name=dialect,
        dialect=dialect,
        base_url=base_url,
        api_key=EnvReference(_KEY) if api_key else None,
        organization=organization,
        headers=dict(headers or {}),
        timeout=timeout,
    )
    # The path of an emulator is the caller's own, and no file of a project says it.
    rule = () if embedded else _HOST_RULE
    environ = {name: os.environ[name] for name in rule if name in os.environ}
    with opened_provider(settings, Path.cwd(), {**environ, _KEY: api_key or ""}, Vault()) as provider:
        yield provider
