"""The words of a cancel by hand."""

from __future__ import annotations

import pytest

from ftops.model.cancelling import Cancelled, Fate, Stop
from ftops.model.change import Action, Change, Reason
from ftops.model.job import JobStatus
from ftops.model.state import RecordedJob
from ftops.report.cancelling import question, render_cancelled, render_intended, way_back

JOB = RecordedJob(
    "job-1", "p", "sha256:0", 1, 1, None, JobStatus.RUNNING, created_at=0.0, trained_tokens=1200
)
STOP = Stop(Change("a", Action.CANCEL, Reason.CANCELLED_BY_HAND, "", "p", job_id="job-1"), JOB)
HELD = Cancelled("b", "p", None, Fate.HELD, "held")
IDLE = Cancelled("c", "p", None, Fate.NOTHING, "the model is ready")


@pytest.mark.parametrize(
    ("stops", "rest", "freeze", "asked"),
    [
        ([STOP], [], False, "Stop 1 job and hold 1 fine-tune?"),
        ([], [HELD], False, "Hold 1 fine-tune?"),
        ([STOP], [HELD, IDLE], True, "Turn the kill switch on, stop 1 job and hold 2 fine-tunes?"),
        ([], [IDLE], True, "Turn the kill switch on?"),
    ],
)
def test_the_question_counts_what_is_done(
    stops: list[Stop], rest: list[Cancelled], *, freeze: bool, asked: str
) -> None:
    assert question(stops, rest, freeze=freeze) == asked


def test_what_is_at_stake_is_told_and_fits_the_terminal() -> None:
    shown = render_intended([STOP], [IDLE], 3600.0, {"job-1": 0.42}, width=60)
    assert "is running, 42% done" in shown
    assert "run for 1 h and trained 1,200 tokens" in " ".join(shown.split())
    assert max(map(len, shown.splitlines())) <= 60


def test_a_strangers_words_do_not_steer_the_terminal() -> None:
    shown = render_cancelled([Cancelled("a", "p", "x", Fate.FAILED, "no \x1b[2J\nway")])
    assert shown == "? a: no  [2J way\n"


def test_the_way_back_names_the_switch_and_what_is_held() -> None:
    many = [Cancelled(f"n{number}", "p", None, Fate.HELD, "held") for number in range(7)]
    lines = way_back([*many, IDLE], ".ftops/freeze")
    assert "  rm .ftops/freeze" in lines
    assert "  ftops resolve n0 --retry" in lines
    assert lines[-1] == "  ... and 2 more"
    assert way_back([IDLE], None) == ()
