"""The trainer that the emulated cluster runs: what it reads, checks, says, and leaves behind."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.emulator.client import CHAT, PREFERENCE, Clock
from tests.unit.emulator.ray_client import (
    ENDS_AFTER,
    ENTRYPOINT,
    OUTPUT,
    STEPS,
    TRAINS_AFTER,
    Head,
    archive,
    head,
    jsonl,
)

SCHEMA = Path(__file__).resolve().parents[3] / "schemas" / "trainer-event.v1.json"


@pytest.fixture
def ray(database: Path, clock: Clock) -> Iterator[Head]:
    with head(database, clock) as served:
        yield served


def test_a_training_is_told_in_events_and_leaves_a_result(ray: Head) -> None:
    assert ray.train("a").ok
    ray.advance(ENDS_AFTER)
    assert (ray.status("a"), ray.shown("a")["driver_exit_code"]) == ("SUCCEEDED", 0)
    events = ray.events("a")
    assert [event["id"] for event in events] == list(range(1, len(events) + 1))
    losses = [event["data"]["train_loss"] for event in events if event["type"] == "metrics"]
    assert len(losses) == STEPS
    assert losses[-1] < losses[0]
    assert [event["data"]["step"] for event in events if event["type"] == "checkpoint"] == [3, 6, 9]
    result = events[-1]["data"]
    assert (events[-1]["type"], result["fine_tuned_model"]) == ("result", f"{OUTPUT}/a/adapter")
    done = ray.output("a")
    assert (done["trainings"], done["steps"], done["results"]) == (1, STEPS, 1)
    assert (done["result"], done["running"]) == (result, False)


def test_every_event_is_as_the_schema_says(ray: Head) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads(SCHEMA.read_text())
    ray.train("a", validation_file=ray.data(jsonl(rows=4))[1], body={})
    ray.train("b", b"{}\n")
    ray.train("c")
    ray.advance(TRAINS_AFTER + 60)
    ray.stop("c")
    ray.advance(ENDS_AFTER)
    told = [event for name in ("a", "b", "c") for event in ray.events(name)]
    assert {event["type"] for event in told} >= {"metrics", "checkpoint", "error", "cancelled"}
    for event in told:
        jsonschema.validate(event, schema)


def test_progress_is_seen_while_it_trains(ray: Head) -> None:
    ray.train("a")
    assert (ray.status("a"), ray.events("a")) == ("PENDING", [])
    ray.advance(TRAINS_AFTER)
    assert ray.status("a") == "RUNNING"
    before = len(ray.events("a"))
    ray.advance(60)
    assert ray.events("a")[before:]
    assert 0 < ray.output("a")["steps"] < STEPS


def test_the_same_document_gives_the_same_weights_and_another_gives_others(ray: Head) -> None:
    ray.train("a")
    ray.train("b", suffix="another")
    ray.train("c", seed=7)
    ray.advance(ENDS_AFTER)
    first, same, other = (ray.last(name)["data"]["weights_sha256"] for name in "abc")
    assert first == same
    assert first != other


@pytest.mark.parametrize(
    ("content", "told", "exit_code", "code"),
    [
        (b"not json\n", {}, 65, "data_refused"),
        (b"", {}, 65, "data_refused"),
        (jsonl(CHAT), {"method": "dpo"}, 65, "data_refused"),
        (jsonl(), {"training_file": {"path": "ftops_data/x.jsonl", "sha256": "0" * 64}}, 65, "data_refused"),
        (jsonl(), {"hyperparameters": {"n_epoch": 1}}, 65, "job_document"),
        (jsonl(), {"hyperparameters": {"n_epochs": 0}}, 65, "job_document"),
        (jsonl(), {"hyperparameters": {"beta": 0.1}}, 65, "job_document"),
        (jsonl(), {"trainer_version": 2}, 65, "job_document"),
        (jsonl(), {"wandb": {}}, 65, "job_document"),
        (jsonl(), {"continue_from": f"{OUTPUT}/x/adapter"}, 65, "job_document"),
    ],
)
def test_what_is_wrong_is_found_before_anything_is_trained(
    ray: Head, content: bytes, told: dict[str, Any], exit_code: int, code: str
) -> None:
    ray.train("a", content, **told)
    ray.advance(TRAINS_AFTER)
    job = ray.shown("a")
    assert (job["status"], job["driver_exit_code"]) == ("FAILED", exit_code)
    assert job["error_type"] == "JOB_ENTRYPOINT_COMMAND_ERROR"
    assert (ray.last("a")["type"], ray.last("a")["data"]["code"]) == ("error", code)
    assert ray.log("a")[-200:] in job["message"]
    assert not [each for each in ray.get("/_emulator/ray")["outputs"] if each["trainings"]]


def test_other_bytes_than_the_documents_are_refused(ray: Head) -> None:
    uri, named = ray.data(jsonl())
    ray.put(uri.removeprefix("gcs://"), archive({named["path"]: jsonl(rows=13)}))
    document = ray.document("a", training_file=named)
    folder = ray.put("_ray_pkg_a.zip", archive({"job.json": json.dumps(document).encode()}))
    ray.submit("a", ENTRYPOINT, runtime_env={"working_dir": folder, "py_modules": [uri]})
    ray.advance(TRAINS_AFTER)
    assert ray.last("a")["data"]["code"] == "digest_mismatch"


def test_preferences_are_trained_by_their_own_method(ray: Head) -> None:
    ray.train("a", jsonl(PREFERENCE), method="dpo", hyperparameters={"beta": 0.1, "lora": False})
    ray.advance(ENDS_AFTER)
    assert ray.last("a")["data"]["fine_tuned_model"] == f"{OUTPUT}/a/model"


def test_data_may_lie_where_the_nodes_read_it(ray: Head, tmp_path: Path) -> None:
    path = tmp_path / "large.jsonl"
    path.write_bytes(jsonl())
    named = {**ray.data(jsonl())[1], "path": str(path)}
    ray.train("a", training_file=named)
    ray.train("b", training_file={**named, "path": f"{path}.not"})
    ray.advance(ENDS_AFTER)
    assert (ray.status("a"), ray.shown("b")["driver_exit_code"]) == ("SUCCEEDED", 65)


@pytest.mark.parametrize(
    ("code", "exit_code", "trained"),
    [
        ("model_missing", 69, 0),
        ("library_missing", 69, 0),
        ("out_of_memory", 71, 1),
        ("output_not_writable", 73, 0),
        ("already_running", 75, 0),
        ("killed", -9, 1),
        ("trainer_failed", 1, 1),
    ],
)
def test_a_failure_can_be_asked_for(ray: Head, code: str, exit_code: int, trained: int) -> None:
    ray.fault("fail_job", "create", code=code, message="It went wrong.")
    ray.train("a")
    ray.advance(ENDS_AFTER)
    assert (ray.status("a"), ray.shown("a")["driver_exit_code"]) == ("FAILED", exit_code)
    assert (ray.output("a")["trainings"], ray.output("a")["results"]) == (trained, 0)
    assert (ray.last("a")["type"] == "error") is (code != "killed")


def test_a_second_job_into_a_folder_trains_nothing(ray: Head) -> None:
    ray.train("a")
    ray.advance(TRAINS_AFTER)
    ray.train("b", output=f"{OUTPUT}/a", id="a")
    ray.advance(TRAINS_AFTER)
    assert (ray.shown("b")["driver_exit_code"], ray.last("b")["data"]["code"]) == (75, "already_running")
    ray.advance(ENDS_AFTER)
    ray.train("c", output=f"{OUTPUT}/a", id="a")
    ray.advance(TRAINS_AFTER)
    assert ray.status("c") == "SUCCEEDED"
    assert ray.last("c")["data"] == ray.last("a")["data"]
    assert ray.last("c")["id"] > ray.last("a")["id"]
    done = ray.output("a")
    assert (done["jobs"], done["trainings"], done["steps"]) == (["a", "b", "c"], 1, STEPS)


def test_a_folder_is_one_jobs_alone(ray: Head) -> None:
    ray.train("a")
    ray.advance(ENDS_AFTER)
    ray.train("b", output=f"{OUTPUT}/a", id="b")
    ray.advance(TRAINS_AFTER)
    assert (ray.shown("b")["driver_exit_code"], ray.last("b")["data"]["code"]) == (65, "job_document")
    assert ray.output("a")["results"] == 1


def test_a_chain_goes_on_from_what_was_left_and_from_nothing_else(ray: Head) -> None:
    ray.train("a")
    ray.advance(ENDS_AFTER)
    for name, path in {
        "b": "a/adapter",
        "c": "a/checkpoint-6",
        "d": "a/checkpoint-5",
        "e": "x/adapter",
    }.items():
        uri, named = ray.data(jsonl())
        document = ray.document(name, training_file=named, continue_from=f"{OUTPUT}/{path}")
        del document["model"]
        folder = ray.put(f"_ray_pkg_{name}.zip", archive({"job.json": json.dumps(document).encode()}))
        ray.submit(name, ENTRYPOINT, runtime_env={"working_dir": folder, "py_modules": [uri]})
    ray.advance(ENDS_AFTER)
    assert [ray.shown(name)["driver_exit_code"] for name in "bcde"] == [0, 0, 69, 69]
    assert ray.last("b")["data"]["base_model"] == "random:tiny"


def test_a_stop_saves_a_checkpoint_from_which_another_start_goes_on(ray: Head) -> None:
    ray.train("a")
    ray.advance(TRAINS_AFTER + 60)
    assert ray.stop("a")
    ray.advance(5)
    assert (ray.status("a"), ray.shown("a")["driver_exit_code"]) == ("STOPPED", None)
    step = ray.last("a")["data"]["step"]
    assert (ray.last("a")["type"], step) == ("cancelled", ray.output("a")["steps"])
    ray.train("b", output=f"{OUTPUT}/a", id="a")
    ray.advance(ENDS_AFTER)
    done = ray.output("a")
    assert (done["trainings"], done["steps"], done["results"]) == (2, STEPS, 1)


def test_without_the_grace_it_needs_a_stop_loses_the_checkpoint(ray: Head) -> None:
    uri, named = ray.data(jsonl())
    document = ray.document("a", training_file=named)
    folder = ray.put("_ray_pkg_a.zip", archive({"job.json": json.dumps(document).encode()}))
    short = {"RAY_JOB_STOP_WAIT_TIME_S": "1"}
    ray.submit("a", ENTRYPOINT, runtime_env={"working_dir": folder, "py_modules": [uri], "env_vars": short})
    ray.advance(TRAINS_AFTER + 30)
    ray.stop("a")
    ray.advance(5)
    assert ray.status("a") == "STOPPED"
    assert ray.last("a")["type"] == "metrics"
    assert ray.output("a")["checkpoint"] == 0


def test_a_command_that_is_no_trainer_leaves_no_result(ray: Head) -> None:
    _, named = ray.data(jsonl())
    document = ray.document("a", training_file=named)
    folder = ray.put("_ray_pkg_a.zip", archive({"job.json": json.dumps(document).encode()}))
    ray.submit("a", "true", runtime_env={"working_dir": folder})
    ray.advance(TRAINS_AFTER)
    assert (ray.status("a"), ray.events("a")) == ("SUCCEEDED", [])
