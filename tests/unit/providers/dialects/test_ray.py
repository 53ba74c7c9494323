"""The dialect of Ray Jobs: what a create sends, and what each reply of Ray 2.60 means."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from ftops.errors import Ambiguous, NotFound, NotReady, NotSent, Rejected, Unauthorized
from ftops.model.finetune import Method
from ftops.model.job import FailureClass, FileState, JobStatus, Stamp
from ftops.model.project import ProviderSettings
from ftops.model.request import JobRequest, RequestFile
from ftops.model.trainer import TrainerSettings
from ftops.model.value import replace
from ftops.providers.dialects.ray_jobs import chosen_id, file_id, job_document, package, place_id
from ftops.providers.http_provider import HttpProvider
from ftops.providers.registry import open_provider
from ftops.transport.references import References
from tests.unit.providers.scripted import Said, Scripted, scripted

STAMP = Stamp("demo", "l1", "triage", f"f1:{'a' * 64}", 2, 1, "n1")
JOB_ID = chosen_id(STAMP)
DATA = "d" * 64
TRAINER = TrainerSettings(
    "/mnt/models/",
    runtime_env={"env_vars": {"HF_HOME": "/hf"}, "pip": ["x"]},
    resources={"num_cpus": 2, "num_gpus": 1},
    models={"tiny": "random:tiny"},
    stop_grace=9,
)
REQUEST = JobRequest(
    "tiny",
    (RequestFile(file_id(DATA)),),
    hyperparameters={"n_epochs": 3, "batch_size": "auto"},
    seed=7,
    suffix="x; rm -rf /",
    provider_options={"resources": {"num_gpus": 4}},
    stamp=STAMP,
)
VERSION = Said({"version": "4", "ray_version": "2.60.0", "session_name": "session_a"})
TAKEN = Said({"job_id": JOB_ID, "submission_id": JOB_ID})
DONE = Said(b"")
EXISTS = Said(
    b'Traceback (most recent call last):\n  File "job_head.py", line 134, in _raise_error\n'
    b"RuntimeError: Request failed with status code 400: Traceback (most recent call last):\n"
    b"ValueError: Job with submission_id " + JOB_ID.encode() + b" already exists. Please use a different"
    b" submission_id.\n.\n",
    500,
)
RESULT: dict[str, Any] = {
    "fine_tuned_model": f"/mnt/models/{JOB_ID}/adapter",
    "base_model": "tiny",
    "train_loss": 0.4,
}


def shown(status: str = "PENDING", **changed: Any) -> Said:
    metadata = {
        "ftops_project": "demo",
        "ftops_lineage": "l1",
        "ftops_name": "triage",
        "ftops_fingerprint": STAMP.fingerprint,
        "ftops_generation": "2.1",
        "ftops_nonce": "n1",
    }
    return Said(
        {
            "type": "SUBMISSION",
            "job_id": None,
            "submission_id": JOB_ID,
            "status": status,
            "message": "",
            "error_type": None,
            "start_time": 1_795_739_104_416,
            "end_time": None,
            "metadata": metadata,
            "driver_exit_code": None,
            **changed,
        }
    )


def event(kind: str, message: str = "m", **data: Any) -> str:
    told = {"object": "ftops.trainer.event", "id": 1, "created_at": 1.5, "level": "info", "type": kind}
    return f"FTOPS {json.dumps({**told, 'message': message, 'data': data})}\n"


def log(*lines: str) -> Said:
    return Said({"logs": "Running entrypoint\n" + "".join(lines)})


def opened(
    server: Scripted, trainer: TrainerSettings = TRAINER, root: Path = Path(), **settings: Any
) -> HttpProvider:
    told = ProviderSettings("farm", "ray", trainer=trainer, **settings)
    found = open_provider(told, {}, base_url=server.base_url, references=References({}, root))
    assert isinstance(found, HttpProvider)
    return found


def members(package: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_a_create_sends_the_package_and_then_the_job_under_an_id_of_ours() -> None:
    with scripted(VERSION, DONE, DONE, TAKEN, shown()) as server:
        job = opened(server).create_fine_tune(REQUEST)
        content, body = server.bodies[1], json.loads(server.bodies[3])
        name = f"_ray_pkg_{hashlib.sha256(content).hexdigest()}.zip"
        assert server.asked == [
            "GET /v1/api/version",
            f"PUT /v1/api/packages/gcs/{name}",
            f"GET /v1/api/packages/gcs/{package(DATA)}",
            "POST /v1/api/jobs/",
            f"GET /v1/api/jobs/{JOB_ID}",
        ]
    assert (job.id, job.status, job.stamp) == (JOB_ID, JobStatus.PENDING, STAMP)
    asked = json.loads(body["metadata"].pop("ftops_request"))
    assert (asked["model"], asked["training_file"], asked["seed"]) == ("tiny", file_id(DATA), 7)
    assert body == {
        "submission_id": JOB_ID,
        "entrypoint": "exec python -m ftops_trainer job.json",
        "metadata": shown().body["metadata"],
        "runtime_env": {
            "pip": ["x"],
            "working_dir": f"gcs://{name}",
            "py_modules": [f"gcs://{package(DATA)}"],
            "env_vars": {"HF_HOME": "/hf", "RAY_JOB_STOP_WAIT_TIME_S": "9"},
        },
        "entrypoint_num_cpus": 2,
        "entrypoint_num_gpus": 4,
    }
    found = members(content)
    assert json.loads(found["job.json"]) == job_document(REQUEST, TRAINER)
    assert {"ftops_trainer/__init__.py", "ftops_trainer/job.v1.json"} <= found.keys()


def test_the_job_document_says_all_that_decides_the_result() -> None:
    assert job_document(
        replace(REQUEST, validation_file=RequestFile(place_id("/d/v w.jsonl", DATA))), TRAINER
    ) == {
        "format_version": 1,
        "trainer_version": 1,
        "id": JOB_ID,
        "model": "random:tiny",
        "base_model": "tiny",
        "method": "supervised",
        "training_file": {"path": f"ftops_data/{DATA}.jsonl", "sha256": DATA},
        "validation_file": {"path": "/d/v w.jsonl", "sha256": DATA},
        "hyperparameters": {"n_epochs": 3},
        "seed": 7,
        "suffix": "x; rm -rf /",
        "output": f"/mnt/models/{JOB_ID}",
    }


@pytest.mark.parametrize(
    ("model", "start"),
    [
        ("/mnt/models/up-1/adapter", "/mnt/models/up-1/adapter"),
        ("/mnt/models/up-1/adapter#step:40", "/mnt/models/up-1/checkpoint-40"),
        ("/mnt/models/up-1/model#step:40", "/mnt/models/up-1/checkpoint-40"),
    ],
)
def test_a_chain_starts_from_what_an_earlier_job_left(model: str, start: str) -> None:
    document = job_document(replace(REQUEST, model=model, chained=True, method=Method.DPO), TRAINER)
    assert document["continue_from"] == start
    assert "model" not in document


USERS, CLUSTERS = FailureClass.USER_ERROR, FailureClass.PROVIDER_ERROR
REFUSED = event("error", "row 3 is empty", code="data_refused")


def test_no_value_of_a_manifest_reaches_a_command() -> None:
    with scripted(VERSION, DONE, DONE, TAKEN, shown()) as server:
        opened(server).create_fine_tune(REQUEST)
        assert "rm -rf" not in json.loads(server.bodies[3])["entrypoint"]


def test_ids_are_bounded_and_differ_wherever_a_create_does() -> None:
    long = replace(STAMP, name="a" * 63, generation=10**9, attempt=10**9)
    assert len(chosen_id(long)) <= 100
    others = [
        replace(STAMP, **changed)
        for changed in ({"project": "p"}, {"lineage": "l2"}, {"generation": 3}, {"attempt": 2}, {"name": "b"})
    ]
    assert len({JOB_ID, *map(chosen_id, others)}) == 6
    assert chosen_id(replace(STAMP, nonce="n2")) == JOB_ID, "a repeat asks for the same job"


def test_an_id_that_exists_is_adopted() -> None:
    with scripted(VERSION, DONE, DONE, EXISTS, shown("RUNNING")) as server:
        job = opened(server).create_fine_tune(REQUEST)
    assert (job.id, job.status) == (JOB_ID, JobStatus.RUNNING)


def test_a_job_that_cannot_be_looked_at_right_after_its_create_is_known_all_the_same() -> None:
    absent = Said(f"Job {JOB_ID} does not exist".encode(), 404)
    with scripted(VERSION, DONE, DONE, EXISTS, absent) as server:
        job = opened(server).create_fine_tune(REQUEST)
    assert (job.id, job.status, job.stamp) == (JOB_ID, JobStatus.PENDING, STAMP)


@pytest.mark.parametrize(
    ("replies", "error"),
    [
        ((Said(b"", 500),), NotReady),
        ((VERSION, Said(b"", 503)), NotReady),
        ((VERSION, Said(b"x", 413)), Rejected),
        ((VERSION, DONE, Said(b"Package gcs://x does not exist", 404)), NotReady),
        ((Said(b"Unauthorized: Missing authentication token", 401),), Unauthorized),
        ((Said(b"Forbidden: Invalid authentication token", 403),), Unauthorized),
        ((Said({"ray_version": "2.59.1", "session_name": "s"}),), Rejected),
        ((Said({"ray_version": "2.60.0"}),), NotReady),
    ],
)
def test_what_fails_before_the_post_is_certain(replies: tuple[Said, ...], error: type[Exception]) -> None:
    with scripted(*replies) as server:
        with pytest.raises(error):
            opened(server).create_fine_tune(REQUEST)
        assert not any(line.startswith("POST") for line in server.asked)


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (
            Said(b"Traceback (most recent call last):\nTypeError: metadata values must be strings\n", 400),
            Rejected,
        ),
        (Said(b"500 Internal Server Error\n\nServer got itself in trouble", 500), Ambiguous),
        (Said(b"<html>bad gateway</html>", 400), Ambiguous),
        (Said(b"Job other already exists", 400), Ambiguous),
        (Said({"submission_id": "raysubmit_x"}), Ambiguous),
        (Said({}), Ambiguous),
    ],
)
def test_what_a_post_answers_is_judged_by_its_words(said: Said, error: type[Exception]) -> None:
    with scripted(VERSION, DONE, DONE, said) as server, pytest.raises(error) as caught:
        opened(server).create_fine_tune(REQUEST)
    assert "Traceback" not in str(caught.value)


def test_a_cluster_that_is_not_there_was_sent_nothing() -> None:
    with scripted(VERSION) as server:
        url = server.base_url
    told = ProviderSettings("farm", "ray", trainer=TRAINER)
    with pytest.raises(NotSent):
        open_provider(told, {}, base_url=url).create_fine_tune(REQUEST)


def test_a_list_has_the_jobs_of_every_ftops_and_nothing_else() -> None:
    driver = {"type": "DRIVER", "job_id": "03000000", "submission_id": None, "status": "RUNNING"}
    strange = {"type": "SUBMISSION", "submission_id": "raysubmit_1", "status": "FAILED", "metadata": None}
    bare = {**shown().body, "metadata": None}
    with scripted(VERSION, Said([driver, strange, shown().body, bare]), VERSION) as server:
        found = opened(server).list_fine_tunes()
    assert found.complete
    assert [(job.id, job.stamp) for job in found.jobs] == [(JOB_ID, STAMP), (JOB_ID, None)]


def test_a_list_during_which_the_memory_was_lost_is_incomplete() -> None:
    other = Said({"ray_version": "2.60.0", "session_name": "session_b"})
    with scripted(VERSION, Said([]), other) as server:
        found = opened(server).list_fine_tunes()
    assert (found.complete, found.problem) == (False, "farm: the cluster lost its memory while it was listed")


def test_success_is_believed_only_with_a_result() -> None:
    told = event("metrics", step=1, train_loss=6.1) + event("result", **RESULT)
    with scripted(shown("SUCCEEDED", end_time=1_795_739_109_000), log(told)) as server:
        job = opened(server).retrieve_fine_tune(JOB_ID)
    assert (job.status, job.fine_tuned_model) == (JobStatus.SUCCEEDED, RESULT["fine_tuned_model"])
    with scripted(shown("SUCCEEDED"), log(event("metrics", step=1))) as server:
        job = opened(server).retrieve_fine_tune(JOB_ID)
    assert job.status is JobStatus.FAILED
    assert job.error is not None
    assert job.error.code == "no_result"


def test_a_success_whose_log_is_gone_is_neither_success_nor_failure() -> None:
    with scripted(shown("SUCCEEDED"), Said(b"404: Not Found", 404)) as server:
        job = opened(server).retrieve_fine_tune(JOB_ID)
    assert job.status is JobStatus.UNKNOWN


@pytest.mark.parametrize(
    ("told", "code", "blame"),
    [
        ({"message": REFUSED, "driver_exit_code": 65}, "data_refused", USERS),
        ({"message": "x", "driver_exit_code": 69}, "model_missing", CLUSTERS),
        ({"message": "x", "driver_exit_code": 75}, "already_running", USERS),
        ({"message": "x", "driver_exit_code": -9}, "killed", FailureClass.UNKNOWN),
        ({"message": "a\nno\n", "error_type": "ODD", "driver_exit_code": 3}, "odd", FailureClass.UNKNOWN),
        ({"message": "d", "error_type": "JOB_SUPERVISOR_ACTOR_DIED"}, "job_supervisor_actor_died", CLUSTERS),
        ({"message": "d", "error_type": "RUNTIME_ENV_SETUP_FAILURE"}, "runtime_env_setup_failure", CLUSTERS),
    ],
)
def test_a_failure_is_told_in_the_trainers_words_or_by_its_exit_code(
    told: dict[str, Any], code: str, blame: FailureClass
) -> None:
    with scripted(shown("FAILED", **told), log()) as server:
        job = opened(server).retrieve_fine_tune(JOB_ID)
    assert job.error is not None
    assert (job.error.code, job.error.failure_class) == (code, blame)
    assert "\n" not in job.error.message


def test_a_stop_of_what_waits_is_a_cancel_under_way() -> None:
    with scripted(Said({"stopped": True}), shown("PENDING")) as server:
        assert opened(server).cancel_fine_tune(JOB_ID).status is JobStatus.CANCELLING
    with scripted(Said({"stopped": True}), shown("STOPPED")) as server:
        assert opened(server).cancel_fine_tune(JOB_ID).status is JobStatus.CANCELLED
    with scripted(Said(b"Job x does not exist", 404)) as server, pytest.raises(NotFound):
        opened(server).cancel_fine_tune(JOB_ID)


def test_events_are_the_trainers_lines_of_the_log() -> None:
    lines = ("noise\n", "FTOPS not json\n", "FTOPS []\n", event("metrics", "step 1", step=1, train_loss=2.0))
    with scripted(shown("RUNNING"), log(*lines)) as server:
        taken, found = opened(server).list_fine_tune_events(JOB_ID)
    assert taken.id == "taken"
    assert (found.type, found.message, found.id, found.created_at) == ("metrics", "step 1", "1", 1.5)


def test_the_same_bytes_are_sent_once(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_text('{"messages": []}\n')
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    missing = Said(b"Package gcs://_ray_pkg_x.zip does not exist", 404)
    with scripted(missing, DONE, DONE) as server:
        file = opened(server).upload_file(path, "data.demo-1.jsonl", digest)
        assert server.asked[1] == f"PUT /v1/api/packages/gcs/_ray_pkg_{digest}.zip"
        assert server.asked[2] == server.asked[0], "asked for, it stays"
        assert members(server.bodies[1]) == {f"ftops_data/{digest}.jsonl": path.read_bytes()}
    assert (file.id, file.state) == (file_id(digest), FileState.READY)
    with scripted(DONE) as server:
        assert opened(server).upload_file(path, "data.demo-1.jsonl", digest).id == file.id
        assert server.asked == [f"GET /v1/api/packages/gcs/_ray_pkg_{digest}.zip"]


def test_a_package_that_the_head_refuses_is_said_with_a_way_out(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_text("x")
    digest = hashlib.sha256(b"x").hexdigest()
    missing = Said(b"Package gcs://_ray_pkg_x.zip does not exist", 404)
    too_large = Said(b"Maximum request body size 104857600 exceeded.", 413)
    with scripted(missing, too_large) as server, pytest.raises(Rejected) as caught:
        opened(server).upload_file(path, "data.demo-1.jsonl", digest)
    assert "Maximum request body size" in str(caught.value)
    assert "package_limit" in (caught.value.hint or "")


def test_what_is_too_large_for_a_package_is_read_by_the_nodes(tmp_path: Path) -> None:
    path = tmp_path / "data" / "big file.jsonl"
    path.parent.mkdir()
    path.write_text("x" * 11)
    trainer = replace(TRAINER, data="/mnt/d", package_limit=10)
    with scripted(DONE) as server:
        file = opened(server, trainer, tmp_path).upload_file(path, "n.jsonl", DATA)
        assert server.asked == []
    document = job_document(replace(REQUEST, training_files=(RequestFile(file.id),)), trainer)
    assert document["training_file"] == {"path": "/mnt/d/data/big file.jsonl", "sha256": DATA}


def test_a_key_is_optional_and_sent_as_a_bearer() -> None:
    from ftops.model.project import EnvReference

    with scripted(VERSION, Said([]), VERSION) as server:
        told = ProviderSettings("farm", "ray", server.base_url, EnvReference("T"), trainer=TRAINER)
        open_provider(told, {"T": "secret-token"}).list_fine_tunes()
        assert {headers["Authorization"] for headers in server.headers} == {"Bearer secret-token"}
    with scripted(VERSION, Said([]), VERSION) as server:
        open_provider(ProviderSettings("farm", "ray", server.base_url, trainer=TRAINER), {}).list_fine_tunes()
        assert not any("Authorization" in headers for headers in server.headers)
