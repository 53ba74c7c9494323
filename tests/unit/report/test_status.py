"""What a row of `status` says: how far, how old, what next."""

from __future__ import annotations

import pytest

from ftops.model.change import Action, Change, Reason
from ftops.model.duration import duration
from ftops.model.job import FailureClass, Job, JobError, JobStatus
from ftops.model.metrics import MetricPoint
from ftops.model.plan import Plan
from ftops.model.state import Record, RecordedJob, State
from ftops.report.next_steps import FAILURE_ADVICE, NEXT_BY_ACTION, NEXT_BY_REASON, alternatives
from ftops.report.status import Group, StatusRow, settled, status_rows, with_progress
from ftops.report.status_table import Screen, render_table
from ftops.report.status_text import render_one


def row(status: str = "running", **fields: object) -> StatusRow:
    known = {
        "name": "a",
        "provider": "p",
        "job_id": "job-1",
        "generation": 1,
        "attempt": 1,
        "fine_tuned_model": None,
        "error": None,
        "reason": "in-progress",
    }
    return StatusRow(status=status, **{**known, **fields})  # type: ignore[arg-type]


def job(**fields: object) -> Job:
    return Job("job-1", "p", JobStatus.RUNNING, **fields)  # type: ignore[arg-type]


def test_progress_is_by_steps_where_they_are_known_and_else_by_the_providers_estimate() -> None:
    jobs = {"job-1": job(created_at=100.0, estimated_finish=200.0)}
    points = {"job-1": [MetricPoint(5, 2.0, total_steps=50), MetricPoint(10, 1.5, total_steps=50)]}
    (by_steps,) = with_progress([row()], jobs, points, 190.0)
    assert (by_steps.progress, by_steps.losses) == (0.2, (2.0, 1.5))
    (by_time,) = with_progress([row()], jobs, {}, 190.0)
    assert by_time.progress == 0.9
    (late,) = with_progress([row()], jobs, {}, 9000.0)
    assert late.progress == 1.0
    (unknown,) = with_progress([row()], {"job-1": job()}, {}, 190.0)
    assert unknown.progress is None


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "0 s"),
        (42.9, "42 s"),
        (300, "5 min"),
        (7200, "2 h"),
        (11_100, "3 h 05 min"),
        (97_300, "1 d 3 h"),
        (400_000, "4 d"),
    ],
)
def test_a_duration_is_written_in_the_units_that_matter(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_everything_that_needs_somebody_has_a_next_step() -> None:
    holds = set(Reason) - {Reason.UPSTREAM, Reason.PROTECTED}
    assert NEXT_BY_REASON.keys() <= holds
    assert {action for action in Action if action.effective} <= NEXT_BY_ACTION.keys()
    assert all("{name}" in words or "{" not in words for words in NEXT_BY_REASON.values())


@pytest.mark.parametrize(
    ("status", "over"),
    [("running", False), ("waiting", False), ("unknown", False), ("succeeded", True), ("held", True)],
)
def test_a_watch_is_over_when_nothing_moves(status: str, over: bool) -> None:
    assert settled([row(status)]) is over


@pytest.mark.parametrize("kind", FailureClass)
def test_a_failed_job_shows_whose_fault_it_is_and_what_to_do(kind: FailureClass) -> None:
    error = JobError("bad", "it broke", kind)
    failed = RecordedJob("job-1", "p", "f1:1", 1, 1, "n", JobStatus.FAILED, error=error)
    state = State("p", "l", 1, {"a": Record("p", "f1:1", 1, 1, {}, job=failed)})
    hold = Change(
        "a", Action.HOLD, Reason.FAILED, "it failed", "p", 1, 1, job_id="job-1", spec={"model": "m"}
    )
    (found,) = status_rows(Plan("p", "l", 1, (hold,)), state)
    assert found.failure_class == kind.value
    assert found.next == FAILURE_ADVICE[kind].format(name="a")
    shown = (
        "bad: it broke" if kind is FailureClass.UNKNOWN else f"{kind.value.replace('_', ' ')}: bad: it broke"
    )
    assert f"why         {shown}" in render_one(found, 0.0, Screen())
    assert found.group is Group.NEEDS_PERSON
    lines = render_table([found], 0.0, Screen(width=100))
    assert lines[2] == f"    {shown}"
    assert lines[3:] == tuple(f"    {part}" for part, _ in alternatives(found.next))
