"""Every event of a job once, in order, whatever happens to the connection."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ftops.controller.following import MOST_FAILURES, Follower
from ftops.errors import Ambiguous, NotFound
from ftops.model.job import JobStatus
from ftops.model.project import ProviderSettings
from ftops.model.request import JobRequest, RequestFile
from ftops.providers.provider import Provider
from ftops.providers.registry import open_provider
from tests.conftest import Emulator
from tests.contracts.dialects import CASES, OPENAI_FAMILY
from tests.unit.providers.scripted import Said, scripted


@pytest.fixture(params=OPENAI_FAMILY)
def provider(request: pytest.FixtureRequest, emulator: Emulator) -> Iterator[Provider]:
    opened = open_provider(ProviderSettings("p", request.param), {}, base_url=emulator.base_url)
    yield opened
    opened.close()


@pytest.fixture
def job_id(provider: Provider, tmp_path: Path) -> str:
    case = CASES[provider.facts.dialect]
    path = tmp_path / "data.jsonl"
    path.write_text("".join(json.dumps(case.row) + "\n" for _ in range(60)))
    file = provider.upload_file(path, "data.jsonl", hashlib.sha256(path.read_bytes()).hexdigest())
    return provider.create_fine_tune(JobRequest(case.model, (RequestFile(file.id),))).id


def passing(emulator: Emulator, seconds: float) -> Callable[[float], bool]:
    """Let the emulator's time pass instead of waiting."""

    def pause(_: float) -> bool:
        emulator.advance(seconds)
        return False

    return pause


def test_a_job_is_followed_to_its_end_without_gap_or_repeat(
    provider: Provider, job_id: str, emulator: Emulator
) -> None:
    emulator.advance(30)
    follower = Follower(provider, job_id, passing(emulator, 90))
    if provider.facts.capabilities.event_stream:
        emulator.advance(10_000)
        emulator.fault("cut_stream", "events", events=2)
        emulator.fault("cut_stream", "events", events=5)
    else:
        emulator.fault("drop", "events", times=2)
        emulator.fault("truncate", "events")
    told = [event.message for event in follower.events()]
    assert told == [event.message for event in provider.list_fine_tune_events(job_id)]
    assert len(told) > 5
    assert follower.job is not None
    assert follower.job.status is JobStatus.SUCCEEDED


def test_garbage_and_error_lines_in_a_stream_lose_nothing(emulator: Emulator, tmp_path: Path) -> None:
    lines = [f'data: {{"created_at": {number}, "message": "m{number}"}}\n\n' for number in range(4)]
    job = {"id": "j", "status": "running"}
    over = {"id": "j", "status": "succeeded"}
    with scripted(
        Said(job),
        Said((lines[0] + "data: {\n\n").encode()),
        Said(job),
        Said(("".join(lines[:2]) + 'data: {"error": {"message": "x"}}\n\n').encode()),
        Said(job),
        Said(("".join([*lines[:3], *lines[1:3]]) + "data: [DONE]\n\n").encode()),
        Said(over),
        Said(("".join(lines) + "data: [DONE]\n\n").encode()),
    ) as server:
        provider = open_provider(ProviderSettings("p", "openai_legacy"), {}, base_url=server.base_url)
        follower = Follower(provider, "j", lambda _: False)
        assert [event.message for event in follower.events()] == ["m0", "m1", "m2", "m3"]
        provider.close()


def test_a_stream_that_never_says_anything_new_is_reported_in_the_end() -> None:
    waits: list[float] = []

    def pause(seconds: float) -> bool:
        waits.append(seconds)
        return False

    replies = [Said({"id": "j", "status": "running"}), Said(b"data: {\n\n")] * MOST_FAILURES
    with scripted(*replies) as server:
        provider = open_provider(ProviderSettings("p", "openai_legacy"), {}, base_url=server.base_url)
        with pytest.raises(Ambiguous, match="not JSON"):
            list(Follower(provider, "j", pause).events())
        provider.close()
    assert waits == [1.0, 2.0, 4.0, 8.0, 16.0]


def test_a_job_that_nobody_knows_is_an_error_at_once(provider: Provider) -> None:
    with pytest.raises(NotFound):
        list(Follower(provider, "ftjob-none", lambda _: True).events())


def test_a_person_can_stop_the_following() -> None:
    with scripted(Said({"id": "j", "status": "running"}), Said(b"data: [DONE]\n\n")) as server:
        provider = open_provider(ProviderSettings("p", "openai_legacy"), {}, base_url=server.base_url)
        follower = Follower(provider, "j", lambda _: True)
        assert list(follower.events()) == []
        provider.close()
    assert follower.job is not None
    assert follower.job.status.active
