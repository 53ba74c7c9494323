"""Plans and outcomes as text for a terminal. `cli` brings the colour."""

from __future__ import annotations

import json
import re
import shlex
import sys
import textwrap
from collections.abc import Iterator, Sequence

from ftops.model.change import Action, Change
from ftops.model.duration import duration
from ftops.model.event import ChangeResult, Event, Outcome
from ftops.model.job import FailureClass, JobStatus
from ftops.model.plan import Plan
from ftops.model.review import Review
from ftops.records.serving import Output
from ftops.report.status import StatusRow
from ftops.report.words import (
    SYMBOLS,
    Styler,
    counted,
    cut,
    data_words,
    display_width,
    money_range,
    plain,
    printable,
    remarks,
    same_training_words,
    sparkline,
    summary_lines,
    then_words,
)

NARROWEST = 40
USUAL = 100
_GAP = 2
_NARROWEST_CELL = 20
"""Less room than this for the last column says nothing."""
_HEX_DIGITS = 64
_MOST_CAUSES = 10


def render_plan(plan: Plan, review: Review, *, width: int = USUAL, style: Styler = plain) -> str:
    """Draw a plan: each change with its reason, differences and data; keeps are only counted."""
    width = max(width, NARROWEST)
    shown = [change for change in plan.changes if change.action is not Action.KEEP]
    blocks = ["\n".join(_change(change, width, style)) for change in shown]
    if not shown:
        kept = counted(plan.summary["keep"], "fine-tune is", "fine-tunes are")
        blocks.append(f"No changes: {kept} as declared.")
    if plan.unmanaged:
        blocks.append(style(f"{counted(plan.unmanaged, 'other job')} at the provider, not touched.", "dim"))
    blocks += ["\n".join(wrapped(remark, width, "")) for remark in remarks(plan)]
    if review.violations:
        blocks.append("\n".join(_violations(review, width, style)))
    blocks += ["\n".join(wrapped(f"Warning: {one.message}", width, "", hang=2)) for one in review.warnings]
    if review.same_training:
        blocks.append("\n".join(_same_training(review, width)))
    if any(change.action.creates or change.then for change in shown) and review.cost_unknown_because:
        blocks.append("\n".join(_unknown_cost(review, width)))
    # Scripts read the last lines; only a terminal that is narrower than a pipe's default gets them wrapped.
    last = summary_lines(plan, review)
    if width < USUAL:
        last = tuple(part for line in last for part in wrapped(line, width, ""))
    blocks.append("\n".join(style(line, "bold") for line in last))
    return "\n\n".join(blocks) + "\n"


def render_results(results: Sequence[ChangeResult], style: Styler = plain) -> str:
    """Sum up what an apply did."""
    counts = [f"{sum(1 for one in results if one.outcome is kind)} {kind.value}" for kind in Outcome]
    return style(f"Applied: {', '.join(counts)}.", "bold") + "\n"


def render_event(event: Event) -> str:
    """Draw one line of progress: what the provider says in it cannot steer a terminal."""
    return f"  {printable(event.message)}"


def render_status(rows: Sequence[StatusRow], now: float, *, width: int | None = None) -> str:
    """Draw the table of fine-tunes; with a width, the long texts at its end are cut to fit."""
    if not rows:
        return "No fine-tunes.\n"
    titles = ("NAME", "STATUS", "AGE", "LOSS", "JOB", "MODEL", "NEXT", "REASON")
    cells = [_status_cells(row, now) for row in rows]
    used = [
        title for title, column in zip(titles, zip(*cells, strict=True), strict=True) if set(column) != {"-"}
    ]
    table = [dict(zip(titles, row, strict=True)) for row in (titles, *cells)]
    choices = [[title for title in used if title not in left_out] for left_out in STATUS_LEFT_OUT]
    drawn = [[tuple(row[title] for title in choice) for row in table] for choice in choices]
    # One fine-tune alone is asked for to be seen whole.
    fitting = [one for one in drawn if len(rows) > 1 and _room(one, width) >= _NARROWEST_CELL]
    return columns(fitting[0] if fitting else drawn[0], width=width)


STATUS_LEFT_OUT = ((), ("JOB",), ("JOB", "MODEL"), ("JOB", "MODEL", "LOSS"))
"""Columns that a narrow terminal's table does without, one after the other."""


def _status_cells(row: StatusRow, now: float) -> tuple[str, ...]:
    running = row.progress is not None and row.finished_at is None and row.status == JobStatus.RUNNING
    return (
        row.name,
        f"{row.status} {row.progress:.0%}" if running else row.status,
        "-" if row.created_at is None else duration(now - row.created_at),
        f"{sparkline(row.losses)} {row.losses[-1]:.2f}" if row.losses else "-",
        row.job_id or "-",
        row.fine_tuned_model or "-",
        row.next or "-",
        _why(row),
    )


def _why(row: StatusRow) -> str:
    if row.error and row.failure_class and row.failure_class != FailureClass.UNKNOWN:
        return f"{row.failure_class.replace('_', ' ')}: {row.error}"
    return row.error or row.message or row.reason or "-"


def render_outputs(outputs: Sequence[Output]) -> str:
    """Draw the models that serve. Never cut: a model's name is there to be copied."""
    if not outputs:
        return "No model is ready yet.\n"
    return columns([(one.name, one.model, "current" if one.current else "not current") for one in outputs])


def render_environment(outputs: Sequence[Output]) -> str:
    """Write NAME_MODEL=ID and NAME_CURRENT=true or false, in lines that a shell may source."""
    lines = []
    for one in outputs:
        name = _variable(one.name)
        lines += [
            f"{name}_MODEL={shlex.quote(printable(one.model))}",
            f"{name}_CURRENT={str(one.current).lower()}",
        ]
    return "".join(f"{line}\n" for line in lines)


def _variable(name: str) -> str:
    """Name a shell variable after a fine-tune; none may begin with a digit, where a name may."""
    plain = re.sub("[^A-Z0-9_]", "_", name.upper())
    return f"_{plain}" if plain[:1].isdigit() else plain


def columns(table: Sequence[tuple[str, ...]], *, width: int | None = None) -> str:
    """Align cells. Where the table is wider than `width`, each row becomes a paragraph of its cells."""
    clean = [[printable(cell) for cell in row] for row in table]
    if not clean:
        return ""
    widths = [max(display_width(row[column]) for row in clean) for column in range(len(clean[0]))]
    if width is not None:
        width = max(width, NARROWEST)
        room = _room(table, width)
        if room < _NARROWEST_CELL:
            return _paragraphs(clean, width)
        clean = [[*row[:-1], cut(row[-1], room)] for row in clean]
    gap = " " * _GAP
    lines = (
        gap.join(cell + " " * (width - display_width(cell)) for cell, width in zip(row, widths, strict=True))
        for row in clean
    )
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _room(table: Sequence[Sequence[str]], width: int | None) -> int:
    """Return how many columns of the terminal are left for the last cell of a row; all, without a width."""
    if width is None:
        return sys.maxsize
    others = [
        max(display_width(printable(row[column])) for row in table) for column in range(len(table[0]) - 1)
    ]
    return max(width, NARROWEST) - sum(others) - _GAP * len(others)


def _paragraphs(table: Sequence[Sequence[str]], width: int) -> str:
    """Draw rows below each other where there is no room side by side; the first row has the titles."""
    titles, *rows = table
    lines: list[str] = []
    for row in rows:
        lines += wrapped(row[0], width, "")
        for title, cell in zip(titles[1:], row[1:], strict=True):
            lines += wrapped(f"{title.lower()} {cell}", width, "  ", hang=2) if cell not in ("", "-") else ()
    return "\n".join(lines) + "\n"


def _change(change: Change, width: int, style: Styler) -> Iterator[str]:
    role = change.action.value
    head = f"{SYMBOLS[change.action]} {role:<8}{printable(change.name)}"
    number = f"(generation {change.generation}.{change.attempt})" if change.action.creates else ""
    beside = bool(number) and len(head) + _GAP + len(number) <= width
    yield style(head, role) + (style(" " * _GAP + number, "dim") if beside else "")
    if number and not beside:
        yield style(f"    {number}", "dim")
    yield from wrapped(change.message, width, "    ")
    for problem in change.problems[1:]:
        yield from wrapped(str(problem), width, "    ", hang=2)
    for label, value in _facts(change):
        yield from wrapped(f"{label:<10} {value}", width, "    ", hang=11)
    longest = max((len(difference.path) for difference in change.differences), default=0)
    for difference in change.differences:
        before, after = _value(difference.before), _value(difference.after)
        yield from wrapped(f"{difference.path:<{longest}}  {before} -> {after}", width, "      ")


def _facts(change: Change) -> Iterator[tuple[str, str]]:
    if change.stops:
        yield "stops", change.stops
    if change.job_id and change.job_id != change.stops:
        yield "job", change.job_id
    if change.then:
        yield "then", then_words(change.then)
    if change.action.creates or change.then:
        model = change.spec.get("model")
        base = model if isinstance(model, str) else f"made by {', '.join(change.depends_on)}"
        yield "model", f"{base}, {change.spec.get('method', '')}, at {change.provider}"
        yield from (("data", data_words(use)) for use in (change.then.data if change.then else change.data))
        yield from (("also sent", f"{name}: {_value(value)}") for name, value in change.extras.items())
    cost = change.then.estimated_cost if change.then else change.estimated_cost
    if cost:
        yield "cost", money_range(cost)
    if change.source:
        yield "declared", f"{change.source.file}:{change.source.line}"


def _value(value: object) -> str:
    if value is None:
        return "(none)"
    if isinstance(value, str):
        return f"{value[:12]}…" if _is_digest(value) else value
    return json.dumps(value, ensure_ascii=False, default=str)


def _is_digest(text: str) -> bool:
    return len(text) >= _HEX_DIGITS and all(sign in "0123456789abcdef" for sign in text[-_HEX_DIGITS:])


def _violations(review: Review, width: int, style: Styler) -> Iterator[str]:
    yield style("This plan cannot be applied:", "error")
    for violation in review.violations:
        yield from wrapped(f"{violation.rule}: {violation.message}", width, "  ")
        yield from wrapped(violation.hint or "", width, "    ")


def _same_training(review: Review, width: int) -> Iterator[str]:
    for names in review.same_training:
        yield from wrapped(same_training_words(names), width, "", hang=2)


def _unknown_cost(review: Review, width: int) -> Iterator[str]:
    yield "The cost is unknown:"
    shown = review.cost_unknown_because[:_MOST_CAUSES]
    for cause in shown:
        yield from wrapped(cause, width, "  ", hang=2)
    if more := len(review.cost_unknown_because) - len(shown):
        yield f"  and {more} more"


def wrapped(text: str, width: int, indent: str, hang: int = 0) -> Iterator[str]:
    """Yield text in lines of at most `width` columns; `hang` more are left blank after the first."""
    line = printable(text)
    if line and line.strip() == line and len(indent) + len(line) <= width:
        yield indent + line
        return
    yield from textwrap.wrap(
        line,
        width,
        initial_indent=indent,
        subsequent_indent=indent + " " * hang,
        # Only a word that has no room on a line of its own is broken; ids and paths stay whole elsewhere.
        break_long_words=True,
        break_on_hyphens=False,
    )
