"""The driver of flows, and what a flow may not do."""

from __future__ import annotations

import pytest

from ftops.errors import Ambiguous
from ftops.model.job import Job
from ftops.model.observation import ProviderFacts
from ftops.model.request import JobRequest, RequestFile
from ftops.providers.dialects.openai import OpenAIDialect
from ftops.providers.flow import Flow
from ftops.providers.http_provider import HttpProvider
from ftops.transport.client import Transport
from ftops.transport.exchange import Attached, Request
from tests.unit.providers.scripted import Said, scripted


class Twice(OpenAIDialect):
    """A dialect that makes sure of a create by sending it once more."""

    def create(self, request: JobRequest, provider: str) -> Flow[Job]:
        try:
            return (yield from super().create(request, provider))
        except Ambiguous:
            return (yield from super().create(request, provider))


class Renamed(OpenAIDialect):
    """A dialect that asks for a job at two places, one after the other."""

    def retrieve(self, job_id: str, provider: str) -> Flow[Job]:
        yield Request("session", "GET", "/session")
        return (yield from super().retrieve(job_id, provider))


def driven(dialect: OpenAIDialect, base_url: str) -> HttpProvider:
    facts = ProviderFacts("p", "openai", dialect.capabilities)
    return HttpProvider(facts, dialect, Transport("p", base_url, Attached(), pause=lambda _: None))


def test_no_flow_sends_a_create_twice_whatever_the_dialect_does() -> None:
    with scripted(Said({}, 500)) as server:
        with pytest.raises(RuntimeError, match="would create twice"):
            driven(Twice(), server.base_url).create_fine_tune(JobRequest("m", (RequestFile("file-1"),)))
        assert server.asked == ["POST /v1/fine_tuning/jobs"]


def test_an_operation_of_two_requests_returns_the_last_reply() -> None:
    job = {"id": "job-1", "status": "running", "model": "m"}
    with scripted(Said({}), Said(job, 200, {"X-Which": "second"})) as server:
        found, status, headers = driven(Renamed(), server.base_url).retrieve_fine_tune_with_http_info("job-1")
    assert (found.id, status, headers["X-Which"]) == ("job-1", 200, "second")
    assert server.asked == ["GET /v1/session", "GET /v1/fine_tuning/jobs/job-1"]
