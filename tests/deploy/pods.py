"""The manifests of `deploy/kubernetes` as values, read without kubectl."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import yaml

from ftops.cli.main import cli
from tests.conftest import REPOSITORY

KUBERNETES = REPOSITORY / "deploy/kubernetes"
Object = Mapping[str, Any]
_EXPANDED = re.compile(r"\$\((\w+)\)")


def documents(path: Path) -> list[Object]:
    return [one for one in yaml.safe_load_all(path.read_text(encoding="utf-8")) if one]


def manifests() -> list[Path]:
    """What a cluster is given: everything but kustomize's own files."""
    return sorted(path for path in KUBERNETES.rglob("*.yaml") if path.name != "kustomization.yaml")


def of_kind(kind: str) -> list[Object]:
    return [one for path in manifests() for one in documents(path) if one["kind"] == kind]


def controller() -> Object:
    (found,) = of_kind("Deployment")
    return found


def cron_job() -> Object:
    (found,) = of_kind("CronJob")
    return found


def pods() -> dict[str, Object]:
    return {
        "controller": controller()["spec"]["template"],
        "cronjob": cron_job()["spec"]["jobTemplate"]["spec"]["template"],
    }


def containers(pod: Object) -> Iterator[Object]:
    yield from pod["spec"]["initContainers"]
    yield from pod["spec"]["containers"]


def main_container(pod: Object) -> Object:
    (found,) = pod["spec"]["containers"]
    return dict(found)


def settings() -> dict[str, str]:
    """The literals of the ConfigMap."""
    (kustomization,) = documents(KUBERNETES / "base/kustomization.yaml")
    (generated,) = kustomization["configMapGenerator"]
    pairs = (literal.partition("=") for literal in generated["literals"])
    return {name: value for name, _, value in pairs}


def environment(container: Object) -> dict[str, str]:
    """What is known of a container's environment: its settings, and none of its keys."""
    known = settings()
    given = {}
    for one in container.get("env", []):
        reference = one.get("valueFrom", {}).get("configMapKeyRef")
        given[one["name"]] = known[reference["key"]] if reference else one["value"]
    everything = any("configMapRef" in one for one in container.get("envFrom", []))
    return {**(known if everything else {}), **given}


def expanded(words: Sequence[str], environ: Mapping[str, str]) -> list[str]:
    """Expand `$(NAME)` as the kubelet does; what is not known is an error here."""
    return [_EXPANDED.sub(lambda found: environ[found[1]], str(word)) for word in words]


def understood(words: Sequence[str]) -> dict[str, Any]:
    """Have the command line read words of ftops without doing anything; raises what it raises."""
    group = cli.make_context("ftops", list(words), resilient_parsing=True)
    name, *rest = [*group._protected_args, *group.args]
    command = cli.get_command(group, name)
    assert isinstance(command, click.Command), f"no such command: {name}"
    return dict(command.make_context(name, rest, parent=group).params)
