"""What only Alibaba Model Studio's format knows: envelopes, numbered pages, logs, times without a zone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest

from ftops.errors import Ambiguous, ProviderError, RateLimited, Rejected, Unpaid
from ftops.model.finetune import Method
from ftops.model.job import FailureClass, JobFile, JobStatus
from ftops.model.project import ProviderSettings
from ftops.model.request import JobRequest, RequestFile
from ftops.providers.provider import Provider
from ftops.providers.registry import open_provider
from tests.unit.providers.scripted import Said, Scripted, scripted

JOB = {
    "job_id": "ft-202410291653-1c7f",
    "job_name": "ft-202410291653-1c7f",
    "status": "SUCCEEDED",
    "finetuned_output": "qwen3-14b-suffix-ft-202410291653-1c7f",
    "model": "qwen3-14b",
    "base_model": "qwen3-14b",
    "training_file_ids": ["976bd01a-f30b-4414-86fd-50c54486e3ef"],
    "validation_file_ids": [],
    "hyper_parameters": {"n_epochs": 3, "learning_rate": "1.6e-5", "split": 0.9},
    "training_type": "efficient_sft",
    "create_time": "2024-10-29 16:53:53",
    "workspace_id": "llm-v71tlv***",
    "user_identity": "1396993924585947",
    "end_time": "2024-10-29 17:11:26",
    "usage": 279808,
}
"""As the reference shows it."""
RUNNING = {**JOB, "status": "RUNNING"}


def wrapped(output: Any) -> dict[str, Any]:
    return {"request_id": "r", "output": output}


def page(number: int, total: int, *jobs: Any, size: int = 100) -> Said:
    return Said(wrapped({"page_no": number, "page_size": size, "total": total, "jobs": list(jobs)}))


@contextmanager
def opened(*said: Said, project: str | None = None) -> Iterator[tuple[Provider, Scripted]]:
    with scripted(*said) as server:
        settings = ProviderSettings("p", "alibaba", project=project)
        provider = open_provider(settings, {}, base_url=server.base_url)
        yield provider, server
        provider.close()


def test_a_job_is_read_as_the_reference_shows_it() -> None:
    with opened(Said(wrapped(JOB))) as (provider, _):
        job = provider.retrieve_fine_tune("ft-202410291653-1c7f")
    assert (job.id, job.status, job.raw_status) == ("ft-202410291653-1c7f", JobStatus.SUCCEEDED, "SUCCEEDED")
    assert job.fine_tuned_model == "qwen3-14b-suffix-ft-202410291653-1c7f"
    assert job.training_files == (JobFile("976bd01a-f30b-4414-86fd-50c54486e3ef"),)
    assert (job.trained_tokens, job.organization) == (279808, "1396993924585947")
    assert (job.created_at, job.finished_at) == (1730192033, 1730193086)  # 08:53:53 and 09:11:26 in UTC
    assert job.settings == {
        "hyperparameters.n_epochs": 3,
        "hyperparameters.learning_rate": 1.6e-5,
        "hyperparameters.split": 0.9,
        "method": "supervised",
        "provider_options.lora": True,
    }


def test_newer_pages_name_files_in_sets_and_a_model_before_it_is_there() -> None:
    files = {
        "training_datasets": [{"data_source_type": "file_id", "file_id": "f-1"}],
        "training_file_ids": [],
    }
    with opened(Said(wrapped({**RUNNING, **files}))) as (provider, _):
        job = provider.retrieve_fine_tune("ft-1")
    assert job.training_files == (JobFile("f-1"),)
    assert job.fine_tuned_model is None


def test_the_reason_of_a_failed_job_is_its_own_code_and_message() -> None:
    failed = {**JOB, "status": "FAILED", "code": "InvalidFile", "message": "line 3 is not JSON"}
    with opened(Said(wrapped(failed))) as (provider, _):
        error = provider.retrieve_fine_tune("ft-1").error
    assert error is not None
    assert (str(error), error.failure_class) == ("InvalidFile: line 3 is not JSON", FailureClass.USER_ERROR)


@pytest.mark.parametrize(
    ("method", "options", "word"),
    [
        (Method.SUPERVISED, {}, "sft"),
        (Method.SUPERVISED, {"lora": True}, "efficient_sft"),
        (Method.DPO, {"lora": False}, "dpo_full"),
        (Method.DPO, {"lora": True}, "dpo_lora"),
    ],
)
def test_method_and_adapter_make_the_training_type(
    method: Method, options: dict[str, Any], word: str
) -> None:
    request = JobRequest(
        "qwen3-14b",
        (RequestFile("f-1"),),
        RequestFile("f-2"),
        method,
        {"n_epochs": 3, "batch_size": "auto"},
        suffix="triage",
        provider_options=options,
    )
    with opened(Said(wrapped(RUNNING)), project="llm-1") as (provider, server):
        provider.create_fine_tune(request)
    assert orjson.loads(server.bodies[0]) == {
        "model": "qwen3-14b",
        "training_file_ids": ["f-1"],
        "validation_file_ids": ["f-2"],
        "hyper_parameters": {"n_epochs": 3},
        "training_type": word,
        "finetuned_output_suffix": "triage",
    }
    assert server.headers[0]["X-DashScope-WorkSpace"] == "llm-1"


def test_a_failure_with_status_200_is_no_job_and_leaves_a_create_in_doubt() -> None:
    said = Said({"request_id": "r", "code": "InternalError", "message": "Internal server error!"})
    request = JobRequest("m", (RequestFile("f"),))
    with (
        opened(said) as (provider, _),
        pytest.raises(Ambiguous, match="InternalError: Internal server error!"),
    ):
        provider.create_fine_tune(request)


@pytest.mark.parametrize(
    ("status", "code", "message", "error"),
    [
        (429, "Throttling", "Too many fine-tune job in running, please retry later.", RateLimited),
        (400, "Arrearage", "Access denied, please make sure your account is in good standing.", Unpaid),
        (400, "InvalidParameter", "Missing training files", Rejected),
        (500, "InternalError", "Internal server error!", Ambiguous),
    ],
)
def test_what_a_refused_create_means(status: int, code: str, message: str, error: type[Exception]) -> None:
    said = Said({"code": code, "request_id": "r", "message": message}, status)
    with opened(said) as (provider, _), pytest.raises(error) as caught:
        provider.create_fine_tune(JobRequest("m", (RequestFile("f"),)))
    assert type(caught.value) is error


def test_pages_are_asked_for_by_number_until_all_that_are_counted_have_come() -> None:
    jobs = [{**RUNNING, "job_id": f"ft-{number}"} for number in range(3)]
    with opened(page(1, 3, *jobs[:2], size=2), page(2, 3, jobs[2], size=2)) as (provider, server):
        listed = provider.list_fine_tunes()
    assert (len(listed.jobs), listed.complete) == (3, True)
    assert [asked.partition("?")[2] for asked in server.asked] == [
        "page_no=1&page_size=100",
        "page_no=2&page_size=100",
    ]


def test_fewer_jobs_than_are_counted_are_an_incomplete_list() -> None:
    with opened(page(1, 3, RUNNING)) as (provider, _):
        listed = provider.list_fine_tunes()
    assert not listed.complete
    assert listed.problem == "p: the job list is incomplete: it counts 3 jobs and shows 1"


def test_a_full_page_that_does_not_say_which_it_is_ends_nothing() -> None:
    jobs = [{**RUNNING, "job_id": f"ft-{number}"} for number in range(100)]
    with (
        opened(Said(wrapped({"jobs": jobs}))) as (provider, _),
        pytest.raises(ProviderError, match="which page"),
    ):
        provider.list_fine_tunes()


def test_a_cancel_is_followed_by_a_look_at_the_job() -> None:
    cancelling = Said(wrapped({**JOB, "status": "CANCELING"}))
    with opened(Said(wrapped({"status": "success"})), cancelling) as (provider, server):
        assert provider.cancel_fine_tune("ft-1").status is JobStatus.CANCELLING
    assert server.asked == ["POST /v1/fine-tunes/ft-1/cancel", "GET /v1/fine-tunes/ft-1"]


def test_lines_of_the_log_are_events_and_those_seen_are_not_asked_for_again() -> None:
    lines = [" Uploaded checkpoint!", "2024-10-29 17:11:24,689 - INFO - finetune-job succeeded"]
    with opened(Said(wrapped({"total": 2, "logs": lines}))) as (provider, server):
        events = list(provider.list_fine_tune_events("ft-1"))
        list(provider.list_fine_tune_events("ft-1", since="2"))
    assert [(event.id, event.message, event.created_at) for event in events] == [
        ("1", "Uploaded checkpoint!", None),
        ("2", "finetune-job succeeded", 1730193084),
    ]
    assert server.asked[1] == "GET /v1/fine-tunes/ft-1/logs?offset=2&line=1000"


def test_a_long_log_is_read_to_its_end() -> None:
    first = [f"line {number}" for number in range(1000)]
    with opened(Said(wrapped({"logs": first})), Said(wrapped({"logs": ["last"]}))) as (provider, server):
        events = list(provider.list_fine_tune_events("ft-1"))
    assert (len(events), events[-1].id, events[-1].message) == (1001, "1001", "last")
    assert "offset=1000" in server.asked[1]


def test_a_file_that_was_not_taken_is_not_used(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"{}\n")
    data = {"uploaded_files": [], "failed_uploads": [{"name": "a.jsonl", "message": "too large"}]}
    said = Said({"request_id": "r", "data": data})
    with opened(said) as (provider, server), pytest.raises(ProviderError, match="too large"):
        provider.upload_file(path, "a.jsonl", "0" * 64)
    assert b'name="files"; filename="a.jsonl"' in server.bodies[0]


def test_what_has_no_route_is_refused_before_anything_is_sent() -> None:
    with opened(Said({})) as (provider, server):
        for call in (
            provider.list_models,
            lambda: provider.download_file("f"),
            lambda: provider.delete_model("m"),
        ):
            with pytest.raises(Rejected, match="has no route"):
                call()
    assert server.asked == []
