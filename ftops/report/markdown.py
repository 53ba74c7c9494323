"""A plan for a pull request: a headline, a table, the details folded away.

Whoever opens the pull request writes names, labels and paths, and a provider writes messages: none of it may
call people by @name, link, or draw anything but its own letters.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Sequence

from ftops.model.change import Action, Change
from ftops.model.plan import Plan
from ftops.model.review import Review
from ftops.report.terminal import render_plan
from ftops.report.words import (
    SYMBOLS,
    cut,
    data_words,
    money_range,
    printable,
    remarks,
    same_training_words,
    summary_lines,
    then_words,
)

MOST_CHARACTERS = 60_000
"""GitHub takes 65,536 in a comment; the rest is for what a workflow adds."""

_MOST_OF_A_LINE = 600
"""One stranger's text cannot push the other rows out of the comment."""
_ROOM_FOR_TABLE = MOST_CHARACTERS * 3 // 4
_ROOM_FOR_VIOLATIONS = MOST_CHARACTERS // 8
_ROOM_FOR_NOTES = MOST_CHARACTERS // 16
_BREAK = "&#8203;"


def render_plan_markdown(plan: Plan, review: Review) -> str:
    """Draw a plan as Markdown for GitHub and similar sites."""
    summed = "\\\n".join(f"**{_safe(line)}**" for line in summary_lines(plan, review))
    lines = ["## ftops plan", "", summed, ""]
    if review.violations:
        lines.append("> **This plan cannot be applied:**")
        found = [f"> - {_safe(_told(one.message, one.hint))}" for one in review.violations]
        lines += _within(found, _ROOM_FOR_VIOLATIONS, "> - {} more are not shown.")
        lines.append("")
    if review.warnings:
        warned = [f"> **Warning:** {_safe(one.message)}" for one in review.warnings]
        lines += [*_within(warned, _ROOM_FOR_NOTES, "> {} more warnings are not shown."), ""]
    if review.same_training:
        same = [f"> {_safe(same_training_words(names))}" for names in review.same_training]
        lines += _within(same, _ROOM_FOR_NOTES, "> {} more groups train the same thing.")
        lines.append("")
    quoted = [f"> {_safe(remark)}" for remark in remarks(plan)]
    lines += [*_within(quoted, _ROOM_FOR_VIOLATIONS, "> {} more are not shown."), ""] if quoted else []
    lines += _table([change for change in plan.changes if change.action is not Action.KEEP])
    text = "\n".join(lines) + "\n"
    # Inside pre neither Markdown nor mentions mean anything; escaped text cannot close it.
    folded = html.escape(render_plan(plan, review), quote=False)
    details = f"\n<details><summary>Details</summary>\n\n<pre>\n{folded}</pre>\n</details>\n"
    if len(text) + len(details) <= MOST_CHARACTERS:
        return text + details
    return text + "\nThe details are too long to show here: run `ftops plan`.\n"


def _table(changes: Sequence[Change]) -> Iterator[str]:
    if not changes:
        yield "No changes."
        return
    yield "| | fine-tune | action | why |"
    yield "|---|---|---|---|"
    rows = [
        f"| `{SYMBOLS[change.action]}` | {_safe(change.name)} | {_action(change)} | {_safe(_why(change))} |"
        for change in changes
    ]
    yield from _within(rows, _ROOM_FOR_TABLE, "\n{} more changes are not shown.")


def _action(change: Change) -> str:
    """Name the action, with the job that it stops and the training that follows."""
    stops = ", stops a job" if change.stops and change.action is not Action.CANCEL else ""
    return f"{change.action}{stops}{f', then {change.then.action}' if change.then else ''}"


def _why(change: Change) -> str:
    if change.then is None:
        return change.message
    cost = change.then.estimated_cost
    follows = [then_words(change.then), *map(data_words, change.then.data)]
    return f"{change.message}; then {'; '.join([*follows, *([money_range(cost)] if cost else [])])}"


def _within(rows: Sequence[str], room: int, rest: str) -> Iterable[str]:
    """Yield rows while there is room, then how many are left."""
    for number, row in enumerate(rows):
        room -= len(row) + 1
        if room < 0:
            yield rest.format(len(rows) - number)
            return
        yield row


def _told(message: str, hint: str | None) -> str:
    return f"{message} ({hint})" if hint else message


def _safe(text: str) -> str:
    """Write a stranger's text so that it shows as itself, in a table cell too.

    A character reference is never markup, so every sign that could be one becomes a reference. Mentions,
    issue numbers and bare addresses are found later, in what Markdown has made of it: these are broken by
    a space of no width.
    """
    shown = cut(printable(text).strip(), _MOST_OF_A_LINE)
    shown = re.sub(r"[^\w\s.,;:/()'%\u0080-\U0010ffff-]|_|^[\W\d]", _reference, shown)
    return re.sub(
        r"(&#(?:64|35|33);|:(?=//)|\b(?:www|gh|mailto|xmpp)(?=[.:-]))",
        rf"\1{_BREAK}",
        shown,
        flags=re.IGNORECASE,
    )


def _reference(sign: re.Match[str]) -> str:
    return f"&#{ord(sign[0])};"
