"""What only Azure's format has: two kinds of path, two kinds of mark, its codes and its traps."""

from __future__ import annotations

from typing import Any

import pytest

from ftops.errors import Ambiguous, FtopsError, NotReady, RateLimited, Rejected, Unauthorized
from ftops.model.capabilities import StampPlace
from ftops.model.finetune import Method
from ftops.model.job import FailureClass, JobStatus, Stamp
from ftops.model.project import EnvReference, ProviderSettings
from ftops.model.request import JobRequest, RequestFile
from ftops.providers.dialects.azure_openai import AzureOpenAIDialect
from ftops.providers.provider import Dated, Provider
from ftops.providers.registry import facts_of, open_provider
from tests.unit.providers.scripted import Said, Scripted, scripted

STABLE, PREVIEW = "2024-10-21", "2025-04-01-preview"
STAMP = Stamp("project", "lineage", "name", f"f1:{'1' * 64}", 2, 3, "nonce")
JWT = "eyJhbGciOi.eyJzdWIiOi.c2ln"
JOB: dict[str, Any] = {
    "object": "fine_tuning.job",
    "id": "ftjob-72a2792ef7d24ba7b82c7fe4a37e379f",
    "status": "pending",
    "model": "gpt-4.1-mini-2025-04-14",
    "training_file": "file-181a1cbdcdcf4677ada87f63a0928099",
    "validation_file": None,
    "hyperparameters": {"n_epochs": -1, "batch_size": -1, "learning_rate_multiplier": 1},
    "suffix": None,
    "seed": 1234567,
    "created_at": 1795739768,
    "finished_at": None,
    "organization_id": None,
    "result_files": None,
    "error": None,
}
"""As a real endpoint answered (quoted in a public thread)."""
REQUEST = JobRequest(
    "gpt-4.1-mini-2025-04-14",
    (RequestFile("file-1"),),
    hyperparameters={"n_epochs": 3, "batch_size": "auto"},
    suffix="triage",
    seed=7,
    provider_options={"trainingType": "Standard"},
    stamp=STAMP,
)


def own(api_version: str | None) -> dict[str, str]:
    return {} if api_version is None else {"api_version": api_version}


def opened(base_url: str, api_version: str | None = None, key: str = "0123abcd") -> Provider:
    settings = ProviderSettings("p", "azure_openai", base_url=base_url, api_key=key, own=own(api_version))
    return open_provider(settings, {})


def at(server: Scripted) -> str:
    return server.base_url.removesuffix("/v1")


def dialect(api_version: str | None) -> AzureOpenAIDialect:
    return AzureOpenAIDialect(api_version)


@pytest.mark.parametrize(
    ("api_version", "line"),
    [
        (None, "GET /openai/v1/fine_tuning/jobs?limit=100 "),
        ("v1", "GET /openai/v1/fine_tuning/jobs?limit=100 "),
        ("preview", "GET /openai/v1/fine_tuning/jobs?limit=100&api-version=preview "),
        (STABLE, f"GET /openai/fine_tuning/jobs?limit=100&api-version={STABLE} "),
    ],
)
@pytest.mark.parametrize("written", ["", "/", "/openai", "/openai/", "/openai/v1", "/openai/v1/"])
def test_the_version_decides_the_path_however_the_endpoint_is_written(
    api_version: str | None, line: str, written: str
) -> None:
    with scripted(Said({"data": [], "has_more": False})) as server:
        assert opened(at(server) + written, api_version).list_fine_tunes().complete
        assert [f"{asked} " for asked in server.asked] == [line]


def test_a_page_behind_a_cursor_still_says_the_version() -> None:
    pages = Said({"data": [JOB], "has_more": True}), Said({"data": [], "has_more": False})
    with scripted(*pages) as server:
        opened(at(server), STABLE).list_fine_tunes()
        assert f"api-version={STABLE}" in server.asked[1]
        assert f"after={JOB['id']}" in server.asked[1]


def test_an_endpoint_from_a_reference_stays_secret_when_its_end_is_cut_off() -> None:
    with scripted(Said({"error": {"code": "500", "message": "x"}}, status=500)) as server:
        reference = {"EP": f"{at(server)}/openai/v1"}
        settings = ProviderSettings("p", "azure_openai", base_url=EnvReference("EP"), api_key="k")
        with pytest.raises(Ambiguous) as caught:
            open_provider(settings, reference).cancel_fine_tune("ftjob-1")
    assert "127.0.0.1" not in str(caught.value)


@pytest.mark.parametrize(
    ("key", "header"),
    [
        ("0123abcd", {"api-key": "0123abcd"}),
        (JWT, {"Authorization": f"Bearer {JWT}"}),
        (f"Bearer {JWT}", {"Authorization": f"Bearer {JWT}"}),
    ],
)
def test_a_token_of_entra_goes_as_bearer_and_a_key_as_api_key(key: str, header: dict[str, str]) -> None:
    assert dialect(None).auth_headers(key) == header


def test_an_organization_is_refused_and_not_dropped() -> None:
    settings = ProviderSettings("p", "azure_openai", base_url="https://x.example", organization="org-1")
    with pytest.raises(FtopsError, match="has no organization"):
        open_provider(settings, {})


def test_facts_are_those_of_the_version_and_need_no_environment() -> None:
    def places(api_version: str | None) -> tuple[StampPlace, int, bool]:
        can = facts_of(ProviderSettings("p", "azure_openai", own=own(api_version))).capabilities
        return can.stamp, can.longest_suffix, Method.DPO in can.methods

    assert places(None) == (StampPlace.METADATA, 64, True)
    assert places("preview") == places("v1") == places(None)
    assert places(PREVIEW) == (StampPlace.SUFFIX, 30, True)
    assert places(STABLE) == (StampPlace.SUFFIX, 30, False)
    assert places("2025-01-01-preview") == places(STABLE)


@pytest.mark.parametrize("name", ["", "2", "latest", "2023-05-15", "2024-10-21 ", "V1"])
def test_what_is_no_version_is_refused(name: str) -> None:
    with pytest.raises(FtopsError, match="api_version"):
        AzureOpenAIDialect(name)


def test_a_create_carries_what_its_version_has_and_nothing_else() -> None:
    common = {"model": REQUEST.model, "training_file": "file-1", "seed": 7}
    method = {"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 3}}}
    tagged = f"triage-{STAMP.tag}"
    assert dialect(STABLE).encode_create(REQUEST) == {
        **common,
        "suffix": tagged,
        "hyperparameters": {"n_epochs": 3},
    }
    assert dialect(PREVIEW).encode_create(REQUEST) == {
        **common,
        "suffix": tagged,
        "method": method,
        "trainingType": "Standard",
    }
    v1 = dialect(None).encode_create(REQUEST)
    assert v1.pop("metadata")["ftops_nonce"] == "nonce"
    assert v1 == {**common, "suffix": "triage", "method": method, "trainingType": "Standard"}


def test_a_real_reply_is_read() -> None:
    job = dialect(None).decode_job(JOB, "p")
    assert (job.status, job.organization, job.result_files, job.tag) == (JobStatus.PENDING, None, (), None)
    assert job.settings["hyperparameters.n_epochs"] == "auto"


def test_a_tag_is_found_behind_the_suffix_and_a_whole_mark_outranks_it() -> None:
    shown = {**JOB, "suffix": f"triage-{STAMP.tag}"}
    for version in (STABLE, PREVIEW, None):
        job = dialect(version).decode_job(shown, "p")
        assert (job.suffix, job.tag) == ("triage", STAMP.tag)
    marked = dialect(None).encode_create(REQUEST)["metadata"]
    job = dialect(None).decode_job({**shown, "suffix": "our-followups", "metadata": marked}, "p")
    assert (job.suffix, job.tag, job.stamp) == ("our-followups", None, STAMP)


@pytest.mark.parametrize("status", ["pausing", "paused", "resuming", "running"])
def test_a_job_that_is_paused_is_not_over_though_it_says_when_it_finished(status: str) -> None:
    job = dialect(PREVIEW).decode_job({**JOB, "status": status, "finished_at": 1646127311}, "p")
    assert job.status.active
    assert job.finished_at is None


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (
            400,
            {"code": "quotaExceeded", "message": "x", "innererror": {"code": "quotaExceeded"}},
            RateLimited,
        ),
        (429, {"code": "429", "message": "Requests have exceeded call rate limit."}, RateLimited),
        (401, {"code": "401", "message": "Access denied due to invalid subscription key"}, Unauthorized),
        (403, {"code": "403", "message": "Access denied due to invalid subscription key"}, Unauthorized),
        (400, {"code": "invalidPayload", "message": "The file is in state pending."}, NotReady),
        (400, {"code": "invalidPayload", "message": "no", "param": "x", "type": "error"}, Rejected),
        (500, {"code": "internalFailure", "message": "x"}, Ambiguous),
    ],
)
def test_the_three_shapes_of_error_are_judged_by_their_code(
    status: int, error: dict[str, Any], kind: type[Exception]
) -> None:
    with scripted(Said({"error": error}, status=status)) as server, pytest.raises(kind) as caught:
        opened(at(server)).create_fine_tune(REQUEST)
    assert type(caught.value) is kind
    assert len(server.asked) == 1


def test_a_misleading_refusal_is_explained() -> None:
    text = "The specified base model does not support fine-tuning."
    said = Said({"error": {"code": "invalidPayload", "message": text}}, status=400)
    with scripted(said) as server, pytest.raises(Rejected) as caught:
        opened(at(server)).create_fine_tune(REQUEST)
    assert "trainingType" in (caught.value.hint or "")


@pytest.mark.parametrize(("code", "kind"), [("unexpectedEntityState", Rejected), ("other", Ambiguous)])
def test_a_cancel_that_is_refused_with_409_is_certain_where_its_code_says_why(
    code: str, kind: type[Exception]
) -> None:
    said = Said({"error": {"code": code, "message": "x"}}, status=409)
    with scripted(said) as server, pytest.raises(kind) as caught:
        opened(at(server)).cancel_fine_tune("ftjob-1")
    assert type(caught.value) is kind


def test_a_path_that_is_not_there_says_what_the_address_should_be() -> None:
    said = Said({"error": {"code": "404", "message": "Resource not found"}}, status=404)
    with scripted(said) as server, pytest.raises(Rejected) as caught:
        opened(at(server), STABLE).list_fine_tunes()
    assert "endpoint alone" in (caught.value.hint or "")
    assert "/v1" not in (caught.value.hint or "")


def test_unpaged_files_of_a_dated_version_are_asked_for_once() -> None:
    files = [{"id": f"file-{number}", "filename": "x.jsonl", "status": "pending"} for number in range(150)]
    with scripted(Said({"object": "list", "data": files})) as server:
        assert len(opened(at(server), STABLE).list_files()) == 150
        assert len(server.asked) == 1


@pytest.mark.parametrize("newest_first", [False, True])
def test_events_come_in_order_whichever_way_they_are_sent(newest_first: bool) -> None:
    events = [{"id": f"ev-{number}", "created_at": 100 + number, "message": "x"} for number in range(3)]
    sent = events[::-1] if newest_first else events
    with scripted(Said({"data": sent, "has_more": False})) as server:
        provider = opened(at(server))
        assert [event.id for event in provider.list_fine_tune_events("ftjob-1")] == ["ev-0", "ev-1", "ev-2"]
        later = provider.list_fine_tune_events("ftjob-1", since="ev-1")
        assert [event.id for event in later] == ["ev-2"]


def test_deleting_a_model_asks_for_nothing() -> None:
    with scripted(Said({})) as server, pytest.raises(Rejected, match="cannot delete a model"):
        opened(at(server)).delete_model("m")
    assert server.asked == []


def test_dates_of_base_models_are_read() -> None:
    base = {"id": "gpt-4o-2024-08-06", "deprecation": {"fine_tune": 1807660800, "inference": 1839196800}}
    tuned = {"id": "gpt-4o.ft-1", "fine_tune": "ft-1", "deprecation": {"inference": 1839196800}}
    with scripted(Said({"data": [base, tuned, {"id": "x"}]})) as server:
        provider = opened(at(server))
        assert isinstance(provider, Dated)
        dates = provider.model_dates()
    assert list(dates) == ["gpt-4o-2024-08-06"]
    assert dates["gpt-4o-2024-08-06"].training == 1807660800


def test_whose_fault_a_failed_job_is_is_told_by_its_code() -> None:
    def judged(code: str) -> FailureClass | None:
        error = {"code": code, "message": "x"}
        job = dialect(None).decode_job({**JOB, "status": "failed", "error": error}, "p")
        return job.error.failure_class if job.error else None

    assert judged("jsonlValidationFailed") is FailureClass.USER_ERROR
    assert judged("contentFilter") is FailureClass.MODERATION
    assert judged("quotaExceeded") is FailureClass.QUOTA
    assert judged("internalFailure") is FailureClass.PROVIDER_ERROR
    assert judged("neverSeen") is FailureClass.UNKNOWN
