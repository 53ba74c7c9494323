"""What only Mistral's format has: pages by number, events inside a job, eighteen characters of a suffix."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from ftops.errors import Ambiguous, NotFound, Rejected
from ftops.model.job import FailureClass, JobStatus, Stamp
from ftops.model.project import ProviderSettings
from ftops.model.request import JobRequest, RequestFile
from ftops.model.spending import Amount, amount
from ftops.providers.dialects.mistral import MistralDialect
from ftops.providers.provider import Provider
from ftops.providers.registry import open_provider
from tests.unit.providers.scripted import Said, Scripted, scripted

STAMP = Stamp("project", "lineage", "name", f"f1:{'1' * 64}", 1, 1, "nonce")
JOB: dict[str, Any] = {
    "id": "8d88348a-7eed-4d14-b06d-3fef701966a0",
    "object": "job",
    "job_type": "completion",
    "auto_start": True,
    "model": "open-mistral-7b",
    "status": "QUEUED",
    "created_at": 1795739685,
    "modified_at": 1795739690,
    "training_files": ["1027c4d1-c386-4bc4-8d61-3e30d8f16adf"],
    "validation_files": [],
    "hyperparameters": {"training_steps": 10, "learning_rate": 0.0001, "epochs": None, "fim_ratio": 0.9},
    "suffix": "ftops-a1",
    "fine_tuned_model": None,
    "trained_tokens": None,
    "integrations": [],
    "metadata": None,
    "repositories": [],
}
"""The example of the OpenAPI file."""


@contextmanager
def served(*replies: Said) -> Iterator[tuple[Provider, Scripted]]:
    with scripted(*replies) as server:
        provider = open_provider(ProviderSettings("m", "mistral"), {}, base_url=server.base_url)
        yield provider, server
        provider.close()


def request(**changes: Any) -> JobRequest:
    return JobRequest("open-mistral-7b", (RequestFile("file-1"),), stamp=STAMP, **changes)


def listed(*ids: str, total: int | None) -> Said:
    told = {} if total is None else {"total": total}
    return Said({"object": "list", "data": [{**JOB, "id": one} for one in ids], **told})


def test_a_create_starts_by_itself_and_carries_weights_and_the_tag() -> None:
    asked = request(
        suffix="triage",
        hyperparameters={"epochs": 2, "learning_rate": "auto"},
        validation_file=RequestFile("file-v"),
        provider_options={"invalid_sample_skip_percentage": 0.1},
    )
    files = (RequestFile("file-1", 2.5), RequestFile("file-2"))
    with served(Said(JOB)) as (provider, server):
        provider.create_fine_tune(JobRequest(asked.model, files, **_rest(asked)))
    body = json.loads(server.bodies[0])
    assert body == {
        "model": "open-mistral-7b",
        "job_type": "completion",
        "training_files": [{"file_id": "file-1", "weight": 2.5}, {"file_id": "file-2", "weight": 1}],
        "validation_files": ["file-v"],
        "hyperparameters": {"epochs": 2},
        "suffix": f"triage-{STAMP.tag}",
        "auto_start": True,
        "invalid_sample_skip_percentage": 0.1,
    }
    assert len(body["suffix"]) <= MistralDialect.capabilities.suffix_length


def _rest(asked: JobRequest) -> dict[str, Any]:
    names = ("suffix", "hyperparameters", "validation_file", "provider_options", "stamp")
    return {name: getattr(asked, name) for name in names}


def test_eight_characters_are_left_for_a_suffix() -> None:
    assert MistralDialect.capabilities.longest_suffix == 8


def test_a_job_is_read_as_the_document_shows_it() -> None:
    with served(Said({**JOB, "suffix": f"triage-{STAMP.tag}"})) as (provider, _):
        job = provider.retrieve_fine_tune(JOB["id"])
    assert (job.status, job.raw_status, job.suffix, job.tag) == (
        JobStatus.PENDING,
        "QUEUED",
        "triage",
        STAMP.tag,
    )
    assert job.settings == {
        "method": "supervised",
        "hyperparameters.training_steps": 10,
        "hyperparameters.learning_rate": 0.0001,
        "hyperparameters.fim_ratio": 0.9,
    }
    assert [file.id for file in job.training_files] == JOB["training_files"]
    assert job.finished_at is None


@pytest.mark.parametrize(
    ("status", "ours"),
    [
        ("VALIDATED", JobStatus.PENDING),
        ("STARTED", JobStatus.PENDING),
        ("CANCELLATION_REQUESTED", JobStatus.CANCELLING),
        ("SUCCESS", JobStatus.SUCCEEDED),
        ("FAILED_VALIDATION", JobStatus.FAILED),
        ("SOMETHING_NEW", JobStatus.UNKNOWN),
    ],
)
def test_each_status_has_a_word_of_ours(status: str, ours: JobStatus) -> None:
    assert MistralDialect().decode_job({**JOB, "status": status}, "m").status is ours


def test_a_failed_validation_is_the_users_and_its_last_event_says_why() -> None:
    events = [
        {
            "name": "status-updated",
            "data": {"status": "FAILED_VALIDATION", "error": "line 3"},
            "created_at": 9,
        },
        {"name": "status-updated", "data": {"status": "QUEUED"}, "created_at": 1},
    ]
    job = MistralDialect().decode_job({**JOB, "status": "FAILED_VALIDATION", "events": events}, "m")
    assert job.error is not None
    assert (job.error.message, job.error.failure_class) == ("line 3", FailureClass.USER_ERROR)


def test_a_classifier_is_read_and_is_like_no_fine_tune_of_ours() -> None:
    job = MistralDialect().decode_job({**JOB, "job_type": "classifier"}, "m")
    assert job.settings["method"] == "classifier"


def test_the_answer_to_a_dry_run_is_no_job() -> None:
    reply = {
        "object": "job.metadata",
        "details": "",
        "cost": 1.0,
        "id": "x",
        "status": "QUEUED",
        "model": "m",
    }
    with served(Said(reply)) as (provider, _), pytest.raises(Ambiguous, match="dry run"):
        provider.create_fine_tune(request())


def test_a_similar_job_leaves_a_create_in_doubt_and_is_no_refusal() -> None:
    reply = Said({"detail": "A similar job is already queued."}, 409)
    with served(reply) as (provider, server), pytest.raises(Ambiguous):
        provider.create_fine_tune(request())
    assert len(server.asked) == 1


def test_a_create_is_refused_in_fastapis_words() -> None:
    detail = [{"type": "value_error", "loc": ["body", "job_in"], "msg": "At least one file.", "ctx": {}}]
    with (
        served(Said({"detail": detail}, 422)) as (provider, _),
        pytest.raises(Rejected, match="At least one"),
    ):
        provider.create_fine_tune(request())


def test_a_path_that_does_not_exist_says_nothing_of_a_create() -> None:
    with served(Said({"detail": "Not Found"}, 404)) as (provider, _), pytest.raises(Ambiguous):
        provider.create_fine_tune(request())
    with served(Said({"detail": "Job x not found"}, 404)) as (provider, _), pytest.raises(NotFound):
        provider.retrieve_fine_tune("x")


def test_a_list_ends_at_its_total() -> None:
    with served(listed("a", "b", total=3), listed("c", total=3)) as (provider, server):
        jobs = provider.list_fine_tunes()
    assert ([job.id for job in jobs.jobs], jobs.complete) == (["a", "b", "c"], True)
    pages = [line.partition("?")[2] for line in server.asked]
    assert pages == ["page_size=100&page=0", "page_size=100&page=1"]


def test_without_a_total_a_page_that_is_not_full_is_the_last() -> None:
    full = [str(number) for number in range(100)]
    with served(listed(*full, total=None), listed("last", total=None)) as (provider, server):
        jobs = provider.list_fine_tunes()
    assert (len(jobs.jobs), jobs.complete, len(server.asked)) == (101, True, 2)


@pytest.mark.parametrize(
    ("second", "words"),
    [(listed(total=5), "it has 5 items, and shows 2"), (listed("a", "b", total=5), "in it twice")],
)
def test_a_list_that_contradicts_its_total_is_incomplete(second: Said, words: str) -> None:
    with served(listed("a", "b", total=5), second) as (provider, _):
        jobs = provider.list_fine_tunes()
    assert not jobs.complete
    assert words in (jobs.problem or "")


def test_events_and_checkpoints_come_out_of_the_job_oldest_first() -> None:
    body = {
        **JOB,
        "status": "RUNNING",
        "events": [
            {"name": "status-updated", "data": {"status": "RUNNING"}, "created_at": 5},
            {"name": "status-updated", "data": {"status": "STARTED"}, "created_at": 5},
            {"name": "status-updated", "data": None, "created_at": 1},
        ],
        "checkpoints": [{"metrics": {"train_loss": 1.5}, "step_number": 10, "created_at": 7}],
    }
    with served(Said(body)) as (provider, _):
        events = list(provider.list_fine_tune_events(JOB["id"], stream=True))
    assert [event.message for event in events] == [
        "status-updated",
        "STARTED",
        "RUNNING",
        "Step 10: checkpoint",
    ]
    assert (events[-1].type, events[-1].data) == ("metrics", {"step": 10, "train_loss": 1.5})


@pytest.mark.parametrize(
    ("status", "told", "price"),
    [
        ("SUCCESS", {"cost": 4.5, "cost_currency": "EUR"}, amount(4.5, currency="EUR")),
        ("SUCCESS", {"cost": 4.5}, amount(4.5)),
        ("SUCCESS", {"cost": 4.5, "cost_currency": "euro"}, None),
        ("SUCCESS", {"cost": 0, "cost_currency": "EUR"}, None),
        ("SUCCESS", None, None),
        ("FAILED", {"cost": 4.5, "cost_currency": "EUR"}, None),
        ("CANCELLED", {"cost": 4.5, "cost_currency": "EUR"}, None),
    ],
)
def test_a_cost_is_the_bill_of_a_job_that_went_to_its_end(
    status: str, told: object, price: Amount | None
) -> None:
    assert MistralDialect().decode_job({**JOB, "status": status, "metadata": told}, "m").price == price
