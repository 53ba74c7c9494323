"""What real refusals of a create mean, whoever they are about; and that a gateway's words mean nothing."""

from __future__ import annotations

from typing import Any

import pytest

from ftops.errors import (
    About,
    Ambiguous,
    Forbidden,
    NotFound,
    NotReady,
    ProviderError,
    RateLimited,
    Rejected,
    Unauthorized,
    Unpaid,
)
from ftops.model.job import FileState
from ftops.model.observation import ProviderFacts
from ftops.model.request import JobRequest, RequestFile
from ftops.providers.dialects.openai import OpenAIDialect
from ftops.providers.dialects.openai_family import decode_file
from ftops.providers.http_provider import HttpProvider
from ftops.transport.client import Transport
from ftops.transport.exchange import Attached
from tests.unit.providers.scripted import Said, scripted

REQUEST = JobRequest(model="gpt-4o-mini", training_files=(RequestFile("file-1"),))
CHAINED = JobRequest(model="ft:gpt:x", training_files=(RequestFile("file-1"),), chained=True)
HTML = b"<html><head><title>403 Forbidden</title></head><body>nginx</body></html>"
BUSY = (
    "This fine-tune request has been rate-limited. Your organization has reached the maximum of 3 active "
    "requests (2 running, 1 pending) for the model 'gpt-3.5-turbo-0613'."
)


def provider(base_url: str) -> HttpProvider:
    dialect = OpenAIDialect()
    facts = ProviderFacts("p", "openai", dialect.capabilities)
    return HttpProvider(facts, dialect, Transport("p", base_url, Attached(), pause=lambda _: None))


def error(message: str, code: str | None = None, param: str | None = None) -> dict[str, Any]:
    return {"error": {"message": message, "type": "invalid_request_error", "param": param, "code": code}}


def refused(said: Said, request: JobRequest = REQUEST) -> ProviderError:
    with scripted(said) as server, pytest.raises(ProviderError) as caught:
        provider(server.base_url).create_fine_tune(request)
    assert len(server.asked) == 1
    return caught.value


@pytest.mark.parametrize(
    ("status", "body", "kind", "about"),
    [
        (429, error(BUSY, "rate_limit_exceeded"), RateLimited, About.MODEL),
        (400, error("too many requests today", "daily_rate_limit_exceeded"), RateLimited, About.MODEL),
        (429, error("You exceeded your current quota", "insufficient_quota"), Unpaid, About.ACCOUNT),
        (400, error("Billing hard limit reached", "billing_hard_limit_reached"), Unpaid, About.ACCOUNT),
        (402, error("Pay first"), Unpaid, About.ACCOUNT),
        (401, error("Free trial credits exceeded"), Unpaid, About.ACCOUNT),
        (403, error("No access to model `o4-mini`", "model_not_found"), Forbidden, About.MODEL),
        (403, error("Your organization must be verified to use this model"), Forbidden, About.MODEL),
        (403, error("Missing scopes: api.fine_tuning.jobs.write"), Unauthorized, None),
        (401, error("Incorrect API key provided: sk-x", "invalid_api_key"), Unauthorized, None),
        (400, error("File 'file-1' is still being processed"), NotReady, About.FILE),
        (400, error("The file is not ready", "file_not_ready"), NotReady, About.FILE),
        (404, error("The model `x` does not exist", "model_not_found"), Rejected, About.MODEL),
        (400, error("Invalid base model: ada:ft-x"), Rejected, None),
        (400, error("Invalid suffix: billing-bot"), Rejected, None),
        (404, error("Invalid URL (POST /v1/x)"), NotFound, None),
        (422, {"detail": [{"loc": ["body", "model"], "msg": "field required"}]}, Rejected, None),
        (404, {"detail": "Training file 'file-1' not found!"}, NotFound, None),
    ],
)
def test_a_refusal_in_the_providers_own_shape_is_certain(
    status: int, body: Any, kind: type[ProviderError], about: About | None
) -> None:
    said = refused(Said(body, status))
    assert type(said) is kind
    assert said.failure.about is about


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 413, 422, 429])
@pytest.mark.parametrize(
    "body",
    [
        HTML,
        b"",
        {},
        [],
        None,
        {"message": "no Route matched with those values"},
        {"error": "upstream said no"},
        {"error": {"message": "", "code": "x"}},
        {"detail": "Not Found"},
        {"detail": "Method Not Allowed"},
    ],
    ids=str,
)
def test_what_a_gateway_may_have_written_says_nothing_of_a_create(status: int, body: Any) -> None:
    assert type(refused(Said(body, status))) is Ambiguous


@pytest.mark.parametrize("status", [408, 409, 500, 502])
def test_some_statuses_are_ambiguous_even_in_the_providers_own_shape(status: int) -> None:
    assert type(refused(Said(error("later"), status))) is Ambiguous


def test_a_fresh_model_may_not_be_known_yet_where_a_job_of_ours_made_it() -> None:
    said = Said(error("The model `ft:gpt:x` does not exist", "model_not_found"), 404)
    assert type(refused(said, CHAINED)) is NotReady
    assert type(refused(said)) is Rejected


@pytest.mark.parametrize(
    ("status", "body", "blamed"),
    [
        (401, error("Incorrect API key provided"), True),
        (403, error("Missing scopes: x"), True),
        (403, error("No access to model `o4-mini`"), False),
        (429, error(BUSY), False),
        (400, error("Billing hard limit has been reached", "billing_hard_limit_reached"), False),
        (403, HTML, False),
    ],
)
def test_only_a_refusal_of_the_key_sends_anybody_to_the_key(status: int, body: Any, *, blamed: bool) -> None:
    assert ("api_key" in (refused(Said(body, status)).hint or "")) is blamed


@pytest.mark.parametrize(
    ("body", "kind"), [(HTML, Ambiguous), (error("No such job", "fine_tune_not_found"), NotFound)]
)
def test_that_a_job_is_gone_only_its_provider_may_say(body: Any, kind: type[ProviderError]) -> None:
    with scripted(Said(body, 404)) as server, pytest.raises(ProviderError) as caught:
        provider(server.base_url).retrieve_fine_tune("ftjob-1")
    assert type(caught.value) is kind


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("processed", FileState.READY),
        ("uploaded", FileState.UPLOADED),
        ("Pending", FileState.PROCESSING),
        ("failed", FileState.FAILED),
        ("error", FileState.FAILED),
        ("deleted", FileState.GONE),
        ("of its own kind", FileState.UNKNOWN),
        (None, FileState.UNKNOWN),
    ],
)
def test_the_states_of_files_are_told_in_our_words(status: str | None, state: FileState) -> None:
    assert decode_file({"id": "file-1", "status": status}).state is state
