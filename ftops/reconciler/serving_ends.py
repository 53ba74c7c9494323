"""Which fine-tuned models end soon of those that fine-tunes serve, by table and by what their APIs tell."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import cache

from ftops.model.finetune import Method
from ftops.model.observation import Observation
from ftops.model.retirement import Ending, What
from ftops.model.state import State
from ftops.providers.retirements import known_retirements
from ftops.reconciler.retirement import horizon, opened_facts
from ftops.reconciler.values import Loaded
from ftops.records.serving import serving_job
from ftops.records.standing import Retiring
from ftops.review.endings import Calendar, day
from ftops.review.retirement import away

USUAL_DAYS = 90.0
"""How long before its end a model is told of, where no policy sets a horizon."""


def retiring(
    loaded: Loaded, state: State, seen: Mapping[str, Observation], now: float
) -> dict[str, Retiring]:
    """Return the fine-tunes whose model ends within the horizon. Nobody is asked for it."""
    facts = opened_facts(loaded, seen)
    services = {name: one.service for name, one in facts.items() if one.service is not None}
    if not services:
        return {}
    told = {name: observation.model_dates for name, observation in seen.items()}
    calendar, today = Calendar(known_retirements().retirements, told), day(now)
    until = today + timedelta(days=horizon(loaded.rulebook.policies) or USUAL_DAYS)

    @cache
    def end_of(provider: str, model: str, method: str) -> Ending | None:
        endings = calendar.endings(services[provider], provider, model, method)
        return next((one for one in endings if one.what is What.TUNED and one.date < until), None)

    found = {}
    for name, record in state.fine_tunes.items():
        job = serving_job(record)
        if job is None or not job.fine_tuned_model or job.provider not in services:
            continue
        method = str(record.spec.get("method") or Method.SUPERVISED)
        end = end_of(job.provider, job.fine_tuned_model, method)
        if end is not None:
            words = (
                f"its model {job.fine_tuned_model} at {job.provider} ends on {end.date}"
                f" ({away(end.date, today)}), says {end.source}"
            )
            found[name] = Retiring(end.date.isoformat(), words)
    return found
