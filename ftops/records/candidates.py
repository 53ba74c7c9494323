"""Which of a provider's jobs a person may want to take over at once, and why the others are not. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from ftops.model.change import Change
from ftops.model.job import Job, JobStatus
from ftops.model.observation import Observation
from ftops.model.plan import Plan
from ftops.model.state import State
from ftops.records.likeness import appearance
from ftops.records.matching import LiveJobs

OUR_MARK = "marked by this project: see `ftops plan` and `ftops state rebuild`"
WORTH_IT = frozenset(
    {JobStatus.PENDING, JobStatus.RUNNING, JobStatus.PAUSED, JobStatus.UNKNOWN, JobStatus.SUCCEEDED}
)
"""A job that has made a model, or is to make one. One that is being cancelled will have made none."""


class Candidates(Struct, frozen=True):
    """The jobs that may be taken over, oldest first, and what keeps each of the others from it."""

    jobs: tuple[Job, ...]
    passed_over: tuple[tuple[Job, str], ...] = ()


def candidates(
    observations: Mapping[str, Observation], state: State, since: float | None = None
) -> Candidates:
    """Sort the unrecorded jobs of these providers. `since` is Unix seconds.

    A job that two provider rows list is one job.
    """
    live = LiveJobs(observations, state)
    taken: list[Job] = []
    passed: list[tuple[Job, str]] = []
    seen: set[tuple[str, float | None]] = set()
    for job in sorted(live.unrecorded, key=_age):
        if (job.id, job.created_at) in seen:
            continue
        seen.add((job.id, job.created_at))
        why = _kept_from(job, state, since)
        if why is None:
            taken.append(job)
        else:
            passed.append((job, why))
    return Candidates(tuple(taken), tuple(passed))


def _kept_from(job: Job, state: State, since: float | None) -> str | None:
    if job.stamp is not None and job.stamp.project == state.project:
        return OUR_MARK
    if job.stamp is not None:
        return f"marked by the ftops project {job.stamp.project}"
    if job.tag is not None and job.stamp is None:
        return "tagged by ftops, in a state that is not this one: take one over with `ftops import NAME ID`"
    if job.status not in WORTH_IT:
        return job.status.value
    if since is None:
        return None
    if job.created_at is None:
        return "without a time of creation"
    return "older than --since" if job.created_at < since else None


def claimed_jobs(
    observations: Mapping[str, Observation], state: State, plan: Plan
) -> Mapping[tuple[str, str], str]:
    """Return the jobs, by provider and id, that could be a declared one's already, with its name.

    Those that the plan is about, that a create in doubt may have become, and that look like what is declared
    and not there: recorded under another name, they would no longer hold that create.
    """
    live = LiveJobs(observations, state)
    found = {(one.provider, one.job_id): one.name for one in plan.changes if one.job_id}
    for name, record in state.fine_tunes.items():
        if record.intent is not None and not record.intent.lapsed:
            answers = live.answering(record.intent.request)
            found |= {(job.provider, job.id): name for job, _ in answers}
    for change in plan.changes:
        if change.provider in observations and _is_missing(change, state):
            model = change.spec.get("model")
            shown = appearance(
                change.spec,
                model if isinstance(model, str) else None,
                state.datasets.get(change.provider, {}),
                observations[change.provider].provider.capabilities,
            )
            likely = live.plausible(change.provider, shown)
            found |= {(job.provider, job.id): change.name for job, _ in likely}
    return found


def _is_missing(change: Change, state: State) -> bool:
    """Return whether a declared training has no job yet: a create of it comes now, or later."""
    record = state.fine_tunes.get(change.name)
    trained = record is not None and record.job is not None and record.job.fingerprint == change.fingerprint
    return change.source is not None and bool(change.spec) and not trained


def _age(job: Job) -> tuple[float, str, str]:
    return job.created_at or 0.0, job.id, job.provider
