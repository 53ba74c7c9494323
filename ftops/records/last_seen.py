"""What can be said of jobs that nobody asks for: as the state last saw them, or as assumed. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from msgspec import UNSET

from ftops.model.change import Change
from ftops.model.finetune import FineTune
from ftops.model.job import Job, JobStatus
from ftops.model.observation import Observation, ProviderFacts
from ftops.model.state import Record, RecordedJob, State
from ftops.model.value import replace
from ftops.records.desired import DesiredSet
from ftops.records.provider_names import follow_providers, renames
from ftops.records.settings import with_settings

_ASSUMED = "(unknown)"
"""The job, and the model, of a fine-tune that is taken for trained: shown to nobody."""


def as_last_seen(state: State, facts: Mapping[str, ProviderFacts]) -> Mapping[str, Observation]:
    """Return each provider as it would look if nothing had happened since the state was written.

    No list was made: so a create that is in doubt stays in doubt.
    """
    present = follow_providers(state, renames(facts.values()))
    jobs: dict[tuple[str, str], Job] = {}
    for job in _jobs(present):
        if job.missing_since is None:
            jobs.setdefault((job.provider, job.id), _shown(job))
    return {
        name: Observation(
            one, tuple(job for (at, _), job in jobs.items() if at == name), session=present.session(name)
        )
        for name, one in facts.items()
    }


def all_trained(empty: State, desired: DesiredSet) -> State:
    """Return the state in which everything that is declared has been trained, as far as it can be read."""
    records = {name: _trained(one, desired) for name, one in desired.comparable.items()}
    return replace(empty, fine_tunes=records)


def without_assumed(changes: Iterable[Change]) -> tuple[Change, ...]:
    """Return the changes without the jobs and models that were only assumed."""
    return tuple(_honest(change) for change in changes)


def _honest(change: Change) -> Change:
    if change.job_id is not None and change.job_id.startswith(_ASSUMED):
        change = replace(change, job_id=None)
    if change.serves == _ASSUMED:
        change = replace(change, serves=UNSET)
    then = change.then
    if then is not None and _ASSUMED in then.message:
        change = replace(change, then=replace(then, message=_unnamed(then.message)))
    return replace(change, message=_unnamed(change.message)) if _ASSUMED in change.message else change


def _unnamed(message: str) -> str:
    return message.replace(f"the model {_ASSUMED} stays", "its last model stays")


def _trained(fine_tune: FineTune, desired: DesiredSet) -> Record:
    fingerprint = desired.fingerprint(fine_tune.name)
    job = RecordedJob(
        f"{_ASSUMED} {fine_tune.name}", fine_tune.provider, fingerprint, 1, 1, None, JobStatus.SUCCEEDED,
        fine_tuned_model=_ASSUMED,
    )  # fmt: skip
    record = Record(fine_tune.provider, fingerprint, 1, 1, desired.spec(fine_tune.name), job=job)
    return with_settings(record, fine_tune)


def _jobs(state: State) -> Iterator[RecordedJob]:
    for record in state.fine_tunes.values():
        yield from record.jobs
    for entry in state.archive.values():
        yield from entry.jobs


def _shown(job: RecordedJob) -> Job:
    return Job(
        job.id,
        job.provider,
        job.status,
        model=job.model,
        fine_tuned_model=job.fine_tuned_model,
        created_at=job.created_at,
        finished_at=job.finished_at,
        trained_tokens=job.trained_tokens,
        error=job.error,
        result=job.result,
    )
