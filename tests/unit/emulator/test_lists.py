"""Pages, order and filters of lists."""

import pytest

from tests.unit.emulator.client import CHAT, COMPLETION, Client

JOBS = "/fine_tuning/jobs"


@pytest.fixture
def ids(provider: Client) -> list[str]:
    file_id = provider.upload_rows([CHAT] * 12)
    metadata = [{"team": "a", "n.x": "1"}, {"team": "b"}, None, {"team": "a", 'odd"key': "v"}, {}]
    return [provider.job(training_file=file_id, metadata=pairs)["id"] for pairs in metadata]


def test_jobs_are_listed_newest_first_in_pages(provider: Client, ids: list[str]) -> None:
    first = provider.get(JOBS, limit=2)
    second = provider.get(JOBS, limit=2, after=first["data"][-1]["id"])
    third = provider.get(JOBS, limit=2, after=second["data"][-1]["id"])
    pages = [first, second, third]
    assert [job["id"] for page in pages for job in page["data"]] == ids[::-1]
    assert [page["has_more"] for page in pages] == [True, True, False]


def test_past_the_end_is_an_empty_page(provider: Client, ids: list[str]) -> None:
    assert provider.get(JOBS, after=ids[0]) == {"object": "list", "data": [], "has_more": False}


def test_twenty_jobs_are_a_page_unless_asked_otherwise(provider: Client) -> None:
    provider.post("/_emulator/jobs", {"family": "openai", "jobs": [{}] * 30})
    assert len(provider.ids()) == 20
    assert len(provider.ids(limit=1000)) == 30


@pytest.mark.parametrize("limit", ["0", "-1", "1001", "ten", "1.5", "", "9" * 30, "²"])
def test_a_strange_limit_is_refused(provider: Client, limit: str) -> None:
    assert provider.error("GET", f"{JOBS}?limit={limit}", 400)["param"] == "limit"


def test_an_unknown_cursor_is_refused(provider: Client, ids: list[str]) -> None:
    assert provider.error("GET", f"{JOBS}?after=ftjob-x", 400)["param"] == "after"
    assert provider.error("GET", f"{JOBS}/{ids[0]}/events?after=x", 400)["param"] == "after"


def test_metadata_filters_by_every_pair(provider: Client, ids: list[str]) -> None:
    assert provider.ids(**{"metadata[team]": "a"}) == [ids[3], ids[0]]
    assert provider.ids(**{"metadata[team]": "a", "metadata[n.x]": "1"}) == [ids[0]]
    assert provider.ids(**{'metadata[odd"key]': "v"}) == [ids[3]]
    assert provider.ids(**{"metadata[team]": "A"}) == []
    assert provider.ids(**{"metadata[]": "a"}) == []


def test_metadata_null_filters_jobs_without_any(provider: Client, ids: list[str]) -> None:
    assert provider.ids(metadata="null") == [ids[4], ids[2]]
    assert provider.error("GET", f"{JOBS}?metadata=x", 400)["param"] == "metadata"


def test_a_filtered_list_is_paged_too(provider: Client, ids: list[str]) -> None:
    first = provider.get(JOBS, limit=1, **{"metadata[team]": "a"})
    assert first["has_more"] is True
    second = provider.get(JOBS, limit=1, after=ids[3], **{"metadata[team]": "a"})
    assert [job["id"] for job in second["data"]] == [ids[0]]
    assert second["has_more"] is False


def test_legacy_jobs_are_listed_whole_oldest_first_without_events_or_suffix(provider: Client) -> None:
    file_id = provider.upload_rows([COMPLETION] * 12)
    ids = [provider.legacy_job(training_file=file_id, suffix="s")["id"] for _ in range(25)]
    listed = provider.get("/fine-tunes")
    assert set(listed) == {"object", "data"}
    assert [job["id"] for job in listed["data"]] == ids
    assert all("events" not in job and "suffix" not in job for job in listed["data"])
    assert listed["data"][0]["training_files"][0]["id"] == file_id


def test_a_trailing_slash_is_redirected_for_jobs_and_unknown_for_files(provider: Client) -> None:
    response = provider.request("GET", f"{JOBS}/", allow_redirects=False)
    assert response.status_code == 307
    assert response.headers["Location"].endswith("/v1/fine_tuning/jobs")
    assert provider.error("GET", "/files/", 404)["message"] == "Invalid URL (GET /v1/files/)"
