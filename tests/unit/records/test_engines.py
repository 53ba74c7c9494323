"""Engines that forget, and creates that are looked up by sending them again: whole runs in the simulator."""

from __future__ import annotations

import pytest

from ftops.model.finetune import Retry, RetryOn
from ftops.model.job import Job, JobError, JobStatus
from ftops.model.state import RecordedJob
from ftops.model.value import replace
from tests.simulator.bends import ENGINES
from tests.simulator.engine import Engine
from tests.simulator.world import World, fine_tune

SETTLE = 900.0


def engine_world(*names: str) -> tuple[World, Engine]:
    world = World(bends=ENGINES["engine"])
    world.declared = {name: fine_tune(name) for name in names}
    assert isinstance(world.provider, Engine)
    return world, world.provider


def after_lost_reply() -> tuple[World, Engine]:
    """A create that arrived, and that no list shows yet."""
    world, engine = engine_world("a")
    engine.faults["create"] = ["lost reply"]
    engine.lag = 60
    world.apply()
    return world, engine


def test_a_create_without_an_answer_is_sent_again_at_once_and_finds_its_job() -> None:
    world, engine = after_lost_reply()
    assert world.actions() == {"a": "create new"}
    world.apply()
    assert world.actions() == {"a": "keep in-progress"}
    assert list(engine.paid()) == [("a", 1, 1)]
    assert len(engine.jobs) == 1


def test_it_is_not_sent_again_under_another_name() -> None:
    world, engine = after_lost_reply()
    del world.declared["a"]
    world.declared["b"] = fine_tune("b", data="a", renamed_from="a")
    assert world.actions() == {"b": "wait settling"}
    engine.lag = 0
    assert world.actions() == {"b": "adopt lost-reply"}


def test_it_is_not_sent_again_for_what_was_cancelled_by_hand() -> None:
    world, engine = after_lost_reply()
    world.cancel("a")
    for _ in range(2):
        assert world.actions()["a"] != "create new"
        world.apply()
    engine.lag = 0
    world.apply()
    assert not any(job.status.active for job in engine.jobs.values())


def test_another_declaration_waits_until_it_is_certain() -> None:
    world, engine = engine_world("a")
    engine.faults["create"] = ["late"]
    world.apply()
    world.declared["a"] = fine_tune("a", 2)
    assert world.actions() == {"a": "wait settling"}


def test_in_another_session_nothing_is_sent_again_before_two_lists_a_settle_time_apart() -> None:
    world, engine = after_lost_reply()
    world.apply(dies_after=3)
    engine.forget()
    world.clock.time += 3 * SETTLE
    for _ in range(2):
        assert world.actions() == {"a": "wait settling"}
        world.apply()
        world.clock.time += SETTLE / 2
    world.clock.time += 1
    assert world.actions() == {"a": "create new"}
    world.apply()
    assert list(engine.paid()) == [("a", 1, 1)]


def test_a_create_is_not_sent_in_another_session_than_it_was_decided_in() -> None:
    world, engine = engine_world("a")
    run = world.start()
    for _ in range(30):
        run.go(0)
        if run.waits_at == "before create":
            break
    assert run.waits_at == "before create"
    engine.forget()
    run.go(None)
    assert not engine.jobs
    assert world.actions() == {"a": "wait settling"}


def test_the_loss_of_a_memory_explains_why_all_jobs_are_gone() -> None:
    world, engine = engine_world("a", "b", "c", "d")
    world.apply()
    lost = engine.session
    engine.forget()
    plan = world.plan()
    assert (plan.facts.newly_missing, plan.facts.known_active) == (0, 4)
    (note,) = plan.notes
    assert f"p has lost its memory of {lost}" in note
    assert "4 jobs that were running are lost" in note
    assert set(world.actions().values()) == {"wait missing"}
    world.apply()
    assert world.state().session("p") == engine.session
    assert not world.plan().notes


def test_jobs_that_are_gone_in_the_same_session_may_be_at_another_account() -> None:
    world, engine = engine_world("a", "b")
    world.apply()
    for job_id in engine.jobs:
        engine.hide(job_id, 10**9)
    assert world.plan().facts.newly_missing == 2


@pytest.mark.parametrize(
    ("retry", "then"), [(Retry(), "hold vanished"), (Retry(2, (RetryOn.VANISHED,)), "create retry")]
)
def test_a_lost_job_has_vanished_once_it_cannot_run_any_more(retry: Retry, then: str) -> None:
    world, engine = engine_world("a")
    world.declared["a"] = fine_tune("a", retry=retry)
    world.apply()
    engine.forget()
    world.apply()
    world.clock.time += SETTLE - 1
    assert world.actions() == {"a": "wait missing"}
    world.clock.time += 2
    assert world.actions() == {"a": then}


def test_a_success_that_was_forgotten_stays_one_with_all_that_its_trainer_told() -> None:
    world, engine = engine_world("a")
    world.apply()
    engine.finish(JobStatus.SUCCEEDED)
    world.apply()
    before = world.state().fine_tunes["a"].job
    assert before is not None
    assert before.fine_tuned_model
    assert before.result["train_loss"] == 0.5
    engine.forget()
    world.clock.time += 3 * SETTLE
    world.apply()
    assert world.state().fine_tunes["a"].job == before
    assert world.actions() == {"a": "keep succeeded"}


def test_how_a_job_ended_is_asked_for_once() -> None:
    world, engine = engine_world("a")
    world.apply()
    engine.finish(JobStatus.SUCCEEDED)
    asked = engine.asked["retrieve"]
    world.apply()
    assert engine.asked["retrieve"] == asked + 1
    world.apply()
    assert engine.asked["retrieve"] == asked + 1


def test_a_success_that_cannot_be_looked_at_is_not_believed() -> None:
    world, engine = engine_world("a")
    world.apply()
    engine.finish(JobStatus.SUCCEEDED)
    engine.faults["retrieve"] = ["error"]
    assert world.actions() == {"a": "keep in-progress"}
    assert world.actions() == {"a": "keep succeeded"}


def test_a_failure_after_a_stop_of_ours_is_no_failure_to_try_again() -> None:
    recorded = RecordedJob("job-1", "p", "f1:1", 1, 1, "n", JobStatus.PENDING, cancel_requested=5.0)
    died = JobError("job_supervisor_actor_died", "it was stopped as it started")
    job = Job("job-1", "p", JobStatus.FAILED, error=died)
    assert recorded.seen_as(job).status is JobStatus.CANCELLED
    assert replace(recorded, cancel_requested=None).seen_as(job).status is JobStatus.FAILED


def test_a_stop_of_a_job_that_waits_for_resources_is_waited_for() -> None:
    world, engine = engine_world("a")
    world.apply()
    del world.declared["a"]
    engine.faults["cancel"] = ["ignored"]
    world.apply()
    assert world.actions() == {"a": "wait cancelling"}
    engine.finish(JobStatus.FAILED)
    world.apply()
    world.declared["a"] = fine_tune("a", retry=Retry(3, (RetryOn.PROVIDER_ERROR,)))
    assert "retry" not in world.actions()["a"]
