"""What every dialect promises, over HTTP against the emulator; a new dialect joins by one row."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from requests.adapters import HTTPAdapter
from urllib3.exceptions import MaxRetryError, ProtocolError, SSLError

from ftops.emulator.server import EmulatorServer, EmulatorSettings
from ftops.errors import (
    Ambiguous,
    Forbidden,
    InvalidInput,
    NotFound,
    NotReady,
    NotSent,
    RateLimited,
    Rejected,
    Unauthorized,
)
from ftops.model.finetune import Method
from ftops.model.job import JobStatus, Stamp
from ftops.model.project import ProviderSettings
from ftops.model.request import JobRequest, RequestFile
from ftops.model.value import replace
from ftops.providers.http_provider import HttpProvider
from ftops.providers.provider import Probe, Provider
from ftops.providers.registry import OURS, open_provider
from tests.conftest import Emulator
from tests.contracts.dialects import CASES, DialectCase, dialect_of

PROCESSED_AFTER = 10
"""Emulated seconds after which every format's server has processed a file."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Ask every promise of every dialect, but for those of which it cannot be asked (the case says why)."""
    if "case" in metafunc.fixturenames:
        promise = metafunc.function.__name__.removeprefix("test_")
        asked = [name for name in sorted(CASES) if promise not in CASES[name].absent]
        metafunc.parametrize("variant", asked)


def test_every_dialect_has_a_case() -> None:
    assert {dialect_of(name) for name in CASES} == set(OURS)


@pytest.fixture
def dialect(variant: str) -> str:
    return dialect_of(variant)


@pytest.fixture
def case(variant: str) -> DialectCase:
    return CASES[variant]


@pytest.fixture
def emulator(dialect: str, tmp_path: Path) -> Iterator[Emulator]:
    """The dialect's own server, as it was before it closed where it has."""
    settings = EmulatorSettings(tmp_path / "emulator" / "e.db", dialect=dialect, open=True)
    with EmulatorServer(settings) as server:
        yield Emulator(server)


@pytest.fixture
def provider(dialect: str, case: DialectCase, emulator: Emulator) -> Iterator[Provider]:
    settings = ProviderSettings("p", dialect, own=case.settings)
    opened = open_provider(settings, {}, base_url=emulator.base_url)
    yield opened
    opened.close()


@pytest.fixture
def request_(provider: Provider, case: DialectCase, tmp_path: Path, emulator: Emulator) -> JobRequest:
    path = tmp_path / "data.jsonl"
    path.write_text("".join(json.dumps(case.row) + "\n" for _ in range(12)))
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    file = provider.upload_file(path, "data.jsonl", sha256)
    emulator.advance(PROCESSED_AFTER)
    stamp = Stamp("project", "lineage", "name", f"f1:{'1' * 64}", 2, 3, "nonce")
    return JobRequest(
        case.model,
        (RequestFile(file.id),),
        hyperparameters=case.hyperparameters,
        method=Method(case.method),
        grader=case.grader,
        provider_options=case.options,
        stamp=stamp,
    )


def test_the_five_operations_and_their_twins_agree(
    provider: Provider, request_: JobRequest, case: DialectCase
) -> None:
    job, status, headers = provider.create_fine_tune_with_http_info(request_)
    assert status == case.created
    assert headers["x-request-id"]
    assert provider.list_fine_tunes().jobs[0].id == job.id
    assert provider.list_fine_tunes_with_http_info()[0].complete
    assert provider.retrieve_fine_tune(job.id) == provider.retrieve_fine_tune_with_http_info(job.id)[0]
    assert list(provider.list_fine_tune_events(job.id))
    assert provider.cancel_fine_tune(job.id).status is case.cancelled


def test_a_job_that_is_over_cannot_be_cancelled(
    provider: Provider, request_: JobRequest, emulator: Emulator
) -> None:
    job = provider.create_fine_tune(request_)
    provider.cancel_fine_tune(job.id)
    emulator.advance(10_000)
    with pytest.raises(Rejected):
        provider.cancel_fine_tune_with_http_info(job.id)


def test_a_stamp_comes_back_where_the_dialect_has_room_for_one(
    provider: Provider, request_: JobRequest
) -> None:
    provider.create_fine_tune(request_)
    (job,) = provider.list_fine_tunes().jobs
    can = provider.facts.capabilities
    assert job.stamp == (request_.stamp if can.stamps and not can.tags else None)
    assert request_.stamp is not None
    assert job.tag == (request_.stamp.tag if can.tags else None)


def test_a_finished_job_has_a_model_and_metrics(
    provider: Provider, request_: JobRequest, emulator: Emulator
) -> None:
    job = provider.create_fine_tune(request_)
    emulator.advance(10_000)
    done = provider.retrieve_fine_tune(job.id)
    assert done.status is JobStatus.SUCCEEDED
    assert done.fine_tuned_model in provider.list_models()
    assert b"loss" in provider.download_file(done.result_files[0])
    events = list(provider.list_fine_tune_events(job.id, stream=True))
    assert [event.created_at for event in events] == sorted(event.created_at or 0 for event in events)


def test_a_fine_tuned_model_can_be_deleted(
    provider: Provider, request_: JobRequest, emulator: Emulator
) -> None:
    job = provider.create_fine_tune(request_)
    emulator.advance(10_000)
    model = provider.retrieve_fine_tune(job.id).fine_tuned_model or ""
    assert model in provider.list_models()
    provider.delete_model(model)
    assert model not in provider.list_models()


@pytest.mark.parametrize(
    ("kind", "options", "error"),
    [
        ("lost_reply", {}, Ambiguous),
        ("drop", {}, Ambiguous),
        ("html", {}, Ambiguous),
        ("truncate", {}, Ambiguous),
        ("status", {"status": 500}, Ambiguous),
        ("status", {"status": 502}, Ambiguous),
        ("status", {"status": 408}, Ambiguous),
        ("status", {"status": 409}, Ambiguous),
        ("status", {"status": 307}, Ambiguous),
        ("status", {"status": 401}, Unauthorized),
        ("status", {"status": 403}, Forbidden),
        ("status", {"status": 403, "message": "Missing scopes: x.write"}, Unauthorized),
        ("refuse", {"as": "billing"}, RateLimited),
        ("refuse", {"as": "quota"}, RateLimited),
        ("refuse", {"as": "forbidden"}, Forbidden),
        ("refuse", {"as": "scope"}, Unauthorized),
        ("refuse", {"as": "fresh_model"}, Rejected),
        ("file_status", {"as": "processing"}, NotReady),
        ("status", {"status": 404, "message": "No such file"}, NotFound),
        ("status", {"status": 422}, Rejected),
        ("quota", {}, RateLimited),
    ],
)
def test_a_create_is_sent_once_whatever_happens_and_the_error_says_what_is_certain(
    provider: Provider,
    request_: JobRequest,
    emulator: Emulator,
    kind: str,
    options: dict[str, object],
    error: type[Exception],
) -> None:
    emulator.fault(kind, "create", **options)
    with pytest.raises(error) as caught:
        provider.create_fine_tune(request_)
    assert type(caught.value) is error
    assert emulator.requests("create") == 1


def test_a_refused_connection_certainly_sent_nothing(
    dialect: str, case: DialectCase, request_: JobRequest
) -> None:
    settings = ProviderSettings("p", dialect, own=case.settings)
    provider = open_provider(settings, {}, base_url="http://127.0.0.1:1/v1")
    with pytest.raises(NotSent):
        provider.create_fine_tune(request_)
    provider.close()


def test_a_read_is_tried_again(provider: Provider, emulator: Emulator, case: DialectCase) -> None:
    emulator.fault("status", "list", status=503, times=2)
    assert provider.list_fine_tunes().complete
    assert emulator.requests("list") == 2 + case.lists


def test_a_file_that_changed_after_the_plan_is_not_used(provider: Provider, tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text("changed")
    with pytest.raises(InvalidInput, match="1 problem"):
        provider.upload_file(path, "x.jsonl", "0" * 64)
    # Else the next run would find it by its name and size, and train on it.
    assert "x.jsonl" not in [file.filename for file in provider.list_files()]


def another(request: JobRequest, number: int) -> JobRequest:
    """Return the request of another create: some servers make one job of two that say the same."""
    assert request.stamp is not None
    return replace(request, stamp=replace(request.stamp, nonce=f"nonce{number}"))


def test_a_long_list_is_read_to_its_end(provider: Provider, request_: JobRequest) -> None:
    made = {provider.create_fine_tune(another(request_, number)).id for number in range(103)}
    listed = provider.list_fine_tunes()
    assert listed.complete
    assert {job.id for job in listed.jobs} == made


def test_no_failure_of_any_kind_makes_the_transport_send_a_post_again(provider: Provider) -> None:
    assert isinstance(provider, HttpProvider)
    adapter = provider._transport._wire._session().get_adapter("https://x")
    assert isinstance(adapter, HTTPAdapter)
    retries = adapter.max_retries
    for failure in (SSLError("the line broke"), ProtocolError("reset")):
        with pytest.raises((MaxRetryError, ProtocolError)):
            retries.increment("POST", "/fine_tuning/jobs", error=failure)


def test_a_probe_asks_once_and_shows_the_first_page(
    provider: Provider, request_: JobRequest, emulator: Emulator
) -> None:
    assert isinstance(provider, Probe)
    job = provider.create_fine_tune(request_)
    page, status, headers = provider.probe()
    assert ([one.id for one in page.jobs], page.complete, status) == ([job.id], True, 200)
    assert "Date" in headers
    assert emulator.requests("list") == 1
