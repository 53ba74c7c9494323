"""Deadlines and stalls over the real planner and applier: what runs too long, and what shows nothing new."""

from __future__ import annotations

import pytest

from ftops.model.finetune import Lifecycle
from ftops.model.job import Job, JobEvent, JobStatus, Progress
from ftops.model.observation import Observation, ProviderFacts
from ftops.model.spending import Purchase
from ftops.model.state import Record, RecordedJob, State
from ftops.model.value import replace
from ftops.providers.registry import dialects
from ftops.records.deadlines import over_deadline
from ftops.records.progress import quiet_for, with_progress
from tests.simulator.world import World, fine_tune

HOUR = 3600.0
FACTS = ProviderFacts("p", "openai", dialects()["openai"].capabilities)
WATCHED = {"a": fine_tune("a", stall_after="30m")}


def made(**lifecycle: object) -> World:
    world = World()
    world.declared["a"] = fine_tune("a", **lifecycle)  # type: ignore[arg-type]  # keywords of a test
    world.apply()
    return world


def only_job(world: World) -> Job:
    (job,) = world.provider.jobs.values()
    return job


def test_what_a_deadline_stopped_stays_stopped_until_its_declaration_changes() -> None:
    world = made(deadline="6h")
    world.clock.time += 6 * HOUR
    assert world.actions() == {"a": "cancel overdue"}
    world.apply()
    world.provider.finish(JobStatus.CANCELLED)
    for _ in range(3):
        world.apply()
        assert world.actions() == {"a": "hold overdue"}
    world.declared["a"] = fine_tune("a", deadline="12h")
    assert world.actions() == {"a": "hold overdue"}  # Editing a lifecycle never trains.
    world.declared["a"] = fine_tune("a", 2, deadline="12h")
    assert world.actions() == {"a": "create changed"}
    world.apply()
    assert set(world.provider.paid()) == {("a", 1, 1), ("a", 2, 1)}


def test_what_ends_well_before_its_cancel_arrives_is_a_success() -> None:
    world = made(deadline="6h")
    world.clock.time += 7 * HOUR
    plan = world.reviewed()
    world.provider.finish(JobStatus.SUCCEEDED)
    assert plan.plan.effective_changes
    world.apply()
    assert world.actions() == {"a": "keep succeeded"}


def test_a_detached_job_is_left_alone_whatever_its_deadline_was() -> None:
    world = made(deadline="6h", on_remove="detach")
    world.clock.time += 7 * HOUR
    world.declared.clear()
    assert world.actions() == {"a": "forget detached"}


@pytest.mark.parametrize(
    ("job", "late"),
    [
        ({"created_at": 0.0}, True),
        ({"created_at": HOUR}, False),
        ({"purchase": Purchase(at=0.0, by="x")}, True),
        ({"created_at": HOUR, "purchase": Purchase(at=0.0, by="x")}, False),
        ({"created_at": 0.0, "purchase": Purchase(at=HOUR, by="x")}, False),
        ({}, False),
        ({"created_at": 0.0, "status": JobStatus.SUCCEEDED}, False),
        ({"created_at": 0.0, "status": JobStatus.UNKNOWN}, True),
    ],
)
def test_a_deadline_counts_from_the_later_of_the_providers_time_and_the_purchase(
    job: dict[str, object], late: bool
) -> None:
    recorded = RecordedJob("j", "p", "", 1, 1, None, JobStatus.RUNNING)
    recorded = replace(recorded, **job)  # type: ignore[arg-type]  # members of a test
    assert bool(over_deadline(recorded, Lifecycle(deadline="6h"), 6 * HOUR + 1)) == late
    assert over_deadline(recorded, Lifecycle(), 1e9) is None


def state_of(progress: Progress | None = None, **job: object) -> State:
    recorded = RecordedJob("j", "p", "", 1, 1, None, JobStatus.RUNNING, progress=progress)
    record = Record("p", "", 1, 1, job=replace(recorded, **job))  # type: ignore[arg-type]  # members of a test
    return State("sim", "l", fine_tunes={"a": record})


def moved(before: State, seen: State, now: float, *events: JobEvent | None) -> Progress | None:
    observation = Observation(FACTS, events={"j": events[0]} if events else {})
    record = with_progress(before, seen, WATCHED, {"p": observation}, now).fine_tunes["a"]
    assert record.job is not None
    return record.job.progress


def test_what_a_list_shows_is_progress_and_is_noted_only_where_it_moves() -> None:
    started = moved(state_of(status=JobStatus.PENDING), state_of(), 100.0)
    assert started == Progress(100.0)
    same = state_of(started)
    assert with_progress(same, same, WATCHED, {}, 500.0) is same
    assert moved(same, state_of(started, trained_tokens=7), 500.0) == Progress(500.0)
    assert moved(same, state_of(started, result={"steps": 1}), 500.0) == Progress(500.0)
    assert moved(same, state_of(started, status=JobStatus.SUCCEEDED), 500.0) is None
    assert with_progress(same, same, {"a": fine_tune("a")}, {}, 500.0) == state_of()


def test_an_event_is_progress_where_it_is_new() -> None:
    same = state_of(Progress(100.0))
    assert moved(same, same, 5000.0, None) == Progress(100.0)
    assert moved(same, same, 5000.0, JobEvent(4000.0, "info", "step 3", id="e3")) == Progress(4000.0, "e3")
    old = moved(same, same, 5000.0, JobEvent(50.0, "info", "started", id="e1"))
    assert old == Progress(100.0, "e1")
    known = state_of(old)
    assert moved(known, known, 5000.0, JobEvent(50.0, "info", "started", id="e1")) == old
    # A provider whose clock is behind: what is new is new.
    assert moved(known, known, 5000.0, JobEvent(60.0, "info", "step 1", id="e2")) == Progress(5000.0, "e2")
    # One that came soon after the last look, and none since: it counts from then.
    assert moved(known, known, 5000.0, JobEvent(4000.0, "info", "step 1", id="e2")) == Progress(4000.0, "e2")
    ahead = JobEvent(9000.0, "info", "step 1", id="e2")
    assert moved(known, known, 5000.0, ahead) == Progress(5000.0, "e2")


def test_only_what_runs_and_is_watched_is_quiet() -> None:
    job = RecordedJob("j", "p", "", 1, 1, None, JobStatus.RUNNING, progress=Progress(0.0))
    watched = Lifecycle(stall_after="30m")
    assert quiet_for(job, watched, 1799.0) is None
    assert quiet_for(job, watched, 1800.0) == 1800.0
    for status in set(JobStatus) - {JobStatus.RUNNING}:
        assert quiet_for(replace(job, status=status), watched, 1e9) is None
    assert quiet_for(replace(job, progress=None), watched, 1e9) is None
    assert quiet_for(job, Lifecycle(), 1e9) is None


def test_what_starts_from_a_stalled_one_waits_for_it() -> None:
    world = made(stall_after="30m")
    world.declared["b"] = fine_tune("b", 1, "a")
    world.apply()
    job = only_job(world)
    world.provider.jobs[job.id] = replace(job, status=JobStatus.RUNNING)
    world.apply()
    world.clock.time += HOUR
    assert world.actions() == {"a": "hold stalled", "b": "wait waiting-for"}
    world.provider.finish(JobStatus.SUCCEEDED)
    assert world.actions() == {"a": "keep succeeded", "b": "create new"}


@pytest.mark.parametrize("dies_after", range(1, 12))
def test_a_run_that_dies_on_its_way_leaves_the_cancel_to_the_next_one(dies_after: int) -> None:
    world = made(deadline="6h")
    world.clock.time += 7 * HOUR
    world.apply(dies_after=dies_after)
    world.clock.time += HOUR
    for _ in range(2):
        world.apply()
        world.clock.time += HOUR
    assert only_job(world).status in (JobStatus.CANCELLING, JobStatus.CANCELLED)
    world.provider.finish(JobStatus.CANCELLED)
    world.apply()
    assert world.actions() == {"a": "hold overdue"}
    assert list(world.provider.paid()) == [("a", 1, 1)]
