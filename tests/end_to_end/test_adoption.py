"""Jobs that a person says are ours, or are not."""

from __future__ import annotations

import json

import pytest

from tests import conftest
from tests.conftest import Emulator, ProjectDirectory


def job_of(project: ProjectDirectory, name: str) -> str:
    project.ftops("status", "--format", "json")
    rows = {row["name"]: row for row in json.loads(project.out)["fine_tunes"]}
    job_id: str = rows[name]["job_id"]
    return job_id


def lose_state(project: ProjectDirectory) -> None:
    (project.root / ".ftops/state.json").unlink()


def test_an_imported_job_plans_to_no_change(project: ProjectDirectory, emulator: Emulator) -> None:
    project.manifest("a", "hyperparameters: {n_epochs: 3}")
    project.ftops("apply", "--yes")
    emulator.advance(10_000)
    job_id = job_of(project, "a")
    lose_state(project)
    (project.root / "jobs/a.yaml").unlink()
    assert project.ftops("import", "copy", job_id) == 0
    assert project.plan() == {"copy": "keep succeeded"}
    assert project.ftops("import", "again", job_id) == 1
    assert "already recorded as copy" in project.err
    assert not (project.root / "jobs/again.yaml").exists()


def test_a_lost_state_holds_until_a_person_says_whose_the_job_is(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    project.manifest("a")
    project.ftops("apply", "--yes")
    job_id = job_of(project, "a")
    lose_state(project)
    assert project.plan() == {"a": "hold other-lineage"}
    assert project.ftops("plan", "--detailed-exitcode") == 4
    assert f"ftops resolve a --job {job_id}" in " ".join(project.out.split())
    assert project.ftops("resolve", "a", "--job", job_id, "--yes") == 0
    assert project.plan() == {"a": "keep in-progress"}
    lose_state(project)
    assert project.ftops("resolve", "a", "--not-mine", job_id, "--yes") == 0
    assert project.plan() == {"a": "create new"}


def test_a_create_in_doubt_can_be_given_up_by_a_person(project: ProjectDirectory, emulator: Emulator) -> None:
    project.manifest("a")
    emulator.fault("drop", "create")
    assert project.ftops("apply", "--yes") == 4
    assert project.ftops("resolve", "a", "--never-arrived", "--yes") == 0
    assert project.plan() == {"a": "create new"}
    assert project.ftops("apply", "--yes") == 0
    assert emulator.jobs() == 1


def test_resolve_asks_for_one_answer(project: ProjectDirectory) -> None:
    project.manifest("a")
    assert project.ftops("resolve", "a") == 64


def test_the_founding_format_works_from_manifest_to_model(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    text = (project.root / "ftops.yaml").read_text()
    project.write("ftops.yaml", text.replace(f"dialect: {conftest.DIALECT}", "dialect: openai_legacy"))
    rows = ({"prompt": f"q{n} ->", "completion": f" a{n}"} for n in range(12))
    project.write("data/train.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    project.manifest(
        "a", "hyperparameters: {n_epochs: 2}\nprovider_options: {classification_n_classes: 3}", "curie"
    )
    emulator.fault("lost_reply", "create")
    assert project.ftops("apply", "--yes") == 0
    assert emulator.jobs("openai_legacy") == 1
    emulator.advance(10_000)
    assert project.plan() == {"a": "keep succeeded"}
    lose_state(project)
    assert project.plan() == {"a": "hold lookalike"}


def test_init_makes_a_project_that_applies_at_once(
    project: ProjectDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert project.ftops("init", "fresh") == 0
    fresh = ProjectDirectory(project.root / "fresh", project.capsys)
    assert fresh.ftops("apply", "--yes", "--wait", "--timeout", "60s") == 0
    assert fresh.ftops("plan", "--detailed-exitcode") == 0
    assert project.ftops("init", "fresh") == 1
    assert "already exists" in project.err
