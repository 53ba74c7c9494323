"""Text for a terminal: nothing a stranger writes steers it, and it fits."""

from __future__ import annotations

import logging
import re

import pytest

from ftops.cli.request_log import _TextLines
from ftops.model.event import Event, EventKind
from ftops.model.review import CostEstimate, Review, Violation
from ftops.records.serving import Output
from ftops.report.status import StatusRow
from ftops.report.terminal import (
    render_environment,
    render_event,
    render_outputs,
    render_plan,
    render_status,
)
from ftops.report.words import cost_words, cut, display_width
from tests.unit.report.examples import (
    CHAINED_REVIEW,
    HOSTILE,
    chained_plan,
    change,
    hostile_plan,
    plan_of,
)

LONG = Review((Violation("r", "a long sentence of a rule " * 9, "--allow x=1"),), None, ("a cause " * 20,))


def row(text: str) -> StatusRow:
    return StatusRow(text, text, text, "succeeded", 1, 1, text, text, "succeeded", text)


def output(model: str, *, name: str = "a-b", current: bool = True) -> Output:
    return Output(name, model, "p", "j", 1, current)


def is_tame(text: str) -> bool:
    return all(sign.isprintable() or sign == "\n" for sign in text)


def test_no_report_lets_a_control_sign_through() -> None:
    event = Event(EventKind.CHANGE_FAILED, 0.0, HOSTILE)
    for text in (
        render_plan(
            hostile_plan(),
            Review((Violation("r", HOSTILE, HOSTILE),), None, (HOSTILE,), None, ((HOSTILE, HOSTILE),)),
        ),
        render_status([row(HOSTILE)], 0.0),
        render_status([row(HOSTILE)], 0.0, width=40),
        render_outputs([output(HOSTILE)]),
        render_environment([output(HOSTILE, name=HOSTILE)]),
        render_event(event),
    ):
        assert is_tame(text)
        text.encode()
    assert "\n" not in render_event(event)


@pytest.mark.parametrize("width", [0, 40, 57, 80])
def test_a_narrow_terminal_is_not_overflowed(width: int) -> None:
    plan = plan_of(change("n" * 28, message="m" * 200, job_id="j" * 90, spec={"model": "x " * 80}))
    text = render_plan(plan, LONG, width=width) + render_status([row("ftjob-0123456789")], 0.0, width=width)
    assert max(map(display_width, text.splitlines())) <= max(width, 40)


def test_the_summary_stays_one_line_where_a_script_reads_it() -> None:
    last = render_plan(plan_of(change()), Review()).splitlines()[-1]
    assert last == (
        "Plan: 1 to create, 0 to replace, 0 to cancel; 0 waiting, 0 held, 0 unchanged. Cost unknown."
    )


def test_what_is_stopped_and_what_follows_are_in_the_last_lines() -> None:
    text = render_plan(chained_plan(), CHAINED_REVIEW)
    now, later = text.splitlines()[-2:]
    assert now == (
        "Plan: 0 to create, 1 to replace (stops 1 job), 0 to cancel, 1 to adopt (stops 1 job); "
        "1 waiting, 0 held, 0 unchanged. About $1.20."
    )
    assert later == "Later: 1 to create. About $0.50 to $0.80 more."
    unknown = render_plan(chained_plan(), Review()).splitlines()[-1]
    assert unknown == "Later: 1 to create. Cost unknown."


def test_a_wait_shows_what_follows_and_an_adopt_the_job_that_it_stops() -> None:
    text = render_plan(chained_plan(), CHAINED_REVIEW)
    assert (
        "· wait    below\n"
        "    waiting for base\n"
        "    then       create (generation 2.1): its base model changes\n"
        "    model      made by base, supervised, at p\n"
        "    data       data/b.jsonl (training, 60 examples, 2.0 KiB)\n"
        "    cost       $0.50 to $0.80\n"
    ) in text
    assert "    stops      job-3\n    job        job-2\n" in text
    assert "stops      job-1\n" in text
    assert "job        job-1" not in text


def test_what_trains_the_same_thing_is_named() -> None:
    text = render_plan(chained_plan(), CHAINED_REVIEW)
    assert "base, below and revert train the same thing" in text
    assert "train the same thing" not in render_plan(chained_plan(), Review())


def test_a_strange_model_cannot_run_in_the_shell_that_sources_it() -> None:
    made = output("ft:m:o::1$(rm x)\nB=2")
    assert render_environment([made]) == "A_B_MODEL='ft:m:o::1$(rm x) B=2'\nA_B_CURRENT=true\n"


@pytest.mark.parametrize("name", ["3d", "a-b", HOSTILE, "x; rm y", ""])
def test_every_line_for_a_shell_sets_one_variable(name: str) -> None:
    text = render_environment([output("ft:m", name=name, current=False)])
    for line, value in zip(text.splitlines(), ("ft:m", "false"), strict=True):
        assert re.fullmatch(rf"[A-Z_][A-Z0-9_]*={value}", line)


def test_each_model_says_whether_it_is_the_declared_one() -> None:
    text = render_outputs([output("ft:1"), output("ft:22", name="c", current=False)])
    assert text == "a-b  ft:1   current\nc    ft:22  not current\n"


def test_wide_signs_are_aligned_and_cut_by_their_columns() -> None:
    assert display_width("日本") == 4
    assert cut("日本日本", 5) == "日本…"
    assert cut("abc", 3) == "abc"


def test_little_money_is_not_written_as_none() -> None:
    assert cost_words(CostEstimate(0.0123, 0.3)) == "About $0.0123 to $0.30."
    assert cost_words(CostEstimate(0.00001, 0.00001)) == "Less than $0.0001."
    assert cost_words(CostEstimate(0, 0)) == "About $0.00."


def test_a_log_line_of_a_server_cannot_steer_the_terminal() -> None:
    record = logging.LogRecord("ftops", logging.INFO, "", 0, "GET %s", ("/x\x1b[2J\u202e",), None)
    assert is_tame(_TextLines("%(message)s").format(record))
