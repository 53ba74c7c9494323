"""The findings of the doctor as text and as data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from msgspec import to_builtins

from ftops.model.check import Check, Verdict
from ftops.report.layout import columns
from ftops.report.words import Styler, counted, plain, printable
from ftops.review.agenda import Due
from ftops.review.retirement import MOST_NAMES, away, ending_words


def render_checks(checks: Sequence[Check], style: Styler = plain) -> str:
    """Write one line per check, and the count."""
    roles = {Verdict.OK: "dim", Verdict.WARN: "bold", Verdict.FAIL: "error"}
    lines = []
    for one in checks:
        subject = f" {one.subject}" if one.subject else ""
        following = f"  - {one.next}" if one.next else ""
        verdict = style(f"{one.verdict.value:<4}", roles[one.verdict])
        lines.append(f"{verdict}  {printable(f'{one.check}{subject}: {one.message}{following}')}")
    count = _count(checks)
    summary = f"{counted(len(checks), 'check')}: {', '.join(f'{n} {name}' for name, n in count.items())}."
    return "\n".join([*lines, style(summary, "bold")]) + "\n"


def render_agenda(agenda: Sequence[Due], today: date, *, width: int | None = None) -> str:
    """Draw what of the project ends when, the earliest first; nothing where nothing is known to end."""
    if not agenda:
        return ""
    rows = [(str(due.ending.date), away(due.ending.date, today), due.provider, _end(due)) for due in agenda]
    return f"\nWhat of this project ends when:\n{columns([_AGENDA, *rows], width=width)}"


_AGENDA = ("DAY", "WHEN", "PROVIDER", "WHAT ENDS")


def _end(due: Due) -> str:
    names = [f"{name} ({', '.join(whys)})" for name, whys in due.names.items()]
    more = [f"{len(names) - MOST_NAMES} more"] if len(names) > MOST_NAMES else []
    return f"{ending_words(due.ending)}: {', '.join([*names[:MOST_NAMES], *more])}"


def checks_document(
    checks: Sequence[Check], agenda: Sequence[Due] = (), today: date | None = None
) -> dict[str, Any]:
    """Write the checks as data, and what of the project ends when."""
    calendar = [
        {
            **to_builtins(due.ending),
            "days": (due.ending.date - today).days if today else None,
            "provider": due.provider,
            "fine_tunes": [{"name": name, "why": list(whys)} for name, whys in due.names.items()],
        }
        for due in agenda
    ]
    return {
        "checks": [to_builtins(one) for one in checks],
        "summary": _count(checks),
        "calendar": calendar,
    }


def _count(checks: Iterable[Check]) -> dict[str, int]:
    verdicts = [one.verdict for one in checks]
    return {verdict.value: verdicts.count(verdict) for verdict in Verdict}
