"""Two jobs for one create, and jobs that run on: shown with what is at stake, and the newer one cancelled."""

from __future__ import annotations

import pytest

from ftops.model.change import Action, Change, Reason
from ftops.model.finetune import Lifecycle
from ftops.model.job import JobStatus
from ftops.model.state import RecordedJob
from ftops.model.value import replace
from ftops.records.stake import at_stake
from ftops.review.approval import approvals, unapproved
from tests.simulator.world import World, fine_tune


def doubled() -> World:
    """Let a proxy send a create twice; job-2 is recorded, job-3 came with the same nonce."""
    world = World()
    world.declared["a"] = fine_tune("a")
    world.provider.faults["create"] = ["repeated"]
    world.apply()
    world.clock.time += 7500
    return world


def duplicate(world: World) -> Change:
    (change,) = [change for change in world.plan().changes if change.reason is Reason.DUPLICATE]
    return change


def test_a_second_job_is_shown_with_its_age_and_its_tokens() -> None:
    world = doubled()
    world.provider.jobs["job-3"] = replace(world.provider.jobs["job-3"], trained_tokens=120_000)
    change = duplicate(world)
    assert (change.action, change.job_id) == (Action.CANCEL, "job-3")
    assert "second job for the same training as job job-2" in change.message
    assert "it has run for 2 h 05 min and trained 120,000 tokens" in change.message


def test_the_newer_one_is_cancelled_and_the_older_one_goes_on() -> None:
    world = doubled()
    world.apply()
    assert world.provider.jobs["job-2"].status.active
    assert world.provider.jobs["job-3"].status is JobStatus.CANCELLED
    assert world.actions() == {"a": "keep in-progress"}


@pytest.mark.parametrize("status", [JobStatus.RUNNING, JobStatus.SUCCEEDED])
def test_when_the_recorded_one_is_the_newer_the_older_is_adopted_and_serves(status: JobStatus) -> None:
    world = doubled()
    older = replace(world.provider.jobs["job-3"], created_at=1.0, status=status, fine_tuned_model="m")
    world.provider.jobs["job-3"] = older
    change = duplicate(world)
    assert (change.action, change.job_id, change.cancel_first) == (Action.ADOPT, "job-3", "job-2")
    assert "it has run for 2 h 05 min" in change.message
    assert len(world.plan().changes) == 1
    world.apply()
    assert world.provider.jobs["job-2"].status is JobStatus.CANCELLED
    assert world.provider.jobs["job-3"].status is status
    assert list(world.actions().values()) == [
        "keep succeeded" if status is JobStatus.SUCCEEDED else "keep in-progress"
    ]
    record = world.state().fine_tunes["a"]
    assert [(job.id, job.generation, job.attempt) for job in record.jobs] == [
        ("job-3", 1, 1),
        ("job-2", 1, 1),
    ]


def test_a_cancel_of_a_second_job_that_nobody_approved_is_not_done() -> None:
    world = doubled()
    shown = world.plan()
    assert unapproved(shown, {}) == (duplicate(world),)
    assert unapproved(shown, approvals(shown, waits=False)) == ()
    world.provider.jobs["job-3"] = replace(world.provider.jobs["job-3"], created_at=1.0)
    assert unapproved(world.plan(), approvals(shown, waits=False)) == (duplicate(world),)


def given_up(world: World) -> None:
    """Let two complete lists, a settle time apart, lack the job of a create in doubt."""
    world.declared["a"] = replace(world.declared["a"], lifecycle=Lifecycle(suspend=True))
    for _ in range(2):
        world.clock.time += 1000
        world.apply()


@pytest.mark.parametrize("setting", ["protect", "suspend"])
def test_a_second_job_of_a_protected_or_suspended_fine_tune_is_held(setting: str) -> None:
    world = doubled()
    world.declared["a"] = fine_tune("a", **{setting: True})  # type: ignore[arg-type]  # keywords of a test
    change = duplicate(world)
    assert (change.action, change.job_id) == (Action.HOLD, "job-3")
    world.apply()
    assert world.provider.jobs["job-3"].status.active


def test_a_create_that_arrived_after_it_was_given_up_is_a_stray_with_its_price() -> None:
    world = World()
    world.declared["a"] = fine_tune("a", 1)
    world.provider.faults["create"] = ["late"]
    world.apply()
    (sent,) = world.provider.on_the_way
    world.provider.on_the_way.clear()
    given_up(world)
    world.declared["a"] = fine_tune("a", 2)
    world.apply()
    late = world.provider.start(sent.request)
    world.clock.time += 90
    (change,) = [change for change in world.plan().changes if change.job_id == late.id]
    assert (change.action, change.reason) == (Action.CANCEL, Reason.SUPERSEDED)
    assert "it has run for 1 min and trained an unknown number of tokens" in change.message


def test_ages_are_said_as_people_say_them() -> None:
    job = RecordedJob("j", "p", "f", 1, 1, None, JobStatus.RUNNING)
    said = [at_stake(replace(job, created_at=0.0), now) for now in (59, 3599, 3600, 90_000)]
    assert [words.split(" and ")[0].removeprefix("it has run for ") for words in said] == [
        "59 s",
        "59 min",
        "1 h",
        "1 d 1 h",
    ]
    assert at_stake(job, 5).startswith("it has run for an unknown time")


def test_a_second_job_on_its_way_out_is_waited_for_until_the_cancel_counts_as_lost() -> None:
    world = doubled()
    world.provider.faults["cancel"] = ["ignored"]
    world.apply()
    assert world.provider.jobs["job-3"].status.active
    settle, taken = world.provider.facts.settle, world.clock.now()
    second = [one for one in world.plan().changes if one.job_id == "job-3"]
    assert [(one.action, one.reason) for one in second] == [(Action.WAIT, Reason.CANCELLING)]
    world.clock.time = taken + settle - 1
    assert not [one for one in world.plan().changes if one.action.effective]
    world.clock.time = taken + settle + 1
    assert duplicate(world).action is Action.CANCEL
    world.apply()
    assert world.provider.jobs["job-3"].status is JobStatus.CANCELLED


@pytest.mark.parametrize("word", ["protected", "suspended"])
def test_the_hold_of_a_second_job_says_which_setting_keeps_it(word: str) -> None:
    world = doubled()
    setting = {"protected": Lifecycle(protect=True), "suspended": Lifecycle(suspend=True)}[word]
    world.declared["a"] = replace(world.declared["a"], lifecycle=setting)
    assert duplicate(world).message.endswith(f"nothing is done, since a is {word}")
