"""A change that does not train now says what follows: which number, why, and on which data."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftops.model.change import Action, Change, Reason
from ftops.model.finetune import OnChange, Retry, RetryOn
from ftops.model.job import JobStatus
from ftops.model.queue import Queue
from ftops.model.steps import Start, steps_later, steps_now
from ftops.model.value import replace
from tests.simulator.world import World, fine_tune


def chain(*names: str, version: int = 1) -> World:
    """Train a chain, each from the one before, to its end."""
    world = World()
    for name, upstream in zip(names, (None, *names), strict=False):
        world.declared[name] = fine_tune(name, version, upstream)
    for _ in names:
        world.apply()
        finish(world)
    return world


def finish(world: World, status: JobStatus = JobStatus.SUCCEEDED) -> None:
    world.clock.time += 10
    for job in list(world.provider.jobs.values()):
        if job.status.active:
            model = f"model-of-{job.id}" if status is JobStatus.SUCCEEDED else None
            world.provider.jobs[job.id] = replace(job, status=status, fine_tuned_model=model)


def change_of(world: World, name: str) -> Change:
    (change,) = [change for change in world.plan().changes if change.name == name]
    return change


def follows(world: World, name: str) -> str | None:
    then = change_of(world, name).then
    return f"{then.action} {then.reason} {then.generation}.{then.attempt}" if then else None


def test_everything_below_a_base_that_changes_follows_with_its_number_reason_and_data() -> None:
    world = chain("a", "b", "c")
    world.declared["a"] = fine_tune("a", 2)
    plan = world.plan()
    assert [(change.action, change.then is not None) for change in plan.changes] == [
        (Action.CREATE, False),
        (Action.WAIT, True),
        (Action.WAIT, True),
    ]
    assert follows(world, "b") == "create changed 2.1"
    then = change_of(world, "c").then
    assert then is not None
    assert then.message == "its base model, made by b, changes; the model model-of-job-6 stays"
    assert [use.path for use in then.data] == ["c.jsonl"]
    assert (plan.summary["later"], plan.summary["wait"], plan.summary["stopped"]) == (2, 2, 0)


def test_a_chain_whose_base_trains_follows_as_new() -> None:
    world = World()
    world.declared = {"a": fine_tune("a"), "b": fine_tune("b", upstream="a")}
    assert follows(world, "b") == "create new 1.1"
    world.apply()
    assert follows(world, "b") == "create new 1.1"


def test_a_running_chain_is_cancelled_now_and_created_later() -> None:
    world = chain("a")
    world.declared["b"] = fine_tune("b", upstream="a")
    world.apply()
    world.declared["a"] = fine_tune("a", 2)
    change = change_of(world, "b")
    assert (change.action, change.stops, follows(world, "b")) == (
        Action.CANCEL,
        change.job_id,
        "create changed 2.1",
    )
    assert world.plan().summary["stopped"] == 1


def test_a_held_base_cancels_nothing_and_nothing_follows() -> None:
    world = chain("a")
    world.declared["b"] = fine_tune("b", upstream="a")
    world.apply()
    world.declared["a"] = fine_tune("a", 2)
    # The new base fails while the chain's old job still runs.
    running = change_of(world, "b").job_id
    world.declared["b"] = fine_tune("b", upstream="a", suspend=True)
    world.apply()
    base = world.state().fine_tunes["a"].job
    assert base is not None
    world.provider.jobs[base.id] = replace(world.provider.jobs[base.id], status=JobStatus.FAILED)
    world.declared["b"] = fine_tune("b", upstream="a")
    change = change_of(world, "b")
    assert (change.action, change.reason, change.job_id, change.then) == (
        Action.HOLD,
        Reason.UPSTREAM,
        running,
        None,
    )


def test_what_drains_or_is_cancelled_goes_on_to_train_what_is_declared() -> None:
    world = World()
    world.declared["a"] = fine_tune("a")
    world.apply()
    world.declared["a"] = fine_tune("a", 2, on_change=OnChange.DRAIN)
    assert follows(world, "a") == "create changed 2.1"
    world.declared["a"] = fine_tune("a", 2)
    job_id = change_of(world, "a").job_id or ""
    world.provider.jobs[job_id] = replace(world.provider.jobs[job_id], status=JobStatus.CANCELLING)
    assert (change_of(world, "a").reason, follows(world, "a")) == (Reason.CANCELLING, "create changed 2.1")


def test_a_job_that_somebody_else_cancels_is_followed_by_nothing_unless_a_retry_is_declared() -> None:
    world = World()
    world.declared["a"] = fine_tune("a")
    world.apply()
    (job,) = world.provider.jobs.values()
    world.provider.jobs[job.id] = replace(job, status=JobStatus.CANCELLING)
    assert (change_of(world, "a").action, follows(world, "a")) == (Action.WAIT, None)


def test_a_create_in_doubt_is_followed_by_itself_under_the_same_number() -> None:
    world = World()
    world.declared["a"] = fine_tune("a")
    world.provider.faults["create"] = ["late"]
    world.apply()
    assert (change_of(world, "a").reason, follows(world, "a")) == (Reason.SETTLING, "create new 1.1")


def test_a_full_provider_puts_a_create_off() -> None:
    world = World(queue=Queue(1))
    world.declared = {"a": fine_tune("a"), "b": fine_tune("b", 2)}
    assert (change_of(world, "b").reason, follows(world, "b")) == (Reason.PROVIDER_LIMIT, "create new 1.1")


def test_a_running_job_whose_successor_must_wait_will_be_replaced() -> None:
    """Where no mark tells two creates apart, one waits until the other is certain; its old job runs on."""
    world = World("openai_legacy")
    world.declared["b"] = fine_tune("b", data="same")
    world.apply()
    world.declared["a"] = fine_tune("a", 3, data="other")
    world.provider.faults["create"] = ["late"]
    world.apply()
    world.declared["b"] = fine_tune("b", 3, data="other")
    change = change_of(world, "b")
    assert (change.action, change.reason) == (Action.WAIT, Reason.LOOKALIKE_IN_FLIGHT)
    assert follows(world, "b") == "replace changed 2.1"
    assert steps_later(world.plan().changes).cancels == {("b", change.job_id or "")}


def test_a_job_that_went_on_waiting_for_nothing_is_followed_by_nothing() -> None:
    world = chain("a")
    assert (change_of(world, "a").action, follows(world, "a")) == (Action.KEEP, None)
    del world.declared["a"]
    assert follows(world, "a") is None


@given(
    lengths=st.lists(st.integers(1, 3), min_size=1, max_size=2),
    changed=st.sets(st.tuples(st.integers(0, 1), st.integers(0, 2))),
    running=st.booleans(),
    drains=st.booleans(),
)
def test_what_a_plan_shows_now_and_later_is_what_comes_to_be_paid(
    lengths: list[int], changed: set[tuple[int, int]], *, running: bool, drains: bool
) -> None:
    """Where nothing fails, the creates of all later rounds are those that the first plan showed."""
    world = World()
    declare(world, lengths, set(), drains=drains)
    for _ in range(4):
        world.apply()
        if not running:
            finish(world)
    declare(world, lengths, changed, drains=drains)
    plan = world.plan()
    shown = set((steps_now(plan.changes) | steps_later(plan.changes)).creates)
    before = paid(world)
    for _ in range(8):
        world.apply()
        finish(world)
    assert paid(world) - before == shown


def declare(world: World, lengths: list[int], changed: set[tuple[int, int]], *, drains: bool) -> None:
    for number, length in enumerate(lengths):
        for depth in range(length):
            version = 1 + (10 if (number, depth) in changed else 0) + number
            upstream = f"c{number}-{depth - 1}" if depth else None
            name = f"c{number}-{depth}"
            lifecycle = {"on_change": OnChange.DRAIN} if drains else {}
            world.declared[name] = fine_tune(name, version, upstream, **lifecycle)


def paid(world: World) -> set[Start]:
    stamps = [job.stamp for job in world.provider.jobs.values() if job.stamp]
    return {(stamp.name, stamp.generation, stamp.attempt) for stamp in stamps}


@pytest.mark.parametrize("status", [JobStatus.SUCCEEDED, JobStatus.CANCELLED])
def test_a_missing_job_is_followed_by_a_retry_where_one_is_declared(status: JobStatus) -> None:
    world = World()
    world.declared["a"] = fine_tune("a", retry=Retry(2, (RetryOn.VANISHED,)))
    world.apply()
    (job,) = world.provider.jobs.values()
    del world.provider.jobs[job.id]
    assert (change_of(world, "a").reason, follows(world, "a")) == (Reason.MISSING, "create retry 1.2")
    world.provider.jobs[job.id] = replace(job, status=status)
    assert change_of(world, "a").reason is not Reason.MISSING
