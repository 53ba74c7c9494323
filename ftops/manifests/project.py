"""ftops.yaml -> Project."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ftops.errors import InvalidInput, Problem
from ftops.files.confinement import confine
from ftops.manifests.budgets import budgets_of
from ftops.manifests.discovery import PROJECT_FILE
from ftops.manifests.document import Document, Steps
from ftops.manifests.freezing import freeze_findings, freezes_of
from ftops.manifests.loader import read_yaml
from ftops.manifests.notify import notify_findings, targets_of
from ftops.manifests.policies import policies_of
from ftops.manifests.provider_checks import (
    REFERENCE_HINT,
    OwnFields,
    provider_findings,
    rename_findings,
)
from ftops.manifests.queues import queue_findings, queue_of
from ftops.manifests.schema import Finding, document_rules
from ftops.manifests.wording import Shown, shown, shown_kind, shown_secret, suggestion
from ftops.model.project import (
    OWN_SETTINGS,
    DataSettings,
    Encryption,
    EnvReference,
    ExecReference,
    Extra,
    FileReference,
    Limits,
    Project,
    ProviderSettings,
    Setting,
    StateSettings,
)
from ftops.model.trainer import TrainerSettings

__all__ = ["PROJECT_FILE", "load_project"]

_PRIVATE = frozenset(
    ("api_key", "headers", "query", "body", "organization", "project", "base_url", *OWN_SETTINGS)
)
"""Fields of a provider in which a person may have written a key: their values are never shown."""
_PASSWORD_IN_URL = re.compile(r"^[a-z0-9+.-]+://[^/?#]*:[^/?#]*@|[?&]password=", re.IGNORECASE)


_MAKE_ONE = "make a project with `ftops init`, or point -C at one"


def _absent(root: Path, path: Path) -> Problem:
    """Say why there is no project file to read, and name what may be meant to be one."""
    if path.is_dir():
        return Problem("is a directory", PROJECT_FILE, hint="it must be a file")
    if path.is_symlink():
        return Problem("is a broken link", PROJECT_FILE)
    names = (entry.name for entry in root.iterdir()) if root.is_dir() else ()
    alike = sorted(name for name in names if name.lower() in (PROJECT_FILE, "ftops.yml"))
    hint = f"rename {alike[0]} to {PROJECT_FILE}" if alike else _MAKE_ONE
    return Problem(f"{root} has no {PROJECT_FILE}", hint=hint)


def load_project(root: Path, dialects: Mapping[str, OwnFields]) -> tuple[Project, Document]:
    """Read `ftops.yaml` of a directory. Raises InvalidInput with every problem; no reference is read yet.

    Raises Refused where, in CI, the file is a link that leads out of the directory.
    The document comes along because a problem with `defaults` shows only under a manifest.
    """
    path = root / PROJECT_FILE
    confine(root, path, PROJECT_FILE, os.environ)
    if not path.is_file():
        raise InvalidInput((_absent(root, path),))
    parsed = read_yaml(path, PROJECT_FILE)
    problems = list(parsed.problems)
    documents = [document for document in parsed.documents if document.value is not None]
    if not problems and len(documents) != 1:
        message = f"must hold one document, not {len(documents)}" if documents else "is empty"
        problems.append(Problem(message, PROJECT_FILE, hint="`ftops init` writes one to start from"))
    for document in documents[:1]:
        problems += [*document.problems, *_problems(document, dialects)]
    if problems:
        raise InvalidInput(tuple(dict.fromkeys(problems)))
    return _project(documents[0]), documents[0]


def _problems(document: Document, dialects: Mapping[str, OwnFields]) -> Iterator[Problem]:
    """Yield what is wrong, except where YAML itself forbids something: that is then the cause."""
    faulty = {(problem.line, problem.column) for problem in document.problems}
    rules = document_rules("project")

    def show(path: Steps, value: Any) -> Shown:
        if not path:
            return shown_kind(value)
        return shown_secret(value) if _is_private(path) else shown(value, document.written(path))

    if rules.valid(document.value):
        findings = _meaning(document.value["spec"], dialects)
    else:
        findings = map(_without_key, rules.findings(document.value, show))
    for finding in findings:
        found = document.problem(finding.message, finding.path, finding.hint, key=finding.key)
        if (found.line, found.column) not in faulty:
            yield found


def _is_private(path: Steps) -> bool:
    match path:
        case ("spec", "providers", _, field, *_):
            return field in _PRIVATE
        case ("spec", "state", "url", *_) | ("spec", "encryption", "identity", *_):
            return True
        case ("spec", "notify", _, "webhook" | "secret" | "slack", *_):
            return True
    return False


def _without_key(finding: Finding) -> Finding:
    match finding.path:
        case (
            ("spec", "providers", _, "api_key")
            | ("spec", "encryption", "identity")
            | ("spec", "notify", _, "secret" | "slack")
        ):
            return Finding(finding.path, "must be a reference: a key must never be in a file", REFERENCE_HINT)
    return finding


def _meaning(spec: Mapping[str, Any], dialects: Mapping[str, OwnFields]) -> Iterator[Finding]:
    """Check what the schema cannot say."""
    default, providers = spec.get("default_provider"), spec["providers"]
    if default is not None and default not in providers:
        hint = suggestion(default, providers)
        yield Finding(("spec", "default_provider"), f"unknown provider {default!r}", hint)
    yield from _state_findings(spec.get("state", ""))
    yield from freeze_findings(spec.get("freeze", ()))
    for name in spec.get("prices", {}):
        if name not in providers:
            message = f"unknown provider {name!r}"
            yield Finding(("spec", "prices", name), message, suggestion(name, providers), key=True)
    for name, provider in providers.items():
        yield from provider_findings(("spec", "providers", name), provider, dialects)
        yield from queue_findings(("spec", "providers", name, "queue"), provider.get("queue", {}))
    yield from rename_findings(providers)
    yield from notify_findings(spec.get("notify", ()))


def _state_findings(state: Any) -> Iterator[Finding]:
    whole = not isinstance(state, Mapping)
    path: Steps = ("spec", "state") if whole else ("spec", "state", "url")
    url = state if whole else state.get("url")
    if isinstance(url, str) and _PASSWORD_IN_URL.search(url):
        message = "contains a password, which must never be in a file"
        hint = "set PGPASSWORD or TF_HTTP_PASSWORD instead, or write the whole URL as {env: NAME}"
        yield Finding(path, message, hint)


def _project(document: Document) -> Project:
    value = document.value
    spec = value["spec"]
    return Project(
        name=value["metadata"]["name"],
        manifests=tuple(spec.get("manifests", ("jobs/",))),
        state=_state(spec.get("state", {})),
        encryption=_encryption(spec.get("encryption")),
        providers={name: _provider(name, settings) for name, settings in spec["providers"].items()},
        default_provider=spec.get("default_provider"),
        defaults=spec.get("defaults", {}),
        limits=_limits(spec.get("limits", {})),
        policies=policies_of(spec.get("policies", {})),
        prices=spec.get("prices", {}),
        budgets=budgets_of(document),
        freezes=freezes_of(spec.get("freeze", ())),
        data=DataSettings(**spec.get("data", {})),
        price_table=spec.get("price_table"),
        notify=targets_of(spec.get("notify", ()), _set),
    )


def _state(value: Any) -> StateSettings:
    told = {"url": value} if isinstance(value, str) else value
    usual = StateSettings()
    return StateSettings(
        url=_set(told.get("url", usual.url)),
        lease=float(told.get("lease", usual.lease)),
        history=int(told.get("history", usual.history)),
    )


def _encryption(value: Any) -> Encryption | None:
    if value is None:
        return None
    identity = _set(value["identity"])
    if isinstance(identity, str):
        raise TypeError("the schema lets only references pass")
    return Encryption(identity, tuple(value.get("recipients", ())))


def _limits(value: Mapping[str, Any]) -> Limits:
    # The schema counts 25.0 among the whole numbers.
    counts = {key: int(value[key]) for key in ("max_creates", "max_cancels") if key in value}
    return Limits(**{**value, **counts})


def _provider(name: str, value: Mapping[str, Any]) -> ProviderSettings:
    seconds = {key: value[key] for key in ("timeout", "send_window", "settle") if key in value}
    return ProviderSettings(
        name=name,
        dialect=value["dialect"],
        base_url=_setting(value.get("base_url")),
        api_key=_setting(value.get("api_key")),
        organization=_setting(value.get("organization")),
        project=_setting(value.get("project")),
        headers={header: _set(text) for header, text in value.get("headers", {}).items()},
        query={key: _extra(one) for key, one in value.get("query", {}).items()},
        body={key: _extra(one) for key, one in value.get("body", {}).items()},
        queue=queue_of(value.get("queue", {})),
        emulator_speed=value.get("emulator", {}).get("speed", 1.0),
        renamed_from=value.get("renamed_from"),
        allow_closed=value.get("allow_closed", False),
        own={key: _set(value[key]) for key in OWN_SETTINGS if key in value},
        trainer=_trainer(value.get("trainer")),
        **seconds,
    )


def _trainer(value: Any) -> TrainerSettings | None:
    return None if value is None else TrainerSettings(**value)


def _setting(value: Any) -> Setting | None:
    return None if value is None else _set(value)


def _extra(value: Any) -> Extra:
    extra: Extra = _set(value) if isinstance(value, Mapping) else value
    return extra


def _set(value: Any) -> Setting:
    match value:
        case {"env": name}:
            return EnvReference(name)
        case {"file": path}:
            return FileReference(path)
        case {"exec": command}:
            return ExecReference(tuple(command))
    return str(value)
