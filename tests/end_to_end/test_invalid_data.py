"""Data with problems holds its own fine-tune alone, and cancels nothing; everything else goes on."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

import ftops
from ftops.manifests.schema import schema_text
from tests.conftest import Emulator, ProjectDirectory

BROKEN = '{"messages": "none"}\n'


def with_data(project: ProjectDirectory, name: str, data: str, model: str = "gpt-4o-mini") -> None:
    project.manifest(name, model=model)
    path = project.root / f"jobs/{name}.yaml"
    path.write_text(path.read_text().replace("train.jsonl", data), encoding="utf-8")


def copied(project: ProjectDirectory, name: str) -> Path:
    project.write(f"data/{name}", (project.root / "data/train.jsonl").read_text())
    return project.root / "data" / name


def states(project: ProjectDirectory) -> dict[str, str]:
    project.ftops("status", "--format", "json")
    return {row["name"]: f"{row['status']} {row['reason']}" for row in json.loads(project.out)["fine_tunes"]}


def test_one_broken_file_holds_its_own_fine_tune_and_what_starts_from_it(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    project.manifest("gone")
    project.manifest("good", "seed: 1")
    assert project.ftops("apply", "--yes") == 0
    copied(project, "bad.jsonl").write_text(BROKEN, encoding="utf-8")
    with_data(project, "bad", "bad.jsonl")
    project.manifest("chained", model="{from: bad}")
    project.manifest("new", "seed: 2")
    (project.root / "jobs/gone.yaml").unlink()
    assert project.ftops("plan") == 0
    assert "Warning: data/bad.jsonl:1:" in project.err
    assert project.ftops("plan", "--detailed-exitcode") == 1
    assert "Error: data/bad.jsonl:1:" in project.err
    assert project.ftops("apply", "--yes") == 1
    assert "Error: data/bad.jsonl:1:" in project.err
    assert "Traceback" not in project.err
    assert emulator.jobs() == 3
    found = states(project)
    assert {name: found[name] for name in ("bad", "chained")} == {
        "bad": "held invalid-data",
        "chained": "held upstream",
    }
    assert set(found) == {"bad", "chained", "good", "new"}
    assert emulator.requests("cancel") == 1


def test_the_document_of_a_plan_carries_every_problem_with_its_place(project: ProjectDirectory) -> None:
    copied(project, "bad.jsonl").write_text(BROKEN * 2, encoding="utf-8")
    with_data(project, "bad", "bad.jsonl")
    project.manifest("good")
    assert project.ftops("plan", "--format", "json") == 0
    document = json.loads(project.out)
    jsonschema.validate(document, json.loads(schema_text("plan")))
    assert document["applicable"] is True
    held, created = document["changes"]
    assert (held["action"], held["reason"], created["action"]) == ("hold", "invalid-data", "create")
    assert {problem["file"] for problem in held["problems"]} == {"data/bad.jsonl"}
    assert held["problems"][0]["line"] == 1
    assert all(problem["message"] for problem in held["problems"])
    assert created["problems"] == []
    # The text names each of them too, and validate all.
    assert project.ftops("plan") == 0
    for problem in held["problems"]:
        assert problem["message"].split(";")[0] in " ".join(project.out.split())
    assert project.ftops("validate") == 1


@pytest.mark.parametrize("text", [BROKEN, None], ids=["rows", "missing"])
def test_a_running_job_is_not_replaced_by_data_that_nothing_can_train_on(
    project: ProjectDirectory, emulator: Emulator, text: str | None
) -> None:
    data = copied(project, "mine.jsonl")
    with_data(project, "a", "mine.jsonl")
    project.manifest("chained", model="{from: a}")
    assert project.ftops("apply", "--yes") == 0
    data.unlink()
    if text is not None:
        data.write_text(text, encoding="utf-8")
    # Nothing at all can be planned, and the job runs on.
    assert project.ftops("plan") == 1
    assert project.plan() == {"a": "hold invalid-data", "chained": "hold upstream"}
    assert project.ftops("apply", "--yes") == 1
    assert "is left alone" in " ".join(project.out.split())
    assert (emulator.jobs(), emulator.requests("cancel")) == (1, 0)
    # The file as it was is what runs already.
    copied(project, "mine.jsonl")
    assert project.plan() == {"a": "keep in-progress", "chained": "wait waiting-for"}


def test_a_missing_file_holds_its_own_fine_tune_and_names_the_one_that_was_meant(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    with_data(project, "a", "trian.jsonl")
    project.manifest("good")
    assert project.ftops("apply", "--yes") == 1
    assert "jobs/a.yaml:6:25: spec.training_file.path: data/trian.jsonl does not exist" in project.err
    assert "did you mean 'train.jsonl'?" in project.err
    assert emulator.jobs() == 1
    assert states(project)["a"] == "held invalid-data"


def test_waiting_goes_on_for_the_rest_and_ends_with_1(project: ProjectDirectory, emulator: Emulator) -> None:
    copied(project, "bad.jsonl").write_text(BROKEN, encoding="utf-8")
    with_data(project, "bad", "bad.jsonl")
    project.manifest("good")
    emulator.advance(0)
    assert project.ftops("apply", "--yes") == 1
    emulator.advance(100_000)
    assert project.ftops("apply", "--yes", "--wait", "--timeout", "1m") == 1
    assert states(project)["good"] == "succeeded succeeded"


def test_a_manifest_that_does_not_load_still_stops_everything(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    project.manifest("good")
    project.manifest("bad", "sede: 1")
    with_data(project, "outside", "../../x.jsonl")
    copied(project, "bad.jsonl").write_text(BROKEN, encoding="utf-8")
    with_data(project, "broken", "bad.jsonl")
    assert project.ftops("apply", "--yes") == 1
    assert "outside the project" in project.err
    assert "sede" in project.err
    assert "data/bad.jsonl:1" in project.err
    assert emulator.requests("list") == 0


def test_a_saved_plan_does_the_rest_and_is_stale_once_the_data_is_another(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    bad = copied(project, "bad.jsonl")
    bad.write_text(BROKEN, encoding="utf-8")
    with_data(project, "bad", "bad.jsonl")
    with_data(project, "missing", "no.jsonl")
    project.manifest("good")
    assert project.ftops("plan", "--out", "p") == 0
    assert project.ftops("plan", "--out", "q") == 0
    copied(project, "no.jsonl")
    assert project.ftops("apply", "p") == 4
    assert "data/no.jsonl has changed" in project.err
    assert emulator.jobs() == 0
    (project.root / "data/no.jsonl").unlink()
    assert project.ftops("apply", "q") == 1
    assert emulator.jobs() == 1


def test_nothing_is_recorded_as_a_fine_tune_without_a_fingerprint(project: ProjectDirectory) -> None:
    with_data(project, "a", "no.jsonl")
    assert project.ftops("resolve", "a", "--job", "ftjob-1", "--yes") == 1
    assert "data/no.jsonl does not exist" in project.err
    assert "Traceback" not in project.err


def test_looks_go_on_and_the_doctor_names_each_file_once(project: ProjectDirectory) -> None:
    with_data(project, "a", "no.jsonl")
    project.manifest("good")
    assert project.ftops("graph") == 0
    assert "data/no.jsonl" in project.out
    assert project.ftops("doctor") == 1
    assert project.out.count("data/no.jsonl") == 1
    assert project.ftops("reconcile", "--once") == 1
    assert project.ftops("events", "good") == 0
    assert project.ftops("validate", "--format", "json") == 1
    assert project.out.count("data/no.jsonl does not exist") == 1
    found = {one["name"]: one["data_errors"] for one in json.loads(project.out)["fine_tunes"]}
    assert found == {"a": 1, "good": 0}


def test_the_python_api_opens_such_a_project_and_load_checks_it(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    with_data(project, "a", "no.jsonl")
    project.manifest("good")
    with ftops.open_project(project.root) as opened:
        plan = opened.plan()
        assert {change.name: change.reason.value for change in plan.changes} == {
            "a": "invalid-data",
            "good": "new",
        }
        opened.apply(plan)
    assert emulator.jobs() == 1
    with pytest.raises(ftops.InvalidInput, match=r"no\.jsonl does not exist"):
        ftops.load(project.root)
