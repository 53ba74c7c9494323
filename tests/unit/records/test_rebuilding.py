"""A state made again from the marks on jobs: which job stands for a name, and no number is lost."""

from __future__ import annotations

import pytest

from ftops.model.change import Action, Change, Reason
from ftops.model.finetune import FineTune, Lifecycle, Source
from ftops.model.job import Job, JobStatus, Stamp
from ftops.model.observation import Observation, ProviderFacts
from ftops.model.plan import Plan
from ftops.model.state import ArchivedRecord, Record, RecordedJob, State
from ftops.model.value import replace
from ftops.providers.registry import dialects
from ftops.records.rebuilding import Rebuilt, rebuilt
from ftops.records.recorded import record_of_stamped
from tests.simulator.world import fine_tune

FACTS = ProviderFacts("p", "openai", dialects()["openai"].capabilities)
RUNS, ENDED, MADE = JobStatus.RUNNING, JobStatus.FAILED, JobStatus.SUCCEEDED


def job(
    job_id: str,
    generation: int,
    attempt: int = 1,
    *,
    status: JobStatus = RUNS,
    fingerprint: str = "f1:1",
    name: str = "a",
    lineage: str = "old",
    at: float = 1.0,
) -> Job:
    stamp = Stamp("sim", lineage, name, fingerprint, generation, attempt, f"n-{job_id}")
    return Job(job_id, "p", status, created_at=at, stamp=stamp)


def again(
    *jobs: Job, declared: FineTune | None = None, state: State | None = None, lost: bool = True
) -> Rebuilt:
    source, spec = Source("a.yaml", 1), {"model": "m"}
    changes: tuple[Change, ...] = ()
    if declared is not None:
        made = Change(declared.name, Action.CREATE, Reason.NEW, "new", "p", 1, 1, "f1:1", spec=spec)
        changes = (replace(made, source=source),)
    seen = {"p": Observation(FACTS, jobs)}
    fine_tunes = (declared,) if declared is not None else ()
    return rebuilt(state or State("sim", "new"), seen, fine_tunes, Plan("sim", "new", 0, changes), lost=lost)


@pytest.mark.parametrize(
    ("jobs", "current"),
    [
        ([job("j1", 1), job("j2", 2)], "j2"),
        ([job("j1", 1, 1), job("j2", 1, 2)], "j2"),
        ([job("j1", 1), job("j2", 2, fingerprint="f1:2")], "j1"),
        ([job("j1", 1, status=MADE), job("j2", 2)], "j1"),
        ([job("j1", 1), job("j2", 2, status=ENDED)], "j1"),
        ([job("j1", 1, status=ENDED), job("j2", 2, fingerprint="f1:2")], "j1"),
        ([job("j1", 1, fingerprint="f1:3"), job("j2", 2, fingerprint="f1:2")], "j2"),
        ([job("j2", 1, at=5.0), job("j1", 1, at=6.0)], "j1"),
    ],
)
def test_a_declared_name_stands_for_what_trains_as_declared_and_a_made_model_first(
    jobs: list[Job], current: str
) -> None:
    for order in (jobs, jobs[::-1]):
        record = again(*order, declared=fine_tune("a")).state.fine_tunes["a"]
        assert record.job is not None
        assert record.job.id == current
        assert sorted(one.id for one in record.jobs) == ["j1", "j2"]


def test_a_record_counts_on_from_the_highest_numbers() -> None:
    declared = replace(fine_tune("a"), lifecycle=Lifecycle(protect=True), labels={"team": "x"})
    made = again(job("j1", 2, 3, status=MADE), job("j2", 4, 5, fingerprint="f1:2"), declared=declared)
    record = made.state.fine_tunes["a"]
    assert (record.generation, record.attempt, record.fingerprint) == (4, 5, "f1:1")
    assert record.spec == {"model": "m"}
    assert (record.lifecycle, record.labels) == (declared.lifecycle, {"team": "x"})
    assert record.job is not None
    assert (record.job.generation, record.job.attempt, record.job.nonce) == (2, 3, "n-j1")
    assert (record.job.status, record.job.created_at) == (MADE, 1.0)
    assert made.notes == ("a: job j1, succeeded, generation 2.3, and 1 earlier",)


def test_what_trains_something_else_than_is_declared_has_no_spec() -> None:
    record = again(job("j1", 1, fingerprint="f1:2"), declared=fine_tune("a")).state.fine_tunes["a"]
    assert (record.spec, record.fingerprint) == ({}, "f1:2")


def test_a_running_job_that_nobody_declares_is_recorded_with_a_warning() -> None:
    made = again(job("j1", 1))
    assert list(made.state.fine_tunes) == ["a"]
    assert "NOT DECLARED: the next apply cancels it" in made.notes[0]


def test_what_has_ended_and_is_not_declared_keeps_its_numbers_in_the_archive() -> None:
    made = again(job("j1", 1, status=MADE), job("j2", 3, status=ENDED))
    assert made.state.fine_tunes == {}
    kept = made.state.archive["a"]
    assert (kept.generation, [one.id for one in kept.jobs]) == (3, ["j2", "j1"])
    assert made.notes == ("a: 2 ended, no longer declared; its models stay known",)


def test_a_new_state_takes_the_lineage_of_the_newest_job_and_an_old_one_keeps_its_own() -> None:
    jobs = (job("j1", 1, lineage="older", at=1.0), job("j2", 2, lineage="newer", at=2.0))
    assert again(*jobs).state.lineage == "newer"
    assert again(*jobs, lost=False).state.lineage == "new"
    assert again().state.lineage == "new"


def test_names_that_the_state_knows_and_jobs_of_other_projects_are_left_alone() -> None:
    known = State("sim", "l", fine_tunes={"a": Record("p", "f1:9", 1, 1, {})})
    assert again(job("j1", 1), state=known).state.fine_tunes == known.fine_tunes
    archived = State("sim", "l", archive={"a": ArchivedRecord(7)})
    assert again(job("j1", 1), state=archived).state.fine_tunes == {}
    other = job("j1", 1)
    assert other.stamp is not None
    foreign = replace(other, stamp=replace(other.stamp, project="other"))
    assert again(foreign, replace(other, id="j2", stamp=None)).state.fine_tunes == {}


def test_a_job_stamped_before_a_rename_is_found_under_the_new_name() -> None:
    declared = replace(fine_tune("b"), lifecycle=Lifecycle(renamed_from="a"))
    assert list(again(job("j1", 1), declared=declared).state.fine_tunes) == ["b"]


@pytest.mark.parametrize(
    ("generation", "attempt", "numbers"),
    [(2, 1, (3, 4)), (3, 2, (3, 4)), (3, 5, (3, 5)), (4, 1, (4, 1))],
)
def test_a_job_that_is_found_lowers_no_number_of_its_record(
    generation: int, attempt: int, numbers: tuple[int, int]
) -> None:
    before = RecordedJob("j1", "q", "f1:9", 3, 4, "n1", JobStatus.FAILED)
    record = Record("q", "f1:9", 3, 4, {"model": "m"}, job=before)
    found = record_of_stamped(record, None, job("j2", generation, attempt, fingerprint="f1:2"))
    assert (found.generation, found.attempt) == numbers
    assert (found.provider, found.fingerprint, found.spec) == ("p", "f1:2", {})
    assert [one.id for one in found.jobs] == ["j2", "j1"]


def test_a_job_that_is_found_joins_what_was_archived_of_its_name() -> None:
    archived = ArchivedRecord(7, spent_nonces=("n0",), cancelled_by_hand=("f1:3",))
    found = record_of_stamped(None, archived, job("j2", 2))
    assert (found.generation, found.attempt, found.spent_nonces) == (7, 1, ("n0",))
    assert found.cancelled_by_hand == ("f1:3",)
    assert record_of_stamped(None, None, job("j2", 2)).generation == 2
