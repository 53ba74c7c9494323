"""Jobs at a provider that `ftops.yaml` does not have any more: nothing can be done there."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from ftops.model.change import Action, Change, Reason
from ftops.model.finetune import FineTune
from ftops.model.state import RecordedJob, State
from ftops.planner.decision import Decision
from ftops.planner.situation import Situation
from ftops.records.matching import LiveJobs


def gate_on_unknown_provider(situation: Situation, known: Collection[str], live: LiveJobs) -> Decision | None:
    """Hold a name whose job may run, or whose create is in doubt, where nobody can look any more.

    And one whose jobs another row lists: that row is the same account by a new name, and would train again.
    """
    record, job = situation.record, situation.job
    if record is None:
        return None
    needed = {record.intent.provider} if record.intent is not None and not record.intent.lapsed else set()
    if job is not None and job.status.active:
        needed.add(job.provider)
    here = situation.provider.name
    needed |= {one.provider for one in record.jobs if live.get(here, one.id) is not None}
    unknown = sorted(needed.difference(known))
    if not unknown:
        return None
    message = f"{_gone(unknown[0])}, and nothing is done until then"
    return Decision(Action.HOLD, Reason.UNKNOWN_PROVIDER, message, job.id if job else None)


def out_of_sight(
    state: State, fine_tunes: Mapping[str, FineTune], known: Collection[str]
) -> Iterator[Change]:
    """Yield a hold for each earlier job that may run on at a provider that is gone."""
    earlier = {name: record.history for name, record in state.fine_tunes.items() if record.history}
    for name, jobs in (*earlier.items(), *((name, entry.jobs) for name, entry in state.archive.items())):
        for job in jobs:
            if job.status.active and not job.detached and job.provider not in known:
                yield _hold(name, job, fine_tunes.get(name))


def _hold(name: str, job: RecordedJob, fine_tune: FineTune | None) -> Change:
    return Change(
        name=name,
        action=Action.HOLD,
        reason=Reason.UNKNOWN_PROVIDER,
        message=f"job {job.id}, not the current job of {name}, may still run: {_gone(job.provider)}",
        provider=job.provider,
        generation=job.generation,
        attempt=job.attempt,
        fingerprint=job.fingerprint,
        job_id=job.id,
        source=fine_tune.source if fine_tune else None,
    )


def _gone(provider: str) -> str:
    return (
        f"provider {provider} is no longer in ftops.yaml: put it back or, if it has a new name, "
        f"write `renamed_from: {provider}` in its entry"
    )
