"""What the servers of OpenAI's format that are not OpenAI's take, drop, demand and lack."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
import pytest

from ftops.emulator.server import EmulatorServer, EmulatorSettings
from ftops.errors import Rejected
from ftops.manifests.dialect_checks import DialectChecks
from ftops.model.capabilities import StampPlace
from ftops.model.finetune import Method
from ftops.model.job import JobStatus, Stamp
from ftops.model.project import ProviderSettings
from ftops.model.request import JobRequest, RequestFile
from ftops.providers.dialects.openai_profiles import PROFILES
from ftops.providers.http_provider import HttpProvider
from ftops.providers.provider import Provider
from ftops.providers.registry import dialects, facts_of, open_provider
from tests.conftest import Emulator
from tests.contracts.dialects import CASES
from tests.unit.providers.scripted import Said, Scripted, scripted

STAMP = Stamp("project", "lineage", "name", f"f1:{'1' * 64}", 1, 1, "nonce")
JOB = {"id": "ftjob-1", "object": "fine_tuning.job", "status": "running", "model": "m"}
SUPERVISED = JobRequest("m", (RequestFile("file-1"),), hyperparameters={"n_epochs": 2}, stamp=STAMP)


@contextmanager
def opened(dialect: str, *said: Any, **own: str) -> Iterator[tuple[Provider, Scripted]]:
    with scripted(*map(Said, said)) as server:
        provider = open_provider(ProviderSettings("p", dialect, own=own), {}, base_url=server.base_url)
        yield provider, server
        provider.close()


def _created(dialect: str, request: JobRequest = SUPERVISED, **own: str) -> dict[str, Any]:
    with opened(dialect, JOB, **own) as (provider, server):
        provider.create_fine_tune(request)
    body: dict[str, Any] = orjson.loads(server.bodies[0])
    return body


@pytest.mark.parametrize("dialect", sorted(PROFILES))
def test_only_what_comes_back_is_sent_as_a_mark(dialect: str) -> None:
    body = _created(dialect)
    assert "metadata" not in body
    place = dialects()[dialect].capabilities.stamp
    assert body.get("suffix") == (STAMP.tag if place is StampPlace.SUFFIX else None)


def test_nebius_takes_its_own_hyperparameters_and_where_to_start_from() -> None:
    start = {"repo": "acme/llama", "type": "hf"}
    request = JobRequest(
        "m",
        (RequestFile("file-1"),),
        hyperparameters={"lora": True, "lora_r": 16},
        provider_options={"from_checkpoint": start},
        suffix="triage",
        seed=7,
        stamp=STAMP,
    )
    assert _created("nebius", request) == {
        "model": "m",
        "training_file": "file-1",
        "method": {"type": "supervised", "supervised": {"hyperparameters": {"lora": True, "lora_r": 16}}},
        "suffix": f"triage-{STAMP.tag}",
        "seed": 7,
        "from_checkpoint": start,
    }


def test_nebius_shows_a_suffix_with_our_tag_and_a_seed_that_says_nothing() -> None:
    job = {**JOB, "suffix": f"triage-{STAMP.tag}", "seed": 0, "hyperparameters": {"lora": False, "lora_r": 8}}
    with opened("nebius", job) as (provider, _):
        seen = provider.retrieve_fine_tune("ftjob-1")
    assert (seen.suffix, seen.tag) == ("triage", STAMP.tag)
    assert seen.settings == {"hyperparameters.lora": False, "hyperparameters.lora_r": 8}


def test_the_model_of_a_nebius_job_is_that_of_its_last_checkpoint(tmp_path: Path) -> None:
    with _emulated("nebius", tmp_path) as (provider, emulator, request):
        job = provider.create_fine_tune(request)
        emulator.advance(10_000)
        (listed,) = provider.list_fine_tunes().jobs
        done = provider.retrieve_fine_tune(job.id)
        assert (listed.status, listed.fine_tuned_model) == (JobStatus.SUCCEEDED, None)
        assert done.fine_tuned_model is not None
        assert done.fine_tuned_model.startswith("ft:meta-llama")
        assert done.result_files == ()  # They are weights, and must not be read as metrics.


def test_a_nebius_job_is_shown_without_a_model_where_its_checkpoints_cannot_be_read() -> None:
    done = {**JOB, "status": "succeeded"}
    with opened("nebius", done, {"no": "list"}) as (provider, server):
        assert provider.retrieve_fine_tune("ftjob-1").fine_tuned_model is None
    assert server.asked == [
        "GET /v1/fine_tuning/jobs/ftjob-1",
        "GET /v1/fine_tuning/jobs/ftjob-1/checkpoints?limit=100",
    ]


@pytest.mark.parametrize(("own", "upstream"), [({}, "openai"), ({"upstream": "azure"}, "azure")])
def test_litellm_is_told_the_provider_in_every_request_and_gets_flat_hyperparameters(
    own: Mapping[str, str], upstream: str
) -> None:
    with opened("litellm", JOB, JOB, {"data": []}, **own) as (provider, server):
        provider.create_fine_tune(SUPERVISED)
        provider.cancel_fine_tune("ftjob-1")
        provider.list_fine_tunes()
    told = f"custom_llm_provider={upstream}"
    assert [asked.partition("?")[2] for asked in server.asked] == [told, told, f"{told}&limit=100"]
    created, cancelled, _ = (orjson.loads(body or b"null") for body in server.bodies)
    assert created == {
        "model": "m",
        "training_file": "file-1",
        "hyperparameters": {"n_epochs": 2},
        "custom_llm_provider": upstream,
    }
    assert cancelled == {"custom_llm_provider": upstream}


def test_litellm_says_that_it_has_no_events_and_deletes_no_models(tmp_path: Path) -> None:
    with _emulated("litellm", tmp_path) as (provider, emulator, request):
        job = provider.create_fine_tune(request)
        assert provider.retrieve_fine_tune(job.id).status.active
        assert provider.cancel_fine_tune(job.id).status is JobStatus.CANCELLED
        with pytest.raises(Rejected, match="no route"):
            provider.list_fine_tune_events(job.id)
        with pytest.raises(Rejected, match="no route"):
            provider.delete_model("m")
        assert emulator.requests("events") == 0


def test_portkey_gets_its_key_bare_and_the_provider_in_a_header() -> None:
    with opened("portkey", JOB, upstream="@openai-prod") as (provider, server):
        provider.create_fine_tune(SUPERVISED)
    (headers,) = server.headers
    assert headers["x-portkey-provider"] == "@openai-prod"
    assert headers["x-portkey-api-key"] == "emulator"
    assert "Authorization" not in headers


SPEC = {"model": "m", "training_file": "file-1"}


@pytest.mark.parametrize(
    ("dialect", "spec", "says"),
    [
        ("nebius", {"method": "dpo"}, "does not support the method dpo"),
        ("nebius", {"model": {"from": "other"}}, "does not train on a model that it has trained"),
        ("nebius", {"suffix": "s" * 55}, "at most 54, beside the 10"),
        ("nebius", {"hyperparameters": {"learning_rate_multiplier": 1}}, "has no field"),
        ("bedrock", {}, "does not support the method supervised"),
        (
            "bedrock",
            {"method": "reinforcement", "grader": {"type": "lambda"}, "suffix": "s"},
            "takes no suffix",
        ),
        ("litellm", {"method": "dpo"}, "does not support the method dpo"),
        ("litellm", {"integrations": [{"type": "wandb"}]}, "has no integrations"),
    ],
)
def test_what_a_server_would_drop_is_refused_before_it_is_sent(
    dialect: str, spec: dict[str, Any], says: str
) -> None:
    checks = DialectChecks(facts_of(ProviderSettings("p", dialect)))
    messages = [found.message for found in checks.findings({**SPEC, **spec})]
    assert any(says in message for message in messages), messages


@contextmanager
def _emulated(dialect: str, tmp_path: Path) -> Iterator[tuple[HttpProvider, Emulator, JobRequest]]:
    case = CASES[dialect]
    with EmulatorServer(EmulatorSettings(tmp_path / "emulator" / "e.db", dialect=dialect)) as server:
        settings = ProviderSettings("p", dialect, own=case.settings)
        provider = open_provider(settings, {}, base_url=server.base_url)
        assert isinstance(provider, HttpProvider)
        path = tmp_path / "data.jsonl"
        path.write_bytes(b"".join(orjson.dumps(case.row) + b"\n" for _ in range(12)))
        file = provider.upload_file(path, "data.jsonl", sha256(path.read_bytes()).hexdigest())
        request = JobRequest(case.model, (RequestFile(file.id),), method=Method(case.method), stamp=STAMP)
        yield provider, Emulator(server), request
        provider.close()
