"""When a plan is worth a comment: `changes`, `violations`, `cost>X`."""

from __future__ import annotations

import re

from ftops.report.summary import IDLE, Summary, Verdict

FORMS = "changes, violations or cost>X, where X is an amount in USD"
_COST = re.compile(r"cost\s*>\s*\$?(\d{1,12}(?:\.\d+)?)")


def known(condition: str) -> bool:
    """Return whether this is a condition."""
    return condition in ("changes", "violations") or _COST.fullmatch(condition) is not None


def met(condition: str, summary: Summary) -> bool:
    """Return whether a plan meets a condition. What could not be planned, or has no known cost, does."""
    if summary.verdict in (Verdict.NOT_LOADED, Verdict.NOT_PLANNED):
        return True
    if condition == "changes":
        return summary.verdict is not Verdict.NOTHING and not _is_empty_preview(summary)
    if condition == "violations":
        return bool(summary.violations)
    found = _COST.fullmatch(condition)
    total = summary.total
    above = total.known is not None and found is not None and total.known.high > float(found[1])
    return above or total.unknown > 0


def _is_empty_preview(summary: Summary) -> bool:
    """Return whether a plan without keys has nothing to do, which is no verdict of its own."""
    idle = all(row.word in IDLE for row in summary.rows)
    return summary.verdict is Verdict.PREVIEW and idle and not (summary.counts.held or summary.counts.stopped)
