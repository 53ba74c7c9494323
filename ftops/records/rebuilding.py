"""A lost state, recreated from the stamps that jobs carry at their providers. Nothing is sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct

from ftops.model.change import Change
from ftops.model.finetune import FineTune
from ftops.model.job import Job, JobStatus, Stamp
from ftops.model.observation import Observation
from ftops.model.plan import Plan
from ftops.model.state import ArchivedRecord, Record, State
from ftops.model.value import replace
from ftops.records.matching import LiveJobs, worth_keeping
from ftops.records.recorded import from_stamp
from ftops.records.settings import with_settings


class Rebuilt(Struct, frozen=True):
    """The state with what was found. `notes` say for each name, for a person, what is recorded."""

    state: State
    notes: tuple[str, ...] = ()


Found = tuple[Stamp, Job]


def rebuilt(
    state: State,
    observations: Mapping[str, Observation],
    fine_tunes: Iterable[FineTune],
    plan: Plan,
    *,
    lost: bool,
) -> Rebuilt:
    """Record every job that is stamped with this project and that no record knows.

    A name that the state knows already is left alone. With `lost` the state is a new one and takes the
    lineage of the newest job, so that later stamps fit the earlier ones. `plan` knows the fingerprints that
    are declared now: where a job trains one of them, the next plan has nothing to do.
    """
    changes = {change.name: change for change in plan.changes if change.source and change.spec}
    declared = {one.name: (one, changes[one.name]) for one in fine_tunes if one.name in changes}
    found = _by_name(LiveJobs(observations, state).unrecorded, state, declared)
    stamps = sorted((job.created_at or 0.0, stamp.lineage) for jobs in found.values() for stamp, job in jobs)
    records, archive, notes = dict(state.fine_tunes), dict(state.archive), []
    for name in sorted(found):
        jobs = sorted(found[name], key=_number)
        if name not in declared and not any(job.status.active for _, job in jobs):
            archive[name] = ArchivedRecord(
                max(stamp.generation for stamp, _ in jobs),
                tuple(from_stamp(one[1]) for one in reversed(jobs)),
            )
            notes.append(f"{name}: {len(jobs)} ended, no longer declared; its models stay known")
            continue
        records[name] = _record(jobs, declared.get(name))
        notes.append(_note(name, records[name], known=name in declared))
    lineage = stamps[-1][1] if lost and stamps else state.lineage
    return Rebuilt(replace(state, lineage=lineage, fine_tunes=records, archive=archive), tuple(notes))


def _by_name(
    jobs: Iterable[Job], state: State, declared: Mapping[str, tuple[FineTune, Change]]
) -> dict[str, list[Found]]:
    """Sort our unrecorded jobs by name; a stamp keeps the name from before a rename."""
    renamed = {
        fine_tune.lifecycle.renamed_from: name
        for name, (fine_tune, _) in declared.items()
        if fine_tune.lifecycle.renamed_from not in (None, *declared)
    }
    found: dict[str, list[Found]] = {}
    for job in jobs:
        stamp = job.stamp
        if stamp is None or stamp.project != state.project:
            continue
        name = renamed.get(stamp.name, stamp.name)
        if name not in state.fine_tunes and name not in state.archive:
            found.setdefault(name, []).append((stamp, job))
    return found


def _record(jobs: list[Found], wanted: tuple[FineTune, Change] | None) -> Record:
    current = _current(jobs, wanted[1] if wanted else None)
    stamp, job = current
    newest = jobs[-1][0]
    record = Record(
        provider=job.provider,
        fingerprint=stamp.fingerprint,
        generation=newest.generation,
        attempt=newest.attempt,
        # Of a training that is not declared any more only the fingerprint is known.
        spec=wanted[1].spec if wanted and wanted[1].fingerprint == stamp.fingerprint else {},
        job=from_stamp(current[1]),
        history=tuple(from_stamp(one[1]) for one in reversed(jobs) if one is not current),
    )
    return with_settings(record, wanted[0]) if wanted else record


def _current(jobs: list[Found], change: Change | None) -> Found:
    """Choose the job that a name stands for: one that trains what is declared, a made model first."""
    fitting = [one for one in jobs if change and one[0].fingerprint == change.fingerprint]
    usable = [one for one in fitting if worth_keeping(one[1])]
    made = [one for one in usable if one[1].status is JobStatus.SUCCEEDED]
    return (made or usable or fitting or jobs)[-1]


def _number(one: Found) -> tuple[int, int, float]:
    stamp, job = one
    return stamp.generation, stamp.attempt, job.created_at or 0.0


def _note(name: str, record: Record, *, known: bool) -> str:
    job = record.job
    text = (
        f"{name}: job {job.id}, {job.status.value}, generation {job.generation}.{job.attempt}"
        if job
        else name
    )
    if len(record.jobs) > 1:
        text += f", and {len(record.jobs) - 1} earlier"
    if not known:
        text += "; NOT DECLARED: the next apply cancels it, unless you declare it or `ftops state rm` it"
    return text
