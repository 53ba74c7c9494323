"""What a wait shows: one line a job, that fits, and a line for each change."""

from __future__ import annotations

from ftops.model.metrics import MetricPoint
from ftops.model.value import replace
from ftops.report.status import StatusRow
from ftops.report.waiting import changed, render_waiting, standing

NOW = 1_000.0
ROW = StatusRow(
    name="support-triage",
    provider="p",
    job_id="job-1",
    status="running",
    generation=1,
    attempt=1,
    fine_tuned_model=None,
    error=None,
    reason="in-progress",
    message="the job is running",
    created_at=NOW - 754,
    progress=0.46,
)
POINTS = {"job-1": (MetricPoint(21, 0.9, total_steps=48), MetricPoint(22, 0.8516, total_steps=48))}


def test_a_line_tells_percent_step_loss_and_how_long() -> None:
    (line,) = render_waiting([ROW], POINTS, NOW, width=80)
    assert line == "  support-triage          running      46 %  step 22/48  loss 0.852  12 min"


def test_a_wide_terminal_has_a_bar_beside_its_number() -> None:
    (line,) = render_waiting([ROW], POINTS, NOW, width=120)
    assert "█████░░░░░  46 %" in line


def test_what_is_not_known_is_left_out() -> None:
    bare = replace(ROW, progress=None, created_at=None)
    assert render_waiting([bare], {}, NOW, width=80) == ("  support-triage          running   ",)


def test_no_line_is_wider_than_the_terminal() -> None:
    long = replace(ROW, name="a" * 63, created_at=NOW - 9_000_000, status="cancelling")
    points = {"job-1": (MetricPoint(123_456, 123.4567, total_steps=999_999),)}
    for width in (20, 40, 80, 120):
        (line,) = render_waiting([long], points, NOW, width=width)
        assert len(line) <= width


def test_only_what_is_active_is_shown_and_many_are_counted() -> None:
    done = replace(ROW, name="done", status="succeeded")
    rows = [done, *(replace(ROW, name=f"n{number:02}") for number in range(25))]
    lines = render_waiting(rows, {}, NOW, width=80)
    assert len(lines) == 21
    assert "done" not in lines[0]
    assert lines[-1] == "  and 5 more"


def test_a_change_is_told_once() -> None:
    assert changed({}, [ROW]) == ("support-triage: the job is running",)
    assert changed({ROW.name: standing(ROW)}, [replace(ROW, progress=0.5)]) == ()
    ended = replace(ROW, status="succeeded", message="the job has succeeded")
    assert changed({ROW.name: standing(ROW)}, [ended]) == ("support-triage: the job has succeeded",)


def test_what_is_about_to_be_created_is_told_by_its_create() -> None:
    new = replace(ROW, job_id=None, status="absent", reason="new", message="new")
    assert changed({ROW.name: "waiting waiting for a to be trained"}, [new]) == ()
