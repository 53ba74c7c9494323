"""The emulated Azure: replies conform to its documents, versions differ as they do, traps are set."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ftops.emulator.server import EmulatorServer, EmulatorSettings
from tests.unit.emulator.client import CHAT, LIFETIME, PREFERENCE, Client, Clock
from tests.unit.emulator.test_openapi import SPECS, Specification

STABLE, PREVIEW = "2024-10-21", "2025-04-01-preview"
MODEL = "gpt-4.1-mini-2025-04-14"
PENDING = 5


class Azure(Client):
    """A client of one version: it puts it into every path."""

    def __init__(self, root: str, version: str | None) -> None:
        super().__init__(root, None)
        self.headers = {"api-key": "k"}
        self.version = version

    def request(self, method: str, path: str, **options: Any) -> Any:
        root = "/openai" if self.version else "/openai/v1"
        query = {"api-version": self.version} if self.version else {}
        options["params"] = {**query, **(options.get("params") or {})}
        return super().request(method, root + path, **options)

    def make(self, **fields: Any) -> Any:
        return self.request("POST", "/fine_tuning/jobs", json={"model": MODEL, **fields})

    def refused(self, status: int, method: str, path: str, **options: Any) -> dict[str, Any]:
        reply = self.request(method, path, **options)
        assert reply.status_code == status, reply.text
        error: dict[str, Any] = reply.json()["error"]
        return error


@pytest.fixture
def server(database: Path, clock: Clock) -> Iterator[EmulatorServer]:
    settings = EmulatorSettings(database, dialect="azure_openai", api_key="k")
    with EmulatorServer(settings, clock=clock) as server:
        yield server


@pytest.fixture
def orderly(database: Path, clock: Clock) -> Iterator[EmulatorServer]:
    settings = EmulatorSettings(database, dialect="azure_openai", by_the_book=True)
    with EmulatorServer(settings, clock=clock) as server:
        yield server


def data(azure: Azure, clock: Clock, row: Any = CHAT) -> str:
    """Upload a file and let it be processed."""
    reply = azure.request(
        "POST",
        "/files",
        files={"file": ("a.jsonl", "".join(f"{line}\n" for line in [json.dumps(row)] * 12))},
        data={"purpose": "fine-tune"},
    )
    assert reply.json()["status"] == "pending"
    clock.now += PENDING
    file_id: str = reply.json()["id"]
    return file_id


@pytest.mark.skipif(not SPECS.is_dir(), reason="the OpenAPI files are not beside this checkout")
@pytest.mark.parametrize("version", [STABLE, PREVIEW, None])
def test_replies_by_the_book_conform_at_every_age(
    orderly: EmulatorServer, clock: Clock, version: str | None
) -> None:
    spec = Specification("azure_openai.yaml")
    azure = Azure(orderly.base_url, version)
    kind = {} if version == STABLE else {"trainingType": "Standard"}
    chat = data(azure, clock)
    jobs = [azure.make(training_file=chat, validation_file=chat, **kind) for _ in range(3)]
    if version != STABLE:
        pairs = data(azure, clock, PREFERENCE)
        jobs.append(azure.make(training_file=pairs, method={"type": "dpo"}, **kind))
    ids = [job.json()["id"] for job in jobs]
    azure.post(f"/fine_tuning/jobs/{ids[1]}/cancel")
    if version != STABLE:
        azure.post(f"/fine_tuning/jobs/{ids[2]}/pause")
    schema = "V1FineTuningJob" if version is None else "FineTuningJob"
    for seconds in (0, 30, 60, LIFETIME):
        clock.now += seconds
        if version is not None:
            spec.check("FineTuningJobList", azure.get("/fine_tuning/jobs"))
        for job_id in ids:
            spec.check(schema, azure.get(f"/fine_tuning/jobs/{job_id}"))
            spec.check("FineTuningJobEventList", azure.get(f"/fine_tuning/jobs/{job_id}/events"))
            spec.check("FineTuningJobCheckpointList", azure.get(f"/fine_tuning/jobs/{job_id}/checkpoints"))
        spec.check("FileList" if version else "V1FileList", azure.get("/files"))
        spec.check("ModelList", azure.get("/models"))
    spec.check("FileDelete", azure.delete(f"/files/{chat}"))
    error = azure.request("GET", "/fine_tuning/jobs/ftjob-none").json()
    spec.check("ErrorResponse" if version else "AzureErrorResponse", error)


def test_a_dated_version_answers_201_and_where_it_is_and_v1_answers_200(
    server: EmulatorServer, clock: Clock
) -> None:
    dated, v1 = Azure(server.base_url, STABLE), Azure(server.base_url, None)
    file_id = data(dated, clock)
    made = dated.make(training_file=file_id)
    assert made.status_code == 201
    assert made.headers["Location"].endswith(f"/openai/fine_tuning/jobs/{made.json()['id']}")
    assert v1.make(training_file=file_id, trainingType="Standard").status_code == 200
    assert len(v1.get("/fine_tuning/jobs")["data"]) == len(dated.get("/fine_tuning/jobs")["data"]) == 2


def test_a_dated_path_without_a_version_is_not_there(server: EmulatorServer) -> None:
    for version in ("", "2019-01-01"):
        error = Azure(server.base_url, STABLE).refused(
            404, "GET", "/fine_tuning/jobs", params={"api-version": version}
        )
        assert error == {"code": "404", "message": "Resource not found"}
    error = Azure(server.base_url, None).refused(
        400, "GET", "/fine_tuning/jobs", params={"api-version": STABLE}
    )
    assert error["code"] == "BadRequest"


def test_each_shape_of_error_is_that_of_its_path(server: EmulatorServer) -> None:
    job = "/fine_tuning/jobs/ftjob-none"
    dated = Azure(server.base_url, STABLE).refused(404, "GET", job)
    assert dated["innererror"] == {"code": "notFound"}
    v1 = Azure(server.base_url, None).refused(404, "GET", job)
    assert (v1["code"], v1["type"]) == ("notFound", "error")
    stranger = Azure(server.base_url, None)
    stranger.headers = {"api-key": "other"}
    assert stranger.refused(401, "GET", job)["code"] == "401"
    stranger.headers = {"Authorization": "Bearer k"}
    stranger.refused(404, "GET", job)


def test_a_create_needs_a_training_type_but_for_the_version_that_has_none(
    server: EmulatorServer, clock: Clock
) -> None:
    v1, stable = Azure(server.base_url, None), Azure(server.base_url, STABLE)
    file_id = data(v1, clock)
    body = {"model": MODEL, "training_file": file_id}
    said = v1.refused(400, "POST", "/fine_tuning/jobs", json=body)
    assert said["message"] == "The specified base model does not support fine-tuning."
    said = v1.refused(400, "POST", "/fine_tuning/jobs", json={**body, "trainingType": "Cheap"})
    assert said["message"] == "The fineTuningJob field is required."
    stable.refused(400, "POST", "/fine_tuning/jobs", json={**body, "trainingType": "Standard"})
    assert v1.make(training_file=file_id, trainingType=1).status_code == 200


def test_auto_is_no_word_of_a_dated_version(server: EmulatorServer, clock: Clock) -> None:
    stable, v1 = Azure(server.base_url, STABLE), Azure(server.base_url, None)
    file_id = data(stable, clock)
    auto = {"hyperparameters": {"n_epochs": "auto"}}
    assert stable.make(training_file=file_id, **auto).status_code == 400
    assert v1.make(training_file=file_id, trainingType=1, **auto).status_code == 200


def test_no_job_is_made_of_a_file_that_is_still_pending(server: EmulatorServer, clock: Clock) -> None:
    v1 = Azure(server.base_url, None)
    file_id = data(v1, clock)
    clock.now -= 1
    said = v1.refused(
        400,
        "POST",
        "/fine_tuning/jobs",
        json={"model": MODEL, "training_file": file_id, "trainingType": 1},
    )
    assert "in state pending" in said["message"]


def test_a_suffix_may_have_40_characters_under_a_date_and_64_under_v1(
    server: EmulatorServer, clock: Clock
) -> None:
    preview, v1 = Azure(server.base_url, PREVIEW), Azure(server.base_url, None)
    file_id = data(v1, clock)
    assert preview.make(training_file=file_id, trainingType=1, suffix="x" * 40).status_code == 201
    assert preview.make(training_file=file_id, trainingType=1, suffix="x" * 41).status_code == 400
    assert preview.make(training_file=file_id, trainingType=1, suffix="a.b").status_code == 400
    assert v1.make(training_file=file_id, trainingType=1, suffix="x" * 64).status_code == 200


def test_metadata_is_kept_by_v1_alone(server: EmulatorServer, clock: Clock) -> None:
    preview, v1 = Azure(server.base_url, PREVIEW), Azure(server.base_url, None)
    file_id = data(v1, clock)
    fields: dict[str, Any] = {"training_file": file_id, "trainingType": 1, "metadata": {"a": "b"}}
    assert v1.make(**fields).json()["metadata"] == {"a": "b"}
    job_id = preview.make(**fields).json()["id"]
    assert v1.get(f"/fine_tuning/jobs/{job_id}")["metadata"] is None


def test_a_paused_job_says_when_it_finished_and_goes_on(server: EmulatorServer, clock: Clock) -> None:
    preview = Azure(server.base_url, PREVIEW)
    job_id = preview.make(training_file=data(preview, clock), trainingType="developerTier").json()["id"]
    path = f"/fine_tuning/jobs/{job_id}"
    clock.now += 70
    assert preview.post(f"{path}/pause")["status"] == "pausing"
    clock.now += LIFETIME
    paused = preview.get(path)
    assert paused["status"] == "paused"
    assert paused["finished_at"] is not None
    assert preview.post(f"{path}/resume")["status"] == "resuming"
    clock.now += LIFETIME
    assert preview.get(path)["status"] == "succeeded"
    Azure(server.base_url, STABLE).refused(404, "POST", f"{path}/pause")


def test_only_a_dated_version_deletes_a_job_and_only_one_that_is_over(
    server: EmulatorServer, clock: Clock
) -> None:
    stable, v1 = Azure(server.base_url, STABLE), Azure(server.base_url, None)
    job_id = stable.make(training_file=data(stable, clock)).json()["id"]
    path = f"/fine_tuning/jobs/{job_id}"
    assert stable.refused(400, "DELETE", path)["code"] == "unexpectedEntityState"
    clock.now += LIFETIME
    model = stable.get(path)["fine_tuned_model"]
    assert model == f"{MODEL}.ft-{job_id.removeprefix('ftjob-')}"
    assert v1.request("DELETE", path).status_code == 405
    assert stable.request("DELETE", path).status_code == 204
    stable.refused(404, "GET", path)
    assert model not in [item["id"] for item in stable.get("/models")["data"]]


def test_files_of_a_dated_version_come_at_once_and_say_nothing_of_more(
    server: EmulatorServer, clock: Clock
) -> None:
    stable = Azure(server.base_url, STABLE)
    file_id = data(stable, clock)
    listed = stable.get("/files", after=file_id, limit=1)
    assert [file["id"] for file in listed["data"]] == [file_id]
    assert "has_more" not in listed
