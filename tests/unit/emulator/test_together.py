"""Together's server: what its document and its SDK say, and the traps that real clients fall into."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from ftops.emulator.server import EmulatorServer, EmulatorSettings
from tests.unit.emulator.client import CHAT, COMPLETION, LIFETIME, PREFERENCE, TIMEOUT, Client, Clock
from tests.unit.emulator.test_openapi import SPECS, Specification

QWEN = "Qwen/Qwen3-8B"
JOBS = "/fine-tunes"


class Together(Client):
    """Uploads by redirect, and makes jobs."""

    def announce(self, content: bytes, name: str = "train.jsonl", **told: str) -> requests.Response:
        checksum = hashlib.sha256(content).hexdigest()
        fields = {"purpose": "fine-tune", "file_name": name, "file_type": "jsonl", "checksum": checksum}
        form = {key: (None, value) for key, value in {**fields, **told}.items()}
        return self.request("POST", "/files", files=form, allow_redirects=False)

    def upload(self, content: str | bytes, purpose: str = "fine-tune", name: str = "train.jsonl") -> str:
        data = content if isinstance(content, bytes) else content.encode()
        said = self.announce(data, name, purpose=purpose)
        if said.status_code == 409:
            return str(said.json()["file_id"])
        put = requests.put(said.headers["Location"], data=data, timeout=TIMEOUT)
        assert put.status_code == 200, put.text
        file_id = said.headers["X-Together-File-Id"]
        return str(self.post(f"/files/{file_id}/preprocess")["id"])

    def tune(self, **fields: Any) -> dict[str, Any]:
        if "training_file" not in fields:
            fields["training_file"] = self.upload_rows([CHAT] * 12)
        job: dict[str, Any] = self.post(JOBS, {"model": QWEN, **fields})
        return job


@pytest.fixture
def server(database: Path, clock: Clock) -> Iterator[Together]:
    settings = EmulatorSettings(database, dialect="together", api_key="sk-test")
    with EmulatorServer(settings, clock=clock) as serving:
        yield Together(serving.base_url)


@pytest.fixture
def orderly(database: Path, clock: Clock) -> Iterator[Together]:
    settings = EmulatorSettings(database, dialect="together", by_the_book=True)
    with EmulatorServer(settings, clock=clock) as serving:
        yield Together(serving.base_url)


@pytest.mark.skipif(not SPECS.is_dir(), reason="the OpenAPI files are not beside this checkout")
def test_replies_conform_to_the_document_at_every_age(orderly: Together, clock: Clock) -> None:
    document = Specification("together.yaml")
    chat, pairs = orderly.upload_rows([CHAT] * 12), orderly.upload_rows([PREFERENCE] * 12)
    dpo = {"method": "dpo", "dpo_beta": 0.2}
    jobs = [
        orderly.tune(training_file=chat, validation_file=chat, n_evals=2, suffix="triage"),
        orderly.tune(training_file=pairs, training_method=dpo, training_type={"type": "Full"}),
        orderly.tune(training_file=pairs),
        orderly.tune(training_file=chat),
    ]
    document.check("FinetuneResponseTruncated", orderly.post(f"{JOBS}/{jobs[3]['id']}/cancel"))
    for seconds in (0, 30, 60, 100, LIFETIME):
        clock.now += seconds
        document.check("FinetuneTruncatedList", orderly.get(JOBS))
        for job in jobs:
            document.check("FinetuneResponse", orderly.get(f"{JOBS}/{job['id']}"))
            document.check("FinetuneListEvents", orderly.get(f"{JOBS}/{job['id']}/events"))
            document.check("FinetuneListCheckpoints", orderly.get(f"{JOBS}/{job['id']}/checkpoints"))
    statuses = {orderly.get(f"{JOBS}/{job['id']}")["status"] for job in jobs}
    assert statuses == {"completed", "error", "cancelled"}
    document.check("FileList", orderly.get("/files"))
    document.check("FileResponse", orderly.get(f"/files/{chat}"))
    document.check("FileDeleteResponse", orderly.delete(f"/files/{pairs}"))
    document.check("ModelInfoList", orderly.get("/models"))
    document.check("FineTuneModelLimits", orderly.get(f"{JOBS}/models/limits", model_name=QWEN))
    document.check("FinetuneDeleteResponse", orderly.delete(f"{JOBS}/{jobs[0]['id']}"))
    for method, path in (("GET", f"{JOBS}/x"), ("POST", JOBS), ("GET", "/files/x")):
        document.check("ErrorData", orderly.request(method, path).json())


def test_the_store_takes_no_key_and_nothing_that_was_not_signed(server: Together) -> None:
    where = server.announce(b"{}").headers["Location"]
    assert "_store" in where
    with_key = requests.put(where, data=b"{}", headers=server.headers, timeout=TIMEOUT)
    assert (with_key.status_code, "Only one auth mechanism" in with_key.text) == (400, True)
    other = where.replace("train.jsonl", "other.jsonl")
    assert requests.put(other, data=b"{}", timeout=TIMEOUT).status_code == 403
    assert requests.put(where, data=iter([b"{}"]), timeout=TIMEOUT).status_code == 411
    assert server.get("/files")["data"] == []
    assert requests.put(where, data=b"{}", timeout=TIMEOUT).status_code == 200


def test_a_content_that_is_there_is_a_conflict_that_names_it(server: Together) -> None:
    file_id = server.upload('{"text": "x"}\n')
    again = server.announce(b'{"text": "x"}\n', "other.jsonl")
    assert (again.status_code, again.json()) == (409, {"file_id": file_id})
    server.delete(f"/files/{file_id}")
    assert server.upload('{"text": "x"}\n') != file_id


@pytest.mark.parametrize(
    ("content", "checksum", "status"),
    [
        (b'{"prompt": "q", "completion": "a"}\n', None, "COMPLETED"),
        (b'{"other": 1}\n', None, "INVALID_FORMAT"),
        (b"no json\n", None, "INVALID_FORMAT"),
        (b'{"text": "x"}\n', "0" * 64, "FAILED"),
    ],
)
def test_a_file_is_looked_into_when_it_is_processed(
    server: Together, content: bytes, checksum: str | None, status: str
) -> None:
    said = server.announce(content, **({"checksum": checksum} if checksum else {}))
    requests.put(said.headers["Location"], data=content, timeout=TIMEOUT)
    (file,) = server.get("/files")["data"]
    assert file["processing_status"] == "PENDING"
    file = server.post(f"/files/{file['id']}/preprocess")
    assert file["processing_status"] == status
    assert file["validation_report"]["valid"] is (status == "COMPLETED")


def test_a_file_comes_in_one_form_too_as_the_document_has_it(server: Together) -> None:
    form = {"purpose": "fine-tune", "file_name": "a.jsonl"}
    content = b'{"text": "x"}\n'
    reply = server.request("POST", "/files/upload", data=form, files={"file": ("a.jsonl", content)})
    assert (reply.json()["filename"], reply.json()["bytes"]) == ("a.jsonl", len(content))
    assert server.request("GET", f"/files/{reply.json()['id']}/content").content == content


def test_parts_are_joined_when_each_is_named_by_its_etag_and_forgotten_when_aborted(
    server: Together, database: Path
) -> None:
    content = b'{"text": "abcdef"}\n' * 10
    body = {
        "file_name": "a.jsonl",
        "file_size": len(content),
        "num_parts": 2,
        "purpose": "fine-tune",
        "file_type": "jsonl",
        "checksum": hashlib.sha256(content).hexdigest(),
    }
    ids: dict[str, str] = {}
    etags: list[dict[str, Any]] = []
    for ending in ("abort", "complete"):
        begun = server.post("/files/multipart/initiate", body)
        ids = {name: begun[name] for name in ("upload_id", "file_id")}
        etags = []
        for part, piece in zip(begun["parts"], (content[:100], content[100:]), strict=True):
            put = requests.put(part["URL"], data=piece, timeout=TIMEOUT)
            etags.append({"part_number": part["PartNumber"], "etag": put.headers["ETag"].strip('"')})
        wrong = [etags[0], {"part_number": 2, "etag": "x"}]
        server.error("POST", "/files/multipart/complete", 400, json={**ids, "parts": wrong})
        if ending == "abort":
            server.post("/files/multipart/abort", ids)
            server.error("POST", "/files/multipart/complete", 404, json={**ids, "parts": etags})
    file = server.post("/files/multipart/complete", {**ids, "parts": etags})["file"]
    assert (file["bytes"], file["processing_status"]) == (len(content), "COMPLETED")
    left = [one.name for one in database.with_name(f"{database.name}.files").iterdir()]
    assert sorted(left) == sorted([file["id"], f"{file['id']}.json"])


def test_a_retrieve_shows_less_than_a_list(server: Together) -> None:
    job = server.tune(suffix="triage", random_seed=7)
    (listed,) = server.get(JOBS)["data"]
    assert listed == job
    full = server.get(f"{JOBS}/{job['id']}")
    assert job.keys() - full.keys() >= {"suffix", "packing", "max_seq_length", "random_seed"}
    assert full.keys() - job.keys() >= {"job_id", "model_output_path", "queue_depth"}


def test_what_was_left_out_is_filled_in(server: Together) -> None:
    job = server.tune(validation_file="", batch_size="max")
    assert (job["validation_file"], job["random_seed"], job["n_epochs"]) == ("", 42, 1)
    assert isinstance(job["batch_size"], int)
    assert job["training_type"]["type"] == "Lora"


def test_a_list_has_no_order(server: Together) -> None:
    made = [server.tune()["id"] for _ in range(12)]
    listed = server.ids(JOBS)
    assert sorted(listed) == sorted(made)
    assert listed not in (made, made[::-1])


def test_a_cancel_takes_a_while(server: Together, clock: Clock) -> None:
    job = server.tune()
    assert server.post(f"{JOBS}/{job['id']}/cancel")["status"] == "cancel_requested"
    server.error("POST", f"{JOBS}/{job['id']}/cancel", 400)
    clock.now += 60
    assert server.get(f"{JOBS}/{job['id']}")["status"] == "cancelled"
    types = [event["type"] for event in server.get(f"{JOBS}/{job['id']}/events")["data"]]
    assert types[-2:] == ["cancel_requested", "job_stopped"]


def test_prices_are_dollars_before_and_billionths_after(server: Together, clock: Clock) -> None:
    job = server.tune(n_epochs=2)
    asked = {"training_file": job["training_file"], "model": QWEN, "n_epochs": 2}
    told = server.post(f"{JOBS}/estimate-price", asked)
    clock.now += LIFETIME
    done = server.get(f"{JOBS}/{job['id']}")
    assert done["total_price"] == round(told["estimated_total_price"] * 1_000_000_000) > 0
    server.fault("file_status", **{"as": "processing", "id": job["training_file"]})
    unknown = {"estimation_available": False, "unavailable_reason": "train_file_not_validated"}
    assert server.post(f"{JOBS}/estimate-price", asked) == unknown


@pytest.mark.parametrize(
    "fields",
    [
        {"model": "no/model"},
        {"model": QWEN, "from_checkpoint": "ft-1"},
        {"n_epochs": 21},
        {"n_evals": 101},
        {"batch_size": 9},
        {"suffix": "x" * 41},
        {"training_type": {"type": "Lora"}},
        {"training_type": {"type": "Lora", "lora_r": 65, "lora_alpha": 1}},
        {"training_method": {"method": "sft"}},
        {"training_method": {"method": "ppo"}},
        {"lr_scheduler": {"lr_scheduler_type": "step"}},
        {"early_stopping_enabled": True},
        {"something": 1},
        {"training_file": "file-none"},
    ],
)
def test_what_the_server_refuses(server: Together, fields: dict[str, Any]) -> None:
    file_id = server.upload_rows([CHAT] * 12)
    server.error("POST", JOBS, 400, json={"model": QWEN, "training_file": file_id, **fields})
    assert server.get(JOBS)["data"] == []


def test_a_model_that_is_not_trained_has_no_limits_in_a_shape_of_its_own(server: Together) -> None:
    reply = server.request("GET", f"{JOBS}/models/limits", params={"model_name": "no/model"})
    assert (reply.status_code, set(reply.json())) == (404, {"message"})


def test_pairs_train_too_and_bad_rows_are_the_users_error(server: Together, clock: Clock) -> None:
    good = server.tune(training_file=server.upload_rows([COMPLETION] * 12))
    bad = server.tune(training_file=server.upload_rows([COMPLETION, {"prompt": 1, "completion": ""}]))
    clock.now += LIFETIME
    assert server.get(f"{JOBS}/{good['id']}")["status"] == "completed"
    failed = server.get(f"{JOBS}/{bad['id']}")
    assert (failed["status"], failed["events"][-1]["type"]) == ("user_error", "job_error")
    assert "Line 2" in failed["events"][-1]["message"]
