"""Each row of the decision table and each gate, met by a history over the real planner and applier."""

from __future__ import annotations

import pytest

from ftops.model.finetune import OnChange, OnRemove, Retry, RetryOn
from ftops.model.job import FailureClass, Job, JobError, JobStatus
from ftops.model.queue import Queue
from ftops.model.value import replace
from tests.simulator.world import World, fine_tune


def made(name: str = "a", **lifecycle: object) -> World:
    world = World()
    world.declared[name] = fine_tune(name, **lifecycle)  # type: ignore[arg-type]  # keywords of a test
    world.apply()
    return world


def fail(world: World, failure: FailureClass = FailureClass.USER_ERROR) -> None:
    world.provider.finish(JobStatus.FAILED)
    for job in list(world.provider.jobs.values()):
        error = JobError("bad", "it broke", failure)
        world.provider.jobs[job.id] = replace(job, error=error)


def only_job(world: World) -> Job:
    (job,) = world.provider.jobs.values()
    return job


def test_suspended_neither_creates_nor_cancels() -> None:
    world = World()
    world.declared["a"] = fine_tune("a", suspend=True)
    assert world.actions() == {"a": "keep suspended"}


def test_a_success_is_kept_even_when_the_provider_no_longer_lists_it() -> None:
    world = made()
    world.provider.finish(JobStatus.SUCCEEDED)
    world.apply()
    world.provider.jobs.clear()
    assert world.actions() == {"a": "keep succeeded"}


def test_a_failed_job_is_held_and_retried_only_where_allowed() -> None:
    world = made()
    fail(world)
    assert world.actions() == {"a": "hold failed"}
    world.declared["a"] = fine_tune("a", retry=Retry(2, (RetryOn.PROVIDER_ERROR,)))
    assert world.actions() == {"a": "hold failed"}
    fail(world, FailureClass.PROVIDER_ERROR)
    assert world.actions() == {"a": "create retry"}
    world.apply()
    fail(world, FailureClass.PROVIDER_ERROR)
    assert world.actions() == {"a": "hold failed"}


@pytest.mark.parametrize("failure", FailureClass)
def test_only_what_the_declaration_names_is_retried(failure: FailureClass) -> None:
    everything = Retry(3, tuple(RetryOn))
    never = failure in (FailureClass.USER_ERROR, FailureClass.MODERATION)
    for retry, again in ((Retry(), False), (Retry(3, (RetryOn.VANISHED,)), False), (everything, not never)):
        world = made(retry=retry)
        fail(world, failure)
        assert world.actions() == {"a": "create retry" if again else "hold failed"}


def test_a_job_cancelled_outside_is_held_and_one_that_we_cancelled_is_made_again() -> None:
    world = made()
    world.provider.finish(JobStatus.CANCELLED)
    assert world.actions() == {"a": "hold cancelled-externally"}
    world = made()
    world.declared.clear()
    world.apply()
    assert only_job(world).status is JobStatus.CANCELLED
    world.declared["a"] = fine_tune("a")
    assert world.actions() == {"a": "create new"} or world.actions() == {"a": "create changed"}
    world.apply()
    assert set(world.provider.paid()) == {("a", 1, 1), ("a", 2, 1)}


def test_a_missing_job_is_waited_for_and_then_held_as_vanished() -> None:
    world = made()
    world.provider.jobs.clear()
    assert world.actions() == {"a": "wait missing"}
    world.apply()
    world.clock.time += 1000
    assert world.actions() == {"a": "hold vanished"}
    world.declared["a"] = fine_tune("a", retry=Retry(2, (RetryOn.VANISHED,)))
    assert world.actions() == {"a": "create retry"}


def test_a_refused_create_is_held() -> None:
    world = World()
    world.declared["a"] = fine_tune("a")
    world.provider.faults["create"] = ["rejected"]
    world.apply()
    assert world.actions() == {"a": "hold rejected"}


def test_a_revert_takes_the_old_model_and_cancels_the_successor_first() -> None:
    world = made()
    world.provider.finish(JobStatus.SUCCEEDED)
    world.apply()
    world.declared["a"] = fine_tune("a", 2)
    world.apply()
    world.declared["a"] = fine_tune("a", 1)
    (change,) = world.plan().changes
    assert (change.action, change.reason, change.cancel_first) == ("adopt", "restored", "job-3")
    world.apply()
    assert world.actions() == {"a": "keep succeeded"}
    assert world.provider.jobs["job-3"].status is JobStatus.CANCELLED


def test_a_removed_and_readded_fine_tune_uses_its_model_again() -> None:
    world = made()
    world.provider.finish(JobStatus.SUCCEEDED)
    world.declared.clear()
    assert world.actions() == {"a": "forget removed"}
    world.apply()
    assert world.actions() == {}
    world.declared["a"] = fine_tune("a")
    assert world.actions() == {"a": "adopt restored"}


def test_a_change_replaces_drains_or_is_protected() -> None:
    world = made()
    world.declared["a"] = fine_tune("a", 2)
    assert world.actions() == {"a": "replace changed"}
    world.declared["a"] = fine_tune("a", 2, on_change=OnChange.DRAIN)
    assert world.actions() == {"a": "wait draining"}
    world.declared["a"] = fine_tune("a", 2, protect=True)
    assert world.actions() == {"a": "hold protected"}


def test_a_removed_running_job_is_cancelled_detached_or_protected() -> None:
    for lifecycle, expected in (
        ({}, "cancel removed"),
        ({"on_remove": OnRemove.DETACH}, "forget detached"),
        ({"protect": True}, "hold protected"),
    ):
        world = made(**lifecycle)
        world.declared.clear()
        assert world.actions() == {"a": expected}


def test_a_cancel_that_was_stopped_before_it_was_sent_does_not_count_as_ours() -> None:
    world = made()
    world.declared["a"] = fine_tune("a", 2)
    world.apply(stopping=True)
    assert only_job(world).status.active
    world.provider.finish(JobStatus.CANCELLED)
    world.declared["a"] = fine_tune("a", 1)
    assert world.actions() == {"a": "hold cancelled-externally"}


def test_a_detached_job_is_taken_back_when_the_manifest_returns() -> None:
    world = made(on_remove=OnRemove.DETACH)
    world.declared.clear()
    world.apply()
    assert only_job(world).status.active
    world.declared["a"] = fine_tune("a")
    assert world.actions() == {"a": "adopt restored"}
    world.apply()
    assert world.actions() == {"a": "keep in-progress"}


def test_a_foreign_job_is_counted_and_never_touched() -> None:
    world = made()
    world.provider.jobs["foreign"] = Job("foreign", "p", JobStatus.RUNNING, created_at=1.0)
    world.declared.clear()
    plan = world.plan()
    assert plan.unmanaged == 1
    assert "foreign" not in {change.job_id for change in plan.changes}


def test_a_second_job_with_our_nonce_is_cancelled_as_a_duplicate() -> None:
    world = made()
    first = only_job(world)
    world.provider.jobs["twin"] = replace(first, id="twin")
    changes = {change.job_id: (change.action, change.reason) for change in world.plan().changes}
    assert changes == {first.id: ("keep", "in-progress"), "twin": ("cancel", "duplicate")}
    world.apply()
    assert world.provider.jobs["twin"].status is JobStatus.CANCELLED
    assert world.provider.jobs[first.id].status.active


def test_a_rename_is_no_new_job() -> None:
    world = made()
    world.declared = {"b": fine_tune("b", renamed_from="a")}
    world.declared["b"] = replace(world.declared["b"], training_files=fine_tune("a").training_files)
    assert world.actions() == {"b": "update renamed"}
    world.apply()
    assert world.actions() == {"b": "keep in-progress"}
    assert len(world.provider.jobs) == 1


def test_a_chain_waits_then_trains_and_is_held_with_its_upstream() -> None:
    world = made()
    world.declared["b"] = fine_tune("b", upstream="a")
    assert world.actions() == {"a": "keep in-progress", "b": "wait waiting-for"}
    fail(world)
    assert world.actions() == {"a": "hold failed", "b": "hold upstream"}
    world = made()
    world.declared["b"] = fine_tune("b", upstream="a")
    world.provider.finish(JobStatus.SUCCEEDED)
    assert world.actions() == {"a": "keep succeeded", "b": "create new"}
    world.apply()
    assert world.provider.jobs["job-4"].model == "model-of-job-2"


def test_a_full_provider_lets_the_highest_priority_go_first() -> None:
    world = World()
    world.provider.facts = replace(world.provider.facts, queue=Queue(max_active=1))
    world.declared = {"a": fine_tune("a"), "b": fine_tune("b", priority=5)}
    assert world.actions() == {"a": "wait provider-limit", "b": "create new"}
    world.apply()
    assert world.actions() == {"a": "wait provider-limit", "b": "keep in-progress"}


def test_generations_never_fall_and_are_never_used_twice() -> None:
    world = made()
    for version in (2, 3):
        world.declared["a"] = fine_tune("a", version)
        world.apply()
    world.declared.clear()
    world.apply()
    world.declared["a"] = fine_tune("a", 4)
    world.apply()
    assert sorted(world.provider.paid()) == [("a", n, 1) for n in (1, 2, 3, 4)]
