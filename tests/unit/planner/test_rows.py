"""Rows and gates of the decision table whose conditions a history meets only one at a time."""

from __future__ import annotations

import pytest

from ftops.errors import Problem
from ftops.model.change import Action, Reason
from ftops.model.finetune import OnChange
from ftops.model.job import FailureClass, Job, JobError, JobStatus, Stamp
from ftops.model.observation import Observation, ProviderFacts
from ftops.model.planning import Inputs
from ftops.model.state import Intent, Record, RecordedJob, State
from ftops.model.value import replace
from ftops.planner.decision import found_at_provider, held_by_hand, older_twin, other_lineage, restored
from ftops.planner.planner import plan
from ftops.planner.situation import Situation
from ftops.planner.undecided import doubtful
from ftops.planner.unknown_providers import out_of_sight
from ftops.providers.registry import dialects
from ftops.records.intents import Doubt
from ftops.records.wording import invalid_data, known_by_likeness
from tests.simulator.bends import WORLDS
from tests.simulator.world import World, dataset, fine_tune

FACTS = ProviderFacts("p", "openai", dialects()["openai"].capabilities)
JOB = RecordedJob("j1", "p", "f1:1", 1, 1, "n1", JobStatus.RUNNING, created_at=10.0)


def situation(job: RecordedJob | None = JOB, **more: object) -> Situation:
    record = Record("p", "f1:1", 1, 1, {}, job=job)
    base = Situation("a", 1000.0, "l", FACTS, fine_tune("a"), record, fingerprint="f1:1")
    return replace(base, **more)  # type: ignore[arg-type]  # fields of a test


def twin(job_id: str, status: JobStatus = JobStatus.RUNNING, at: float | None = 5.0) -> Job:
    return Job(job_id, "p", status, created_at=at)


@pytest.mark.parametrize(
    ("twins", "kept"),
    [
        ([], None),
        ([twin("j2")], "j2"),
        ([twin("j2", at=10.0)], None),
        ([twin("j0", at=10.0)], "j0"),
        ([twin("j2", at=11.0)], None),
        ([twin("j2", at=None)], "j2"),
        ([twin("j2", JobStatus.FAILED)], None),
        ([twin("j2", JobStatus.SUCCEEDED, at=99.0)], "j2"),
        ([twin("j2"), twin("j3", JobStatus.SUCCEEDED, at=99.0)], "j3"),
        ([twin("j2"), twin("j3", at=6.0)], "j2"),
    ],
)
def test_of_two_jobs_of_one_create_the_one_that_made_the_model_stays_else_the_older(
    twins: list[Job], kept: str | None
) -> None:
    decision = older_twin(situation(twins=twins))
    assert (decision.job_id if decision else None) == kept
    if decision is not None:
        assert (decision.action, decision.reason) == (Action.ADOPT, Reason.DUPLICATE)
        assert decision.cancel_first == "j1"


@pytest.mark.parametrize(
    "other",
    [
        situation(twins=[twin("j2")], fingerprint="f1:2"),
        situation(replace(JOB, status=JobStatus.SUCCEEDED), twins=[twin("j2")]),
        situation(replace(JOB, missing_since=20.0), twins=[twin("j2")]),
        situation(None, twins=[twin("j2")]),
        situation(twins=[twin("j2")], fine_tune=fine_tune("a", protect=True)),
    ],
)
def test_an_older_job_takes_no_place_of_another_training_nor_of_what_is_protected(other: Situation) -> None:
    assert older_twin(other) is None


def earlier(job: RecordedJob, current: RecordedJob | None = None, **lifecycle: object) -> Situation:
    record = Record("p", "f1:2", 2, 1, {}, job=current, history=(job,))
    return situation(record=record, fine_tune=fine_tune("a", **lifecycle))  # type: ignore[arg-type]  # keywords


def test_a_revert_takes_the_finished_model_before_the_newer_one_that_trains() -> None:
    made = replace(JOB, status=JobStatus.SUCCEEDED, fine_tuned_model="ft:m")
    runs = replace(JOB, id="j9", detached=True, generation=7)
    record = Record("p", "f1:2", 2, 1, {}, history=(runs, made))
    decision = restored(situation(record=record))
    assert decision is not None
    assert (decision.job_id, decision.cancel_first) == ("j1", None)
    assert "its model ft:m can serve again" in decision.message


def test_a_revert_cancels_the_job_that_runs_unless_it_may_finish() -> None:
    made = replace(JOB, status=JobStatus.SUCCEEDED, fine_tuned_model="ft:m")
    runs = replace(JOB, id="j2", fingerprint="f1:2", generation=2)
    plain = restored(earlier(made, runs))
    assert plain is not None
    assert (plain.action, plain.cancel_first) == (Action.ADOPT, "j2")
    drained = restored(earlier(made, runs, on_change=OnChange.DRAIN))
    assert drained is not None
    assert (drained.action, drained.reason) == (Action.WAIT, Reason.DRAINING)
    assert "job j2 may finish first" in drained.message
    ended = restored(earlier(made, replace(runs, status=JobStatus.FAILED), on_change=OnChange.DRAIN))
    assert ended is not None
    assert (ended.action, ended.cancel_first) == (Action.ADOPT, None)


def test_what_another_lineage_made_is_held_for_a_person() -> None:
    stamp = Stamp("sim", "lost", "a", "f1:1", 1, 1, "n9")
    job = Job("j9", "p", JobStatus.RUNNING, stamp=stamp)
    apart = situation(None, stamped=[job])
    assert found_at_provider(apart) is None
    decision = other_lineage(apart)
    assert decision is not None
    assert (decision.action, decision.reason, decision.job_id) == (Action.HOLD, Reason.OTHER_LINEAGE, "j9")
    assert other_lineage(situation(None, stamped=[replace(job, status=JobStatus.FAILED)])) is None


@pytest.mark.parametrize(
    ("job", "held"),
    [
        (replace(JOB, provider="gone"), True),
        (JOB, False),
        (replace(JOB, provider="gone", detached=True), False),
        (replace(JOB, provider="gone", status=JobStatus.CANCELLED), False),
    ],
)
def test_an_earlier_job_that_may_run_at_a_provider_that_is_gone_is_held(
    job: RecordedJob, *, held: bool
) -> None:
    record = Record("p", "f1:2", 2, 1, {}, history=(job,))
    changes = list(out_of_sight(State("sim", "l", fine_tunes={"a": record}), {}, {"p"}))
    assert [(one.name, one.action, one.reason, one.provider, one.job_id) for one in changes] == (
        [("a", Action.HOLD, Reason.UNKNOWN_PROVIDER, "gone", "j1")] if held else []
    )


def test_what_starts_from_a_held_fine_tune_says_what_it_waits_for() -> None:
    world = World()
    world.declared = {"a": fine_tune("a"), "b": fine_tune("b", upstream="a")}
    world.apply()
    world.provider.finish(JobStatus.FAILED)
    for job in list(world.provider.jobs.values()):
        error = JobError("bad", "it broke", FailureClass.USER_ERROR)
        world.provider.jobs[job.id] = replace(job, error=error)
    (held,) = [change for change in world.plan().changes if change.name == "b"]
    assert (held.action, held.reason) == (Action.HOLD, Reason.UPSTREAM)
    assert held.message == "a, whose model it starts from, is held: failed"


def test_what_a_person_cancelled_is_held_unless_a_job_of_it_is_there() -> None:
    stopped = replace(JOB, status=JobStatus.CANCELLED)
    by_hand = situation(stopped, cancelled_by_hand=frozenset({"f1:1"}))
    held = held_by_hand(by_hand)
    assert held is not None
    assert (held.action, held.reason, held.job_id) == (Action.HOLD, Reason.CANCELLED_BY_HAND, "j1")
    stamp = Stamp("sim", "l", "a", "f1:1", 1, 1, "n9")
    there = Job("j9", "p", JobStatus.RUNNING, stamp=stamp)
    found = held_by_hand(replace(by_hand, stamped=[there]))
    assert found is not None
    assert (found.reason, found.job_id) == (Reason.FOUND_AT_PROVIDER, "j9")
    lost = held_by_hand(replace(by_hand, stamped=[replace(there, stamp=replace(stamp, lineage="lost"))]))
    assert lost is not None
    assert (lost.reason, lost.job_id) == (Reason.OTHER_LINEAGE, "j9")
    assert held_by_hand(situation(stopped)) is None


def test_a_change_carries_the_labels_that_are_declared_or_else_were() -> None:
    world = World()
    world.declared["a"] = replace(fine_tune("a"), labels={"team": "x"})
    assert [change.labels for change in world.plan().changes] == [{"team": "x"}]
    world.apply()
    del world.declared["a"]
    assert [(change.action, change.labels) for change in world.plan().changes] == [
        (Action.CANCEL, {"team": "x"})
    ]


def test_a_plan_about_a_name_is_about_what_it_starts_from_as_well() -> None:
    declared = (fine_tune("a"), fine_tune("b", upstream="a"), fine_tune("c"))
    datasets = {f"{one.name}.jsonl": dataset(f"{one.name}.jsonl") for one in declared}
    seen = {"p": Observation(FACTS, listed_at=(1.0,))}
    state = State("sim", "l", fine_tunes={"gone": Record("p", "f1:1", 1, 1, {}, job=JOB)})
    for wanted, names in (({"b"}, ["a", "b"]), ({"c"}, ["c"]), ({"gone"}, ["gone"]), (None, None)):
        selection = frozenset(wanted) if wanted else None
        made = plan(Inputs("sim", declared, datasets, seen, state, 2.0, selection=selection)).plan
        assert sorted(change.name for change in made.changes) == (names or ["a", "b", "c", "gone"])


def test_a_job_that_looks_like_a_create_that_was_given_up_is_shown_alone() -> None:
    world = World(bends=WORLDS["marks dropped"])
    world.declared["a"] = fine_tune("a")
    world.provider.faults["create"] = ["resent, refused"]
    world.apply()
    (job_id,) = world.provider.jobs
    del world.declared["a"]
    held = [change for change in world.plan().changes if change.job_id == job_id]
    assert [(one.action, one.reason) for one in held] == [(Action.HOLD, Reason.LOOKALIKE)]
    assert f"--not-mine {job_id}" in held[0].message


def test_a_hold_names_every_way_out_and_every_job_that_it_leaves_alone() -> None:
    said = known_by_likeness("a", "j1")
    assert "`ftops resolve a --job j1`" in said
    assert "`ftops resolve a --not-mine j1`" in said
    problem = Problem("row 3 is broken", "a.jsonl", 3)
    assert "; job j1 is left alone" in invalid_data((problem,), "j1")
    assert "left alone" not in invalid_data((problem,), None)
    intent = Intent("p", "n1", "f1:1", 1, 1, {}, 0.0, 60.0, {}, ())
    unsure = doubtful(situation(None), intent, (Doubt.AMBIGUOUS, ()), ())
    assert "the job list is incomplete" in unsure.message
    assert "`ftops resolve a --never-arrived`" in unsure.message


def test_data_that_is_wrong_leaves_a_running_job_alone_and_says_so() -> None:
    world = World()
    world.declared["a"] = fine_tune("a")
    world.apply()
    world.declared["a"] = fine_tune("a", 2)
    world.invalid = {"a"}
    (held,) = world.plan().changes
    assert (held.action, held.reason) == (Action.HOLD, Reason.INVALID_DATA)
    assert f"; job {held.job_id} is left alone" in held.message
