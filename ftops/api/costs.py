"""What was spent, from the state alone: no provider is asked, no manifest read."""

from __future__ import annotations

from functools import cache, partial
from pathlib import Path

from ftops.api.stored_state import open_stored_state
from ftops.api.surroundings import Surroundings
from ftops.errors import UsageError
from ftops.manifests.project import load_project
from ftops.model.calendar import Period, Span, month, span
from ftops.providers.registry import dialects, facts_of
from ftops.reconciler.pricing import cut_short_rules, job_rates, project_prices
from ftops.records.charges import with_charges
from ftops.records.spending import spendings
from ftops.review.costs import CostReport, cost_report

EVER = "all"
"""What `--month` takes for no month in particular."""


def read_cost_report(
    root: Path, surroundings: Surroundings, now: float, *, when: str | None = None, by: str = "name"
) -> CostReport:
    """Read the state and add up what was spent, in this month if nothing else is said; takes no lock.

    An ended job whose cost no run has recorded yet is counted at today's prices. Raises UsageError,
    InvalidInput for a project file that cannot be read, and StateError.
    """
    chosen = _span(when, now)
    root = root.resolve()
    project, _ = load_project(root, dialects())
    state = open_stored_state(project, root, surroundings).manager.read()
    facts = {name: facts_of(settings) for name, settings in project.providers.items()}
    book = cache(partial(project_prices, root, project, facts, now))
    charged = with_charges(state, job_rates(book))
    return cost_report(spendings(charged), chosen, by, cut_short_rules(book))


def _span(when: str | None, now: float) -> Span | None:
    if when == EVER:
        return None
    try:
        return month(when) if when is not None else span(Period.MONTH, now)
    except ValueError:
        raise UsageError(f"{when!r} is not a month", hint=f"write 2026-11, or {EVER}") from None
