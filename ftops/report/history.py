"""What has happened, for a terminal and as data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ftops.model.transition import Transition
from ftops.report.notifications import instant, transition
from ftops.report.words import Styler, plain, printable

FORMAT_VERSION = 1
_COMMIT_SIGNS = 12
_BAD = frozenset({"failed", "held", "over_budget", "stalled", "undelivered"})


def history_document(project: str, happened: Sequence[Transition]) -> dict[str, Any]:
    """Write it as `schemas/history.v1.json` has it."""
    return {
        "format_version": FORMAT_VERSION,
        "project": project,
        "events": [transition(one) for one in happened],
    }


def render_history(happened: Sequence[Transition], style: Styler = plain) -> str:
    """Draw a line for each thing: when, what kind, of which fine-tune, by which commit and runner."""
    if not happened:
        return "Nothing has happened yet.\n"
    names = max(len(one.name or "") for one in happened)
    kinds = max(len(_kind(one)) for one in happened)
    return "".join(_line(one, (names, kinds), style) for one in happened)


def _line(one: Transition, widths: tuple[int, int], style: Styler) -> str:
    names, kinds = widths
    kind = style(f"{_kind(one):{kinds}}", "error" if one.kind.value in _BAD else "bold")
    by = [printable(one.by)] if one.by else []
    commit = [one.commit[:_COMMIT_SIGNS]] if one.commit else []
    whence = f" ({', '.join([*by, *commit])})" if by or commit else ""
    return f"{instant(one.at)}  {one.name or '':{names}}  {kind}  {printable(one.message)}{whence}\n"


def _kind(one: Transition) -> str:
    return one.kind.value.replace("_", " ")
