"""Limits hold for a whole command, and a plan says what it stops and what follows; typed, over real HTTP."""

from __future__ import annotations

import json
import os
import re
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
import requests

import ftops
from ftops.api.rounds import apply_round
from ftops.api.session import Session, open_session
from ftops.api.surroundings import Surroundings
from ftops.emulator.server import EmulatorServer, EmulatorSettings
from ftops.manifests.project import PROJECT_FILE
from ftops.model.event import Outcome
from ftops.review.approval import approvals
from ftops.review.selection import Selection
from tests.conftest import Emulator, ProjectDirectory

PRICE = "  prices: {local: {gpt-4o-mini: {training_per_million_tokens: 30000}}}\n"


def limited(project: ProjectDirectory, limits: str = "{}") -> None:
    text = (project.root / PROJECT_FILE).read_text()
    project.write(PROJECT_FILE, f"{text.split('  prices:')[0]}{PRICE}  limits: {limits}\n")


def chain(project: ProjectDirectory, epochs: int = 3) -> None:
    project.manifest("base", f"hyperparameters: {{n_epochs: {epochs}}}")
    for name in ("one", "two"):
        project.manifest(name, f"suffix: {name}\nhyperparameters: {{n_epochs: 1}}", model="{from: base}")


def trained(project: ProjectDirectory, emulator: Emulator) -> None:
    for _ in range(2):
        assert project.ftops("apply", "--yes", "--allow", "cost=1000") == 0
        emulator.advance(10_000)


def planned(project: ProjectDirectory) -> Any:
    project.ftops("plan", "--format", "json")
    return json.loads(project.out)


def usd(amount: float) -> dict[str, object]:
    """What a sum of the project's own prices is in a document."""
    return {
        "currency": "USD",
        "low": amount,
        "high": amount,
        "about": False,
        "because": [],
        "price": None,
    }


def test_a_chain_whose_base_changes_is_shown_priced_and_limited_before_the_base_is_paid(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    limited(project)
    chain(project)
    trained(project, emulator)
    chain(project, epochs=4)
    assert project.ftops("plan") == 0
    now, later = project.out.splitlines()[-2:]
    assert now.startswith("Plan: 1 to create, 0 to replace, 0 to cancel; 2 waiting, 0 held, 0 unchanged.")
    assert now.endswith("Costs $21.60.")
    assert later == "Later: 2 to create. Costs $10.80 more."
    assert "  · later  one  starts from the new base  " in project.out
    assert project.ftops("plan", "--format", "markdown") == 0
    assert "\u21b3 `\u00b7` later one" in project.out
    document = planned(project)
    assert document["review"] == {
        "violations": [],
        "estimated_cost": usd(21.6),
        "estimated_cost_later": usd(10.8),
        "cost_unknown_because": [],
        "same_training": [],
        "warnings": [],
        "waived": [],
        "max_cost": None,
    }
    limited(project, "{max_cost: 30, max_creates: 2}")
    assert project.ftops("apply", "--yes", "--wait") == 3
    assert "3 creates (1 now, 2 to follow) are more than the limit of 2" in project.out
    assert "it may cost $32.40 ($21.60 now, $10.80 to follow), the limit is $30" in " ".join(
        project.out.split()
    )
    assert emulator.requests("create") == 3


def test_a_retry_in_a_later_round_counts_with_what_the_command_has_created(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    """Each round alone is within the limit, the command is not; for the next command it counts anew."""
    limited(project, "{max_creates: 2}")
    emulator.fault("fail_job", "create", code="server_error")
    project.manifest("a", "lifecycle: {retry: {max_attempts: 9, on: [provider_error]}}")
    project.manifest("b", "suffix: b")
    with opened(project) as session:
        first = apply_round(session, Selection(), 1, approved=None)
        assert [one.outcome for one in first.results] == [Outcome.DONE, Outcome.DONE]
        emulator.advance(10_000)
        approved = approvals(first.reviewed.plan, waits=True)
        second = apply_round(session, Selection(so_far=first.so_far), 1, approved=approved)
        (found,) = second.reviewed.review.violations
        assert found.message == "3 creates (2 done, 1 now) are more than the limit of 2"
    assert emulator.requests("create") == 2
    assert project.ftops("reconcile", "--once") == 0
    assert emulator.requests("create") == 3


def test_the_rounds_of_apply_wait_are_one_command(fast: Emulator, project: ProjectDirectory) -> None:
    limited(project, "{max_creates: 1}")
    fast.fault("fail_job", "create", code="server_error")
    project.manifest("a", "lifecycle: {retry: {max_attempts: 9, on: [provider_error]}}")
    assert project.ftops("apply", "--yes", "--wait", "--timeout", "60s") == 3
    assert "2 creates (1 done, 1 now) are more than the limit of 1" in project.err
    assert fast.requests("create") == 1


def test_the_creates_that_were_shown_as_following_are_made_by_the_one_who_waits(
    fast: Emulator, project: ProjectDirectory
) -> None:
    limited(project, "{max_creates: 3}")
    chain(project)
    assert project.ftops("plan", "--out", "plan.json") == 0
    assert project.ftops("apply", "plan.json", "--wait", "--timeout", "60s") == 0
    assert project.plan() == dict.fromkeys(("base", "one", "two"), "keep succeeded")
    assert fast.requests("create") == 3


def test_a_saved_plan_is_limited_by_what_it_says_will_follow(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    limited(project)
    chain(project)
    assert project.ftops("plan", "--out", "plan.json") == 0
    limited(project, "{max_creates: 2}")
    assert project.ftops("apply", "plan.json") == 3
    assert "3 creates (1 now, 2 to follow)" in project.out
    assert project.ftops("show", "plan.json") == 0
    assert "Later: 2 to create." in project.out
    with ftops.open_project(project.root) as opened_project:
        plan = opened_project.plan()
        assert (plan.summary["later"], plan.estimated_cost_later) == (2, ftops.CostEstimate(10.8, 10.8))
        assert [change.then.action for change in plan.changes if change.then] == [ftops.Action.CREATE] * 2
        with pytest.raises(ftops.Refused, match="max_creates"):
            opened_project.apply(plan)
    assert emulator.requests("create") == 0


def test_a_revert_while_the_job_runs_shows_counts_and_limits_the_cancel(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    project.manifest("a", "hyperparameters: {n_epochs: 3}")
    project.ftops("apply", "--yes")
    emulator.advance(10_000)
    project.manifest("a", "hyperparameters: {n_epochs: 4}")
    project.ftops("apply", "--yes")
    project.manifest("a", "hyperparameters: {n_epochs: 3}")
    assert project.ftops("plan") == 0
    assert project.out.splitlines()[-1].startswith(
        "Plan: 0 to create, 0 to replace, 0 to cancel, 1 to adopt (stops 1 job); 0 waiting"
    )
    (change,) = planned(project)["changes"]
    assert f"    stops job {change['cancel_first']}\n" in text_plan(project)
    limited(project, "{max_cancels: 0}")
    assert project.ftops("apply", "--yes") == 3
    assert "1 cancel is more than the limit of 0" in project.out
    assert project.ftops("apply", "--yes", "--allow", "cancels=1") == 0
    assert emulator.requests("cancel") == 1


def test_second_payments_are_stopped_under_the_default_limits(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    """A gateway sent every create twice: seven jobs run that nobody asked for."""
    for number in range(7):
        project.manifest(f"t{number}", f"suffix: t{number}")
    assert project.ftops("apply", "--yes") == 0
    sent_again(emulator)
    assert emulator.jobs() == 14
    assert project.ftops("plan") == 0
    assert project.ftops("apply", "--yes") in (0, 4)
    assert emulator.requests("cancel") == 7
    assert set(project.plan().values()) == {"keep in-progress"}


def test_names_that_train_the_same_thing_are_named_in_every_format(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    project.manifest("a")
    project.manifest("b")
    words = "a and b train the same thing"
    assert words in text_plan(project)
    assert project.ftops("plan", "--format", "markdown") == 0
    assert words in project.out.split("<details>")[0]
    assert planned(project)["review"]["same_training"] == [["a", "b"]]
    assert project.ftops("apply", "--yes") == 0
    assert emulator.requests("create") == 2


def text_plan(project: ProjectDirectory) -> str:
    project.ftops("plan")
    return project.out


def sent_again(emulator: Emulator) -> None:
    """Send each job that is there once more, with the mark that it carries."""
    account = {"headers": {"Authorization": "Bearer sk-test"}, "timeout": 10}
    url = f"{emulator.base_url}/fine_tuning/jobs"
    for job in requests.get(url, **account).json()["data"]:  # type: ignore[arg-type]  # keywords
        body = {key: job[key] for key in ("model", "training_file", "metadata")}
        requests.post(url, json=body, **account).raise_for_status()  # type: ignore[arg-type]  # keywords


def opened(project: ProjectDirectory) -> AbstractContextManager[Session]:
    return open_session(project.root, Surroundings(os.environ, threading.Event(), lambda _: None))


@pytest.fixture
def fast(tmp_path: Path, project: ProjectDirectory) -> Iterator[Emulator]:
    """A provider whose jobs are over at once, in place of the project's."""
    with EmulatorServer(EmulatorSettings(tmp_path / "fast" / "e.db", 1_000_000)) as server:
        text = (project.root / PROJECT_FILE).read_text()
        project.write(PROJECT_FILE, re.sub(r"base_url: '[^']*'", f"base_url: '{server.base_url}'", text))
        yield Emulator(server)
