"""What only Fireworks' format has: an id of ours, two collections, resource names, proto3's JSON."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from ftops.errors import Ambiguous, Rejected, Unsupported
from ftops.model.finetune import Method
from ftops.model.job import FailureClass, FileState, JobStatus, Stamp
from ftops.model.project import ProviderSettings
from ftops.model.request import JobRequest, RequestFile
from ftops.providers.dialects.fireworks import FireworksDialect
from ftops.providers.dialects.fireworks_jobs import chosen_id, dataset_id
from ftops.providers.identity import split_tag
from ftops.providers.provider import Provider
from ftops.providers.registry import open_provider
from tests.unit.providers.scripted import Said, Scripted, scripted

STAMP = Stamp("project", "lineage", "support-triage", f"f1:{'1' * 64}", 1, 1, "nonce")
ID = f"support-triage-{STAMP.tag}"
ACCOUNT = "accounts/acme"
JOB: dict[str, Any] = {
    "name": f"{ACCOUNT}/supervisedFineTuningJobs/{ID}",
    "displayName": "triage",
    "createTime": "2026-11-27T00:35:57.120Z",
    "completedTime": None,
    "dataset": f"{ACCOUNT}/datasets/d1",
    "state": "JOB_STATE_CREATING",
    "status": {"code": "OK", "message": ""},
    "outputModel": f"{ACCOUNT}/models/{ID}",
    "baseModel": "accounts/fireworks/models/llama-v3p1-8b-instruct",
    "warmStartFrom": "",
    "epochs": 2,
    "learningRate": 0.0001,
    "loraRank": "8",
    "earlyStop": False,
    "region": "US_IOWA_1",
    "jobProgress": {"percent": 0, "epoch": 0},
    "estimatedCost": {"currencyCode": "USD", "units": "1", "nanos": 250000000},
    "updateTime": "2026-11-27T00:35:57.120Z",
}
TAKEN = Said({"code": 6, "message": f"job {ID} already exists", "details": []}, 409)
GONE = Said({"code": 5, "message": "not found", "details": []}, 404)


@contextmanager
def served(*replies: Said) -> Iterator[tuple[Provider, Scripted]]:
    with scripted(*replies) as server:
        settings = ProviderSettings("f", "fireworks", own={"account": "acme"})
        provider = open_provider(settings, {}, base_url=server.base_url)
        yield provider, server
        provider.close()


def request(**changes: Any) -> JobRequest:
    fields = {"model": "llama-v3p1-8b-instruct", "training_files": (RequestFile(f"{ACCOUNT}/datasets/d1"),)}
    return JobRequest(**{**fields, "stamp": STAMP, **changes})


def decoded(**changes: Any) -> Any:
    return FireworksDialect("acme").decode_job({**JOB, **changes}, "f")


def test_a_create_asks_for_an_id_of_ours_and_names_in_whole() -> None:
    asked = request(
        suffix="My Triage!",
        hyperparameters={"epochs": 2, "loraRank": "auto"},
        validation_file=RequestFile("v1"),
        provider_options={"region": "US_IOWA_1", "useReservation": True},
    )
    with served(Said(JOB)) as (provider, server):
        provider.create_fine_tune(asked)
    url = urlsplit(server.asked[0].partition(" ")[2])
    assert url.path == "/v1/accounts/acme/supervisedFineTuningJobs"
    assert parse_qs(url.query) == {"supervisedFineTuningJobId": [ID]}
    assert json.loads(server.bodies[0]) == {
        "dataset": f"{ACCOUNT}/datasets/d1",
        "evaluationDataset": f"{ACCOUNT}/datasets/v1",
        "displayName": "My Triage!",
        "baseModel": "accounts/fireworks/models/llama-v3p1-8b-instruct",
        "outputModel": f"{ACCOUNT}/models/my-triage-{STAMP.tag}",
        "epochs": 2,
        "region": "US_IOWA_1",
        "useReservation": True,
    }


def test_a_dpo_job_trains_by_its_own_collection_and_configuration() -> None:
    asked = request(
        method=Method.DPO,
        hyperparameters={"epochs": 2, "beta": 0.2, "lossMethod": "ORPO"},
        provider_options={"region": "US_IOWA_1"},
    )
    shown = {
        "name": f"{ACCOUNT}/dpoJobs/{ID}",
        "dataset": "d1",
        "trainingConfig": {"epochs": 2, "baseModel": "x", "outputModel": ID},
        "lossConfig": {"method": "ORPO", "dpo": {"beta": 0.2}},
        "state": "JOB_STATE_COMPLETED",
    }
    with served(Said(shown)) as (provider, server):
        job = provider.create_fine_tune(asked)
    assert f"/dpoJobs?dpoJobId={ID}" in server.asked[0]
    assert json.loads(server.bodies[0]) == {
        "dataset": f"{ACCOUNT}/datasets/d1",
        "trainingConfig": {
            "baseModel": "accounts/fireworks/models/llama-v3p1-8b-instruct",
            "epochs": 2,
            "region": "US_IOWA_1",
        },
        "lossConfig": {"method": "ORPO", "dpo": {"beta": 0.2}},
    }
    assert (job.id, job.tag, job.fine_tuned_model) == (
        f"dpoJobs/{ID}",
        STAMP.tag,
        f"{ACCOUNT}/models/{ID}",
    )
    assert job.settings == {
        "method": "dpo",
        "hyperparameters.epochs": 2,
        "hyperparameters.lossMethod": "ORPO",
        "hyperparameters.beta": 0.2,
    }


def test_what_a_job_of_ours_made_is_started_from_and_not_a_base() -> None:
    with served(Said(JOB)) as (provider, server):
        provider.create_fine_tune(request(model=f"{ACCOUNT}/models/first", chained=True))
    body = json.loads(server.bodies[0])
    assert body["warmStartFrom"] == f"{ACCOUNT}/models/first"
    assert "baseModel" not in body
    assert decoded(warmStartFrom=f"{ACCOUNT}/models/first").model == f"{ACCOUNT}/models/first"


@pytest.mark.parametrize(
    "name", ["a", "9-lives", "x" * 63, f"{'long-' * 11}end", "support-triage", "a-" * 20 + "a"]
)
def test_an_id_of_ours_fits_and_gives_its_tag_back(name: str) -> None:
    stamp = Stamp("p", "l", name, f"f1:{'1' * 64}", 1, 1, "nonce")
    wanted = chosen_id(stamp)
    assert len(wanted) <= 63
    assert wanted[0].isalpha()
    assert set(wanted) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert "--" not in wanted
    assert split_tag(wanted)[1] == stamp.tag


def test_a_taken_id_is_the_job_that_is_there() -> None:
    with served(TAKEN, Said(JOB)) as (provider, server):
        job = provider.create_fine_tune(request())
    assert (job.id, job.tag) == (ID, STAMP.tag)
    assert [line.partition(" ")[0] for line in server.asked] == ["POST", "GET"]


@pytest.mark.parametrize("state", ["DELETING", "DELETED", "ARCHIVED", "CANCELLED"])
def test_a_taken_id_of_what_somebody_stopped_is_a_cancelled_job(state: str) -> None:
    with served(TAKEN, Said({**JOB, "state": f"JOB_STATE_{state}"})) as (provider, _):
        assert provider.create_fine_tune(request()).status is JobStatus.CANCELLED


def test_a_taken_id_without_a_job_is_refused_with_a_way_out() -> None:
    with served(TAKEN, GONE) as (provider, server), pytest.raises(Rejected, match="was deleted") as caught:
        provider.create_fine_tune(request())
    assert "lifecycle.rerun" in (caught.value.hint or "")
    assert len(server.asked) == 2


def test_a_conflict_that_names_no_taken_id_stays_in_doubt() -> None:
    conflict = Said({"code": 10, "message": "aborted", "details": []}, 409)
    with served(conflict, GONE) as (provider, _), pytest.raises(Ambiguous):
        provider.create_fine_tune(request())


def test_a_taken_id_that_cannot_be_read_stays_in_doubt() -> None:
    unread = Said({"code": 13, "message": "x", "details": []}, 400)
    with served(TAKEN, unread) as (provider, _), pytest.raises(Ambiguous, match="already exists"):
        provider.create_fine_tune(request())


@pytest.mark.parametrize(
    ("key", "value"), [("dataset", "other"), ("baseModel", "other"), ("outputModel", "other")]
)
def test_a_taken_id_of_another_training_is_not_taken_for_ours(key: str, value: str) -> None:
    existing, words = Said({**JOB, key: value}), f"exists with {key} other"
    with served(TAKEN, existing) as (provider, _), pytest.raises(Ambiguous, match=words):
        provider.create_fine_tune(request(suffix="triage" if key == "outputModel" else None))


def test_a_taken_id_that_starts_from_another_model_is_not_taken_for_ours() -> None:
    existing = Said({**JOB, "baseModel": "", "warmStartFrom": f"{ACCOUNT}/models/other"})
    with served(TAKEN, existing) as (provider, _), pytest.raises(Ambiguous, match="warmStartFrom"):
        provider.create_fine_tune(request(model=f"{ACCOUNT}/models/first"))


def test_a_job_is_read_from_proto3s_json() -> None:
    job = decoded()
    assert (job.id, job.tag, job.suffix, job.status) == (ID, STAMP.tag, "triage", JobStatus.PENDING)
    assert job.created_at == 1795739757.12
    assert job.settings["hyperparameters.loraRank"] == 8
    assert job.settings["hyperparameters.earlyStop"] is False
    assert [file.id for file in job.training_files] == [f"{ACCOUNT}/datasets/d1"]
    assert job.fine_tuned_model is None
    bare = FireworksDialect("acme").decode_job({"name": JOB["name"]}, "f")
    assert (bare.status, bare.settings) == (JobStatus.PENDING, {"method": "supervised"})


@pytest.mark.parametrize(
    ("state", "ours"),
    [
        ("JOB_STATE_EARLY_STOPPED", JobStatus.SUCCEEDED),
        ("JOB_STATE_RE_QUEUEING", JobStatus.RUNNING),
        ("JOB_STATE_PAUSED", JobStatus.PAUSED),
        ("JOB_STATE_CANCELLING", JobStatus.CANCELLING),
        ("JOB_STATE_EXPIRED", JobStatus.FAILED),
        ("JOB_STATE_OF_TOMORROW", JobStatus.UNKNOWN),
    ],
)
def test_each_state_has_a_word_of_ours(state: str, ours: JobStatus) -> None:
    assert decoded(state=state).status is ours


def test_a_failure_is_judged_by_its_grpc_code() -> None:
    status = {"code": "RESOURCE_EXHAUSTED", "message": "no more"}
    error = decoded(state="JOB_STATE_FAILED", status=status).error
    assert (error.code, error.message, error.failure_class) == (
        "RESOURCE_EXHAUSTED",
        "no more",
        FailureClass.QUOTA,
    )


def test_both_collections_are_listed_to_their_end_and_an_empty_one_may_be_nothing_at_all() -> None:
    first = Said({"supervisedFineTuningJobs": [JOB], "nextPageToken": "t", "totalSize": 2})
    other = {**JOB, "name": f"{ACCOUNT}/supervisedFineTuningJobs/other"}
    second = Said({"supervisedFineTuningJobs": [other], "nextPageToken": ""})
    with served(first, second, Said({})) as (provider, server):
        jobs = provider.list_fine_tunes()
    assert ([job.id for job in jobs.jobs], jobs.complete) == ([ID, "other"], True)
    assert "pageToken=t" in server.asked[1]
    assert "/dpoJobs?" in server.asked[2]


@pytest.mark.parametrize("reply", [Said({"message": "hello"}), Said({"code": 13, "message": "x"}, 400)])
def test_a_list_of_which_one_collection_fails_is_incomplete(reply: Said) -> None:
    with served(Said({"supervisedFineTuningJobs": [JOB]}), reply) as (provider, _):
        jobs = provider.list_fine_tunes()
    assert ([job.id for job in jobs.jobs], jobs.complete) == ([ID], False)
    assert jobs.problem


def test_a_job_is_found_by_its_id_and_by_its_whole_name() -> None:
    with served(Said(JOB)) as (provider, server):
        for name in (ID, JOB["name"], f"dpoJobs/{ID}", f"{ACCOUNT}/dpoJobs/{ID}"):
            provider.retrieve_fine_tune(name)
    assert [line.split("/")[-2] for line in server.asked] == [
        *["supervisedFineTuningJobs"] * 2,
        *["dpoJobs"] * 2,
    ]


def test_a_cancel_says_nothing_so_the_job_is_read_again() -> None:
    with served(Said({}), Said({**JOB, "state": "JOB_STATE_CANCELLING"})) as (provider, server):
        assert provider.cancel_fine_tune(ID).status is JobStatus.CANCELLING
    assert server.asked[0].endswith(f"/{ID}:cancel")
    assert server.bodies[0] == b"{}"


def test_events_are_made_of_state_and_progress() -> None:
    running = {**JOB, "state": "JOB_STATE_RUNNING", "jobProgress": {"percent": 40, "epoch": 1}}
    with served(Said(running)) as (provider, _):
        events = list(provider.list_fine_tune_events(ID))
        assert [event.message for event in events] == ["created", "running, 40 %, epoch 1"]
        assert list(provider.list_fine_tune_events(ID, since=events[-1].id)) == []


def test_a_dataset_is_named_by_name_and_content_and_is_sent_once(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_text("{}\n")
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    wanted = dataset_id("train.demo-0123456789abcdef.jsonl", sha256)
    there = {"name": f"{ACCOUNT}/datasets/{wanted}", "displayName": "train.jsonl", "state": "READY"}
    with served(Said({**there, "state": "UPLOADING"}), Said({}), Said(there)) as (provider, server):
        file = provider.upload_file(path, "train.demo-0123456789abcdef.jsonl", sha256)
    assert (file.id, file.state) == (there["name"], FileState.READY)
    assert server.asked[1].endswith(f"/datasets/{wanted}:upload")
    with served(TAKEN, Said(there)) as (provider, server):
        assert provider.upload_file(path, "train.demo-0123456789abcdef.jsonl", sha256).id == there["name"]
    assert len(server.asked) == 2, "what is there is not sent again"
    with served(TAKEN, Said({**there, "state": "UPLOADING"}), Said({}), Said(there)) as (provider, server):
        provider.upload_file(path, "train.demo-0123456789abcdef.jsonl", sha256)
    assert len(server.asked) == 4, "a dataset without rows gets them"
    assert dataset_id("train.demo-0123456789abcdef.jsonl", "0" * 64) != wanted
    assert dataset_id("train.else-0123456789abcdef.jsonl", sha256) != wanted


def test_rows_are_not_given_back() -> None:
    with served(Said({})) as (provider, server), pytest.raises(Unsupported, match="2026-11-15"):
        provider.download_file(f"{ACCOUNT}/datasets/d1")
    assert server.asked == []
