"""Plans and outcomes as text for a terminal. `cli` brings the colour."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Sequence

from ftops.model.change import Action, Change, DataUse
from ftops.model.event import ChangeResult, Outcome
from ftops.model.plan import Plan
from ftops.model.review import Review
from ftops.report.status import StatusRow
from ftops.report.words import SYMBOLS, Styler, counted, plain, printable, size, summary_line

NARROWEST = 40
_HEX_DIGITS = 64


def render_plan(plan: Plan, review: Review, *, width: int = 100, style: Styler = plain) -> str:
    """Draw a plan: each change with its reason, differences and data; keeps are only counted."""
    width = max(width, NARROWEST)
    shown = [change for change in plan.changes if change.action is not Action.KEEP]
    blocks = ["\n".join(_change(change, width, style)) for change in shown]
    if not any(change.action.effective for change in shown) and not shown:
        kept = counted(plan.summary["keep"], "fine-tune is", "fine-tunes are")
        blocks.append(f"There are no changes: {kept} as declared.")
    if plan.unmanaged:
        blocks.append(style(f"{counted(plan.unmanaged, 'other job')} at the provider, not touched.", "dim"))
    if review.violations:
        blocks.append("\n".join(_violations(review, width, style)))
    blocks.append(style(summary_line(plan, review), "bold"))
    return "\n\n".join(blocks) + "\n"


def render_results(results: Sequence[ChangeResult], style: Styler = plain) -> str:
    """Sum up what an apply did."""
    counts = [f"{sum(1 for one in results if one.outcome is kind)} {kind.value}" for kind in Outcome]
    return style(f"Applied: {', '.join(counts)}.", "bold") + "\n"


def render_status(rows: Sequence[StatusRow]) -> str:
    """Draw the table of fine-tunes."""
    if not rows:
        return "No fine-tunes.\n"
    table = [("NAME", "STATUS", "PROVIDER", "JOB", "MODEL", "REASON")]
    for row in rows:
        model, reason = row.fine_tuned_model or "-", row.error or row.reason or ""
        table.append((row.name, row.status, row.provider or "-", row.job_id or "-", model, reason))
    return columns(table)


def render_outputs(rows: Sequence[StatusRow]) -> str:
    """Draw the models that are ready."""
    if not rows:
        return "No model is ready yet.\n"
    return columns([(row.name, row.fine_tuned_model or "") for row in rows])


def columns(table: Sequence[tuple[str, ...]]) -> str:
    """Align cells."""
    clean = [[printable(cell) for cell in row] for row in table]
    widths = [max(len(row[column]) for row in clean) for column in range(len(clean[0]))]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in clean)
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _change(change: Change, width: int, style: Styler) -> Iterator[str]:
    role = change.action.value
    number = f"  (generation {change.generation}.{change.attempt})" if change.action.creates else ""
    yield style(f"{SYMBOLS[change.action]} {role:<8}{change.name}", role) + style(number, "dim")
    yield from _wrapped(change.message, width, "    ")
    for label, value in _facts(change):
        yield from _wrapped(f"{label:<10} {value}", width, "    ", hang=11)
    longest = max((len(difference.path) for difference in change.differences), default=0)
    for difference in change.differences:
        before, after = _value(difference.before), _value(difference.after)
        yield from _wrapped(f"{difference.path:<{longest}}  {before} -> {after}", width, "      ")


def _facts(change: Change) -> Iterator[tuple[str, str]]:
    if change.action.creates:
        model = change.spec.get("model")
        base = model if isinstance(model, str) else f"made by {', '.join(change.depends_on)}"
        yield "model", f"{base}, {change.spec.get('method', '')}, at {change.provider}"
        yield from (("data", _data(use)) for use in change.data)
        if change.estimated_cost:
            yield "cost", f"${change.estimated_cost.low:.2f} to ${change.estimated_cost.high:.2f}"
    if change.job_id:
        yield "job", change.job_id
    if change.source:
        yield "declared", f"{change.source.file}:{change.source.line}"


def _data(use: DataUse) -> str:
    if use.path is None:
        return f"{use.file_id} ({use.role})"
    return f"{use.path} ({use.role}, {counted(use.examples or 0, 'example')}, {size(use.bytes or 0)})"


def _value(value: object) -> str:
    if value is None:
        return "(none)"
    if isinstance(value, str):
        return f"{value[:12]}…" if _is_digest(value) else value
    return json.dumps(value, ensure_ascii=False)


def _is_digest(text: str) -> bool:
    return len(text) >= _HEX_DIGITS and all(sign in "0123456789abcdef" for sign in text[-_HEX_DIGITS:])


def _violations(review: Review, width: int, style: Styler) -> Iterator[str]:
    yield style("This plan cannot be applied:", "error")
    for violation in review.violations:
        yield from _wrapped(f"{violation.rule}: {violation.message}", width, "  ")
        yield from _wrapped(violation.hint or "", width, "    ")


def _wrapped(text: str, width: int, indent: str, hang: int = 0) -> Iterator[str]:
    yield from textwrap.wrap(
        printable(text),
        width,
        initial_indent=indent,
        subsequent_indent=indent + " " * hang,
        break_long_words=False,
        break_on_hyphens=False,
    )
