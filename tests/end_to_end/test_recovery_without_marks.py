"""The founding format carries no mark of ours: what is in doubt is held, with the command that settles it."""

from __future__ import annotations

import json
import re
import shlex

import pytest
import requests

from tests.conftest import DIALECT, Emulator, ProjectDirectory

NEEDS_PERSON = 4


@pytest.fixture
def legacy(project: ProjectDirectory) -> ProjectDirectory:
    """A project at a provider of the founding format."""
    text = (project.root / "ftops.yaml").read_text()
    project.write("ftops.yaml", text.replace(f"dialect: {DIALECT}", "dialect: openai_legacy"))
    rows = ({"prompt": f"q{n} ->", "completion": f" a{n}"} for n in range(12))
    project.write("data/train.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    return project


def declare(project: ProjectDirectory, name: str, epochs: int = 2) -> None:
    project.manifest(name, f"hyperparameters: {{n_epochs: {epochs}}}", "curie")


def by_hand(emulator: Emulator, epochs: int = 2) -> str:
    """Start a job beside ftops, on the file that ftops uploaded."""
    key = {"Authorization": "Bearer sk-test"}
    (file,) = requests.get(f"{emulator.base_url}/files", headers=key, timeout=10).json()["data"]
    body = {"training_file": file["id"], "model": "curie", "n_epochs": epochs}
    reply = requests.post(f"{emulator.base_url}/fine-tunes", json=body, headers=key, timeout=10)
    job_id: str = reply.json()["id"]
    return job_id


def commands(project: ProjectDirectory) -> list[str]:
    """Plan, and give the `ftops resolve` commands that the plan tells a person to type."""
    assert project.ftops("plan", "--detailed-exitcode") == NEEDS_PERSON
    return re.findall(r"`(ftops resolve [^`]*)`", " ".join(project.out.split()))


def type_in(project: ProjectDirectory, command: str) -> None:
    """Type a command as it was printed."""
    words = shlex.split(command)
    assert words[0] == "ftops"
    assert project.ftops(*words[1:], "--yes") == 0, project.err


def lose_state(project: ProjectDirectory) -> None:
    (project.root / ".ftops/state.json").unlink()


def test_a_create_in_doubt_with_several_plausible_jobs_is_held_until_one_is_named(
    legacy: ProjectDirectory, emulator: Emulator
) -> None:
    declare(legacy, "first", 9)
    assert legacy.ftops("apply", "--yes") == 0
    declare(legacy, "a")
    # The list lags while a second job comes in by hand: neither was there before, both could be it.
    emulator.fault("lost_reply", "create")
    emulator.fault("lagging_list", "list", seconds=3600, times=2)
    assert legacy.ftops("apply", "--yes") == NEEDS_PERSON
    strange = by_hand(emulator)
    assert legacy.plan()["a"] == "hold ambiguous-create"
    said = commands(legacy)
    choices = [command for command in said if "--job" in command]
    (mine,) = [command for command in choices if strange not in command]
    assert len(choices) == 2
    assert legacy.ftops("apply", "--yes") == NEEDS_PERSON
    assert emulator.jobs("openai_legacy") == 3
    type_in(legacy, mine)
    # The other one trains on our file as well: it is shown until a person says whose it is.
    type_in(legacy, next(command for command in commands(legacy) if f"--not-mine {strange}" in command))
    assert legacy.plan() == {"a": "keep in-progress", "first": "keep in-progress"}
    assert legacy.ftops("plan", "--detailed-exitcode") == 0
    assert emulator.jobs("openai_legacy") == 3


def test_if_none_of_the_plausible_jobs_is_ours_the_create_is_given_up_and_sent_again(
    legacy: ProjectDirectory, emulator: Emulator
) -> None:
    declare(legacy, "first", 9)
    assert legacy.ftops("apply", "--yes") == 0
    declare(legacy, "a")
    emulator.fault("drop", "create")
    assert legacy.ftops("apply", "--yes") == NEEDS_PERSON
    strangers = [by_hand(emulator), by_hand(emulator)]
    assert legacy.plan()["a"] == "hold ambiguous-create"
    (lost,) = [command for command in commands(legacy) if "--never-arrived" in command]
    type_in(legacy, lost)
    # The two are there all the same: each is settled by the command that the next plan prints.
    for _ in strangers:
        assert legacy.plan()["a"] == "hold lookalike"
        type_in(legacy, next(command for command in commands(legacy) if "--not-mine" in command))
    assert legacy.plan()["a"] == "create new"
    assert legacy.ftops("apply", "--yes") == 0
    assert legacy.plan() == {"a": "keep in-progress", "first": "keep in-progress"}
    assert emulator.jobs("openai_legacy") == 4


def test_a_lookalike_is_never_touched_once_a_person_has_said_that_it_is_somebody_elses(
    legacy: ProjectDirectory, emulator: Emulator
) -> None:
    declare(legacy, "a")
    assert legacy.ftops("apply", "--yes") == 0
    strange = by_hand(emulator)
    assert any(f"--not-mine {strange}" in command for command in commands(legacy))
    lose_state(legacy)
    said = commands(legacy)
    type_in(legacy, next(command for command in said if "--not-mine" in command and strange in command))
    type_in(legacy, next(command for command in commands(legacy) if "--job" in command))
    assert legacy.plan() == {"a": "keep in-progress"}
    declare(legacy, "a", 3)
    assert legacy.ftops("apply", "--yes") == 0
    key = {"Authorization": "Bearer sk-test"}
    job = requests.get(f"{emulator.base_url}/fine-tunes/{strange}", headers=key, timeout=10).json()
    assert job["status"] != "cancelled"


def test_a_lost_state_is_held_and_each_job_is_taken_over_by_the_command_in_the_plan(
    legacy: ProjectDirectory, emulator: Emulator
) -> None:
    for name, epochs in (("a", 2), ("b", 3)):
        declare(legacy, name, epochs)
    assert legacy.ftops("apply", "--yes") == 0
    emulator.advance(100_000)
    assert legacy.plan() == {"a": "keep succeeded", "b": "keep succeeded"}
    lose_state(legacy)
    assert legacy.plan() == {"a": "hold lookalike", "b": "hold lookalike"}
    assert legacy.ftops("apply", "--yes") == NEEDS_PERSON
    for name in ("a", "b"):
        # Both train on one file: the one whose settings fit is named first.
        mine = next(one for one in commands(legacy) if f"resolve {name} --job" in one)
        type_in(legacy, mine)
    assert legacy.ftops("plan", "--detailed-exitcode") == 0
    assert legacy.plan() == {"a": "keep succeeded", "b": "keep succeeded"}
    assert emulator.jobs("openai_legacy") == 2


def test_a_create_in_doubt_that_nobody_declares_any_more_is_settled_too(
    legacy: ProjectDirectory, emulator: Emulator
) -> None:
    declare(legacy, "first", 9)
    assert legacy.ftops("apply", "--yes") == 0
    declare(legacy, "a")
    emulator.fault("drop", "create")
    assert legacy.ftops("apply", "--yes") == NEEDS_PERSON
    for _ in range(2):
        by_hand(emulator)
    (legacy.root / "jobs/a.yaml").unlink()
    assert legacy.plan()["a"] == "hold ambiguous-create"
    type_in(legacy, next(command for command in commands(legacy) if "--job" in command))
    type_in(legacy, next(command for command in commands(legacy) if "--not-mine" in command))
    assert legacy.plan()["a"] == "cancel removed"


def test_other_line_ends_after_a_lost_reply_pay_for_no_second_job(
    legacy: ProjectDirectory, emulator: Emulator
) -> None:
    declare(legacy, "a")
    data = legacy.root / "data/train.jsonl"
    data.write_bytes(data.read_bytes().replace(b"\n", b"\r\n"))
    emulator.fault("lost_reply", "create")
    emulator.fault("lagging_list", "list", seconds=3600, times=2)
    assert legacy.ftops("apply", "--yes") == NEEDS_PERSON
    data.write_bytes(data.read_bytes().replace(b"\r\n", b"\n"))
    assert legacy.ftops("apply", "--yes") == 0
    assert emulator.jobs("openai_legacy") == 1
    assert legacy.plan() == {"a": "keep in-progress"}
    lose_state(legacy)
    legacy.ftops("apply", "--yes")
    assert emulator.jobs("openai_legacy") == 1
