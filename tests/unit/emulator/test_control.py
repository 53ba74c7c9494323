"""The emulator's own routes."""

import pytest

from tests.unit.emulator.client import LIFETIME, Client

STATUSES = ["succeeded", "failed", "cancelled", "running", "queued", "paused"]


def test_info_says_what_it_is_and_counts(provider: Client) -> None:
    provider.job()
    provider.job()
    provider.legacy_job()
    provider.advance(LIFETIME)
    provider.job()
    info = provider.get("/_emulator/info")
    assert "trains nothing" in info["what"]
    assert info["speed"] == 1.0
    assert info["jobs"] == {"openai": 3, "openai_legacy": 1}
    assert info["active_jobs"] == {"openai": 1, "openai_legacy": 0}
    assert info["creates_received"] == {"openai": 3, "openai_legacy": 1}
    assert info["requests"]["create"] == 4


def test_seeded_jobs_stand_where_asked_and_stay_there(provider: Client) -> None:
    jobs = [{"status": status, "metadata": {"n": str(n)}, "suffix": "s"} for n, status in enumerate(STATUSES)]
    ids = provider.post("/_emulator/jobs", {"family": "openai", "jobs": jobs})["ids"]
    provider.advance(LIFETIME)
    listed = provider.get("/fine_tuning/jobs")["data"]
    assert [job["id"] for job in listed] == ids[::-1]
    assert [job["status"] for job in listed] == STATUSES[::-1]
    assert listed[-1]["metadata"] == {"n": "0"}
    assert listed[-1]["fine_tuned_model"].startswith("ft:gpt-4o-mini-2024-07-18:emulator:s:")


def test_many_legacy_jobs_are_seeded_and_listed_at_once(provider: Client) -> None:
    jobs = [{"model": "ada", "training_file": "file-abc"}] * 250
    for _ in range(2):
        provider.post("/_emulator/jobs", {"family": "openai_legacy", "jobs": jobs})
    listed = provider.get("/fine-tunes")["data"]
    assert len({job["fine_tuned_model"] for job in listed}) == 500
    assert {job["status"] for job in listed} == {"succeeded"}


@pytest.mark.parametrize(
    "body",
    [
        {"family": "unknown", "jobs": []},
        {"family": "openai", "jobs": [{"staus": "failed"}]},
        {"family": "openai", "jobs": [{"status": "asleep"}]},
        {"family": "openai", "jobs": {}},
        {"family": "openai_legacy", "jobs": [{"metadata": {"a": "b"}}]},
        {"family": "openai", "jobs": [{"id": "ftjob-a"}, {"id": "ftjob-a"}]},
    ],
)
def test_seeds_that_make_no_sense_are_refused_whole(provider: Client, body: dict[str, object]) -> None:
    provider.error("POST", "/_emulator/jobs", 400, json=body)
    assert provider.get("/_emulator/info")["jobs"] == {}


@pytest.mark.parametrize("body", [{}, {"advance": -1}, {"advance": "soon"}])
def test_time_moves_only_forward(provider: Client, body: dict[str, object]) -> None:
    assert provider.error("POST", "/_emulator/time", 400, json=body)["param"] == "advance"
