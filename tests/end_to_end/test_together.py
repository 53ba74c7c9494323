"""What only Together does, end to end against its emulator: chains, DPO, slow cancels, refused creates."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest
import requests

from ftops.emulator.server import EmulatorServer, EmulatorSettings
from ftops.manifests.schema import schema_text
from tests.conftest import Emulator, ProjectDirectory

CHANGES = 2
NEEDS_PERSON = 4
JOB_FAILED = 5
QWEN = "Qwen/Qwen3-8B"
KEY = {"Authorization": "Bearer sk-test"}


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[Emulator]:
    settings = EmulatorSettings(tmp_path / "emulator" / "e.db", api_key="sk-test", dialect="together")
    with EmulatorServer(settings) as server:
        yield Emulator(server)


@pytest.fixture
def together(project: ProjectDirectory) -> ProjectDirectory:
    text = (project.root / "ftops.yaml").read_text()
    project.write("ftops.yaml", text.replace("dialect: openai", "dialect: together, settle: 3"))
    return project


def jobs(emulator: Emulator) -> list[dict[str, object]]:
    reply = requests.get(f"{emulator.base_url}/fine-tunes", headers=KEY, timeout=10)
    found: list[dict[str, object]] = reply.json()["data"]
    return found


def test_a_chain_goes_on_from_the_model_that_the_first_one_made(
    together: ProjectDirectory, emulator: Emulator
) -> None:
    together.manifest("base", "hyperparameters: {n_epochs: 2}", QWEN)
    together.manifest("next", "suffix: next", "{from: base}")
    together.manifest("early", "suffix: early", "{from: base, checkpoint: 'step:2'}")
    assert together.ftops("apply", "--yes") == 0, together.err
    emulator.advance(10_000)
    assert together.ftops("apply", "--yes") == 0, together.err
    emulator.advance(10_000)
    assert together.plan() == dict.fromkeys(("base", "early", "next"), "keep succeeded")
    assert together.ftops("plan", "--detailed-exitcode") == 0, together.out
    base, made = "", {}
    for job in jobs(emulator):
        if job["from_checkpoint"]:
            made[str(job["suffix"]).split("-")[0]] = job["from_checkpoint"]
        else:
            base = str(job["model_output_name"])
    assert made == {"next": base, "early": f"{base}:2"}


def test_preferences_are_trained_and_what_was_asked_for_is_shown(
    together: ProjectDirectory, emulator: Emulator
) -> None:
    row = {
        "input": {"messages": [{"role": "user", "content": "Hi"}]},
        "preferred_output": [{"role": "assistant", "content": "Hello"}],
        "non_preferred_output": [{"role": "assistant", "content": "No"}],
    }
    rows = (json.dumps(row).replace("Hi", f"Hi {number}") for number in range(12))
    together.write("data/train.jsonl", "".join(f"{row}\n" for row in rows))
    spec = "method: dpo\nhyperparameters: {dpo_beta: 0.2}\nprovider_options: {training_type: {type: Full}}"
    together.manifest("a", spec, QWEN)
    assert together.ftops("apply", "--yes") == 0, together.err
    (job,) = jobs(emulator)
    assert (job["training_type"], job["training_method"]) == (
        {"type": "Full"},
        {
            "method": "dpo",
            "dpo_beta": 0.2,
            "rpo_alpha": 0,
            "simpo_gamma": 0,
            "dpo_normalize_logratios_by_length": False,
            "dpo_reference_free": False,
        },
    )
    emulator.advance(10_000)
    assert together.ftops("plan", "--detailed-exitcode") == 0, together.out
    assert together.ftops("metrics", "a", "--format", "json") == 0, together.err
    losses = [point["train_loss"] for point in json.loads(together.out)["metrics"]]
    assert losses == sorted(losses, reverse=True) != []


def test_a_removed_job_is_cancelling_for_a_while_and_then_forgotten(
    together: ProjectDirectory, emulator: Emulator
) -> None:
    together.manifest("a", model=QWEN)
    together.manifest("b", "suffix: b", QWEN)
    assert together.ftops("apply", "--yes") == 0, together.err
    (together.root / "jobs/a.yaml").unlink()
    assert together.plan() == {"a": "cancel removed", "b": "keep in-progress"}
    assert together.ftops("apply", "--yes") == 0, together.err
    assert together.plan()["a"] == "wait cancelling"
    assert emulator.requests("cancel") == 1
    emulator.advance(60)
    together.ftops("apply", "--yes")
    assert together.plan() == {"b": "keep in-progress"}
    assert emulator.requests("cancel") == 1
    assert sorted(str(job["status"]) for job in jobs(emulator)) == ["cancelled", "running"]


def test_a_changed_job_is_replaced_once_its_cancel_is_accepted(
    together: ProjectDirectory, emulator: Emulator
) -> None:
    together.manifest("a", "hyperparameters: {n_epochs: 2}", QWEN)
    assert together.ftops("apply", "--yes") == 0, together.err
    together.manifest("a", "hyperparameters: {n_epochs: 3}", QWEN)
    assert together.plan() == {"a": "replace changed"}
    assert together.ftops("apply", "--yes") == 0, together.err
    emulator.advance(60)
    together.ftops("apply", "--yes")
    assert together.plan()["a"].startswith("keep ")
    assert sorted(str(job["status"]) for job in jobs(emulator)) == ["cancelled", "running"]


def test_a_refused_create_says_which_limit_of_the_model_it_exceeds(
    together: ProjectDirectory, emulator: Emulator
) -> None:
    together.manifest("a", "hyperparameters: {n_epochs: 21}", QWEN)
    assert together.ftops("apply", "--yes") == 1
    assert "n_epochs is 21, and this model takes at most 20" in together.err + together.out
    assert together.plan()["a"].startswith("hold rejected")
    together.manifest("a", "", "no/model")
    assert together.ftops("apply", "--yes") == 1
    assert "Together does not train no/model" in together.err + together.out
    assert jobs(emulator) == []


def test_a_job_that_failed_says_why_by_its_events(together: ProjectDirectory, emulator: Emulator) -> None:
    emulator.fault("fail_job", "create", code="billing", message="Credit limit reached")
    together.manifest("a", model=QWEN)
    assert together.ftops("apply", "--yes") == 0, together.err
    emulator.advance(10_000)
    assert together.plan() == {"a": "hold failed"}
    assert emulator.requests("retrieve") == 1
    together.ftops("apply", "--yes")
    together.ftops("plan")
    assert "billing_limit: Credit limit reached" in together.out
    # Once it is recorded, nobody asks for it again.
    asked = emulator.requests("retrieve")
    together.ftops("status")
    assert "billing" in together.out
    assert emulator.requests("retrieve") == asked
    assert together.ftops("events", "a") == JOB_FAILED
    assert "Credit limit reached" in together.out


def test_no_file_is_sent_twice_and_no_request_more_is_made_by_a_plan(
    together: ProjectDirectory, emulator: Emulator
) -> None:
    together.manifest("a", model=QWEN)
    assert together.ftops("apply", "--yes") == 0, together.err
    assert emulator.requests("put_file") == 1
    together.manifest("b", "suffix: b", QWEN)
    before = emulator.requests("list")
    assert together.ftops("plan", "--detailed-exitcode") == CHANGES
    assert emulator.requests("list") == before + 1
    assert [emulator.requests(name) for name in ("retrieve", "model_limits", "events")] == [0, 0, 0]
    (together.root / ".ftops/state.json").unlink()
    together.ftops("apply", "--yes")
    assert emulator.requests("put_file") == 1


def test_a_job_that_was_made_elsewhere_is_imported_with_what_only_a_list_shows(
    together: ProjectDirectory, emulator: Emulator
) -> None:
    together.manifest("a", "suffix: triage\nseed: 7\nhyperparameters: {packing: false}", QWEN)
    assert together.ftops("apply", "--yes") == 0, together.err
    (job,) = jobs(emulator)
    for path in (".ftops/state.json", "jobs/a.yaml"):
        (together.root / path).unlink()
    assert together.ftops("import", "b", str(job["id"])) == 0, together.err
    manifest = (together.root / "jobs/b.yaml").read_text()
    for line in ("suffix: triage", "seed: 7", "packing: false"):
        assert line in manifest
    assert together.ftops("plan", "--detailed-exitcode") == 0, together.out


def test_a_lost_state_holds_what_is_there_and_pays_for_nothing(
    together: ProjectDirectory, emulator: Emulator
) -> None:
    together.manifest("a", model=QWEN)
    assert together.ftops("apply", "--yes") == 0, together.err
    (together.root / ".ftops/state.json").unlink()
    assert together.ftops("apply", "--yes") == NEEDS_PERSON
    assert together.plan() == {"a": "hold lookalike"}
    assert len(jobs(emulator)) == 1


def test_the_cost_is_the_providers_own_estimate_once_it_has_the_file(
    together: ProjectDirectory, emulator: Emulator
) -> None:
    together.manifest("first", "suffix: first", QWEN)
    assert together.ftops("plan", "--format", "json") == 0, together.err
    assert json.loads(together.out)["review"]["estimated_cost"] is None
    assert together.ftops("apply", "--yes") == 0, together.err
    together.manifest("second", "suffix: second", QWEN)
    assert together.ftops("plan", "--format", "json") == 0, together.err
    jsonschema.Draft7Validator(json.loads(schema_text("plan"))).validate(json.loads(together.out))
    told = next(one for one in json.loads(together.out)["changes"] if one["name"] == "second")
    cost = told["estimated_cost"]
    file_id = requests.get(f"{emulator.base_url}/files", headers=KEY, timeout=10).json()["data"][0]["id"]
    asked = {"training_file": file_id, "model": QWEN, "n_epochs": 1}
    asked["training_method"] = {"method": "sft", "train_on_inputs": "auto"}
    url = f"{emulator.base_url}/fine-tunes/estimate-price"
    price = requests.post(url, headers=KEY, json=asked, timeout=10).json()["estimated_total_price"]
    assert cost["low"] == cost["high"] == pytest.approx(price, abs=1e-6)
    assert not cost["about"]
    assert cost["because"] == ["as its provider estimates it"]
    assert together.ftops("plan") == 0
    assert "as its provider estimates it" in " ".join(together.out.split())
    assert len(jobs(emulator)) == 1

    emulator.fault("file_status", "any", id=file_id, **{"as": "processing"})
    assert together.ftops("plan", "--format", "json") == 0, together.err
    assert json.loads(together.out)["review"]["estimated_cost"] is None
