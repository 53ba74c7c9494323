"""Determinism, ownership, conservation, order and round trip, over random histories."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ftops.model.change import Action
from ftops.model.job import Job, JobStatus
from ftops.model.plan import Plan, PlanFacts
from ftops.model.review import Review
from ftops.report.json_report import parse_plan, plan_document
from tests.property.test_at_most_one_job import STEPS, run
from tests.simulated import World, fine_tune

HISTORIES = st.lists(STEPS, min_size=1, max_size=15)
LAW = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def world_after(history: list[tuple[str, str, int]]) -> World:
    """Play a history, next to a chain and to jobs of strangers."""
    world = World()
    world.declared = {"base": fine_tune("base"), "next": fine_tune("next", 2, "base")}
    for status in (JobStatus.RUNNING, JobStatus.SUCCEEDED):
        job_id = f"foreign-{status.value}"
        world.provider.jobs[job_id] = Job(job_id, "p", status, created_at=1.0, model="gpt-4o-mini")
    run(world, history)
    world.provider.lag = 0.0
    return world


@LAW
@given(HISTORIES)
def test_the_order_of_the_inputs_is_irrelevant(history: list[tuple[str, str, int]]) -> None:
    world = world_after(history)
    before = world.plan()
    world.declared = dict(reversed(world.declared.items()))
    world.provider.jobs = dict(reversed(world.provider.jobs.items()))
    after = world.plan()
    assert replace(after, lineage=before.lineage) == before


@LAW
@given(HISTORIES)
def test_a_foreign_job_is_never_named_in_a_change_and_never_ended(
    history: list[tuple[str, str, int]],
) -> None:
    world = world_after(history)
    plan = world.plan()
    named = {change.job_id for change in plan.changes} | {change.cancel_first for change in plan.changes}
    assert not {str(name) for name in named if str(name).startswith("foreign")}
    world.apply()
    assert world.provider.jobs["foreign-succeeded"].status is JobStatus.SUCCEEDED
    assert world.provider.jobs["foreign-running"].status in (
        JobStatus.RUNNING,
        *(JobStatus(word) for kind, word, _ in history if kind == "finish"),
    )


@LAW
@given(HISTORIES)
def test_everything_declared_and_every_job_of_ours_is_in_one_change_or_counted(
    history: list[tuple[str, str, int]],
) -> None:
    world = world_after(history)
    plan = world.plan()
    about_names = [change.name for change in plan.changes if change.source is not None or change.spec]
    for name in world.declared:
        assert about_names.count(name) >= 1
    cancelled = [change.job_id for change in plan.changes if change.action is Action.CANCEL]
    assert len(cancelled) == len(set(cancelled))
    assert plan.unmanaged >= 2


@LAW
@given(HISTORIES)
def test_nothing_precedes_what_it_depends_on(history: list[tuple[str, str, int]]) -> None:
    names = [change.name for change in world_after(history).plan().changes]
    changes = world_after(history).plan().changes
    for change in changes:
        for upstream in change.depends_on:
            assert names.index(upstream) < names.index(change.name)


@LAW
@given(HISTORIES)
def test_a_plan_document_reads_back_as_the_same_plan(history: list[tuple[str, str, int]]) -> None:
    plan: Plan = world_after(history).plan()
    # Facts and the words of an incomplete list serve the review, which the document holds.
    assert parse_plan(plan_document(plan, Review())) == replace(plan, facts=PlanFacts())
