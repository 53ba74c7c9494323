"""What else is true of a plan: what it stops, on what data, for how much, and what forbids it."""

from __future__ import annotations

from collections.abc import Iterator

from ftops.model.plan import Plan
from ftops.model.review import Afterwards, Review, Violation
from ftops.report.layout import wrapped
from ftops.report.money import afterwards_words, price_words
from ftops.report.plan_rows import Paper, lost_words
from ftops.report.summary import Row, Summary
from ftops.report.words import counted, remarks, same_training_words

_MOST_CAUSES = 10
_MOST_NAMES = 3
_DRAWN_ELSEWHERE = frozenset({"Stops", "Kept", "Held"})


def fact_block(summary: Summary, paper: Paper) -> Iterator[str]:
    """Yield the facts in one block, each beside its word; what is stopped first."""
    rows = (*summary.rows, *summary.pending)
    told = [
        *_stops(summary, rows),
        *((one.lead, one.text) for one in reversed(summary.facts) if one.lead not in _DRAWN_ELSEWHERE),
        *_prices(rows),
        *(("Afterwards", _afterwards(after, names)) for after, names in summary.afterwards),
    ]
    if not told:
        return
    longest = max(len(label) for label, _ in told)
    lines = []
    for label, text in told:
        first, *more = wrapped(text, paper.width - longest - 2, "")
        role = "warning" if label == "Stops" else "bold"
        lines.append(f"{paper.style(label, role)}{' ' * (longest + 2 - len(label))}{first}")
        lines += [" " * (longest + 2) + line for line in more]
    yield "\n".join(lines)


def _stops(summary: Summary, rows: tuple[Row, ...]) -> Iterator[tuple[str, str]]:
    stopping = [row for row in rows if row.stops]
    if stopping:
        each = [", ".join(part for part in (row.name, lost_words(row)) if part) for row in stopping]
        yield "Stops", f"{counted(len(stopping), 'running job')}: {'; '.join(each)}"
    elif summary.offline:
        yield from ((one.lead, one.text) for one in summary.facts if one.lead == "Stops")


def _prices(rows: tuple[Row, ...]) -> Iterator[tuple[str, str]]:
    """Yield each price that was taken, with the names that it is for where there are several."""
    names: dict[str, list[str]] = {}
    for row in rows:
        if row.cost is not None and row.cost.price is not None:
            names.setdefault(price_words(row.cost.price).removeprefix("at "), []).append(row.name)
    for words, of in names.items():
        yield "Price", words if len(names) == 1 else f"{words}: {_listed(of)}"


def _afterwards(after: Afterwards, names: tuple[str, ...]) -> str:
    return f"{afterwards_words(after)}: {_listed(names)}"


def _listed(names: list[str] | tuple[str, ...]) -> str:
    more = len(names) - _MOST_NAMES
    shown = ", ".join(names[:_MOST_NAMES])
    return f"{shown} and {more} more" if more > 0 else shown


def remark_blocks(summary: Summary, plan: Plan, paper: Paper) -> Iterator[str]:
    """Yield what is only counted, and what a reader should know besides the changes."""
    if summary.counts.unmanaged:
        other = f"{counted(summary.counts.unmanaged, 'other job')} at the provider, not touched."
        yield paper.style(other, "dim")
    if summary.alert is not None and summary.alert.severity == "note":
        yield "\n".join(wrapped(f"{summary.alert.lead} {summary.alert.text}", paper.width, ""))
    yield from ("\n".join(wrapped(remark, paper.width, "")) for remark in remarks(plan))


def review_blocks(summary: Summary, review: Review, paper: Paper) -> Iterator[str]:
    """Yield what forbids the plan, what warns of it, and why a cost is unknown where something is paid."""
    if summary.violations:
        lines = [paper.style("This plan cannot be applied:", "error")]
        for one in summary.violations:
            lines += _violation(one, paper)
        yield "\n".join(lines)
    for warned in summary.warnings:
        yield "\n".join(wrapped(f"Warning: {warned.message}", paper.width, "", hang=2))
    for waived in summary.waived:
        text = (
            f"Waived until {waived.until}: {waived.rule}, {waived.name}: {waived.message} ({waived.reason})"
        )
        yield "\n".join(wrapped(text, paper.width, "", hang=2))
    for names in review.same_training:
        yield "\n".join(wrapped(same_training_words(names), paper.width, "", hang=2))
    if review.cost_unknown_because and any(row.pays for row in (*summary.rows, *summary.pending)):
        yield "\n".join(_unknown_cost(review, paper))


def _violation(one: Violation, paper: Paper) -> Iterator[str]:
    about = f"{one.name}: " if one.name and not one.message.startswith(f"{one.name}: ") else ""
    place = f" ({one.source.file}:{one.source.line})" if one.source else ""
    yield from wrapped(f"{one.rule}: {about}{one.message}{place}", paper.width, "  ")
    yield from wrapped(one.hint or "", paper.width, "    ")


def _unknown_cost(review: Review, paper: Paper) -> Iterator[str]:
    yield "Why a cost is unknown:"
    shown = review.cost_unknown_because[:_MOST_CAUSES]
    for cause in shown:
        yield from wrapped(cause, paper.width, "  ", hang=2)
    if more := len(review.cost_unknown_because) - len(shown):
        yield f"  and {more} more"
