"""`ftops reconcile --once`: exit code, document and log for every way in which a round may end."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import jsonschema
import pytest

from ftops.api.session import hold_lock, open_session
from ftops.api.surroundings import Surroundings
from ftops.manifests.schema import schema_text
from tests.conftest import Emulator, ProjectDirectory
from tests.repository import Repository

VALIDATOR = jsonschema.Draft7Validator(json.loads(schema_text("reconcile")))
TIMED = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ ")


def once(project: ProjectDirectory, code: int, *arguments: str) -> dict[str, Any]:
    """Reconcile once, and return the document, which is valid and tells the exit code."""
    assert project.ftops("reconcile", "--once", "--format", "json", *arguments) == code, project.err
    document: dict[str, Any] = json.loads(project.out)
    VALIDATOR.validate(document)
    assert document["exit_code"] == code
    assert "Traceback" not in project.err
    return document


def names(entries: list[dict[str, Any]]) -> dict[str, str]:
    return {one["name"]: one["reason"] for one in entries}


@contextmanager
def held(project: ProjectDirectory, seconds: float = 0.0) -> Iterator[None]:
    """Hold the project's lock as another run does, for so long already."""
    around = Surroundings(os.environ)
    since = time.time() - seconds
    with open_session(project.root, around) as session, hold_lock(session.manager, "apply", since, around):
        yield


def test_what_is_done_waits_and_needs_a_person_is_told_apart(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    project.manifest("base")
    project.manifest("child", "suffix: child", model="{from: base}")
    document = once(project, 0)
    assert document["result"] == "done"
    assert [(one["name"], one["action"], one["status"]) for one in document["results"]] == [
        ("base", "create", "done")
    ]
    assert names(document["waiting"]) == {"child": "waiting-for"}
    assert document["needs_person"] == []
    emulator.fault("status", "create", status=403)
    project.manifest("denied", "suffix: denied")
    document = once(project, 1)
    assert names(document["failed"]) == {"denied": "new"}
    assert "create got 403" in document["failed"][0]["error"]
    project.write("data/bad.jsonl", "oops\n")
    project.manifest("denied", "suffix: denied\nvalidation_file: {path: ../data/bad.jsonl}")
    document = once(project, 1)
    assert names(document["needs_person"]) == {"denied": "invalid-data"}
    assert "bad.jsonl:1" in project.err


def test_a_held_lock_is_no_alarm_and_says_who_does_the_work(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    project.manifest("a")
    with held(project):
        document = once(project, 0)
        assert project.ftops("reconcile", "--once") == 0
        assert project.out == ""
    assert document["result"] == "standing-by"
    assert f"(pid {os.getpid()}, apply)" in document["holder"]
    assert "standing by: " in project.err
    assert "does the work" in project.err
    assert emulator.jobs() == 0


def test_a_lock_that_is_never_let_go_is_an_alarm(project: ProjectDirectory) -> None:
    project.manifest("a")
    with held(project, seconds=7 * 3600):
        document = once(project, 4)
    assert document["result"] == "standing-by"
    assert "look whether that run is alive" in document["problems"][0]["message"]


def test_the_kill_switch_and_limits_refuse(project: ProjectDirectory, emulator: Emulator) -> None:
    project.manifest("a")
    project.write(".ftops/freeze", "incident 42\n")
    document = once(project, 3)
    assert document["result"] == "frozen"
    assert "incident 42" in document["problems"][0]["message"]
    (project.root / ".ftops/freeze").unlink()
    text = (project.root / "ftops.yaml").read_text()
    project.write("ftops.yaml", f"{text}  limits: {{max_creates: 0}}\n")
    document = once(project, 3)
    assert document["result"] == "refused"
    assert document["violations"][0]["rule"]
    assert document["summary"]["create"] == 1
    assert emulator.jobs() == 0


@pytest.mark.parametrize("broken", ["manifest", "project", "state", "unreachable"])
def test_what_cannot_be_read_or_reached_is_a_document_too(project: ProjectDirectory, broken: str) -> None:
    project.manifest("a")
    if broken == "manifest":
        project.write("jobs/a.yaml", "kind: FineTune\nsufix: b\n")
    elif broken == "project":
        project.write("ftops.yaml", "spec: [")
    elif broken == "state":
        project.write(".ftops/state.json", "{")
    else:
        text = (project.root / "ftops.yaml").read_text()
        project.write("ftops.yaml", re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:1", text))
        document = once(project, 4)
        assert document["result"] == "done"
        assert list(document["incomplete"]) == ["local"]
        assert names(document["needs_person"]) == {"a": "unreachable"}
        assert "nothing is done at provider local" in project.err
        return
    document = once(project, 1)
    assert document["result"] == "failed"
    assert document["problems"]
    assert document["summary"] is None
    assert document["project"] == ("project" if broken == "project" else "test-p1")


def test_a_pull_without_an_upstream_is_a_document_too(project: ProjectDirectory) -> None:
    Repository.init(project.root).commit()
    document = once(project, 1, "--pull")
    assert "has none" in document["problems"][0]["message"]


def test_a_round_with_nothing_to_do_is_one_line_with_its_time(project: ProjectDirectory) -> None:
    project.manifest("a")
    assert project.ftops("reconcile", "--once") == 0
    lines = project.err.splitlines()
    assert all(TIMED.match(line) for line in lines), lines
    assert any(line.endswith(" a: create done") for line in lines)
    assert project.ftops("reconcile", "--once") == 0
    (line,) = project.err.splitlines()
    assert re.fullmatch(TIMED.pattern + r"1 fine-tune: nothing to do; 1 running \(\d+\.\d s\)", line)


def test_a_log_of_json_joins_requests_events_and_the_round(project: ProjectDirectory) -> None:
    project.manifest("a")
    assert project.ftops("-v", "--log-format", "json", "reconcile", "--once") == 0
    lines = [json.loads(line) for line in project.err.splitlines()]
    assert all({"time", "level", "message", "reconcile"} <= line.keys() for line in lines)
    assert len({line["reconcile"] for line in lines}) == 1
    assert any(line.get("logger") == "ftops.http" for line in lines)
    (made,) = [line for line in lines if line.get("event") == "change-done"]
    assert made["fine_tune"] == "a"
    assert made["job"].startswith("ftjob-")
    assert made["project"] == "test-p1"
    last = lines[-1]
    assert (last["result"], last["exit_code"], last["level"]) == ("done", 0, "info")
    assert last["seconds"] > 0
    assert "\x1b" not in project.err


@pytest.mark.parametrize(
    "arguments", [("--interval", "0.1s"), ("--interval", "soon"), ("--jitter", "101%"), ("--jitter", "x")]
)
def test_what_no_controller_could_keep_is_wrong_usage(
    project: ProjectDirectory, arguments: tuple[str, ...]
) -> None:
    assert project.ftops("reconcile", *arguments) == 64
