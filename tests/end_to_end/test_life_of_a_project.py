"""What a person does in a repository, over real HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from ftops.cli.main import run
from tests.conftest import Emulator, ProjectDirectory


def test_a_new_manifest_is_created_once_and_then_kept(project: ProjectDirectory, emulator: Emulator) -> None:
    project.manifest("a")
    assert project.plan() == {"a": "create new"}
    assert project.ftops("plan", "--detailed-exitcode") == 2
    assert project.ftops("apply", "--yes") == 0
    assert project.plan() == {"a": "keep in-progress"}
    emulator.advance(10_000)
    assert project.plan() == {"a": "keep succeeded"}
    assert project.ftops("apply", "--yes") == 0
    assert project.ftops("plan", "--detailed-exitcode") == 0
    assert emulator.jobs() == 1


def test_a_changed_hyperparameter_is_shown_and_a_revert_pays_nothing(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    project.manifest("a", "hyperparameters: {n_epochs: 3}")
    project.ftops("apply", "--yes")
    emulator.advance(10_000)
    project.ftops("apply", "--yes")
    project.manifest("a", "hyperparameters: {n_epochs: 4}")
    assert project.ftops("plan", "--detailed-exitcode") == 2
    assert "n_epochs  3 -> 4" in project.out
    assert project.ftops("apply", "--yes") == 0
    emulator.advance(10_000)
    project.manifest("a", "hyperparameters: {n_epochs: 3}")
    assert project.plan() == {"a": "adopt restored"}
    assert project.ftops("apply", "--yes") == 0
    assert project.plan() == {"a": "keep succeeded"}
    assert emulator.jobs() == 2


def test_one_row_of_data_is_a_change(project: ProjectDirectory) -> None:
    project.manifest("a")
    project.ftops("apply", "--yes")
    data = project.root / "data/train.jsonl"
    data.write_text(data.read_text().replace("q3", "q three"))
    assert project.plan() == {"a": "replace changed"}


def test_a_label_only_updates_and_a_moved_file_is_no_change(project: ProjectDirectory) -> None:
    project.manifest("a")
    project.ftops("apply", "--yes")
    project.manifest("a", labels="{team: x}")
    assert project.plan() == {"a": "update settings"}
    assert project.ftops("apply", "--yes") == 0
    (project.root / "jobs/a.yaml").rename(project.root / "jobs/moved.yaml")
    assert project.plan() == {"a": "keep in-progress"}


def test_a_removed_manifest_cancels_a_running_job_and_forgets_a_finished_one(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    for name in ("a", "b"):
        project.manifest(name, f"suffix: {name}")
    project.ftops("apply", "--yes")
    (project.root / "jobs/a.yaml").unlink()
    assert project.plan()["a"] == "cancel removed"
    assert project.ftops("apply", "--yes") == 0
    assert project.plan() == {"b": "keep in-progress"}
    emulator.advance(10_000)
    project.manifest("c", "suffix: c")
    (project.root / "jobs/b.yaml").unlink()
    assert project.plan() == {"b": "forget removed", "c": "create new"}


def test_an_empty_project_is_refused(project: ProjectDirectory) -> None:
    project.manifest("a")
    project.ftops("apply", "--yes")
    (project.root / "jobs/a.yaml").unlink()
    assert project.ftops("plan") == 3
    assert project.ftops("apply", "--yes") == 3
    assert "empty-project" in project.out
    assert project.ftops("apply", "--yes", "--allow-empty") == 0


def test_jobs_of_another_organization_are_refused(project: ProjectDirectory, emulator: Emulator) -> None:
    project.manifest("a")
    project.ftops("apply", "--yes")
    text = (project.root / "ftops.yaml").read_text()
    project.write("ftops.yaml", text.replace("api_key:", "organization: org-other, api_key:"))
    project.manifest("b", "suffix: b")
    assert project.ftops("apply", "--yes") == 3
    assert "wrong-account" in project.out
    assert emulator.jobs() == 1


def test_limits_refuse_and_are_lifted_by_name(project: ProjectDirectory, emulator: Emulator) -> None:
    text = (project.root / "ftops.yaml").read_text()
    project.write("ftops.yaml", text.replace("spec:\n", "spec:\n  limits: {max_creates: 1, max_cost: 5}\n"))
    for name in ("a", "b"):
        project.manifest(name, f"suffix: {name}")
    assert project.ftops("apply", "--yes") == 3
    assert "--allow creates=2" in project.out
    assert "the cost is unknown" in project.out
    project.write("ftops.yaml", text.replace("spec:\n", "spec:\n  limits: {max_creates: 1}\n"))
    assert project.ftops("apply", "--yes", "--allow", "creates=2") == 0
    assert emulator.jobs() == 2


def test_many_jobs_that_vanish_at_once_are_refused(project: ProjectDirectory, emulator: Emulator) -> None:
    for name in ("a", "b", "c"):
        project.manifest(name, f"suffix: {name}")
    project.ftops("apply", "--yes")
    project.ftops("status", "--format", "json")
    for row in json.loads(project.out)["fine_tunes"]:
        emulator.forget(row["job_id"])
    assert project.ftops("apply", "--yes") == 3
    assert "mass-vanish" in project.out
    assert project.ftops("apply", "--yes", "--allow", "vanished=3") == 0


def test_a_chain_waits_for_its_upstream(project: ProjectDirectory, emulator: Emulator) -> None:
    project.manifest("a")
    project.manifest("b", "suffix: b", model="{from: a}")
    assert project.plan() == {"a": "create new", "b": "wait waiting-for"}
    project.ftops("apply", "--yes")
    emulator.advance(10_000)
    assert project.plan() == {"a": "keep succeeded", "b": "create new"}
    assert project.ftops("apply", "--yes") == 0
    assert emulator.jobs() == 2


@pytest.mark.parametrize("kind", ["lost_reply", "html", "truncate", "status_after"])
def test_a_job_whose_reply_is_lost_is_adopted_at_once(
    project: ProjectDirectory, emulator: Emulator, kind: str
) -> None:
    project.manifest("a")
    emulator.fault(kind, "create")
    assert project.ftops("apply", "--yes") == 0
    assert emulator.jobs() == 1
    assert emulator.requests("create") == 1
    assert project.plan() == {"a": "keep in-progress"}


def test_a_create_that_did_not_arrive_is_not_sent_again_before_the_settle_time(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    project.manifest("a")
    emulator.fault("drop", "create")
    assert project.ftops("apply", "--yes") == 4
    assert project.plan() == {"a": "wait settling"}
    assert project.ftops("apply", "--yes") == 0
    assert emulator.requests("create") == 1


def test_a_job_hidden_by_a_lagging_list_is_adopted_later(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    project.manifest("a")
    emulator.fault("lost_reply", "create")
    emulator.fault("lagging_list", "list", skip=1, seconds=60)
    assert project.ftops("apply", "--yes") == 4
    assert project.plan() == {"a": "adopt lost-reply"}
    assert project.ftops("apply", "--yes") == 0
    assert emulator.jobs() == 1


def test_a_quota_is_not_an_error_and_nothing_more_is_sent(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    project.manifest("a")
    emulator.fault("quota", "create")
    assert project.ftops("apply", "--yes") == 0
    assert "skipped" in project.out
    assert project.plan() == {"a": "wait provider-limit"}


def test_a_refused_create_is_held_until_the_spec_changes(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    project.manifest("a", model="no-such-model")
    assert project.ftops("apply", "--yes") == 1
    assert project.plan() == {"a": "hold rejected"}
    assert project.ftops("plan", "--detailed-exitcode") == 5
    project.manifest("a")
    assert project.plan() == {"a": "create new"}
    assert project.ftops("apply", "--yes") == 0
    assert emulator.jobs() == 1


@pytest.mark.parametrize("second_page", ["repeat_page", "status", "html"])
def test_a_list_that_is_not_whole_stops_everything(
    project: ProjectDirectory, emulator: Emulator, second_page: str
) -> None:
    for name in ("a", "b"):
        project.manifest(name, f"suffix: {name}")
    project.ftops("apply", "--yes")
    project.manifest("c", "suffix: c")
    for _ in range(2):
        emulator.fault("truncate_list", "list")
        # A read is tried four times in all before it counts as failed.
        emulator.fault(second_page, "list", times=4 if second_page == "status" else 1)
    assert project.ftops("plan", "--detailed-exitcode") == 4
    assert project.ftops("apply", "--yes") == 4
    assert "Nothing is created or cancelled at provider local" in project.out
    assert project.ftops("plan") == 0
    assert emulator.jobs() == 2


def test_the_quickstart_example_runs_to_the_end(
    copy_example: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    root = copy_example("quickstart")
    assert run(["-C", str(root), "apply", "--yes", "--wait", "--timeout", "60s"]) == 0
    capsys.readouterr()
    assert run(["-C", str(root), "outputs", "--format", "json"]) == 0
    assert set(json.loads(capsys.readouterr().out)) == {"workshop-answers", "workshop-short"}
    assert run(["-C", str(root), "plan", "--detailed-exitcode"]) == 0
    assert "No changes" in capsys.readouterr().out


def test_a_target_leaves_the_settings_of_the_others_to_a_run_that_shows_them(
    project: ProjectDirectory,
) -> None:
    project.manifest("a")
    project.manifest("b", "suffix: b\nlifecycle: {on_remove: detach}")
    assert project.ftops("apply", "--yes") == 0
    project.manifest("a", "suffix: a")
    project.manifest("b", "suffix: b")
    assert project.ftops("apply", "--yes", "--target", "a") == 0
    assert project.plan() == {"a": "keep in-progress", "b": "update settings"}
    assert project.ftops("apply", "--yes") == 0
    assert project.plan()["b"] == "keep in-progress"
