"""A list that is not surely whole is incomplete, and never silently short."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ftops.errors import Ambiguous, ProviderError
from ftops.model.project import ProviderSettings
from ftops.model.request import JobRequest, RequestFile
from ftops.providers.provider import Provider
from ftops.providers.registry import open_provider
from tests.contracts.dialects import OPENAI_FAMILY
from tests.unit.providers.dripping import dripping
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
    with scripted(Said(body), Said({"id": "j", "status": "running"})) as server:
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


def test_a_closed_stream_of_an_ended_job_is_its_end() -> None:
    with scripted(Said(b'data: {"message": "a"}\n\n'), Said({"id": "j", "status": "succeeded"})) as server:
        events = opened(server.base_url, "openai_legacy").list_fine_tune_events("j", stream=True)
        assert [event.message for event in events] == ["a"]


@pytest.mark.parametrize("odd", [b"data: ping", b"data: 5", b'data: {"message"', b"data: [1]"])
def test_an_odd_line_in_a_stream_hides_nothing_behind_it(odd: bytes) -> None:
    body = (
        b'data: {"message": "a"}\n\n' + odd + b'\n\ndata: null\n\ndata: {"message": "b"}\n\ndata: [DONE]\n\n'
    )
    with scripted(Said(body)) as server:
        events = list(opened(server.base_url, "openai_legacy").list_fine_tune_events("j", stream=True))
    assert [event.message for event in events if event.level == "info"] == ["a", "b"]
    assert [event.message[:5] for event in events if event.level == "warn"] == ["an ev"]


def test_a_number_that_is_none_and_half_an_emoji_in_an_event_hide_no_other() -> None:
    body = (
        b'data: {"message": "a", "data": {"loss": NaN, "least": -Infinity}}\n\n'
        b'data: {"message": "b \\ud83d"}\n\ndata: {"message": "c \xff"}\n\ndata: [DONE]\n\n'
    )
    with scripted(Said(body, headers={"Content-Type": "text/event-stream"})) as server:
        events = list(opened(server.base_url).list_fine_tune_events("j", stream=True))
    assert [event.message for event in events] == ["a", "b \ufffd", "c \ufffd"]
    assert events[0].data == {"loss": None, "least": None}


def test_one_event_of_a_page_that_cannot_be_read_hides_no_other() -> None:
    body = b'{"data": [{"id": "e3", "message": "c"}, null, {"id": "e1", "message": "a", "data": NaN}]}'
    with scripted(Said(body)) as server:
        events = list(opened(server.base_url).list_fine_tune_events("j"))
    assert [event.message for event in events if event.level == "info"] == ["a", "c"]
    assert len(events) == 3


LIST_OF_EVENTS = b'{"object": "list", "data": [{"message": "a"}, {"message": "b"}]}'


@pytest.mark.parametrize(
    "kind", ["application/json", "application/json; charset=utf-8", "text/event-stream", None]
)
def test_plain_json_instead_of_a_stream_is_read(kind: str | None) -> None:
    with scripted(Said(LIST_OF_EVENTS, headers={"Content-Type": kind} if kind else {})) as server:
        events = opened(server.base_url, "openai_legacy").list_fine_tune_events("j", stream=True)
        assert [event.message for event in events] == ["a", "b"]


@pytest.mark.parametrize("stream", [False, True])
def test_a_stream_instead_of_a_page_is_read(stream: bool) -> None:
    body = b'data: {"id": "e1", "message": "a"}\n\ndata: {"id": "e2", "message": "b"}\n\n'
    said = Said(body, headers={"Content-Type": "text/event-stream; charset=utf-8"})
    with scripted(said, Said({"id": "j", "status": "succeeded"})) as server:
        events = opened(server.base_url).list_fine_tune_events("j", stream=stream)
        assert [event.message for event in events] == ["a", "b"]


def test_a_page_of_html_instead_of_a_stream_is_said() -> None:
    said = Said(b"<html>", headers={"Content-Type": "text/html"})
    with scripted(said) as server, pytest.raises(ProviderError, match="HTML page"):
        list(opened(server.base_url, "openai_legacy").list_fine_tune_events("j", stream=True))


@pytest.mark.parametrize("chunked", [False, True])
def test_an_event_is_given_when_it_has_come(chunked: bool) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
    event = b'data: {"message": "a"}\n\n'
    if chunked:
        pieces = [head + b"Transfer-Encoding: chunked\r\n\r\n", b"%x\r\n%s\r\n" % (len(event), event)]
    else:
        pieces = [head + b"Connection: close\r\n\r\n", event]
    with dripping(itertools.chain(pieces, held())) as base_url:
        events = opened(base_url, "openai_legacy").list_fine_tune_events("j", stream=True)
        assert next(events).message == "a"


def held() -> Iterator[bytes]:
    """Keep a connection open and say nothing."""
    while True:
        yield b""


@pytest.mark.parametrize("body", [{"object": "list", "data": None}, {"data": None, "has_more": False}])
def test_null_is_an_empty_list_where_it_stands_in_one(body: object) -> None:
    with scripted(Said(body)) as server:
        listed = opened(server.base_url).list_fine_tunes()
    assert (listed.jobs, listed.complete) == ((), True)


@pytest.mark.parametrize(
    "body", [{"data": None}, {"code": 500, "msg": "down", "data": None}, {"object": None, "data": None}]
)
def test_null_in_anything_else_is_no_list(body: object) -> None:
    with scripted(Said(body)) as server, pytest.raises(Ambiguous):
        opened(server.base_url).list_fine_tunes()


@pytest.mark.parametrize("data", [[], None, [{"id": "a", "status": "running"}]])
def test_an_error_in_a_list_that_came_with_200_is_told_in_its_own_words(data: object) -> None:
    body = {"object": "list", "data": data, "error": {"message": "upstream is down"}, "has_more": False}
    with scripted(Said(body)) as server, pytest.raises(Ambiguous, match="upstream is down"):
        opened(server.base_url).list_fine_tunes()


def test_an_error_in_a_200_after_a_create_is_ambiguous_in_its_own_words() -> None:
    said = Said({"id": "req-1", "status": "error", "error": {"message": "quota exceeded", "code": "E7"}})
    with scripted(said) as server, pytest.raises(Ambiguous, match="E7: quota exceeded"):
        opened(server.base_url).create_fine_tune(JobRequest("m", (RequestFile("file-1"),)))


@pytest.mark.parametrize("count", [20, 25, 99, 101, 250])
def test_a_list_that_comes_whole_twice_is_not_paged(count: int) -> None:
    with scripted(Said({"data": jobs(0, count)})) as server:
        listed = opened(server.base_url).list_fine_tunes()
        assert len(server.asked) == 2
    assert listed.complete
    assert len(listed.jobs) == count


def test_one_that_says_there_is_more_and_shows_the_same_is_broken_for_good() -> None:
    with scripted(Said({"data": jobs(0, 25), "has_more": True})) as server:
        listed = opened(server.base_url).list_fine_tunes()
    assert not listed.complete
    assert "running again will not help until it is fixed" in (listed.hint or "")


def test_more_without_anything_to_go_on_from_is_broken_for_good() -> None:
    pages = (
        Said({"data": jobs(0, 2), "has_more": True}),
        Said({"data": [{"status": "running"}], "has_more": True}),
    )
    with scripted(*pages) as server:
        listed = opened(server.base_url).list_fine_tunes()
    assert "running again will not help" in (listed.hint or "")


def test_a_page_that_failed_may_be_had_by_another_run() -> None:
    with scripted(Said({"data": jobs(0, 2), "has_more": True}), Said({}, 401)) as server:
        listed = opened(server.base_url).list_fine_tunes()
    assert not listed.complete
    assert "running again will not help" not in (listed.hint or "")


@pytest.mark.parametrize("more", ["false", 0])
def test_a_flag_that_is_no_boolean_is_read(more: object) -> None:
    with scripted(Said({"data": jobs(0, 25), "has_more": more})) as server:
        assert opened(server.base_url).list_fine_tunes().complete
        assert len(server.asked) == 1


@pytest.mark.parametrize("dialect", OPENAI_FAMILY)
@pytest.mark.parametrize(
    ("path", "named"), [("", True), ("/v1", False), ("/openai/v1", False), ("/v2", False)]
)
def test_a_collection_that_is_not_there_names_base_url_and_what_it_may_lack(
    dialect: str, path: str, *, named: bool
) -> None:
    said = Said({"error": {"message": "Invalid URL"}}, 404)
    with scripted(said) as server, pytest.raises(ProviderError) as caught:
        opened(server.base_url.removesuffix("/v1") + path, dialect).list_fine_tunes()
    hint = caught.value.hint or ""
    assert "base_url" in hint
    assert ("/v1" in hint) is named
