"""Text for a terminal: nothing a stranger writes steers it, and it fits."""

from __future__ import annotations

import logging
import re

import pytest
from msgspec import UNSET

from ftops.cli.request_log import _TextLines
from ftops.errors import Problem
from ftops.model.change import Action, FieldDifference
from ftops.model.event import Event, EventKind
from ftops.model.finetune import Source
from ftops.model.review import Afterwards, CostEstimate, PriceUsed, Review, Violation
from ftops.model.value import replace
from ftops.records.serving import Output
from ftops.report.status import Group, StatusRow
from ftops.report.status_table import Screen
from ftops.report.status_text import render_one, render_status
from ftops.report.terminal import (
    render_environment,
    render_event,
    render_outputs,
    render_plan,
)
from ftops.report.words import cut, display_width
from ftops.review.forecast import Forecast
from tests.conftest import REPOSITORY
from tests.unit.report.examples import (
    CHAINED_REVIEW,
    HOSTILE,
    chained_plan,
    change,
    hostile_plan,
    plan_of,
)
from tests.unit.report.summaries import ANSWERS, FRENCH, NIGHT, PLAN, REFUSED, REVIEW, VOICE

LONG = Review((Violation("r", "a long sentence of a rule " * 9, "--allow x=1"),), None, ("a cause " * 20,))


def row(text: str, group: Group = Group.READY) -> StatusRow:
    return StatusRow(
        text, text, text, "succeeded", 1, 1, text, text, "succeeded", text, next=text, group=group
    )


def status(*rows: StatusRow, width: int = 80) -> str:
    screen = Screen(width, ids=True)
    one = render_one(rows[0], 0.0, screen)
    return render_status(rows[0].name, rows, Forecast("2026-11"), 0.0, screen) + one


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
        *(status(row(HOSTILE, group), width=width) for group in Group for width in (40, 80, 120)),
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
    text = render_plan(plan, LONG, width=width) + status(row("ftjob-0123456789"), width=max(width, 40))
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
        "1 waiting, 0 held, 0 unchanged. Costs $1.20."
    )
    assert later == "Later: 1 to create. Costs $0.50 to $0.80 more."


def test_what_follows_stands_under_it_and_an_adopt_says_which_job_it_stops() -> None:
    lines = render_plan(chained_plan(), CHAINED_REVIEW).splitlines()
    assert lines[:4] == [
        f"± replace  base{' ' * 80}$1.20",
        "    new, from its base model",
        "    stops job job-1",
        "    trains at p",
    ]
    assert lines[4].startswith("  · later  below  new, from base  ")
    assert lines[4].endswith("$0.50 to $0.80")
    assert lines[6].startswith("← adopt    revert  trained before  ")
    assert lines[7] == "    stops job job-3"


@pytest.mark.parametrize("width", [80, 120])
def test_a_plan_is_drawn_as_it_is_kept(width: int) -> None:
    """What it says is a choice that people read: a change of it is seen, and read, in the file."""
    assert drawn(width) == (GOLDEN / f"plan-{width}.txt").read_text(encoding="utf-8")


def drawn(width: int) -> str:
    parts = []
    for plan, review in ((PLAN, REVIEW), (replace(PLAN, changes=ODD), REFUSED)):
        parts.append(render_plan(plan, review, width=width))
    return "\n".join(parts)


GOLDEN = REPOSITORY / "tests/golden/terminal"
PROBLEMS = (Problem("row 3 has no answer", "data/a.jsonl", 3), Problem("row 9 is empty", "data/a.jsonl", 9))
PRICE = PriceUsed(3.0, 3.0, "per_million_trained_tokens")
PRICED = CostEstimate(0.5, 2.0, price=PRICE, because=("the provider chooses the epochs",))
AFTER = Afterwards("while it is deployed", 1.7, 1.7, "hour")
ODD = (
    change("a", Action.HOLD, "its data is broken: " + str(PROBLEMS[0]), problems=PROBLEMS),
    change("stray", Action.CANCEL, "nobody declares it", job_id="job-9", source=Source("jobs/a.yaml", 3)),
    replace(VOICE, estimated_cost=PRICED, extras={"team": "hotel"}, afterwards=(AFTER,)),
    replace(ANSWERS, differences=(*ANSWERS.differences, FieldDifference("seed", 1, 2))),
    replace(FRENCH, brought=False, then=None, action=Action.CREATE, depends_on=()),
    replace(NIGHT, stopped=UNSET, message="changed while it runs (2 h, 4,000 tokens)", estimated_cost=None),
)
"""A hold, a cancel, a range, a follower that differs itself, one that was pending, an unknown loss."""


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


def test_a_log_line_of_a_server_cannot_steer_the_terminal() -> None:
    record = logging.LogRecord("ftops", logging.INFO, "", 0, "GET %s", ("/x\x1b[2J\u202e",), None)
    assert is_tame(_TextLines("%(message)s").format(record))


@pytest.mark.parametrize("width", [40, 80, 120])
def test_colour_changes_no_text_and_no_column(width: int) -> None:
    marked = re.compile("<[a-z]*>|</>")

    def style(text: str, role: str) -> str:
        assert "\n" not in text
        return f"<{role}>{text}</>"

    for plan, review in ((PLAN, REVIEW), (replace(PLAN, changes=ODD), REFUSED)):
        coloured = render_plan(plan, review, width=width, style=style)
        assert marked.sub("", coloured) == render_plan(plan, review, width=width)
    rows = [row("a", group) for group in Group]
    screen = Screen(width, style=style, ids=True)
    drawn_in_colour = render_status("p", rows, Forecast("2026-11"), 0.0, screen)
    assert marked.sub("", drawn_in_colour) == render_status(
        "p", rows, Forecast("2026-11"), 0.0, Screen(width, ids=True)
    )
