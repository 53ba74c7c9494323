"""Servers and gateways as they are met: nothing hangs, nothing is paid twice, and their words are shown."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import Emulator, ProjectDirectory
from tests.unit.providers.scripted import Said, Scripted, scripted

CUT = {
    "id": "ftjob-foreign",
    "object": "fine_tuning.job",
    "status": "failed",
    "model": "m",
    "error": {"code": "invalid_training_file", "message": "bad CUT"},
}


def patient(project: ProjectDirectory, settings: str) -> None:
    """Add settings to the provider."""
    text = (project.root / "ftops.yaml").read_text()
    project.write("ftops.yaml", text.replace("api_key:", f"{settings}, api_key:"))


def test_half_an_emoji_in_a_strangers_job_stops_no_apply(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    listed = json.dumps({"object": "list", "data": [CUT], "has_more": False}).replace("CUT", "\\ud83d")
    emulator.fault("odd_reply", "list", text=listed, times=0)
    project.manifest("a")
    assert project.ftops("apply", "--yes") == 0
    assert emulator.jobs() == 1


def test_a_list_that_drips_ends_by_its_deadline(project: ProjectDirectory, emulator: Emulator) -> None:
    patient(project, "timeout: 0.3")
    project.manifest("a")
    emulator.fault("drip", "list", seconds=0.1, times=0)
    assert project.ftops("plan") == 1
    assert "no reply in time" in project.err


def test_a_create_whose_reply_drips_is_paid_once(project: ProjectDirectory, emulator: Emulator) -> None:
    patient(project, "timeout: 1")
    project.manifest("a")
    emulator.fault("drip", "create", seconds=0.1)
    project.ftops("apply", "--yes")
    assert project.ftops("apply", "--yes") == 0
    assert project.plan() == {"a": "keep in-progress"}
    assert emulator.jobs() == 1
    assert emulator.requests("create") == 1


def test_an_error_in_a_200_is_no_success_and_its_words_are_shown(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    project.manifest("a")
    words = (
        '{"object": null, "data": null, "error": {"message": "upstream is down", "type": "upstream_error"}}'
    )
    emulator.fault("odd_reply", "list", text=words, times=1)
    # The list is no list, so nothing is done at this provider.
    assert project.ftops("apply", "--yes") == 4
    assert "upstream is down" in " ".join(project.out.split())
    assert emulator.jobs() == 0
    emulator.fault("lagging_list", "list", seconds=3600, times=0)
    emulator.fault("odd_reply", "create", text='{"error": {"message": "upstream quota", "code": "internal"}}')
    assert project.ftops("apply", "--yes") != 0
    assert "internal: upstream quota" in project.out + project.err
    project.ftops("apply", "--yes")
    assert emulator.jobs() == 1


def test_an_address_without_its_path_is_named_by_plan_and_doctor(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    text = (project.root / "ftops.yaml").read_text()
    project.write("ftops.yaml", text.replace(emulator.base_url, emulator.base_url.removesuffix("/v1")))
    project.manifest("a")
    assert project.ftops("plan") == 1
    assert "check base_url of provider local" in project.err
    assert "does not end in /v1" in project.err
    assert project.ftops("doctor") == 1
    assert "does not end in /v1" in project.out


@pytest.mark.parametrize("slashes", ["/", "//"])
def test_slashes_behind_an_address_do_not_matter(
    project: ProjectDirectory, emulator: Emulator, slashes: str
) -> None:
    text = (project.root / "ftops.yaml").read_text()
    project.write("ftops.yaml", text.replace(emulator.base_url, emulator.base_url + slashes))
    project.manifest("a")
    assert project.ftops("plan") == 0


def test_a_list_whose_paging_is_broken_for_good_is_said_to_be_so(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    project.manifest("a")
    rows = [{**CUT, "id": f"job-{number}"} for number in range(3)]
    emulator.fault("odd_reply", "list", text=json.dumps({"data": rows, "has_more": True}), times=0)
    assert project.ftops("apply", "--yes") == 4
    assert "running again will not help until it is fixed" in project.out
    assert "run ftops again" not in project.out


def test_extras_for_a_gateway_are_shown_and_never_train_again(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    project.manifest("a")
    assert project.ftops("apply", "--yes") == 0
    patient(project, "query: {custom_llm_provider: azure, key: {env: FTOPS_TEST_KEY}}")
    assert project.plan() == {"a": "keep in-progress"}
    project.manifest("b", "seed: 2")
    assert project.ftops("plan") == 0
    assert "also sent  query.custom_llm_provider: azure" in project.out
    assert 'also sent  query.key: {"env": "FTOPS_TEST_KEY"}' in project.out
    project.ftops("plan", "--format", "json")
    extras = {change["name"]: change["extras"] for change in json.loads(project.out)["changes"]}
    assert extras == {
        "a": {},
        "b": {"query.custom_llm_provider": "azure", "query.key": {"env": "FTOPS_TEST_KEY"}},
    }


def test_a_saved_plan_is_stale_once_the_extras_are_others(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    project.manifest("a")
    assert project.ftops("plan", "--out", "p.json") == 0
    patient(project, "query: {custom_llm_provider: azure}")
    assert project.ftops("apply", "p.json") == 4
    assert emulator.jobs() == 0


ODD_JOBS: dict[str, dict[str, Any]] = {
    "minus-one": {"hyperparameters": {"n_epochs": -1, "batch_size": -1, "learning_rate_multiplier": 1}},
    "text": {"hyperparameters": {"n_epochs": "3", "batch_size": "8"}, "seed": "42", "trained_tokens": "9"},
    "big-batch": {"hyperparameters": {"n_epochs": 2, "batch_size": 512}},
    "big-seed": {"seed": 2**32 + 5},
    "long-seed": {"seed": str(2**62 + 1)},
    "suffix": {"user_provided_suffix": "My.Model v2_\u00dcn\u00ef"},
    "dpo-null": {"method": {"type": "dpo", "dpo": {"hyperparameters": None}}, "hyperparameters": None},
    "bare": {"hyperparameters": None, "method": None, "seed": None, "metadata": None},
}


@pytest.mark.parametrize("name", ODD_JOBS)
def test_an_odd_job_is_imported_and_plans_to_no_change(
    project: ProjectDirectory, emulator: Emulator, name: str
) -> None:
    job = {
        "id": "ftjob-odd",
        "object": "fine_tuning.job",
        "status": "succeeded",
        "model": "gpt-4o-mini",
        "training_file": "file-gone",
        "fine_tuned_model": "ft:x",
        **ODD_JOBS[name],
    }
    emulator.fault("odd_reply", "retrieve", text=json.dumps(job), times=0)
    emulator.fault(
        "odd_reply", "list", text=json.dumps({"object": "list", "data": [job], "has_more": False}), times=0
    )
    assert project.ftops("import", name, "ftjob-odd") == 0, project.err
    assert ("left out" in project.out) is (name in ("big-batch", "big-seed", "long-seed"))
    assert project.ftops("plan", "--detailed-exitcode") == 0
    assert emulator.requests("create") == 0


@pytest.fixture
def legacy(project: ProjectDirectory) -> Iterator[tuple[ProjectDirectory, Scripted]]:
    """A project with a job at a server that says what its test tells it to."""
    job = {"id": "ft-1", "object": "fine-tune", "status": "running", "model": "curie"}
    file = {"id": "file-1", "object": "file", "filename": "x", "status": "processed"}
    created = [
        Said({"object": "list", "data": []}),
        Said({"object": "list", "data": []}),
        Said(file),
        Said(job),
    ]
    with scripted(*created) as server:
        url = server.base_url
        text = (project.root / "ftops.yaml").read_text().replace("dialect: openai", "dialect: openai_legacy")
        start = text.index("base_url: '")
        end = text.index("'", start + len("base_url: '"))
        project.write("ftops.yaml", f"{text[:start]}base_url: '{url}{text[end:]}")
        rows = ({"prompt": f"q{n} ->", "completion": f" a{n}"} for n in range(12))
        project.write("data/train.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
        project.manifest("a", model="curie")
        yield project, server


def test_a_server_without_streams_is_followed_to_the_jobs_end(
    legacy: tuple[ProjectDirectory, Scripted],
) -> None:
    project, server = legacy
    assert project.ftops("apply", "--yes") == 0, project.err + str(server.asked)
    running = {"id": "ft-1", "object": "fine-tune", "status": "running", "model": "curie"}
    events = [
        {"object": "fine-tune-event", "created_at": number, "message": f"m{number}"} for number in (1, 2)
    ]
    server.replies += [
        Said(running),
        Said({"object": "list", "data": events[:1]}, headers={"Content-Type": "application/json"}),
        Said({**running, "status": "succeeded"}),
        Said({"object": "list", "data": events}, headers={"Content-Type": "application/json"}),
    ]
    assert project.ftops("events", "a", "--follow", "--format", "json") == 0
    assert [json.loads(line)["message"] for line in project.out.splitlines()] == ["m1", "m2"]
