"""With `--format json` every command writes a document of its own shape, also where it fails."""

from __future__ import annotations

import json
from typing import Any

import pytest

from docs.generator.commands import walk
from tests.conftest import Emulator, ProjectDirectory

PLAN = {"format_version", "changes", "errors", "summary", "review"}
SHAPES: dict[str, tuple[tuple[str, ...], set[str]]] = {
    "plan": ((), PLAN),
    "apply": (("--yes",), PLAN),
    "show": (("none.json",), PLAN),
    "status": ((), {"fine_tunes", "errors"}),
    "graph": ((), {"nodes", "edges", "errors"}),
    "outputs": (("nobody",), {"errors"}),
    "metrics": (("nobody",), {"name", "job_id", "metrics", "errors"}),
    "events": (("nobody",), {"time", "level", "type", "message", "data"}),
    "validate": ((), {"fine_tunes", "files", "errors"}),
    "cancel": (("nobody", "--yes"), {"errors"}),
    "doctor": ((), {"checks", "summary"}),
    "reconcile": (("--once",), {"result", "needs_person", "waiting", "failed", "results", "problems"}),
    "history": (("nobody",), {"events", "errors"}),
    "cost": (("--month", "never"), {"groups", "jobs", "errors"}),
    "data check": ((), {"files", "fixed", "errors"}),
    "data diff": (("nobody",), {"files", "errors"}),
}
"""Command -> arguments by which it fails in a project with a broken manifest, and members of its document."""


def documents(text: str) -> list[dict[str, Any]]:
    try:
        return [json.loads(text)]
    except json.JSONDecodeError:
        return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize("command", SHAPES)
def test_a_failure_has_the_shape_of_its_command(project: ProjectDirectory, command: str) -> None:
    project.write("jobs/a.yaml", "kind: FineTune\nsufix: b\n")
    arguments, members = SHAPES[command]
    assert project.ftops(*command.split(), *arguments, "--format", "json") != 0
    for document in documents(project.out):
        assert members <= document.keys(), document


def test_every_command_that_writes_json_is_tried() -> None:
    takes_json = {
        found.words.removeprefix("ftops ")
        for found in walk()
        for option in found.options
        if option.names.startswith("--format") and "json" in option.names
    }
    assert takes_json - {"providers"} == SHAPES.keys(), "`providers` reads no manifest"


def test_providers_of_a_broken_project_have_the_shape_of_theirs(project: ProjectDirectory) -> None:
    project.write("ftops.yaml", "spec: [")
    assert project.ftops("providers", "--format", "json") == 1
    (document,) = documents(project.out)
    assert document["providers"] == []
    assert document["errors"]


def test_a_failed_change_carries_its_whole_problem(project: ProjectDirectory, emulator: Emulator) -> None:
    project.manifest("a")
    emulator.fault("status", "create", status=403)
    assert project.ftops("apply", "--yes", "--format", "json") == 1
    (change,) = json.loads(project.out)["changes"]
    assert change["result"]["status"] == "failed"
    assert change["result"]["error"]["hint"].startswith("the key was accepted")
    assert "create got 403" in change["result"]["error"]["message"]
    assert "the key was accepted: ask the provider for access" in project.err


def test_what_waits_says_so_in_its_result(project: ProjectDirectory) -> None:
    project.manifest("base")
    project.manifest("child", model="{from: base}")
    assert project.ftops("apply", "--yes", "--format", "json") == 0
    results = {one["name"]: one["result"] for one in json.loads(project.out)["changes"]}
    assert results["child"] == {"status": "waiting", "job_id": None, "error": None}
    assert results["base"]["status"] == "done"
