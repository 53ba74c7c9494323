"""When a plan is worth a comment: `changes`, `violations`, `cost>X`."""

from __future__ import annotations

import re

from ftops.report.summary import Summary, Verdict

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
        return summary.verdict is not Verdict.NOTHING
    if condition == "violations":
        return bool(summary.violations)
    found = _COST.fullmatch(condition)
    total = summary.total
    above = total.known is not None and found is not None and total.known.high > float(found[1])
    return above or total.unknown > 0
