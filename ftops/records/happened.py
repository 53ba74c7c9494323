"""What has happened, from the state alone: the transitions that were observed, and what records know."""

from __future__ import annotations

from collections.abc import Iterator

from ftops.model.state import RecordedJob, State
from ftops.model.transition import LONGEST_MESSAGE, Transition, TransitionKind
from ftops.model.value import replace
from ftops.records.standing import ENDED, jobs_of

_MADE = frozenset({TransitionKind.CREATED, TransitionKind.REPLACED, TransitionKind.ADOPTED})
_OF_JOBS = _MADE | frozenset(ENDED.values())


def happened(state: State, name: str | None = None) -> tuple[Transition, ...]:
    """Return what has happened to one fine-tune, or to all and the project, the oldest first.

    Only the newest transitions are kept; of what came before them the records still know when each job was
    made and how it ended. Their times are the provider's, those of transitions when a run first saw them.
    """
    observed = [one for one in state.events if name is None or one.name == name]
    told = {(one.job_id, one.kind in _MADE) for one in observed if one.kind in _OF_JOBS}
    older = [
        one
        for owner, job in jobs_of(state)
        if name is None or owner == name
        for one in _of_job(owner, job)
        if (one.job_id, one.kind in _MADE) not in told
    ]
    return tuple(sorted((*older, *observed), key=lambda one: one.at))


def _of_job(name: str, job: RecordedJob) -> Iterator[Transition]:
    bought = job.purchase
    made = job.created_at if job.created_at is not None else bought.at if bought else None
    about = Transition(
        0, TransitionKind.CREATED, "", name, provider=job.provider, job_id=job.id, generation=job.generation
    )
    if made is not None:
        kind = TransitionKind.CREATED if bought else TransitionKind.ADOPTED
        words = f"job {job.id} was created: generation {job.generation}, attempt {job.attempt}"
        yield _at(about, made, kind, words, job)
    ended = ENDED.get(job.status)
    if ended is not None and job.finished_at is not None:
        model = f": its model is {job.fine_tuned_model}" if job.fine_tuned_model else ""
        why = f": {job.error}" if job.error else model
        yield _at(about, job.finished_at, ended, f"job {job.id} has ended as {job.status.value}{why}", job)


def _at(about: Transition, at: float, kind: TransitionKind, words: str, job: RecordedJob) -> Transition:
    bought = job.purchase if kind in _MADE else None
    who = (bought.commit, bought.by) if bought else (None, None)
    return replace(about, at=at, kind=kind, message=words[:LONGEST_MESSAGE], commit=who[0], by=who[1])
