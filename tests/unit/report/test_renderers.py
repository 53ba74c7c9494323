"""What every renderer of a summary has to say, however it says it."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from urllib.parse import unquote

import pytest

from ftops.report.annotations import annotation_lines
from ftops.report.html import render_html
from ftops.report.layout import USUAL
from ftops.report.markdown import render_comment, render_job_summary
from ftops.report.money import money
from ftops.report.summary import MARKS, VERDICT_WORDS, Summary
from ftops.report.terminal import render_plan
from tests.unit.report.cases import CASES, PLANS

RENDERERS: Mapping[str, Callable[[Summary], str]] = {
    "comment": render_comment,
    "job summary": render_job_summary,
    "html": lambda summary: render_html(summary).replace("\u00a0", " "),
    "annotations": lambda summary: unquote("\n".join(annotation_lines(summary))),
}
"""A new renderer of a plan joins here."""

READABLE = tuple(case for case in CASES if case != "hostile")


def words(text: str) -> str:
    """The text as it is read: without breaks, references and markup."""
    plain = re.sub("[\u200b*`]|<[^>]*>", "", html.unescape(text))
    return " ".join(plain.replace("\u00a0", " ").split())


@pytest.mark.parametrize("case", READABLE)
@pytest.mark.parametrize("renderer", RENDERERS)
def test_it_says_what_happens_for_how_much_and_what_is_stopped(renderer: str, case: str) -> None:
    summary = CASES[case]()
    said = words(RENDERERS[renderer](summary))
    assert words(summary.headline) in said
    assert MARKS[summary.verdict] in said or VERDICT_WORDS[summary.verdict] in said
    total = summary.total
    if total.known is not None and summary.verdict.value not in ("not-loaded", "not-planned"):
        assert money(total.known.low) in said
    assert not total.unknown or "unknown" in said
    for row in (*summary.rows, *summary.pending):
        assert not row.stops or row.name in said


@pytest.mark.parametrize("case", READABLE)
@pytest.mark.parametrize("renderer", RENDERERS)
def test_it_names_every_rule_every_hold_and_every_error(renderer: str, case: str) -> None:
    summary = CASES[case]()
    said = words(RENDERERS[renderer](summary))
    for violation in summary.violations:
        assert violation.rule in said
        assert violation.message in said
        assert not violation.source or f"{violation.source.file}" in said
    for error in summary.errors:
        assert words(error.text) in said
    for waived in summary.waived:
        assert all(part in said for part in (waived.rule, waived.name, waived.reason, waived.until))
    for row in summary.rows:
        assert row.word.value != "hold" or row.name in said


@pytest.mark.parametrize("renderer", RENDERERS)
def test_no_control_character_gets_through(renderer: str) -> None:
    drawn = RENDERERS[renderer](CASES["hostile"]())
    assert all(line.isprintable() for line in drawn.split("\n"))


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("case", PLANS)
def test_the_terminal_says_the_same_in_its_own_order(case: str, width: int) -> None:
    plan, review = PLANS[case]()
    summary = CASES[case]()
    drawn = render_plan(plan, review, width=width)
    said = words(drawn)
    for row in (*summary.rows, *summary.pending):
        assert row.name in said
        assert row.cost is None or money(row.cost.high) in said
    assert not summary.total.unknown or "unknown" in said
    for violation in summary.violations:
        assert violation.rule in said
        assert violation.message in said
    for waived in summary.waived:
        assert all(part in said for part in (waived.rule, waived.name, waived.reason, waived.until))
    # Only a terminal that is narrower than a pipe's default wraps the lines that scripts read.
    assert drawn.splitlines()[-1].startswith(("Plan: ", "Later: ")) or width < USUAL
    assert "Plan: " in said
