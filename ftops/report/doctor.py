"""The findings of the doctor as text and as data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import to_builtins

from ftops.model.check import Check, Verdict
from ftops.report.words import Styler, counted, plain, printable


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


def checks_document(checks: Sequence[Check]) -> dict[str, Any]:
    """Write the checks as data."""
    return {"checks": [to_builtins(one) for one in checks], "summary": _count(checks)}


def _count(checks: Iterable[Check]) -> dict[str, int]:
    verdicts = [one.verdict for one in checks]
    return {verdict.value: verdicts.count(verdict) for verdict in Verdict}
