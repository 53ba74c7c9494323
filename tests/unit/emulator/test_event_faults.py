"""Streams and pages of events that break, repeat and lie, as a follower must bear them."""

import contextlib
import json

import pytest
import requests

from tests.unit.emulator.client import LIFETIME, Client, data_lines, stream

JOBS = "/fine_tuning/jobs"


def streamed(provider: Client, job_id: str) -> list[str]:
    """Return the lines of a stream, up to where it ends or breaks."""
    got: list[str] = []
    with stream(provider, job_id) as response, contextlib.suppress(requests.RequestException):
        got.extend(data_lines(response))
    return got


@pytest.fixture
def finished(provider: Client) -> str:
    job_id: str = provider.legacy_job()["id"]
    provider.advance(LIFETIME)
    return job_id


def test_a_stream_can_be_dropped_twice_at_different_places(provider: Client, finished: str) -> None:
    whole = streamed(provider, finished)
    provider.fault("cut_stream", events=2)
    provider.fault("cut_stream", events=4)
    assert [streamed(provider, finished) for _ in range(3)] == [whole[:2], whole[:4], whole]


def test_a_stream_is_cut_as_soon_as_its_events_are_sent(provider: Client) -> None:
    job_id = provider.legacy_job()["id"]
    provider.fault("cut_stream", events=1)
    assert len(streamed(provider, job_id)) == 1


def test_a_stream_can_break_in_the_middle_of_an_event(provider: Client, finished: str) -> None:
    whole = streamed(provider, finished)
    provider.fault("cut_stream", events=1, within=True)
    got = b""
    with stream(provider, finished) as response, contextlib.suppress(requests.RequestException):
        for chunk in response.iter_content(chunk_size=None):
            got += chunk
    first, broken = got.decode().split("\n\n")
    assert first == f"data: {whole[0]}"
    assert f"data: {whole[1]}".startswith(broken)
    assert len(whole[1]) / 4 < len(broken) < len(whole[1])


def test_a_stream_can_end_in_good_order_before_done(provider: Client, finished: str) -> None:
    provider.fault("end_stream", events=3)
    with stream(provider, finished) as response:
        lines = list(data_lines(response))
    assert lines == streamed(provider, finished)[:3]


def test_a_stream_can_repeat_its_first_events(provider: Client, finished: str) -> None:
    whole = streamed(provider, finished)
    provider.fault("repeat_stream", events=2)
    assert streamed(provider, finished) == [*whole[:2], *whole[:2], *whole[2:]]


def test_a_stream_can_hold_an_error_line(provider: Client, finished: str) -> None:
    provider.fault("error_stream", events=1, message="Overloaded.", code="overloaded")
    lines = streamed(provider, finished)
    error = {"message": "Overloaded.", "type": "server_error", "param": None, "code": "overloaded"}
    assert json.loads(lines[1]) == {"error": error}
    assert lines[-1] == "[DONE]"


def test_a_page_of_events_can_repeat_what_was_sent(provider: Client) -> None:
    job_id = provider.job()["id"]
    provider.advance(LIFETIME)
    path = f"{JOBS}/{job_id}/events"
    first = provider.get(path, limit=2)["data"]
    provider.fault("repeat_page", "events")
    again = provider.get(path, limit=2, after=first[-1]["id"])
    assert (again["data"], again["has_more"]) == (first, True)
    assert provider.get(path, limit=2, after=first[-1]["id"])["data"][0] not in first


def test_a_cut_stream_ends_without_done_and_the_next_one_is_whole(provider: Client) -> None:
    job = provider.legacy_job()
    provider.advance(LIFETIME)
    provider.fault("cut_stream", events=2)
    got: list[str] = []
    with stream(provider, job["id"]) as response, pytest.raises(requests.exceptions.ChunkedEncodingError):
        got.extend(data_lines(response))
    assert len(got) <= 2
    with stream(provider, job["id"]) as response:
        assert list(data_lines(response))[-1] == "[DONE]"


def test_garbage_is_sent_into_the_stream_where_asked(provider: Client) -> None:
    job = provider.legacy_job()
    provider.advance(LIFETIME)
    provider.fault("garbage_stream", events=1, text='data: {"error": {"message": "overloaded"}}')
    with stream(provider, job["id"]) as response:
        lines = list(data_lines(response))
    assert lines[1] == '{"error": {"message": "overloaded"}}'
    assert lines[-1] == "[DONE]"
