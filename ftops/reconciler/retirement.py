"""What retirement is judged by in one run: table and providers are asked only for what trains."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ftops.model.duration import span
from ftops.model.observation import Observation, ProviderFacts
from ftops.model.plan import Plan
from ftops.model.planning import Doubts
from ftops.model.policy import Policies
from ftops.providers.retirements import known_retirements
from ftops.reconciler.values import Loaded
from ftops.review.endings import Calendar, day
from ftops.review.retirement import Ends, trains

Look = Callable[[Mapping[str, Observation], Doubts], Mapping[str, Observation]]
_DAY_SECONDS = 86_400


def what_ends(
    loaded: Loaded, plan: Plan, seen: Mapping[str, Observation], look: Look, now: float
) -> tuple[Ends | None, Mapping[str, Observation]]:
    """Return what the plan's creates are judged by, and the observations with the dates that APIs tell.

    None where nothing is trained at a service that the table knows: a plan without changes pays nothing.
    """
    services = {
        name: facts for name, facts in opened_facts(loaded, seen).items() if facts.service is not None
    }
    training = {change.provider for change in plan.changes if trains(change)}
    if not training & services.keys():
        return None, seen
    creating = {change.provider for change in plan.changes if change.action.creates}
    asked = frozenset(creating & services.keys())
    seen = look(seen, Doubts(dates=asked)) if asked else seen
    told = {name: observation.model_dates for name, observation in seen.items()}
    ends = Ends(
        day(now),
        Calendar(known_retirements().retirements, told),
        services,
        {one.name: one for one in loaded.fine_tunes},
        horizon(loaded.rulebook.policies),
    )
    return ends, seen


def horizon(policies: Policies) -> float | None:
    """Return how many days a model has to last, by the project's policy."""
    text = policies.retirement_horizon
    return None if text is None else span(text) / _DAY_SECONDS


def opened_facts(loaded: Loaded, seen: Mapping[str, Observation]) -> Mapping[str, ProviderFacts]:
    """Return the providers as they are known best: once opened, an address from the environment is known."""
    return {**loaded.facts, **{name: observation.provider for name, observation in seen.items()}}
