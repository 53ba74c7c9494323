"""ftops.yaml -> Project."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from ftops.errors import InvalidInput, Problem
from ftops.manifests.loader import Document, YamlProblem, load_documents
from ftops.manifests.schema import did_you_mean, findings
from ftops.model.project import EMULATOR_SCHEME, EnvReference, Limits, Project, ProviderSettings, Setting

PROJECT_FILE = "ftops.yaml"

_SECRET_HEADERS = ("authorization", "api-key", "token", "secret", "cookie")


def load_project(root: Path, dialects: Collection[str]) -> tuple[Project, Document]:
    """Read `ftops.yaml` of a directory. Raises InvalidInput with every problem; no variable is read yet."""
    path = root / PROJECT_FILE
    if not path.is_file():
        message = f"{root} has no {PROJECT_FILE}"
        raise InvalidInput((Problem(message, hint="make a project with `ftops init`, or point -C at one"),))
    try:
        documents = load_documents(path, PROJECT_FILE)
    except YamlProblem as error:
        raise InvalidInput((error.problem,)) from error
    if len(documents) != 1:
        raise InvalidInput((Problem(f"must hold one document, not {len(documents)}", PROJECT_FILE),))
    problems = tuple(_problems(documents[0], dialects))
    if problems:
        raise InvalidInput(problems)
    return _project(documents[0].value), documents[0]


def _problems(document: Document, dialects: Collection[str]) -> Iterator[Problem]:
    wrong = False
    for path, message, hint, key in findings("project", document.value):
        wrong = True
        if path[-1:] == ("api_key",):
            # The message would repeat the key.
            yield document.problem(
                "must be a reference: a key never stands in a file", path, "write {env: NAME} and set NAME"
            )
        else:
            yield document.problem(message, path, hint, key=key)
    if not wrong:
        yield from _meaning(document, dialects)


def _meaning(document: Document, dialects: Collection[str]) -> Iterator[Problem]:
    """Check what the schema cannot say."""
    spec = document.value["spec"]
    default, providers = spec.get("default_provider"), spec["providers"]
    if default is not None and default not in providers:
        hint = did_you_mean(default, providers)
        yield document.problem(f"unknown provider {default!r}", ("spec", "default_provider"), hint)
    if "://" in spec.get("state", "") and not spec["state"].startswith("file://"):
        message = "this version keeps state in a local file only"
        yield document.problem(message, ("spec", "state"), "write a path in the project")
    for name, provider in providers.items():
        path = ("spec", "providers", name)
        if provider["dialect"] not in dialects:
            hint = did_you_mean(provider["dialect"], dialects) or f"known: {', '.join(sorted(dialects))}"
            yield document.problem(f"unknown dialect {provider['dialect']!r}", (*path, "dialect"), hint)
        embedded = str(provider.get("base_url", "")).startswith(EMULATOR_SCHEME)
        if "api_key" not in provider and not embedded:
            yield document.problem(
                "the field 'api_key' is missing", path, "write api_key: {env: NAME}", key=True
            )
        for header, value in provider.get("headers", {}).items():
            if isinstance(value, str) and any(word in header.lower() for word in _SECRET_HEADERS):
                message = "must be a reference: a credential never stands in a file"
                yield document.problem(message, (*path, "headers", header), "write {env: NAME}")


def _project(value: Mapping[str, Any]) -> Project:
    spec = value["spec"]
    limits = spec.get("limits", {})
    return Project(
        name=value["metadata"]["name"],
        manifests=tuple(spec.get("manifests", ("jobs/",))),
        state=spec.get("state", ".ftops/state.json"),
        providers={name: _provider(name, settings) for name, settings in spec["providers"].items()},
        default_provider=spec.get("default_provider"),
        defaults=spec.get("defaults") or {},
        limits=Limits(**limits),
        policies=spec.get("policies", {}),
        prices=spec.get("prices", {}),
    )


def _provider(name: str, value: Mapping[str, Any]) -> ProviderSettings:
    plain = {key: value[key] for key in ("timeout", "send_window", "settle") if key in value}
    return ProviderSettings(
        name=name,
        dialect=value["dialect"],
        base_url=_setting(value.get("base_url")),
        api_key=_setting(value.get("api_key")),
        organization=_setting(value.get("organization")),
        project=_setting(value.get("project")),
        headers={key: _setting(header) or "" for key, header in value.get("headers", {}).items()},
        max_active=value.get("limits", {}).get("max_active"),
        emulator_speed=value.get("emulator", {}).get("speed", 1.0),
        **plain,
    )


def _setting(value: Any) -> Setting | None:
    return EnvReference(value["env"]) if isinstance(value, dict) else value
