"""What the servers that differ from OpenAI keep, drop, demand and lack, as their documents say."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from ftops.emulator.server import EmulatorServer, EmulatorSettings
from tests.unit.emulator.client import CHAT, Client, Clock

GRADED = {"messages": [{"role": "user", "content": "2 + 2?"}], "reference_answer": "4"}
LAMBDA = {"type": "lambda", "lambda": {"function": "arn:aws:lambda:us-west-2:1:function:reward"}}


@contextmanager
def served(dialect: str, tmp_path: Path) -> Iterator[Client]:
    settings = EmulatorSettings(tmp_path / "world" / "emulator.db", dialect=dialect, api_key="sk-test")
    with EmulatorServer(settings, clock=Clock()) as server:
        client = Client(server.base_url)
        client.root = server.root_url
        yield client


def refused(client: Client, path: str, body: Any) -> tuple[int, Any]:
    response = client.request("POST", path, json=body)
    return response.status_code, response.json()


def test_nebius_ignores_metadata_and_shows_a_suffix_defaults_and_no_model(tmp_path: Path) -> None:
    with served("nebius", tmp_path) as client:
        file_id = client.upload_rows([CHAT] * 12)
        body = {
            "model": "meta-llama/Meta-Llama-3.1-8B-Instruct",
            "training_file": file_id,
            "metadata": {"a": "b"},
            "suffix": "triage",
            "hyperparameters": {"lora": True},
        }
        job = client.post("/fine_tuning/jobs", body)
        assert job["suffix"] == "triage"
        assert (job["hyperparameters"]["lora"], job["hyperparameters"]["n_epochs"]) == (True, 3)
        assert not job.keys() & {"metadata", "fine_tuned_model", "user_provided_suffix"}
        assert len(client.get("/fine_tuning/jobs", limit=1, after=job["id"])["data"]) == 1
        status, said = refused(client, "/fine_tuning/jobs", {**body, "hyperparameters": {"n_epochs": "many"}})
        assert (status, said["detail"][0]["loc"]) == (422, ["body", "hyperparameters", "n_epochs"])


def test_bedrock_takes_reinforcement_alone_and_no_suffix(tmp_path: Path) -> None:
    with served("bedrock", tmp_path) as client:
        body = {
            "model": "openai.gpt-oss-20b",
            "training_file": client.upload_rows([GRADED] * 12),
            "method": {"type": "reinforcement", "reinforcement": {"grader": LAMBDA}},
        }
        assert client.post("/fine_tuning/jobs", {**body, "metadata": {"a": "b"}})["metadata"] is None
        for bad in (
            {"suffix": "s"},
            {"method": {"type": "supervised"}},
            {"method": {"type": "reinforcement", "reinforcement": {"grader": {"type": "string_check"}}}},
        ):
            assert refused(client, "/fine_tuning/jobs", {**body, **bad})[0] == requests.codes.bad_request


def test_litellm_keeps_seven_fields_and_must_be_told_the_provider(tmp_path: Path) -> None:
    with served("litellm", tmp_path) as client:
        body = {
            "model": "gpt-4o-mini",
            "training_file": client.upload_rows([CHAT] * 12),
            "custom_llm_provider": "openai",
            "metadata": {"a": "b"},
            "method": {"type": "dpo", "dpo": {}},
            "hyperparameters": {"n_epochs": 2},
        }
        job = client.post("/fine_tuning/jobs", body)
        assert (job["metadata"], job["method"]["type"]) == (None, "supervised")
        assert job["hyperparameters"]["n_epochs"] == 2
        path = f"/fine_tuning/jobs/{job['id']}"
        assert client.get(path, custom_llm_provider="openai")["id"] == job["id"]
        assert client.request("GET", path).json()["error"]["code"] == "400"
        assert client.request("GET", f"{path}/events").status_code == requests.codes.not_found
        assert refused(client, "/fine_tuning/jobs", {**body, "custom_llm_provider": None})[0] == 500
        assert refused(client, "/fine_tuning/jobs", {**body, "integrations": [{"type": "wandb"}]})[0] == 422


def test_the_pass_through_of_litellm_drops_metadata_and_nothing_else(tmp_path: Path) -> None:
    with served("litellm_passthrough", tmp_path) as client:
        assert client.base_url.endswith("/openai_passthrough/v1")
        job = client.job(metadata={"a": "b"}, suffix="triage", method={"type": "supervised"})
        assert (job["metadata"], job["user_provided_suffix"]) == (None, "triage")
        assert client.get(f"/fine_tuning/jobs/{job['id']}/events")["data"]


@pytest.mark.parametrize("named", [True, False])
def test_portkey_takes_its_key_bare_and_must_be_told_the_provider(tmp_path: Path, *, named: bool) -> None:
    with served("portkey", tmp_path) as client:
        client.headers = {
            "x-portkey-api-key": "sk-test",
            **({"x-portkey-provider": "openai"} if named else {}),
        }
        body = {
            "model": "gpt-4o-mini",
            "training_file": client.upload_rows([CHAT] * 12),
            "metadata": {"a": "b"},
        }
        if named:
            assert client.post("/fine_tuning/jobs", body)["metadata"] is None
        else:
            status, said = refused(client, "/fine_tuning/jobs", body)
            assert (status, said["provider"]) == (400, "openai")


def test_model_studio_wraps_replies_pages_by_number_and_words_errors_its_own_way(tmp_path: Path) -> None:
    with served("alibaba", tmp_path) as client:
        sent = client.request("POST", "/files", files={"files": ("a.jsonl", b'{"messages": []}')}, data={})
        (uploaded,) = sent.json()["data"]["uploaded_files"]
        needed = {"n_epochs": 1, "batch_size": 16, "max_length": 8192}
        body = {
            "model": "qwen3-14b",
            "training_file_ids": [uploaded["file_id"]],
            "hyper_parameters": needed,
            "job_name": "mine",
        }
        ids = [client.post("/fine-tunes", body)["output"]["job_id"] for _ in range(3)]
        second = client.get("/fine-tunes", page_no=2, page_size=2)["output"]
        assert (second["page_no"], second["total"]) == (2, 3)
        assert [job["job_id"] for job in second["jobs"]] == ids[:1]
        assert second["jobs"][0]["training_type"] == "sft"
        lacking = {**body, "hyper_parameters": {"n_epochs": 1}}
        assert "batch_size" in str(refused(client, "/fine-tunes", lacking))
        status, said = refused(client, "/fine-tunes", {**body, "training_file_ids": []})
        assert (status, said["code"], said["message"]) == (400, "InvalidParameter", "Missing training files")
        assert client.request("GET", "/fine-tunes", params={"page_size": 101}).status_code == 400
        missing = client.request("GET", "/files/none")
        assert (missing.status_code, missing.json()["message"]) == (400, "File not found.")
