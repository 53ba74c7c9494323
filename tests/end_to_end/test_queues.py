"""The queue and retries as a person meets them: who waits, where, for what, and that it goes on by itself."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ftops.api.surroundings import SystemClock
from ftops.emulator.server import EmulatorServer
from ftops.emulator.world.settings import EmulatorSettings
from tests.conftest import Emulator, ProjectDirectory

HOUR, DAY = 3600.0, 86_400.0
PRICE = "  prices: {local: {gpt-4o-mini: {training_per_million_tokens: 30000}}}\n"
Passing = Callable[[float], None]


@pytest.fixture
def passing(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Passing:
    """Let seconds pass, for ftops and for its provider."""
    ahead = 0.0

    def later(seconds: float) -> None:
        nonlocal ahead
        ahead += seconds
        emulator.advance(seconds)

    monkeypatch.setattr(SystemClock, "now", lambda _: time.time() + ahead)
    # Noon, so that no test meets the end of a day.
    later((datetime.now(UTC).replace(hour=12, minute=0) + timedelta(days=1)).timestamp() - time.time())
    return later


def queued(project: ProjectDirectory, queue: str) -> None:
    text = (project.root / "ftops.yaml").read_text()
    project.write("ftops.yaml", text.replace("api_key:", f"queue: {queue}, api_key:", 1))


def declared(project: ProjectDirectory, *names: str, lifecycle: str = "{}", provider: str = "local") -> None:
    for number, name in enumerate(names, 2):
        spec = f"hyperparameters: {{n_epochs: {number}}}\nlifecycle: {lifecycle}\nprovider: {provider}"
        project.manifest(name, f"{spec}\nsuffix: {name}")


def rows(project: ProjectDirectory) -> dict[str, dict[str, Any]]:
    project.ftops("status", "--format", "json")
    return {row["name"]: row for row in json.loads(project.out)["fine_tunes"]}


def places(project: ProjectDirectory) -> dict[str, str]:
    found = rows(project)
    return {
        name: f"{row['queue']['position']}/{row['queue']['of']}"
        for name, row in found.items()
        if "queue" in row
    }


def once(project: ProjectDirectory) -> int:
    return project.ftops("reconcile", "--once")


def test_a_full_provider_leaves_a_place_to_people_and_goes_on_by_itself(
    project: ProjectDirectory, emulator: Emulator, passing: Passing
) -> None:
    queued(project, "{max_active: 3, leave_free: 1}")
    declared(project, "a", "b", "c", "d", "e", "f")
    assert once(project) == 0
    assert emulator.jobs() == 2
    assert "1st in the queue at local (max_active 3, 1 of it left free for people)" in " ".join(
        project.out.split()
    )
    assert once(project) == 0
    assert emulator.jobs() == 2
    assert project.ftops("apply", "--yes") == 0
    assert emulator.jobs() == 3
    assert places(project) == {"d": "1/3", "e": "2/3", "f": "3/3"}
    project.ftops("status")
    assert "1st at local" in project.out
    assert max(map(len, project.out.splitlines())) <= 80
    project.ftops("status", "e")
    assert "2nd in the queue at local (max_active 3)" in " ".join(project.out.split())
    passing(DAY)
    assert once(project) == 0
    assert emulator.jobs() == 5


def test_a_days_creates_are_counted_whatever_forgets_and_it_goes_on_at_midnight(
    project: ProjectDirectory, emulator: Emulator, passing: Passing
) -> None:
    queued(project, "{per_day: 2}")
    declared(project, "a", "b", "c", "d", "e")
    assert project.ftops("apply", "--yes") == 0
    assert emulator.jobs() == 2
    # What is removed is archived, and still one of today's.
    (project.root / "jobs/a.yaml").unlink()
    passing(HOUR)
    assert once(project) == 0
    assert emulator.jobs() == 2
    message = rows(project)["d"]["message"]
    assert "2nd in the queue at local: its 2 creates of today are used; it goes on at " in message
    assert message.endswith(" 00:00 UTC")
    passing(10 * HOUR)
    assert once(project) == 0
    assert emulator.jobs() == 2
    passing(HOUR)
    assert once(project) == 0
    assert (emulator.jobs(), places(project)) == (4, {"e": "1/1"})


def test_a_provider_error_is_retried_after_growing_pauses_and_then_held(
    project: ProjectDirectory, emulator: Emulator, passing: Passing
) -> None:
    emulator.fault("fail_job", "create", code="server_error", message="the GPU caught fire", times=0)
    declared(project, "a", lifecycle="{retry: {max_attempts: 3, on: [provider_error], backoff: 6h}}")
    assert once(project) == 0
    for jobs, pause in ((1, 6), (2, 12)):
        passing(3 * HOUR)  # By now it has failed.
        assert once(project) == 0
        assert (emulator.jobs(), rows(project)["a"]["reason"]) == (jobs, "backoff")
        message = rows(project)["a"]["message"]
        assert message.startswith(f"retry {jobs} of 2 after provider error, at ")
        ends = rows(project)["a"]["finished_at"] + pause * HOUR
        assert datetime.fromtimestamp(ends, UTC).strftime("%Y-%m-%d %H:%M UTC") in message
        passing((pause - 4) * HOUR)
        assert once(project) == 0
        assert emulator.jobs() == jobs
        passing(4 * HOUR)
        assert once(project) == 0
        assert emulator.jobs() == jobs + 1
    passing(3 * HOUR)
    assert once(project) == 5
    assert (
        "retried 2 times; the last job failed: server_error: the GPU caught fire"
        in rows(project)["a"]["message"]
    )
    passing(30 * DAY)
    assert once(project) == 5
    assert emulator.jobs() == 3


def test_attempts_cost_no_more_than_their_maximum_and_an_unknown_cost_is_held(
    project: ProjectDirectory, emulator: Emulator, passing: Passing
) -> None:
    emulator.fault("fail_job", "create", code="server_error", message="boom", times=0)
    text = (project.root / "ftops.yaml").read_text()
    retry = "{{retry: {{max_attempts: 9, on: [provider_error], max_cost: {}}}}}"
    declared(project, "unknown", lifecycle=retry.format(1000))
    assert once(project) == 0
    passing(DAY)
    assert once(project) == 5
    # A price that becomes known later does not say what the first attempt cost.
    project.write("ftops.yaml", text + PRICE)
    assert once(project) == 5
    assert "what its attempts cost is unknown" in rows(project)["unknown"]["message"]
    declared(project, "known", lifecycle=retry.format(1000))
    project.ftops("plan", "--target", "known", "--format", "json")
    (one,) = [change["estimated_cost"]["high"] for change in json.loads(project.out)["changes"]]
    declared(project, "known", lifecycle=retry.format(one * 2.5))
    for jobs in (2, 3, 3):
        assert once(project) == 5
        assert emulator.jobs() == jobs
        passing(DAY)
    assert "2 attempts have cost up to $" in rows(project)["known"]["message"]
    assert "is more than its max_cost" in rows(project)["known"]["message"]


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Emulator]:
    with EmulatorServer(EmulatorSettings(tmp_path / "other" / "e.db")) as server:
        yield Emulator(server)


def test_billing_stops_every_create_of_its_provider_alone_until_one_succeeds(
    project: ProjectDirectory, emulator: Emulator, other: Emulator, passing: Passing
) -> None:
    text = (project.root / "ftops.yaml").read_text()
    second = (
        f"    other: {{dialect: openai, base_url: '{other.base_url}', api_key: {{env: FTOPS_TEST_KEY}}}}\n"
    )
    project.write("ftops.yaml", text + second)
    declared(project, "a", "b", "c", "d")
    emulator.fault("refuse", "create", times=0, **{"as": "billing"})
    assert project.ftops("reconcile", "--once", "--parallelism", "1") == 0
    assert emulator.requests("create") == 1
    declared(project, "e", provider="other")
    asked = []
    for _ in range(24):
        assert once(project) == 4
        asked.append(emulator.requests("create"))
        passing(300)
    assert other.jobs() == 1
    assert asked[-1] <= 8  # After 5, 10, 20, 40 and 60 minutes: not once a round for each fine-tune.
    found = rows(project)
    assert found["a"]["reason"] == "billing"
    assert "Billing hard limit has been reached" in found["a"]["message"]
    assert {found[name]["reason"] for name in "bcd"} == {"provider-limit"}
    assert "its billing stops every create (see a)" in found["b"]["message"]
    emulator.mend()
    passing(HOUR)
    assert once(project) == 0
    assert emulator.jobs() == 1
    assert once(project) == 0
    assert emulator.jobs() == 4
