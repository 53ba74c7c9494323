"""What a plan costs: prices and tables are read, and tokens counted, only where something is to be paid."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from ftops.applier.creates import requested
from ftops.datasets.tokens import count_tokens
from ftops.errors import FtopsError
from ftops.manifests.price_table import read_price_table
from ftops.model.finetune import Method, Upstream
from ftops.model.job import JobStatus
from ftops.model.json_value import JSON, JSONObject
from ftops.model.observation import Observation, ProviderFacts
from ftops.model.plan import Plan
from ftops.model.planning import Doubts, Planning
from ftops.model.prices import CutShort, Unit
from ftops.model.project import Project
from ftops.model.request import JobRequest
from ftops.model.spending import ZERO
from ftops.model.state import RecordedJob
from ftops.model.value import replace
from ftops.providers.prices import known_prices
from ftops.reconciler.retirement import Look, opened_facts
from ftops.reconciler.values import Loaded
from ftops.records.charges import GPU_HOUR, MINIMUM, Bounds, Rates
from ftops.review.costs import CutShortRules
from ftops.review.endings import day
from ftops.review.estimate import Costing, spec_of, tokens_wanted, with_costs
from ftops.review.prices import PriceBook, Rate
from ftops.review.retirement import trains

MOST_ASKED = 20
"""Estimates that a plan asks for, each in one request."""


def price_book(
    loaded: Loaded, planning: Planning, seen: Mapping[str, Observation], look: Look, now: float
) -> PriceBook | None:
    """Return the prices of a plan; None where nothing is trained, and so no table is read.

    Providers are asked, by `look`, what they know better: the cost of creates of now whose files they have.
    Raises InvalidInput for a table of the project's that cannot be read.
    """
    plan = planning.plan
    if loaded.partly or not any(trains(change) for change in plan.changes):
        return None
    book = project_prices(loaded.root, loaded.project, opened_facts(loaded, seen), now)
    costs = _estimable(loaded, planning, book)
    if not costs:
        return book
    told = look(seen, Doubts(costs=costs))
    return replace(book, told={name: cost for at in costs for name, cost in told[at].estimates.items()})


def _estimable(loaded: Loaded, planning: Planning, book: PriceBook) -> Mapping[str, Mapping[str, JobRequest]]:
    """Return what a provider can estimate, by its name: a price that the project states is left to stand."""
    found: dict[str, dict[str, JobRequest]] = {}
    fine_tunes = {one.name: one for one in loaded.fine_tunes}
    creates = [change for change in planning.plan.effective_changes if change.action.creates]
    for change in creates[:MOST_ASKED]:
        fine_tune = fine_tunes[change.name]
        if isinstance(fine_tune.model, Upstream):
            continue
        rate = book.rate(fine_tune.provider, fine_tune.model, fine_tune.method, spec_of(fine_tune))
        file_ids = planning.state.datasets.get(fine_tune.provider, {})
        if rate is None or not rate.own:
            with suppress(FtopsError):
                request = requested(fine_tune, fine_tune.model, loaded.datasets, file_ids)
                found.setdefault(fine_tune.provider, {})[change.name] = request
    return found


def project_prices(root: Path, project: Project, facts: Mapping[str, ProviderFacts], now: float) -> PriceBook:
    """Return every price of a project. Raises InvalidInput for a table of its own that cannot be read."""
    theirs = read_price_table(root, project.price_table)
    return PriceBook(project.prices, facts, day(now), known_prices(), theirs)


def job_rates(book: Callable[[], PriceBook]) -> Rates:
    """Return what recorded jobs are charged by; prices are read only once a job is to be charged."""

    def rate(job: RecordedJob, model: str, unit: str) -> Bounds | None:
        if unit == GPU_HOUR:
            hour = book().gpu_hour(job.provider, model)
            return None if hour is None else (hour, hour)
        least = unit == MINIMUM
        found = [one for one in _by_tokens(book(), job, model, least=least) if one is not None]
        if not found:
            return None
        low = min(ZERO if least and (one.disputed or one.about) else one.low for one in found)
        return low, max(one.high for one in found)

    return rate


def _by_tokens(book: PriceBook, job: RecordedJob, model: str, *, least: bool) -> Iterator[Rate | None]:
    """Yield the prices of a million tokens, or the minima beside them, that may be those of a job.

    What a found job was asked for is unknown: any of these may be its price.
    """
    asked = nested(job.request.known) if job.request else None
    method = asked.get("method") if asked else None
    for one in list(Method) if method is None else [str(method)]:
        rate = book.rate(job.provider, model, one, asked, past=True)
        if rate is not None and rate.unit is Unit.MILLION_TOKENS:
            yield book.minimum(job.provider, model, one, own=rate.own) if least else rate


def cut_short_rules(book: Callable[[], PriceBook]) -> CutShortRules:
    """Return what providers bill of jobs that ended early; prices are read only once one did.

    A service's word holds where its prices do: at its own address, and at the emulator of it.
    """

    def rule(provider: str, status: JobStatus) -> CutShort | None:
        billing = book().billing(provider)
        if not billing.provider or not book().is_priced(provider):
            return None
        return billing.failed if status is JobStatus.FAILED else billing.cancelled

    return rule


def nested(flat: Mapping[str, JSON]) -> JSONObject:
    """Return a request as a manifest writes it, from its dotted paths."""
    whole: dict[str, Any] = {}
    for path, value in flat.items():
        *above, last = path.split(".")
        place = whole
        for step in above:
            place = place.setdefault(step, {})
            if not isinstance(place, dict):
                break
        else:
            place[last] = value
    return whole


def priced(loaded: Loaded, book: PriceBook | None, plan: Plan) -> tuple[Plan, tuple[str, ...]]:
    """Return the plan with its costs, and why some are unknown. Only what is to be paid for is counted."""
    if book is None:
        return plan, ()
    by_name = {fine_tune.name: fine_tune for fine_tune in loaded.fine_tunes}
    costing = Costing(by_name, book)
    wanted = tokens_wanted(plan, costing)
    # A plan is priced several times: to see what fits a budget, whole, and what is left of a saved one.
    counted = count_tokens(
        loaded.root, loaded.datasets, wanted, remembering=loaded.remembering, before=loaded.counted
    )
    whole = replace(costing, datasets=loaded.datasets, counts=counted.by_model, uncounted=counted.uncounted)
    return with_costs(plan, whole)
