"""A plan for a pull request: a headline, a table, the details folded away."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from ftops.model.change import Action, Change
from ftops.model.plan import Plan
from ftops.model.review import Review
from ftops.report.terminal import render_plan
from ftops.report.words import SYMBOLS, printable, summary_line

MOST_CHARACTERS = 60_000
"""GitHub takes 65,536 in a comment; the rest is for what a workflow adds."""


def render_plan_markdown(plan: Plan, review: Review) -> str:
    """Draw a plan as Markdown. Names and messages come from strangers, so their markup is taken away."""
    lines = ["## ftops plan", "", f"**{summary_line(plan, review)}**", ""]
    if review.violations:
        lines.append("> **This plan cannot be applied:**")
        lines += [f"> - {_safe(found.message)} ({_safe(found.hint or '')})" for found in review.violations]
        lines.append("")
    shown = [change for change in plan.changes if change.action is not Action.KEEP]
    text = "\n".join([*lines, *_table(shown)]) + "\n"
    folded = html.escape(render_plan(plan, review), quote=False)
    details = f"\n<details><summary>Details</summary>\n\n<pre>\n{folded}</pre>\n</details>\n"
    return text + details if len(text) + len(details) <= MOST_CHARACTERS else text


def _table(changes: list[Change]) -> Iterator[str]:
    if not changes:
        yield "No changes."
        return
    yield "| | fine-tune | action | why |"
    yield "|---|---|---|---|"
    used = 0
    for number, change in enumerate(changes):
        sign, action = SYMBOLS[change.action], change.action.value
        row = f"| `{sign}` | {_safe(change.name)} | {action} | {_safe(change.message)} |"
        used += len(row)
        if used > MOST_CHARACTERS - 2000:
            yield f"\n{len(changes) - number} more changes are not shown."
            return
        yield row


def _safe(text: str) -> str:
    escaped = html.escape(printable(text), quote=False)
    return re.sub(r"([\\`*_\[\]|~@#])", r"\\\1", escaped)
