"""Replies conform to the published OpenAPI files, but for the deviations that were recorded."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from ftops.emulator.server import EmulatorServer, EmulatorSettings
from tests.unit.emulator.client import CHAT, COMPLETION, LIFETIME, PREFERENCE, Client, Clock

SPECS = Path(__file__).resolve().parents[3].parent / "shared" / "specs"
JOBS = "/fine_tuning/jobs"

pytestmark = pytest.mark.skipif(not SPECS.is_dir(), reason="the OpenAPI files are not beside this checkout")


class Specification:
    def __init__(self, name: str) -> None:
        document = yaml.safe_load((SPECS / name).read_text(encoding="utf-8"))
        self._components = document["components"]

    def check(self, schema: str, reply: Any) -> None:
        """Nullable is OpenAPI 3.0's word; JSON Schema does not know it."""
        root = {"$ref": f"#/components/schemas/{schema}", "components": _with_null(self._components)}
        jsonschema.Draft202012Validator(root).validate(reply)


def _with_null(node: Any) -> Any:
    if isinstance(node, list):
        return [_with_null(item) for item in node]
    if not isinstance(node, dict):
        return node
    node = {key: _with_null(value) for key, value in node.items()}
    if node.pop("nullable", False) is True and isinstance(node.get("type"), str):
        node["type"] = [node["type"], "null"]
    return node


@pytest.fixture
def modern() -> Specification:
    return Specification("openai.yaml")


@pytest.fixture
def legacy() -> Specification:
    return Specification("openai_legacy.yaml")


@pytest.fixture
def orderly(database: Path, clock: Clock) -> Iterator[Client]:
    with EmulatorServer(EmulatorSettings(database, by_the_book=True), clock=clock) as server:
        yield Client(server.base_url)


def modern_jobs(provider: Client) -> list[str]:
    chat, pairs = provider.upload_rows([CHAT] * 12), provider.upload_rows([PREFERENCE] * 12)
    wandb = {"type": "wandb", "wandb": {"project": "p"}}
    jobs = [
        provider.job(training_file=chat, validation_file=chat, metadata={"a": "b"}, integrations=[wandb]),
        provider.job(training_file=pairs, method={"type": "dpo"}),
        provider.job(training_file=pairs),
        provider.job(training_file=chat),
        provider.job(training_file=chat),
    ]
    provider.post(f"{JOBS}/{jobs[3]['id']}/cancel")
    provider.post(f"{JOBS}/{jobs[4]['id']}/pause")
    return [job["id"] for job in jobs]


def test_modern_replies_by_the_book_conform_at_every_age(
    orderly: Client, clock: Clock, modern: Specification
) -> None:
    ids = modern_jobs(orderly)
    for seconds in (0, 30, 60, LIFETIME):
        clock.now += seconds
        modern.check("ListPaginatedFineTuningJobsResponse", orderly.get(JOBS))
        for job_id in ids:
            modern.check("FineTuningJob", orderly.get(f"{JOBS}/{job_id}"))
            events = orderly.get(f"{JOBS}/{job_id}/events", limit=1000)
            modern.check("ListFineTuningJobEventsResponse", events)
            checkpoints = orderly.get(f"{JOBS}/{job_id}/checkpoints")
            modern.check("ListFineTuningJobCheckpointsResponse", checkpoints)


def test_files_and_models_conform_to_both_specifications(
    orderly: Client, clock: Clock, modern: Specification, legacy: Specification
) -> None:
    modern.check("ListFilesResponse", orderly.get("/files"))
    job_id = modern_jobs(orderly)[0]
    clock.now += LIFETIME
    job = orderly.get(f"{JOBS}/{job_id}")
    for specification in (modern, legacy):
        specification.check("ListFilesResponse", orderly.get("/files"))
        specification.check("OpenAIFile", orderly.get(f"/files/{job['result_files'][0]}"))
        specification.check("ListModelsResponse", orderly.get("/models"))
        specification.check("Model", orderly.get(f"/models/{job['fine_tuned_model']}"))
        specification.check("DeleteFileResponse", orderly.delete(f"/files/{orderly.upload('x')}"))
    modern.check("DeleteModelResponse", orderly.delete(f"/models/{job['fine_tuned_model']}"))


def test_legacy_replies_by_the_book_conform_at_every_age(
    orderly: Client, clock: Clock, legacy: Specification
) -> None:
    file_id = orderly.upload_rows([COMPLETION] * 12)
    jobs = [orderly.legacy_job(training_file=file_id, validation_file=file_id) for _ in range(2)]
    legacy.check("FineTune", orderly.post(f"/fine-tunes/{jobs[1]['id']}/cancel"))
    for seconds in (0, 30, 60, LIFETIME):
        clock.now += seconds
        legacy.check("ListFineTunesResponse", orderly.get("/fine-tunes"))
        legacy.check("FineTune", orderly.get(f"/fine-tunes/{jobs[0]['id']}"))
        legacy.check("ListFineTuneEventsResponse", orderly.get(f"/fine-tunes/{jobs[0]['id']}/events"))


def test_errors_conform_to_both_specifications(
    provider: Client, modern: Specification, legacy: Specification
) -> None:
    for method, path in (
        ("GET", "/x"),
        ("GET", f"{JOBS}/x"),
        ("POST", "/fine-tunes"),
        ("DELETE", "/models/x"),
    ):
        reply = provider.request(method, path).json()
        modern.check("ErrorResponse", reply)
        legacy.check("ErrorResponse", reply)


def test_without_the_book_only_the_recorded_deviations_remain(
    provider: Client, modern: Specification, legacy: Specification
) -> None:
    job_id = modern_jobs(provider)[-1]
    paused = provider.get(f"{JOBS}/{job_id}")
    assert (paused["status"], paused["error"]["code"]) == ("paused", None)
    modern.check("FineTuningJob", paused | {"status": "queued", "error": None})
    pending = provider.legacy_job()
    legacy.check(
        "FineTune",
        pending
        | {"hyperparams": pending["hyperparams"] | {"batch_size": 1, "learning_rate_multiplier": 0.1}},
    )
    event = provider.get(f"{JOBS}/{job_id}/events")["data"][0]
    assert event["data"] is None
    modern.check("FineTuningJobEvent", event | {"data": {}})


def test_by_the_book_a_file_is_downloaded_as_a_json_string(orderly: Client, provider: Client) -> None:
    path = f"/files/{provider.upload('text')}/content"
    assert orderly.get(path) == "text"
    response = provider.request("GET", path)
    assert (response.text, response.headers["Content-Type"]) == ("text", "application/octet-stream")
