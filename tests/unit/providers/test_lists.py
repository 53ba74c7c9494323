"""A list that is not surely whole is incomplete, and never silently short."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ftops.errors import Ambiguous, ProviderError
from ftops.model.project import ProviderSettings
from ftops.providers.provider import Provider
from ftops.providers.registry import open_provider
from tests.unit.providers.scripted import Said, scripted


def jobs(first: int, count: int) -> list[dict[str, Any]]:
    return [{"id": f"job-{number}", "status": "running"} for number in range(first, first + count)]


def opened(base_url: str, dialect: str = "openai") -> Provider:
    return open_provider(ProviderSettings("p", dialect), {}, base_url=base_url)


def test_a_full_page_that_says_nothing_of_more_is_asked_for_more() -> None:
    with scripted(Said({"data": jobs(0, 100)}), Said({"data": jobs(100, 3)})) as server:
        listed = opened(server.base_url).list_fine_tunes()
        assert listed.complete
        assert len(listed.jobs) == 103
        assert server.asked[1].endswith("after=job-99")


def test_a_server_that_ignores_the_cursor_makes_the_list_incomplete() -> None:
    with scripted(Said({"data": jobs(0, 100)})) as server:
        listed = opened(server.base_url).list_fine_tunes()
    assert not listed.complete
    assert len(listed.jobs) == 100


def test_a_short_page_that_says_nothing_of_more_is_the_last() -> None:
    with scripted(Said({"data": jobs(0, 3)})) as server:
        assert opened(server.base_url).list_fine_tunes().complete
        assert len(server.asked) == 1


def test_an_entry_that_cannot_be_read_hides_no_other_and_is_told() -> None:
    data = [{"id": 5}, *jobs(0, 2)]
    with scripted(
        Said({"data": data, "has_more": True}), Said({"data": jobs(2, 2), "has_more": False})
    ) as server:
        listed = opened(server.base_url).list_fine_tunes()
    assert [job.id for job in listed.jobs] == ["job-0", "job-1", "job-2", "job-3"]
    assert not listed.complete
    assert "a job has no" in (listed.problem or "")


@pytest.mark.parametrize("body", [b"<html>", {"data": 1}, [], b"{", {"data": [], "has_more": True}])
def test_a_first_page_that_cannot_be_read_is_an_error(body: object) -> None:
    with scripted(Said(body)) as server, pytest.raises(Ambiguous, match="unreadable"):
        opened(server.base_url).list_fine_tunes()


@pytest.mark.parametrize("body", [b"<html>", {"data": 1}, [], b"{", {"data": [], "has_more": True}])
def test_a_later_page_that_cannot_be_read_makes_the_list_incomplete(body: object) -> None:
    with scripted(Said({"data": jobs(0, 2), "has_more": True}), Said(body)) as server:
        listed = opened(server.base_url).list_fine_tunes()
    assert not listed.complete
    assert len(listed.jobs) == 2


def test_a_first_page_without_jobs_and_a_bad_second_is_incomplete_rather_than_empty() -> None:
    with scripted(Said({"data": [{"id": "x"}], "has_more": True}), Said(b"{")) as server:
        listed = opened(server.base_url).list_fine_tunes()
    assert not listed.complete


def test_a_legacy_list_that_is_cut_is_read_on() -> None:
    with scripted(
        Said({"data": jobs(0, 2), "has_more": True}), Said({"data": jobs(2, 1), "has_more": False})
    ) as server:
        listed = opened(server.base_url, "openai_legacy").list_fine_tunes()
    assert listed.complete
    assert len(listed.jobs) == 3


def test_files_are_read_over_pages_and_a_server_that_cannot_page_them_does_no_harm() -> None:
    files = [{"id": f"file-{number}", "filename": "a"} for number in range(30)]
    with scripted(Said({"data": files})) as server:
        assert {file.id for file in opened(server.base_url).list_files()} == {file["id"] for file in files}


def test_a_stream_says_its_status_and_headers() -> None:
    body = b'data: {"message": "a"}\n\ndata: [DONE]\n\n'
    with scripted(Said(body, 200, {"X-Request-Id": "r1"})) as server:
        provider = opened(server.base_url, "openai_legacy")
        events, status, headers = provider.list_fine_tune_events_with_http_info("j", stream=True)
        assert (status, headers["x-request-id"]) == (200, "r1")
        assert [event.message for event in events] == ["a"]


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (b"", "ended early"),
        (b"data: {\n\n", "not JSON"),
        (b'data: {"error": {"message": "overloaded"}}\n\n', "overloaded"),
        (b"data: 5\n\n", "not a JSON object"),
    ],
)
def test_a_stream_that_goes_wrong_gives_what_came_and_then_says_so(lines: bytes, words: str) -> None:
    body = b': comment\n\ndata: {"message": "first"}\n\n' + lines
    with scripted(Said(body)) as server:
        events = opened(server.base_url, "openai_legacy").list_fine_tune_events("j", stream=True)
        assert next(events).message == "first"
        with pytest.raises(ProviderError, match=words):
            list(events)


def test_only_newer_events_than_the_known_one_are_given_and_no_older_page_is_asked_for() -> None:
    def page(numbers: range, *, more: bool) -> Said:
        data = [{"id": f"e{number}", "message": f"m{number}"} for number in numbers]
        return Said({"data": data, "has_more": more})

    ask: Callable[[Provider], list[str]] = lambda provider: [  # noqa: E731 - asked twice
        event.message for event in provider.list_fine_tune_events("j", since="e7")
    ]
    with scripted(page(range(9, 4, -1), more=True), page(range(4, 0, -1), more=False)) as server:
        assert ask(opened(server.base_url)) == ["m8", "m9"]
        assert len(server.asked) == 1
