"""What serves goes on serving: during a retraining, after a failed one, in an outage, with broken files."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path

import pytest

import ftops
from tests.conftest import Emulator, ProjectDirectory

LATER = 100_000.0


@pytest.fixture
def served(project: ProjectDirectory, emulator: Emulator) -> ProjectDirectory:
    """A project whose fine-tune `a` has made its model."""
    project.manifest("a", "suffix: one")
    assert project.ftops("apply", "--yes") == 0
    emulator.advance(LATER)
    assert project.ftops("apply", "--yes") == 0
    return project


def outputs(project: ProjectDirectory, *arguments: str) -> dict[str, dict[str, object]]:
    assert project.ftops("outputs", *arguments, "--format", "json") == 0
    found: dict[str, dict[str, object]] = json.loads(project.out)
    return found


def move_provider(project: ProjectDirectory, emulator: Emulator, instead: str) -> None:
    text = (project.root / "ftops.yaml").read_text()
    project.write("ftops.yaml", text.replace(f"'{emulator.base_url}'", instead))


def test_during_a_retraining_and_after_a_failed_one_the_old_model_serves(
    served: ProjectDirectory, emulator: Emulator
) -> None:
    first = outputs(served)
    assert first["a"]["current"] is True
    assert list(first["a"]) == ["model", "provider", "job_id", "generation", "current"]
    served.manifest("a", "suffix: two")
    old = {"a": {**first["a"], "current": False}}
    assert outputs(served) == old
    emulator.fault("fail_job", "create", code="server_error", message="the GPU caught fire")
    assert served.ftops("apply", "--yes") == 0
    assert outputs(served, "a") == old
    assert served.ftops("outputs", "a", "--current") == 5
    assert "that serves" in served.err
    assert "is pending" in served.err or "is running" in served.err
    emulator.advance(LATER)
    assert served.ftops("apply", "--yes") == 5
    assert outputs(served) == old
    assert outputs(served, "--current") == {}
    assert served.ftops("outputs", "a", "--current") == 5
    assert "has failed: " in served.err
    assert "the GPU caught fire" in served.err
    # The revert pays nothing, and is current at once.
    served.manifest("a", "suffix: one")
    assert outputs(served, "--current") == first
    assert served.ftops("apply", "--yes") == 0
    assert outputs(served, "a", "--current") == first


@pytest.mark.parametrize(
    "instead", ["'http://127.0.0.1:9/v1'", "{env: FTOPS_NOT_SET}"], ids=["down", "unset"]
)
def test_in_an_outage_the_state_answers_at_once_and_says_so_only_where_it_matters(
    served: ProjectDirectory, emulator: Emulator, instead: str
) -> None:
    first = outputs(served)
    served.manifest("b", "suffix: b")
    assert served.ftops("apply", "--yes") == 0
    move_provider(served, emulator, instead)
    started = time.monotonic()
    assert served.ftops("outputs", "a") == 0
    assert served.err == ""
    assert served.ftops("outputs") == 0
    assert served.out.split()[:3] == ["a", first["a"]["model"], "current"]
    assert served.err.count("Warning: provider local cannot say whether its jobs have ended") == 1
    assert served.ftops("outputs", "b") == 5
    assert "b has no model yet: job ftjob-" in served.err
    assert time.monotonic() - started < 60
    assert emulator.requests("cancel") == 0


def test_a_job_that_has_ended_since_is_seen_where_its_provider_answers(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    project.manifest("a")
    assert project.ftops("apply", "--yes") == 0
    before = (project.root / ".ftops/state.json").read_bytes()
    emulator.advance(LATER)
    assert outputs(project, "a")["a"]["current"] is True
    assert (project.root / ".ftops/state.json").read_bytes() == before
    lists = emulator.requests("list")
    assert outputs(project, "a")
    assert emulator.requests("list") == lists


def test_a_provider_that_hangs_is_not_waited_for(served: ProjectDirectory, emulator: Emulator) -> None:
    served.manifest("b")
    assert served.ftops("apply", "--yes") == 0
    text = (served.root / "ftops.yaml").read_text()
    served.write("ftops.yaml", text.replace("api_key:", "timeout: 0.2, api_key:"))
    emulator.fault("slow", "retrieve", seconds=60, times=0)
    assert list(outputs(served)) == ["a"]
    assert "Warning: provider local cannot say whether its jobs have ended" in served.err


def test_the_lines_for_a_shell_say_which_is_current(served: ProjectDirectory, tmp_path: Path) -> None:
    served.manifest("3d-x", "suffix: three")
    served.manifest("a", "suffix: two")
    assert served.ftops("outputs", "--format", "env") == 0
    assert served.out.splitlines()[1] == "A_CURRENT=false"
    (tmp_path / "env").write_text(served.out)
    shell = 'set -eu; . "$1"; echo "$A_MODEL $A_CURRENT"'
    told = subprocess.run(
        ["sh", "-c", shell, "sh", str(tmp_path / "env")], capture_output=True, text=True, check=True
    )
    assert told.stdout.split() == [outputs(served)["a"]["model"], "false"]


@pytest.mark.parametrize("broken", ["oops: [", "apiVersion: ftops/v1\nkind: FineTune\nmetadata: {name: b}\n"])
def test_manifests_that_do_not_load_leave_the_models_as_they_are(
    served: ProjectDirectory, broken: str
) -> None:
    first = outputs(served)
    served.write("jobs/b.yaml", broken)
    assert outputs(served, "--current") == first
    assert served.err == ""
    # The one whose own manifest is broken is compared with what was applied last.
    served.write("jobs/a.yaml", broken)
    assert outputs(served, "a", "--current") == first
    assert "the declaration of a cannot be read" in served.err
    assert served.ftops("outputs", "nobody") == 64
    assert "manifest that cannot be read" in served.err


def test_broken_data_leaves_the_models_as_they_are(served: ProjectDirectory) -> None:
    first = outputs(served)
    (served.root / "data/train.jsonl").unlink()
    assert outputs(served, "--current") == first
    assert "the declaration of a cannot be read" in served.err


def test_data_with_problems_is_named_where_a_model_is_missed(served: ProjectDirectory) -> None:
    served.write("data/train.jsonl", '{"messages": "none"}\n')
    assert served.ftops("outputs", "a", "--current") == 5
    assert "its data has 2 problems, the first of them: data/train.jsonl:1:14: " in served.err
    assert "(see `ftops validate`)" in served.err


def test_a_chain_that_goes_in_a_circle_is_no_reason_to_fail(served: ProjectDirectory) -> None:
    first = outputs(served)
    served.manifest("x", model="{from: y}")
    served.manifest("y", model="{from: x}")
    assert outputs(served) == first


def test_a_name_without_a_model_says_why_and_an_unknown_one_what_was_meant(
    served: ProjectDirectory, emulator: Emulator
) -> None:
    served.manifest("triage")
    assert served.ftops("outputs", "triage") == 5
    assert (
        served.err
        == "Error: triage has no model yet: it has not been created yet (create it with `ftops apply`)\n"
    )
    assert served.ftops("outputs", "traige") == 64
    assert "did you mean 'triage'?" in served.err
    assert served.ftops("apply", "--yes") == 0
    assert served.ftops("outputs", "triage", "--format", "json") == 5
    assert json.loads(served.out)["errors"]
    # Without a name nothing is missed.
    assert list(outputs(served)) == ["a"]


def test_one_that_is_declared_no_more_is_not_current_and_then_gone(served: ProjectDirectory) -> None:
    served.manifest("b", "suffix: b")
    (served.root / "jobs/a.yaml").unlink()
    assert outputs(served)["a"]["current"] is False
    assert served.ftops("outputs", "a", "--current") == 5
    assert "no longer declared" in served.err
    assert served.ftops("apply", "--yes") == 0
    assert served.ftops("outputs", "a") == 64
    assert "it was removed" in served.err


def test_a_new_name_serves_before_the_rename_is_applied(served: ProjectDirectory) -> None:
    first = outputs(served)
    (served.root / "jobs/a.yaml").unlink()
    served.manifest("z", "suffix: one\nlifecycle: {renamed_from: a}")
    assert outputs(served) == {"z": first["a"]}


def test_a_project_file_that_does_not_load_is_the_one_thing_that_stops_it(served: ProjectDirectory) -> None:
    served.write("ftops.yaml", "oops: [")
    assert served.ftops("outputs", "--format", "json") == 1
    assert json.loads(served.out)["errors"][0]["file"] == "ftops.yaml"


def test_the_python_api_reads_the_same(
    served: ProjectDirectory, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    served.manifest("a", "suffix: two")
    with ftops.open_project(served.root) as opened:
        assert opened.outputs() == ftops.read_outputs(served.root)
        assert not opened.outputs(current=True)
    move_provider(served, emulator, "'http://127.0.0.1:9/v1'")
    served.write("jobs/b.yaml", "oops: [")
    monkeypatch.delenv("FTOPS_TEST_KEY")
    found = ftops.read_outputs(served.root, environ=dict(os.environ))
    assert found["a"].model == outputs(served)["a"]["model"]
    assert not found["a"].current
