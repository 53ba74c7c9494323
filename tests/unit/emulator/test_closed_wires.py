"""Mistral's and Fireworks' servers: closed as they are today, and as they were when they took jobs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from ftops.emulator.server import EmulatorServer, EmulatorSettings
from tests.unit.emulator.client import CHAT, LIFETIME, PREFERENCE, Client, Clock
from tests.unit.emulator.test_openapi import SPECS, Specification

JOBS = "/fine_tuning/jobs"
MISTRAL = {"model": "open-mistral-7b", "hyperparameters": {}, "auto_start": True}
ACME = "/accounts/acme"
TUNED, PREFERRED = f"{ACME}/supervisedFineTuningJobs", f"{ACME}/dpoJobs"
BASE = "accounts/fireworks/models/llama-v3p1-8b-instruct"

Open = Callable[..., Client]


@pytest.fixture
def serve(database: Path, clock: Clock) -> Iterator[Open]:
    """Start a server of a dialect, closed unless it is opened."""
    with ExitStack() as stack:

        def start(dialect: str, *, is_open: bool = True) -> Client:
            settings = EmulatorSettings(database, dialect=dialect, open=is_open)
            return Client(stack.enter_context(EmulatorServer(settings, clock=clock)).base_url)

        yield start


def refused(client: Client, method: str, path: str, status: int, **options: Any) -> Any:
    response = client.request(method, path, **options)
    assert response.status_code == status, response.text
    return response.json()


def rows(*items: Any) -> bytes:
    return "".join(json.dumps(item) + "\n" for item in items).encode()


def mistral_job(client: Client, **fields: Any) -> dict[str, Any]:
    file_id = fields.pop("file_id", None) or client.upload(rows(*[CHAT] * 12))
    body = {**MISTRAL, "training_files": [{"file_id": file_id, "weight": 1}], **fields}
    job: dict[str, Any] = client.post(JOBS, body)
    return job


def dataset(client: Client, name: str, content: bytes) -> str:
    client.post(f"{ACME}/datasets", {"datasetId": name, "dataset": {"userUploaded": {}}})
    file = {"file": ("train.jsonl", content)}
    assert client.request("POST", f"{ACME}/datasets/{name}:upload", files=file).ok
    return f"accounts/acme/datasets/{name}"


def fireworks_job(client: Client, job_id: str, path: str = TUNED, **fields: Any) -> dict[str, Any]:
    key = "dpoJobId" if path == PREFERRED else "supervisedFineTuningJobId"
    if client.request("GET", f"{ACME}/datasets/chat").status_code == 404:
        dataset(client, "chat", rows(*[CHAT] * 5))
    training = {"trainingConfig": {"baseModel": BASE}} if path == PREFERRED else {"baseModel": BASE}
    body = {"dataset": "chat", **training, **fields}
    response = client.request("POST", f"{path}?{key}={job_id}", json=body)
    assert response.ok, response.text
    job: dict[str, Any] = response.json()
    return job


def test_mistral_takes_no_job_today_and_the_rest_goes_on(serve: Open) -> None:
    client = serve("mistral", is_open=False)
    file_id = client.upload(rows(*[CHAT] * 12))
    body = {**MISTRAL, "training_files": [{"file_id": file_id}]}
    reply = refused(client, "POST", JOBS, 422, json=body)
    assert reply == {"detail": "Model not available for this type of fine-tuning (completion)."}
    assert client.get(JOBS) == {"object": "list", "total": 0, "data": []}


def test_fireworks_takes_neither_job_nor_dataset_today(serve: Open) -> None:
    client = serve("fireworks", is_open=False)
    asked = {"datasetId": "d", "dataset": {"userUploaded": {}}}
    reply = refused(client, "POST", f"{ACME}/datasets", 501, json=asked)
    assert reply["code"] == 12
    refused(client, "POST", TUNED, 501, json={"dataset": "d", "baseModel": BASE})
    assert client.get(TUNED) == {}
    assert client.get(f"{ACME}/datasets") == {}


def test_a_mistral_job_without_auto_start_waits_unpaid_until_it_is_started(serve: Open, clock: Clock) -> None:
    client = serve("mistral")
    job = mistral_job(client, auto_start=False)
    path = f"{JOBS}/{job['id']}"
    assert job["status"] == "QUEUED"
    clock.now += 5
    assert client.get(path)["status"] == "VALIDATING"
    clock.now += LIFETIME
    waiting = client.get(path)
    assert (waiting["status"], waiting["metadata"]["cost_currency"]) == ("VALIDATED", "EUR")
    client.post(f"{path}/start")
    clock.now += LIFETIME
    done = client.get(path)
    assert done["status"] == "SUCCESS"
    assert done["fine_tuned_model"] in client.ids("/models")
    refused(client, "POST", f"{path}/start", 400)


def test_mistral_answers_409_while_a_similar_job_is_under_way(serve: Open, clock: Clock) -> None:
    client = serve("mistral")
    file_id = client.upload(rows(*[CHAT] * 12))
    first = mistral_job(client, file_id=file_id)
    body = {**MISTRAL, "training_files": [{"file_id": file_id}]}
    refused(client, "POST", JOBS, 409, json=body)
    assert mistral_job(client, file_id=file_id, suffix="other")["id"] != first["id"]
    clock.now += LIFETIME
    assert mistral_job(client, file_id=file_id)["id"] != first["id"]


def test_a_mistral_cancel_is_requested_and_then_done(serve: Open, clock: Clock) -> None:
    client = serve("mistral")
    path = f"{JOBS}/{mistral_job(client)['id']}"
    assert client.post(f"{path}/cancel")["status"] == "CANCELLATION_REQUESTED"
    assert client.post(f"{path}/cancel")["status"] == "CANCELLATION_REQUESTED"
    clock.now += 60
    assert client.get(path)["status"] == "CANCELLED"
    refused(client, "POST", f"{path}/cancel", 400)


def test_mistral_refuses_what_does_not_fit_with_422_and_its_place(serve: Open) -> None:
    client = serve("mistral")
    for changes, place in (
        ({"suffix": "x" * 19}, ["body", "suffix"]),
        ({"training_files": []}, ["body", "job_in"]),
        ({"hyperparameters": {"learning_rate": 2}}, ["body", "hyperparameters", "learning_rate"]),
    ):
        body = {**MISTRAL, "training_files": [{"file_id": "x"}], **changes}
        (detail,) = refused(client, "POST", JOBS, 422, json=body)["detail"]
        assert detail["loc"] == place
    assert refused(client, "GET", "/x", 404) == {"detail": "Not Found"}
    assert refused(client, "GET", f"{JOBS}/x", 404) == {"detail": "Job x not found"}


def test_mistral_pages_by_number_and_filters(serve: Open) -> None:
    client = serve("mistral")
    made = [mistral_job(client, suffix=f"s{number}")["id"] for number in range(3)]
    pages = [client.get(JOBS, page=page, page_size=2) for page in (0, 1, 2)]
    assert [page["total"] for page in pages] == [3, 3, 3]
    assert [job["id"] for page in pages for job in page["data"]] == made[::-1]
    assert client.ids(JOBS, suffix="s1") == [made[1]]
    assert client.ids(JOBS, status="SUCCESS") == []
    assert client.ids(JOBS, created_before="2001-01-01T00:00:00Z") == []


def test_mistral_gives_the_same_file_for_the_same_name_and_content(serve: Open) -> None:
    client = serve("mistral")
    first = client.upload("a\n")
    assert client.upload("a\n") == first
    assert client.upload("a\n", name="other.jsonl") != first
    assert client.upload("b\n") != first


def test_mistral_estimates_a_dry_run_and_makes_no_job(serve: Open) -> None:
    client = serve("mistral")
    body = {**MISTRAL, "training_files": [{"file_id": client.upload(rows(*[CHAT] * 12))}]}
    assert client.post(f"{JOBS}?dry_run=true", body)["object"] == "job.metadata"
    assert client.get(JOBS)["total"] == 0


def test_bad_data_fails_a_mistral_job_while_it_is_validated(serve: Open, clock: Clock) -> None:
    client = serve("mistral")
    job = mistral_job(client, file_id=client.upload("nonsense\n"))
    clock.now += LIFETIME
    failed = client.get(f"{JOBS}/{job['id']}")
    assert failed["status"] == "FAILED_VALIDATION"
    assert "Line 1" in failed["events"][0]["data"]["error"]


def test_a_fireworks_id_is_taken_once_and_for_ever(serve: Open) -> None:
    client = serve("fireworks")
    job = fireworks_job(client, "ftops-a")
    assert job["name"] == "accounts/acme/supervisedFineTuningJobs/ftops-a"
    assert job["outputModel"] == "accounts/acme/models/ftops-a"
    again = {"dataset": "chat", "baseModel": BASE}
    path = f"{TUNED}?supervisedFineTuningJobId=ftops-a"
    assert refused(client, "POST", path, 409, json=again)["code"] == 6
    client.delete(f"{TUNED}/ftops-a")
    refused(client, "GET", f"{TUNED}/ftops-a", 404)
    assert refused(client, "POST", path, 409, json=again)["code"] == 6
    assert client.get(TUNED) == {}


def test_fireworks_lists_by_name_in_pages_that_hold_for_one_query(serve: Open) -> None:
    client = serve("fireworks")
    for name in ("b", "c", "a"):
        fireworks_job(client, f"job-{name}", displayName=f"shown {name}")
    first = client.get(TUNED, pageSize=2)
    names = [job["name"][-1] for job in first["supervisedFineTuningJobs"]]
    assert (names, first["totalSize"]) == (["a", "b"], 3)
    rest = client.get(TUNED, pageSize=2, pageToken=first["nextPageToken"])
    assert [job["name"][-1] for job in rest["supervisedFineTuningJobs"]] == ["c"]
    assert rest["nextPageToken"] == ""
    token = {"pageSize": 3, "pageToken": first["nextPageToken"]}
    assert refused(client, "GET", TUNED, 400, params=token)["code"] == 3
    found = client.get(TUNED, filter='displayName="shown c"')["supervisedFineTuningJobs"]
    assert [job["name"][-1] for job in found] == ["c"]
    assert client.get(PREFERRED) == {}


def test_a_fireworks_cancel_answers_nothing_and_takes_its_time(serve: Open, clock: Clock) -> None:
    client = serve("fireworks")
    fireworks_job(client, "ftops-a")
    assert client.post(f"{TUNED}/ftops-a:cancel", {}) == {}
    assert client.get(f"{TUNED}/ftops-a")["state"] == "JOB_STATE_CANCELLING"
    clock.now += 60
    assert client.get(f"{TUNED}/ftops-a")["state"] == "JOB_STATE_CANCELLED"
    assert refused(client, "POST", f"{TUNED}/ftops-a:cancel", 400, json={})["code"] == 9


def test_fireworks_refuses_what_no_field_of_it_is_called(serve: Open) -> None:
    client = serve("fireworks")
    dataset(client, "chat", rows(*[CHAT] * 5))
    body = {"dataset": "chat", "baseModel": BASE}
    for changes in ({"nEpochs": 3}, {"warmStartFrom": "x"}, {"baseModel": "unknown"}, {"dataset": "none"}):
        refused(client, "POST", TUNED, 400, json={**body, **changes})
    refused(client, "POST", f"{TUNED}?supervisedFineTuningJobId=Not_An_Id", 400, json=body)


def test_a_fireworks_dataset_without_rows_makes_no_job(serve: Open) -> None:
    client = serve("fireworks")
    client.post(f"{ACME}/datasets", {"datasetId": "bare", "dataset": {"userUploaded": {}}})
    assert client.get(f"{ACME}/datasets/bare")["state"] == "UPLOADING"
    reply = refused(client, "POST", TUNED, 400, json={"dataset": "bare", "baseModel": BASE})
    assert reply["code"] == 9


@pytest.mark.skipif(not SPECS.is_dir(), reason="the OpenAPI files are not beside this checkout")
def test_mistrals_replies_conform_to_its_openapi_file_at_every_age(serve: Open, clock: Clock) -> None:
    specification, client = Specification("mistral.yaml"), serve("mistral")
    jobs = [mistral_job(client, suffix=f"s{number}") for number in range(3)]
    mistral_job(client, suffix="waits", auto_start=False)
    mistral_job(client, file_id=client.upload("nonsense\n"))
    specification.check("CompletionJobOut", jobs[0])
    client.post(f"{JOBS}/{jobs[1]['id']}/cancel")
    for seconds in (0, 5, 10, 15, 60, LIFETIME):
        clock.now += seconds
        specification.check("JobsOut", client.get(JOBS))
        for job in client.get(JOBS)["data"]:
            specification.check("CompletionDetailedJobOut", client.get(f"{JOBS}/{job['id']}"))
    file_id = client.ids("/files")[0]
    specification.check("ListFilesOut", client.get("/files"))
    specification.check("RetrieveFileOut", client.get(f"/files/{file_id}"))
    specification.check("DeleteFileOut", client.delete(f"/files/{file_id}"))
    specification.check("ModelList", client.get("/models"))
    model = client.get(f"{JOBS}/{jobs[0]['id']}")["fine_tuned_model"]
    specification.check("FTModelCard", client.get(f"/models/{model}"))
    specification.check("DeleteModelOut", client.delete(f"/models/{model}"))
    body = {**MISTRAL, "training_files": []}
    specification.check("HTTPValidationError", refused(client, "POST", JOBS, 422, json=body))


@pytest.mark.skipif(not SPECS.is_dir(), reason="the OpenAPI files are not beside this checkout")
def test_fireworks_replies_conform_to_the_types_of_its_client(serve: Open, clock: Clock) -> None:
    specification, client = Specification("fireworks.yaml"), serve("fireworks")
    for number in range(3):
        fireworks_job(client, f"job-{number}")
    dataset(client, "pairs", rows(*[PREFERENCE] * 5))
    fireworks_job(client, "dpo", PREFERRED, dataset="pairs", lossConfig={"method": "DPO"})
    client.post(f"{TUNED}/job-1:cancel", {})
    for seconds in (0, 5, 20, 60, LIFETIME):
        clock.now += seconds
        specification.check("ListSupervisedFineTuningJobs", client.get(TUNED))
        for number in range(3):
            specification.check("SupervisedFineTuningJob", client.get(f"{TUNED}/job-{number}"))
    assert client.get(f"{PREFERRED}/dpo")["state"] == "JOB_STATE_COMPLETED"
    specification.check("ListDatasets", client.get(f"{ACME}/datasets"))
    specification.check("Dataset", client.get(f"{ACME}/datasets/chat"))
    specification.check("ListModels", client.get(f"{ACME}/models"))
    specification.check("Model", client.get("/accounts/fireworks/models/llama-v3p1-8b-instruct"))
    specification.check("RpcStatus", refused(client, "GET", f"{TUNED}/none", 404))
    assert client.delete(f"{ACME}/models/job-0") == {}
    assert client.delete(f"{ACME}/datasets/chat") == {}
