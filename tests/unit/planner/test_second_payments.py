"""The cancel of a job whose twin stays is told apart from every other cancel."""

from __future__ import annotations

from ftops.model.change import Action, Reason
from ftops.model.job import JobStatus
from ftops.model.value import replace
from tests.simulator.bends import WORLDS
from tests.simulator.world import World, fine_tune


def doubled(*names: str) -> World:
    """Let a gateway send each create twice: the second job carries the nonce of the first."""
    world = World()
    world.declared = {name: fine_tune(name) for name in names}
    world.provider.faults["create"] = ["repeated" for _ in names]
    world.apply()
    world.clock.time += 100
    return world


def stops(world: World) -> dict[str, str | None]:
    return {change.stops or "": change.reason for change in world.plan().changes if change.stops}


def test_a_second_job_of_one_create_is_a_second_payment() -> None:
    world = doubled("a", "b")
    plan = world.plan()
    assert plan.facts.second_payments == {(change.name, change.stops) for change in plan.effective_changes}
    assert (len(plan.facts.second_payments), plan.summary["stopped"]) == (2, 2)


def test_it_is_one_too_where_the_recorded_job_is_the_newer_and_the_older_is_adopted() -> None:
    world = doubled("a")
    older = world.provider.jobs["job-3"]
    for status in (JobStatus.RUNNING, JobStatus.SUCCEEDED):
        world.provider.jobs["job-3"] = replace(
            older, created_at=1.0, status=status, fine_tuned_model="m" if status != "running" else None
        )
        assert world.plan().facts.second_payments == {("a", "job-2")}


def test_where_the_twin_goes_as_well_both_cancels_count() -> None:
    world = doubled("a")
    world.declared["a"] = fine_tune("a", 2)
    assert sorted(stops(world)) == ["job-2", "job-3"]
    assert world.plan().facts.second_payments == frozenset()
    del world.declared["a"]
    assert sorted(stops(world)) == ["job-2", "job-3"]
    assert world.plan().facts.second_payments == frozenset()


def test_where_the_twin_has_failed_the_cancel_counts() -> None:
    world = doubled("a")
    first = world.provider.jobs["job-2"]
    world.provider.jobs["job-2"] = replace(first, status=JobStatus.FAILED)
    assert stops(world)["job-3"] is Reason.DUPLICATE
    assert world.plan().facts.second_payments == frozenset()


def test_names_that_train_the_same_thing_are_told() -> None:
    world = World()
    world.declared = {name: fine_tune(name, data="same") for name in ("c", "a", "b")}
    world.declared["d"] = fine_tune("d", 2, data="same")
    world.declared["e"] = fine_tune("e", data="same", suspend=True)
    assert world.plan().facts.same_training == (("a", "b", "c"),)
    assert world.reviewed().review.same_training == (("a", "b", "c"),)
    world.declared["b"] = fine_tune("b", data="same", rerun="again")
    assert world.plan().facts.same_training == (("a", "c"),)


def test_a_second_job_without_a_mark_is_shown_beside_the_first_and_neither_is_touched() -> None:
    world = World(bends=WORLDS["marks dropped"])
    world.declared["a"] = fine_tune("a")
    world.provider.faults["create"] = ["repeated"]
    world.apply()
    world.clock.time += 2000
    world.apply()
    first, second = world.provider.jobs
    shown = {change.job_id: change for change in world.plan().changes}
    assert (shown[first].action, shown[second].action) == (Action.KEEP, Action.HOLD)
    assert shown[second].reason is Reason.LOOKALIKE
    for job_id in (first, second):
        assert f"`ftops resolve a --job {job_id}`" in shown[second].message
    assert all(job.status.active for job in world.provider.jobs.values())
