"""What every dialect promises, as a pytest class: inherit it, and say `dialect`, `case` and `server`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from ftops.errors import (
    Ambiguous,
    Forbidden,
    InvalidInput,
    NotFound,
    NotSent,
    RateLimited,
    Rejected,
    Unauthorized,
)
from ftops.model.finetune import Method
from ftops.model.job import JobStatus, Stamp
from ftops.model.request import JobRequest, RequestFile
from ftops.model.value import replace
from ftops.providers.provider import Probe, Provider
from ftops.providers.registry import open_provider
from ftops.testing.case import DialectCase, Server

FAULTS: tuple[tuple[str, dict[str, object], type[Exception]], ...] = (
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
    ("status", {"status": 404, "message": "No such file"}, NotFound),
    ("status", {"status": 422}, Rejected),
    ("status", {"status": 429}, RateLimited),
)
"""What can befall a create, and what is then certain: only an Ambiguous one may have made a job."""

PROCESSED_AFTER = 10
"""Seconds after which a server may be expected to have processed a small file."""

MANY = 103
"""More jobs than any format puts on one page."""


class ProviderContract:
    """Every promise of a provider, asked over HTTP. A subclass overrides the fixtures that raise.

    `dialect` is the word that `dialect:` takes, `case` what it has to be told, `server` one that speaks it.
    """

    @pytest.fixture
    def dialect(self) -> str:
        """The dialect's name."""
        raise NotImplementedError("override the fixture `dialect`")

    @pytest.fixture
    def case(self) -> DialectCase:
        """What is asked with."""
        raise NotImplementedError("override the fixture `case`")

    @pytest.fixture
    def server(self) -> Iterator[Server]:
        """A server without jobs, for one test."""
        raise NotImplementedError("override the fixture `server`")

    @pytest.fixture(autouse=True)
    def _asked(self, request: pytest.FixtureRequest, case: DialectCase) -> None:
        """Skip what cannot be asked of the dialect, with its reason."""
        name = getattr(request.node, "originalname", request.node.name)
        reason = case.absent.get(name.removeprefix("test_"))
        if reason is not None:
            pytest.skip(reason)

    @pytest.fixture
    def provider(self, dialect: str, case: DialectCase, server: Server) -> Iterator[Provider]:
        """The dialect, bound to the server."""
        settings = case.provider("p", dialect)
        opened = open_provider(settings, {}, base_url=server.base_url)
        yield opened
        opened.close()

    @pytest.fixture
    def request_(self, provider: Provider, case: DialectCase, tmp_path: Path, server: Server) -> JobRequest:
        """A create whose data is at the server already, and processed."""
        path = tmp_path / "data.jsonl"
        path.write_text("".join(json.dumps(case.row) + "\n" for _ in range(12)), encoding="utf-8")
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        file = provider.upload_file(path, "data.jsonl", sha256)
        server.advance(PROCESSED_AFTER)
        stamp = Stamp("project", "lineage", "name", f"f1:{'1' * 64}", 2, 3, "nonce")
        return JobRequest(
            case.model,
            (RequestFile(file.id),),
            method=Method(case.method),
            grader=case.grader,
            hyperparameters=case.hyperparameters,
            provider_options=case.options,
            stamp=stamp,
        )

    def test_the_five_operations_and_their_twins_agree(
        self, provider: Provider, request_: JobRequest, case: DialectCase, server: Server
    ) -> None:
        """A job is the same however it is asked for."""
        job, status, headers = provider.create_fine_tune_with_http_info(request_)
        assert status == case.created
        assert headers
        assert provider.list_fine_tunes().jobs[0].id == job.id
        assert provider.list_fine_tunes_with_http_info()[0].complete
        assert provider.retrieve_fine_tune(job.id) == provider.retrieve_fine_tune_with_http_info(job.id)[0]
        server.advance(case.told_after)
        assert list(provider.list_fine_tune_events(job.id))
        assert provider.cancel_fine_tune(job.id).status is case.cancelled

    def test_a_job_that_is_over_cannot_be_cancelled(
        self, provider: Provider, request_: JobRequest, server: Server
    ) -> None:
        """The refusal is certain, so that a cancel of an ended job is a success for ftops."""
        job = provider.create_fine_tune(request_)
        provider.cancel_fine_tune(job.id)
        server.advance(10_000)
        with pytest.raises(Rejected):
            provider.cancel_fine_tune_with_http_info(job.id)

    def test_a_stamp_comes_back_where_the_dialect_has_room_for_one(
        self, provider: Provider, request_: JobRequest
    ) -> None:
        """What a list shows of the mark is what was sent: by it a job is known again."""
        provider.create_fine_tune(request_)
        (job,) = provider.list_fine_tunes().jobs
        can = provider.facts.capabilities
        assert job.stamp == (request_.stamp if can.stamps and not can.tags else None)
        assert request_.stamp is not None
        assert job.tag == (request_.stamp.tag if can.tags else None)

    def test_a_list_echoes_what_the_dialect_says_it_echoes(
        self, provider: Provider, request_: JobRequest
    ) -> None:
        """By these fields a job without a mark is known; one that is shown only later contradicts nothing."""
        provider.create_fine_tune(request_)
        (job,) = provider.list_fine_tunes().jobs
        echoes = provider.facts.capabilities.echoes
        sent = {f"hyperparameters.{name}": value for name, value in request_.hyperparameters.items()}
        shown = {path: job.settings[path] for path in sent if path in echoes and path in job.settings}
        assert shown == {path: sent[path] for path in shown}
        if "training_file" in echoes:
            assert [file.id for file in job.training_files] == [file.id for file in request_.training_files]

    def test_a_finished_job_has_a_model_and_metrics(
        self, provider: Provider, request_: JobRequest, server: Server
    ) -> None:
        """A model is the point of it all."""
        job = provider.create_fine_tune(request_)
        server.advance(10_000)
        done = provider.retrieve_fine_tune(job.id)
        assert done.status is JobStatus.SUCCEEDED
        assert done.fine_tuned_model in provider.list_models()
        assert b"loss" in provider.download_file(done.result_files[0])
        events = list(provider.list_fine_tune_events(job.id, stream=True))
        assert [event.created_at for event in events] == sorted(event.created_at or 0 for event in events)

    def test_a_fine_tuned_model_can_be_deleted(
        self, provider: Provider, request_: JobRequest, server: Server
    ) -> None:
        """A program may; ftops by itself never does it."""
        job = provider.create_fine_tune(request_)
        server.advance(10_000)
        model = provider.retrieve_fine_tune(job.id).fine_tuned_model or ""
        assert model in provider.list_models()
        provider.delete_model(model)
        assert model not in provider.list_models()

    @pytest.mark.parametrize(("kind", "options", "error"), FAULTS)
    def test_a_create_is_sent_once_whatever_happens_and_the_error_says_what_is_certain(
        self,
        provider: Provider,
        request_: JobRequest,
        server: Server,
        kind: str,
        options: dict[str, object],
        error: type[Exception],
    ) -> None:
        """A certain refusal is made again, an ambiguous one is looked up: to mistake them pays twice."""
        server.fault(kind, "create", **options)
        fails_once(provider, request_, server, error)

    def test_a_refused_connection_certainly_sent_nothing(
        self, dialect: str, case: DialectCase, request_: JobRequest
    ) -> None:
        """Nobody was there, so there is no job."""
        settings = case.provider("p", dialect)
        provider = open_provider(settings, {}, base_url="http://127.0.0.1:1/v1")
        with pytest.raises(NotSent):
            provider.create_fine_tune(request_)
        provider.close()

    def test_a_read_is_tried_again(self, provider: Provider, server: Server, case: DialectCase) -> None:
        """A list costs nothing."""
        server.fault("status", "list", status=503, times=2)
        assert provider.list_fine_tunes().complete
        assert server.requests("list") == 2 + case.lists

    def test_a_file_that_changed_after_the_plan_is_not_used(self, provider: Provider, tmp_path: Path) -> None:
        """Else the next run would find it by its name and size, and train on it."""
        path = tmp_path / "x.jsonl"
        path.write_text("changed", encoding="utf-8")
        with pytest.raises(InvalidInput, match="1 problem"):
            provider.upload_file(path, "x.jsonl", "0" * 64)
        assert "x.jsonl" not in [file.filename for file in provider.list_files()]

    def test_a_long_list_is_read_to_its_end(self, provider: Provider, request_: JobRequest) -> None:
        """A job that is not seen is taken for one that is not there."""
        made = {provider.create_fine_tune(another(request_, number)).id for number in range(MANY)}
        listed = provider.list_fine_tunes()
        assert listed.complete
        assert {job.id for job in listed.jobs} == made

    def test_a_probe_asks_once_and_shows_the_first_page(
        self, provider: Provider, request_: JobRequest, server: Server
    ) -> None:
        """`ftops doctor` sees that address and key are right, and no more."""
        assert isinstance(provider, Probe)
        job = provider.create_fine_tune(request_)
        page, status, headers = provider.probe()
        assert ([one.id for one in page.jobs], page.complete, status) == ([job.id], True, 200)
        assert "date" in {name.lower() for name in headers}
        assert server.requests("list") == 1


def another(request: JobRequest, number: int) -> JobRequest:
    """Return the request of another create: some servers make one job of two that say the same."""
    if request.stamp is None:
        return request
    return replace(request, stamp=replace(request.stamp, nonce=f"nonce{number}"))


def fails_once(provider: Provider, request: JobRequest, server: Server, error: type[Exception]) -> None:
    """Check that a create raises exactly this class, no subclass of it, and is sent once."""
    with pytest.raises(error) as caught:
        provider.create_fine_tune(request)
    assert type(caught.value) is error
    assert server.requests("create") == 1
