"""Determinism, ownership, conservation, order and round trip, over the histories of the simulator."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from ftops.model.change import Change
from ftops.model.job import Job, JobStatus
from ftops.model.plan import PlanFacts
from ftops.model.review import Review
from ftops.model.state import RecordedJob, State
from ftops.model.value import replace
from ftops.reconciler.values import Reviewed
from ftops.records.matching import LiveJobs
from ftops.review.plan_document import parse_plan, plan_document
from tests.simulator.history import generate
from tests.simulator.player import Player
from tests.simulator.world import World, fine_tune

SEEDS = range(5000, 5080)


def worlds() -> Iterator[tuple[int, World]]:
    """Play histories, next to a chain and to jobs of strangers; give each world as its history leaves it."""
    for seed in SEEDS:
        history = generate(seed)
        player = Player(history)
        world = player.world
        world.declared = {"w": fine_tune("w"), "x": fine_tune("x", 2, "w")}
        for status in (JobStatus.RUNNING, JobStatus.SUCCEEDED):
            job_id = f"foreign-{status.value}"
            world.provider.jobs[job_id] = Job(job_id, "p", status, created_at=1.0, model="davinci")
        player.walk(history.steps)
        player.stop()
        world.provider.lag = 0.0
        world.provider.faults.clear()
        world.store.faults.clear()
        yield seed, world


def test_the_order_of_the_inputs_is_irrelevant() -> None:
    for seed, world in worlds():
        before = world.plan()
        world.declared = dict(reversed(world.declared.items()))
        world.provider.jobs = dict(reversed(world.provider.jobs.items()))
        assert replace(world.plan(), lineage=before.lineage) == before, f"seed {seed}"


def test_a_foreign_job_is_named_in_no_change_that_does_something() -> None:
    for seed, world in worlds():
        effective = world.plan().effective_changes
        named = {change.job_id for change in effective} | {change.cancel_first for change in effective}
        assert not {str(name) for name in named if str(name).startswith("foreign")}, f"seed {seed}"


def test_everything_declared_recorded_and_live_is_in_one_change_or_counted_as_unmanaged() -> None:
    for seed, world in worlds():
        world.clock.time += 200
        assert not list(not_conserved(world, world.reviewed())), f"seed {seed}"


def not_conserved(world: World, reviewed: Reviewed) -> Iterator[str]:
    """Name everything that is in no change, in several, or counted wrongly.

    A change with a spec speaks for its name, its record and the record's current job; one without speaks
    for a single job that runs beside. Jobs of ours that have ended or were let go rest with their name.
    """
    plan, state = reviewed.plan, reviewed.planning.state
    speakers = Counter(change.name for change in plan.changes if change.spec)
    for name in world.declared.keys() | state.fine_tunes.keys():
        if speakers[name] != 1:
            yield f"{name} is in {speakers[name]} changes"
    beside = Counter((change.provider, change.job_id) for change in plan.changes if not change.spec)
    current, others = _recorded(state)
    for job in others:
        visible = world.provider.sees(job.id)
        runs = visible and job.status.active and not job.detached and job.missing_since is None
        if beside[job.provider, job.id] != int(runs):
            yield f"{job.id}, recorded and {job.status}, is in {beside[job.provider, job.id]} changes"
    doing = Counter(
        job_id
        for change in plan.effective_changes
        for job_id in (change.job_id, change.cancel_first)
        if job_id is not None
    )
    yield from (f"{count} changes do something to {job_id}" for job_id, count in doing.items() if count > 1)
    unrecorded = LiveJobs(reviewed.observations, state).unrecorded
    if wrong := current & {job.id for job in unrecorded}:
        yield f"{wrong} are current and unrecorded"
    unnamed = [job for job in unrecorded if not any(_speaks_of(change, job) for change in plan.changes)]
    if plan.unmanaged != len(unnamed):
        yield f"{plan.unmanaged} are counted as unmanaged, {[job.id for job in unnamed]} are in no change"


def _recorded(state: State) -> tuple[set[str], list[RecordedJob]]:
    records = state.fine_tunes.values()
    current = {record.job.id for record in records if record.job is not None}
    others = [job for record in records for job in record.history]
    return current, [*others, *(job for entry in state.archive.values() for job in entry.jobs)]


def _speaks_of(change: Change, job: Job) -> bool:
    """Return whether a change names a job: as the one it is about, or in the words of a hold."""
    words = change.message.replace(",", " ").replace(")", " ").replace("(", " ").replace(";", " ").split()
    return job.id == change.job_id or job.id in words


def test_nothing_precedes_what_it_depends_on() -> None:
    for seed, world in worlds():
        changes = world.plan().changes
        names = [change.name for change in changes]
        for change in changes:
            for upstream in change.depends_on:
                assert names.index(upstream) < names.index(change.name), f"seed {seed}"


def test_a_plan_document_reads_back_as_the_same_plan() -> None:
    for seed, world in worlds():
        plan = world.plan()
        # Facts serve the review, which the document holds.
        read, _ = parse_plan(plan_document(plan, Review()))
        assert read == replace(plan, facts=PlanFacts()), f"seed {seed}"
