"""The status as text: of a project, or of one fine-tune with everything that is known of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ftops.report.layout import NARROWEST, wrapped
from ftops.report.next_steps import alternatives
from ftops.report.status import Group, StatusRow
from ftops.report.status_head import head_lines
from ftops.report.status_table import Screen, render_table
from ftops.report.status_words import NONE, age, cost, how_far, known, loss, next_words, sign, state, why
from ftops.report.words import printable
from ftops.review.forecast import Forecast

_LABEL = 12


def render_status(
    project: str,
    rows: Sequence[StatusRow],
    seen: Forecast,
    now: float,
    screen: Screen,
    note: str = "",
) -> str:
    """Draw the counts, the month's money, and every fine-tune."""
    head = head_lines(project, rows, seen, now, screen, note)
    if not rows:
        return "\n".join((*head, "", "No fine-tunes.")) + "\n"
    left = None if screen.height is None else max(0, screen.height - len(head) - 1)
    table = render_table(rows, now, Screen(screen.width, left, screen.style, screen.ids))
    return "\n".join((*head, "", *table)) + "\n"


def render_one(row: StatusRow, now: float, screen: Screen) -> str:
    """Draw one fine-tune whole: who asks for it by name wants its ids, and its reason to the end."""
    width, style = max(screen.width, NARROWEST), screen.style
    word = printable(state(row))
    role = "held" if row.group is Group.NEEDS_PERSON else word
    head = f"{style(sign(row), role)} {style(printable(row.name), 'bold')}  {style(word, role)}"
    return "\n".join((head, *_facts(row, now, width), *_next(row, screen))) + "\n"


def _facts(row: StatusRow, now: float, width: int) -> Iterator[str]:
    told = (
        ("how far", f"{how_far(row, now)}, {next_words(row, now)}" if row.group is Group.TRAINING else NONE),
        ("last job", row.status if state(row) != row.status and row.job_id else NONE),
        ("train loss", loss(row, curve=True)),
        ("cost", cost(row)),
        ("age", age(row, now)),
        ("starts from", ", ".join(row.depends_on) or NONE),
        ("provider", row.provider or NONE),
        ("generation", NONE if row.generation is None else f"{row.generation}.{row.attempt or 1}"),
        ("job", row.job_id or NONE),
        ("model", row.fine_tuned_model or NONE),
        ("why", why(row)),
        ("known", known(row)),
    )
    for label, value in told:
        if value != NONE:
            yield from wrapped(f"{label:<{_LABEL}}{value}", width, "    ", hang=_LABEL)


def _next(row: StatusRow, screen: Screen) -> Iterator[str]:
    """Yield what leads on: commands whole, for they are to be copied."""
    label = "next"
    for part, is_command in alternatives(printable(row.next or "")):
        yield f"    {label:<{_LABEL}}{screen.style(part, 'bold') if is_command else part}"
        label = "or"
