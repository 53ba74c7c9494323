"""Providers that take no new jobs: refused before anything is sent, and everything else goes on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ftops.emulator.server import EmulatorServer, EmulatorSettings
from tests.conftest import Emulator, ProjectDirectory
from tests.contracts.dialects import CASES
from tests.unit.providers.scripted import Said, Scripted, scripted

CLOSED = ("fireworks", "mistral")
EMPTY: dict[str, Any] = {"fireworks": {}, "mistral": {"object": "list", "total": 0, "data": []}}
REFUSED, ERROR = 3, 1
SAID = {
    "fireworks": "has taken no new jobs since at the latest 2026-11-15, says "
    "https://docs.fireworks.ai/fine-tuning/migrate-from-managed-training",
    "mistral": "has taken no new jobs since at the latest 2026-03-27, says "
    "https://docs.mistral.ai/resources/deprecated",
}
HOSTS = {"fireworks": "api.fireworks.ai", "mistral": "api.mistral.ai"}


def declare(project: ProjectDirectory, dialect: str, base_url: str, **more: Any) -> None:
    row = {"dialect": dialect, "base_url": base_url, "api_key": {"env": "FTOPS_TEST_KEY"}}
    row |= {**CASES[dialect].settings, **more}
    head = "apiVersion: ftops/v1\nkind: Project\nmetadata: {name: test-p1}\nspec:\n"
    text = f"{head}  default_provider: local\n  providers: {{local: {json.dumps(row)}}}\n"
    project.write("ftops.yaml", text)
    hyperparameters = json.dumps(CASES[dialect].hyperparameters)
    project.manifest("a", f"hyperparameters: {hyperparameters}", CASES[dialect].model)


@pytest.fixture(params=CLOSED)
def dialect(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def provider(dialect: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scripted]:
    """The provider's own host, reached through a proxy that answers in its place."""
    with scripted(Said(EMPTY[dialect])) as server:
        monkeypatch.setenv("HTTP_PROXY", server.base_url.removesuffix("/v1"))
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        yield server


@pytest.fixture
def emulator(dialect: str, tmp_path: Path) -> Iterator[Emulator]:
    """The dialect's server as it was."""
    settings = EmulatorSettings(tmp_path / "emulator" / "e.db", dialect=dialect, open=True)
    with EmulatorServer(settings) as server:
        yield Emulator(server)


def test_a_create_is_refused_with_date_and_source_and_nothing_is_sent(
    project: ProjectDirectory, dialect: str, provider: Scripted
) -> None:
    declare(project, dialect, f"http://{HOSTS[dialect]}/v1")
    for command in (("plan",), ("apply", "--yes")):
        assert project.ftops(*command) == REFUSED
        assert SAID[dialect] in " ".join((project.out + project.err).split())
    assert "allow_closed: true" in project.out + project.err
    assert {line.partition(" ")[0] for line in provider.asked} == {"GET"}


def test_whoever_has_an_agreement_says_so_and_the_create_is_sent(
    project: ProjectDirectory, dialect: str, provider: Scripted
) -> None:
    declare(project, dialect, f"http://{HOSTS[dialect]}/v1", allow_closed=True)
    assert project.ftops("plan") == 0
    assert project.ftops("apply", "--yes") == ERROR
    assert "POST" in {line.partition(" ")[0] for line in provider.asked}


def test_a_server_of_ones_own_is_not_closed_by_the_providers_dates(
    project: ProjectDirectory, dialect: str, emulator: Emulator
) -> None:
    declare(project, dialect, emulator.base_url)
    assert project.ftops("apply", "--yes") == 0, project.err
    assert emulator.jobs(dialect) == 1


def test_the_embedded_emulator_is_as_closed_as_the_provider_unless_it_is_allowed(
    project: ProjectDirectory, dialect: str
) -> None:
    declare(project, dialect, "emulator:.ftops/e.db")
    assert project.ftops("apply", "--yes") == ERROR
    declare(project, dialect, "emulator:.ftops/e2.db", allow_closed=True)
    project.ftops("resolve", "a", "--retry", "--yes")
    assert project.ftops("apply", "--yes") == 0, project.err


def test_a_running_job_is_followed_cancelled_and_its_removal_planned(
    project: ProjectDirectory, dialect: str, emulator: Emulator
) -> None:
    declare(project, dialect, emulator.base_url)
    assert project.ftops("apply", "--yes") == 0, project.err
    assert project.ftops("events", "a") == 0
    assert project.out
    (project.root / "jobs/a.yaml").unlink()
    assert project.ftops("apply", "--yes", "--allow-empty") == 0, project.err
    emulator.advance(60)
    assert project.ftops("apply", "--yes", "--allow-empty") == 0, project.err
    project.ftops("state", "list")
    assert emulator.requests("cancel") == 1


def test_a_job_that_a_client_made_is_taken_over_and_plans_to_no_change(
    project: ProjectDirectory, dialect: str, emulator: Emulator
) -> None:
    declare(project, dialect, emulator.base_url)
    assert project.ftops("apply", "--yes") == 0, project.err
    emulator.advance(10_000)
    project.ftops("status", "--format", "json")
    job_id = json.loads(project.out)["fine_tunes"][0]["job_id"]
    (project.root / ".ftops/state.json").unlink()
    assert project.ftops("import", "b", job_id) == 0, project.err
    assert project.ftops("plan", "--target", "b", "--detailed-exitcode") == 0, project.out
    assert project.plan()["b"] == "keep succeeded"


def test_why_a_job_failed_is_said_also_where_a_list_does_not_tell(
    project: ProjectDirectory, dialect: str, emulator: Emulator
) -> None:
    declare(project, dialect, emulator.base_url)
    emulator.fault("fail_job", "create", code="internal", message="the trainer crashed")
    assert project.ftops("apply", "--yes") == 0, project.err
    emulator.advance(10_000)
    assert project.ftops("plan") == 0
    assert "the trainer crashed" in project.out


def test_a_lost_reply_that_no_list_shows_yet_makes_one_job(
    project: ProjectDirectory, dialect: str, emulator: Emulator
) -> None:
    """The look-up right after it finds nothing; a later list does."""
    declare(project, dialect, emulator.base_url, send_window=2, settle=3)
    emulator.fault("lost_reply", "create")
    emulator.fault("lagging_list", "list", seconds=3600, times=CASES[dialect].lists)
    project.ftops("apply", "--yes")
    assert project.ftops("apply", "--yes") == 0, project.err
    assert project.plan()["a"].startswith("keep ")
    assert emulator.jobs(dialect) == 1
