"""Refusals as a person meets them: who is told what, what goes on by itself, and how a hold is lifted."""

from __future__ import annotations

import json

import pytest
import requests

from tests.conftest import Emulator, ProjectDirectory

DAY = 86_400


def test_a_forbidden_model_starves_nobody_and_the_key_is_not_blamed(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    emulator.fault("refuse", "create", times=0, **{"as": "forbidden", "model": "gpt-4.1-mini"})
    for number in range(9):
        project.manifest(f"a-{number}", f"hyperparameters: {{n_epochs: {number + 1}}}", "gpt-4.1-mini")
    project.manifest("b")
    assert project.ftops("apply", "--yes") == 1
    assert "does not have access to model" in project.err
    assert "api_key" not in project.out + project.err
    assert "this key" not in project.out + project.err
    assert emulator.jobs() == 1
    plan = project.plan()
    assert plan.pop("b") == "keep in-progress"
    assert set(plan.values()) == {"hold rejected"}
    assert project.ftops("apply", "--yes") == 5
    assert emulator.requests("create") == 10


def test_a_billing_limit_is_waited_for_and_a_person_can_ask_at_once(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    emulator.fault("refuse", "create", times=2, **{"as": "billing"})
    project.manifest("a")
    assert project.ftops("apply", "--yes") == 0
    assert "Billing hard limit has been reached" in project.err
    assert project.plan() == {"a": "hold billing"}
    assert project.ftops("apply", "--yes") == 4
    assert emulator.requests("create") == 1
    for jobs in (0, 1):
        assert project.ftops("resolve", "a", "--retry", "--yes") == 0
        assert project.ftops("apply", "--yes") == 0
        assert emulator.jobs() == jobs
    assert project.ftops("resolve", "a", "--retry", "--yes") == 1
    assert "nothing of a was refused" in project.err


def test_a_fresh_model_that_the_provider_does_not_know_yet_is_tried_by_the_next_apply(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    project.manifest("base")
    project.manifest("child", model="{from: base}")
    assert project.ftops("apply", "--yes") == 0
    emulator.advance(DAY)
    emulator.fault("refuse", "create", **{"as": "fresh_model"})
    assert project.ftops("apply", "--yes") == 0
    assert project.plan()["child"] == "create new"
    assert project.ftops("reconcile", "--once") == 0
    assert "not ready for it" in project.out
    assert project.ftops("apply", "--yes") == 0
    assert emulator.jobs() == 2


def test_a_name_that_no_provider_knows_is_held_until_somebody_says_try_again(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    emulator.fault("refuse", "create", **{"as": "fresh_model"})
    project.manifest("a")
    assert project.ftops("apply", "--yes") == 1
    assert project.plan() == {"a": "hold rejected"}
    assert project.ftops("plan", "--detailed-exitcode") == 5
    assert "ftops resolve a --retry" in project.out
    assert project.ftops("resolve", "a", "--retry", "--yes") == 0
    assert project.ftops("apply", "--yes") == 0
    assert emulator.jobs() == 1


def test_a_key_that_may_not_create_stops_its_provider_and_is_named(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    emulator.fault("refuse", "create", times=0, **{"as": "scope"})
    for name in ("a", "b", "c"):
        project.manifest(name)
    assert project.ftops("apply", "--yes", "--parallelism", "1") == 1
    assert emulator.requests("create") == 1
    assert "does not allow this key to create jobs: You have insufficient permissions" in project.err


def test_a_file_that_failed_at_the_provider_is_sent_anew(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    emulator.fault("refuse", "create", **{"as": "billing"})
    project.manifest("a")
    assert project.ftops("apply", "--yes") == 0
    files = requests.get(f"{emulator.base_url}/files", headers={"Authorization": "Bearer x"}, timeout=10)
    emulator.fault("file_status", "any", id=files.json()["data"][0]["id"], **{"as": "failed"})
    assert project.ftops("resolve", "a", "--retry", "--yes") == 0
    assert project.ftops("apply", "--yes") == 0
    assert (emulator.requests("upload"), emulator.jobs()) == (2, 1)


@pytest.mark.parametrize("status", [400, 413])
def test_a_refused_upload_is_held_with_the_providers_words(
    project: ProjectDirectory, emulator: Emulator, status: int
) -> None:
    emulator.fault("status", "upload", times=0, status=status, message="this file is not for us")
    project.manifest("a")
    assert project.ftops("apply", "--yes") == 1
    assert project.ftops("apply", "--yes") == 5
    assert project.plan() == {"a": "hold rejected"}
    assert "this file is not for us" in json.loads(project.out)["changes"][0]["message"]
    assert emulator.requests("upload") == 1
    assert project.ftops("resolve", "a", "--retry", "--yes") == 0
    assert project.ftops("apply", "--yes") == 1
    assert emulator.requests("upload") == 2
