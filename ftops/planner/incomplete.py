"""A provider that cannot be listed, or not to the end, rests alone: the others go on. Pure.

Nothing is created, cancelled or taken over there, since what is not in the list may be there all the same.
What the state alone decides goes on: success is for ever, and forgetting needs nobody.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from ftops.model.change import Action, Change, Reason
from ftops.model.finetune import FineTune
from ftops.model.observation import Observation, ProviderFacts
from ftops.model.state import ArchivedRecord, Record, State
from ftops.model.value import replace
from ftops.planner.decision import Decision
from ftops.planner.situation import Situation
from ftops.records.matching import LiveJobs

Incomplete = Mapping[str, Observation]
"""The providers whose list is incomplete, by name."""


def used_providers(
    fine_tunes: Iterable[FineTune],
    state: State,
    providers: Iterable[ProviderFacts],
    names: Collection[str] | None = None,
) -> frozenset[str]:
    """Return the providers that these names need (None: all): only they are opened and listed.

    A declared fine-tune needs its own; a record those where its jobs may run, a create is in doubt or was
    given up. Where no mark comes back, a second job for any create of ours may run on: such a provider is
    needed as long as a request is remembered.
    """
    declared = {one.provider for one in fine_tunes if names is None or one.name in names}
    stamping = {facts.name for facts in providers if facts.capabilities.stamps}
    marked = {name for name in stamping if not state.unmarked(name)}
    return frozenset(declared | set(_remembered(state, names, marked)))


def incomplete(observations: Mapping[str, Observation]) -> Incomplete:
    """Return the observations that nothing may be concluded from."""
    return {name: seen for name, seen in observations.items() if not seen.complete}


def problem_of(seen: Observation) -> str:
    """Say why a list is incomplete."""
    problem = seen.problem or "its job list is incomplete"
    return f"{problem} ({seen.hint})" if seen.hint else problem


def gate_on_list(situation: Situation, decision: Decision, live: LiveJobs, resting: Incomplete) -> Decision:
    """Hold what would act at a provider that rests; a job that was not seen there is only waited for."""
    job = situation.job
    if decision.action is Action.KEEP and job is not None and situation.active and job.provider in resting:
        if live.get(job.provider, job.id) is not None:
            return decision
        seen = resting[job.provider]
        message = f"job {job.id} was {job.status.value} when it was last seen; {_cannot(seen)}"
        return Decision(Action.WAIT, _reason(seen), message, job.id)
    seen_at = next((resting[name] for name in _touched(situation, decision) if name in resting), None)
    if seen_at is None:
        return decision
    message = f"{_wish(decision.action, decision.job_id)} once {_can(seen_at)}"
    return Decision(Action.HOLD, _reason(seen_at), message, decision.job_id)


def withheld(change: Change, resting: Incomplete) -> Change:
    """Hold the cancel of a job that runs beside, while its provider rests."""
    seen = resting.get(change.provider)
    if seen is None or not change.action.effective:
        return change
    message = f"{_wish(change.action, change.job_id)} once {_can(seen)}"
    return replace(change, action=Action.HOLD, reason=_reason(seen), message=message)


def _touched(situation: Situation, decision: Decision) -> Iterator[str]:
    """Yield the providers at which a decision acts, or from whose list it draws a conclusion."""
    takes = decision.action is Action.ADOPT and decision.reason is not Reason.RESTORED
    if decision.action.creates or takes:
        yield situation.provider.name
    stops = decision.action in (Action.CANCEL, Action.REPLACE) or decision.cancel_first is not None
    if stops and situation.job is not None:
        yield situation.job.provider


def _remembered(state: State, names: Collection[str] | None, marked: Collection[str]) -> Iterator[str]:
    kept: list[tuple[str, Record | ArchivedRecord]] = [*state.fine_tunes.items(), *state.archive.items()]
    for name, record in kept:
        if names is not None and name not in names:
            continue
        if isinstance(record, Record) and record.intent is not None:
            yield record.intent.provider
        yield from (request.provider for request in record.requests)
        for job in record.jobs:
            runs = job.status.active and not job.detached
            if runs or (job.request is not None and job.provider not in marked):
                yield job.provider


def _reason(seen: Observation) -> Reason:
    return Reason.INCOMPLETE_LIST if seen.reached else Reason.UNREACHABLE


def _wish(action: Action, job_id: str | None) -> str:
    match action:
        case Action.CREATE:
            return "to be created"
        case Action.REPLACE:
            return f"changed; job {job_id} is to be replaced"
        case Action.ADOPT:
            return f"job {job_id} is to be taken over"
    return f"job {job_id} is to be cancelled"


def _can(seen: Observation) -> str:
    return f"provider {seen.provider.name} {_wanted(seen)}: {problem_of(seen)}"


def _cannot(seen: Observation) -> str:
    return f"provider {seen.provider.name} could not be listed: {problem_of(seen)}"


def _wanted(seen: Observation) -> str:
    return "can be listed to the end" if seen.reached else "can be listed"
