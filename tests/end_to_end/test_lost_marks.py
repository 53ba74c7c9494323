"""A job is known where its mark gets lost: never paid twice, never unseen, and said."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.conftest import Emulator, ProjectDirectory
from tests.services.passing_gateway import Habits, passing_gateway

NEEDS_PERSON = 4


@pytest.fixture
def habits(project: ProjectDirectory, emulator: Emulator) -> Iterator[Habits]:
    """Put a gateway between the project and the emulator; what it does can be changed at any time."""
    found = Habits()
    with ExitStack() as stack:
        url = stack.enter_context(passing_gateway(emulator.base_url, found))
        text = (project.root / "ftops.yaml").read_text()
        project.write("ftops.yaml", text.replace(emulator.base_url, url))
        yield found


def commands(project: ProjectDirectory) -> list[str]:
    """Plan, and return the `ftops resolve` commands that it prints."""
    assert project.ftops("plan", "--detailed-exitcode") == NEEDS_PERSON
    return re.findall(r"`ftops (resolve [^`]*)`", " ".join(project.out.split()))


def active(project: ProjectDirectory) -> int:
    """Count the jobs that run, whoever's they are."""
    project.ftops("plan", "--format", "json")
    document = json.loads(project.out)
    running = [one for one in document["changes"] if one["job_id"] and one["action"] in ("keep", "hold")]
    return len({one["job_id"] for one in running})


def test_a_create_without_its_mark_and_reply_is_held_and_never_paid_twice(
    project: ProjectDirectory, emulator: Emulator, habits: Habits
) -> None:
    habits.drops, habits.loses = ("metadata",), 1
    project.manifest("a", "hyperparameters: {n_epochs: 3}")
    assert project.ftops("apply", "--yes") == NEEDS_PERSON
    for _ in range(3):
        assert project.ftops("apply", "--yes") == NEEDS_PERSON
    assert project.plan() == {"a": "hold ambiguous-create"}
    (mine,) = [command for command in commands(project) if "--job" in command]
    assert project.ftops(*mine.split(), "--yes") == 0
    assert project.plan() == {"a": "keep in-progress"}
    assert emulator.jobs() == 1


def test_a_removed_manifest_forgets_no_create_in_doubt(
    project: ProjectDirectory, emulator: Emulator, habits: Habits
) -> None:
    habits.drops, habits.loses = ("metadata",), 1
    project.manifest("a")
    project.ftops("apply", "--yes")
    (project.root / "jobs/a.yaml").unlink()
    project.manifest("b", "hyperparameters: {n_epochs: 5}")
    project.ftops("apply", "--yes")
    assert project.plan()["a"] == "hold ambiguous-create"


def test_a_provider_that_gives_no_mark_back_is_said_by_apply_plan_and_doctor(
    project: ProjectDirectory, habits: Habits
) -> None:
    habits.drops = ("metadata",)
    project.manifest("a")
    assert project.ftops("apply", "--yes") == 0
    said = "does not return the mark"
    assert said in project.err
    assert project.ftops("plan") == 0
    assert said in " ".join(project.out.split())
    project.ftops("plan", "--format", "json")
    assert any(said in note for note in json.loads(project.out)["notes"])
    project.ftops("plan", "--format", "markdown")
    assert said in project.out
    assert project.ftops("doctor") == 0
    assert said in " ".join(project.out.split())


def test_a_second_job_without_a_mark_is_shown_until_a_person_says_which_one_stays(
    project: ProjectDirectory, emulator: Emulator, habits: Habits
) -> None:
    habits.drops, habits.sends = ("metadata",), 2
    project.manifest("a")
    project.ftops("apply", "--yes")
    assert emulator.jobs() == 2
    found = commands(project)
    assert [word for word in found if "--not-mine" in word]
    current = next(command for command in found if "--job" in command)
    habits.sends = 1
    assert project.ftops(*current.split(), "--yes") == 0
    assert "the next apply cancels" in project.out
    assert project.ftops("apply", "--yes") in (0, NEEDS_PERSON)
    assert project.plan() == {"a": "keep in-progress"}
    assert project.ftops("plan", "--detailed-exitcode") == 0


def test_a_second_job_with_our_mark_is_cancelled(
    project: ProjectDirectory, emulator: Emulator, habits: Habits
) -> None:
    habits.sends = 2
    for number in range(7):
        project.manifest(f"t{number}", f"hyperparameters: {{n_epochs: {number + 1}}}")
    assert project.ftops("apply", "--yes") in (0, NEEDS_PERSON)
    habits.sends = 1
    assert emulator.jobs() == 14
    assert project.ftops("apply", "--yes") in (0, NEEDS_PERSON)
    assert project.ftops("plan", "--detailed-exitcode") == 0
    assert active(project) == 7


def test_settings_that_a_gateway_drops_are_held_with_both_values(
    project: ProjectDirectory, emulator: Emulator, habits: Habits
) -> None:
    habits.drops = ("method", "hyperparameters")
    project.manifest("a", "hyperparameters: {n_epochs: 3}")
    project.ftops("apply", "--yes")
    assert project.plan() == {"a": "hold altered"}
    assert project.ftops("plan", "--detailed-exitcode") == NEEDS_PERSON
    assert "hyperparameters.n_epochs: sent 3, shown" in " ".join(project.out.split())
    (taken,) = [command for command in commands(project) if "--job" in command]
    assert project.ftops(*taken.split(), "--yes") == 0
    assert project.plan() == {"a": "keep in-progress"}
    assert emulator.jobs() == 1


def test_a_lost_state_behind_a_lossy_gateway_pays_nothing_again(
    project: ProjectDirectory, emulator: Emulator, habits: Habits
) -> None:
    habits.drops = ("metadata",)
    project.manifest("a")
    assert project.ftops("apply", "--yes") == 0
    (project.root / ".ftops/state.json").unlink()
    assert project.plan() == {"a": "hold lookalike"}
    assert project.ftops("apply", "--yes") == NEEDS_PERSON
    assert emulator.jobs() == 1


def test_a_running_job_with_our_mark_and_no_record_is_named(
    project: ProjectDirectory, emulator: Emulator, habits: Habits
) -> None:
    project.manifest("a")
    assert project.ftops("apply", "--yes") == 0
    earlier = (project.root / ".ftops/state.json").read_bytes()
    project.manifest("b", "hyperparameters: {n_epochs: 4}")
    assert project.ftops("apply", "--yes") == 0
    # Somebody brings a backup back, and the manifest is gone as well.
    (project.root / ".ftops/state.json").write_bytes(earlier)
    (project.root / "jobs/b.yaml").unlink()
    assert project.plan() == {"a": "keep in-progress", "b": "hold orphan"}
    assert "state rebuild" in project.out
    project.ftops("doctor")
    assert "state rebuild" in " ".join(project.out.split())


def test_a_rename_that_nobody_declared_pays_nothing(
    project: ProjectDirectory, emulator: Emulator, habits: Habits
) -> None:
    project.manifest("a")
    assert project.ftops("apply", "--yes") == 0
    (project.root / "jobs/a.yaml").rename(project.root / "jobs/b.yaml")
    text = (project.root / "jobs/b.yaml").read_text()
    project.write("jobs/b.yaml", text.replace("name: a", "name: b"))
    assert project.plan() == {"b": "adopt renamed"}
    assert project.ftops("apply", "--yes") == 0
    assert project.plan() == {"b": "keep in-progress"}
    assert emulator.jobs() == 1
