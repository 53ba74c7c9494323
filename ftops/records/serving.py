"""Which model of a fine-tune serves, and whether it is the declared one: from records alone. Pure.

What was trained goes on serving whatever is tried after it: during a retraining, after a failed one, and
after a revert, where the old job is recorded again and so is the newest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct, field

from ftops.errors import Problem
from ftops.model.job import JobStatus
from ftops.model.json_value import JSONObject
from ftops.model.state import Record, RecordedJob, State
from ftops.records.desired import DesiredSet
from ftops.records.wording import invalid_data


class Output(Struct, frozen=True):
    """The model of a fine-tune that serves. `current`: it was trained from what is declared.

    `result` is what its trainer told of the training.
    """

    name: str
    model: str
    provider: str
    job_id: str
    generation: int
    current: bool
    result: JSONObject = field(default_factory=dict)


class Lack(Struct, frozen=True):
    """Why there is no model, or none of what is declared now; and what to do about it."""

    why: str
    hint: str


class Serving(Struct, frozen=True):
    """The models that serve, by name, and every name with what it lacks for a current one.

    The declarations of the `assumed` names could not be read: their models are compared with what was
    applied last.
    """

    outputs: Mapping[str, Output]
    lacks: Mapping[str, Lack]
    assumed: frozenset[str] = frozenset()


def serving(
    state: State, desired: DesiredSet, problems: Mapping[str, Sequence[Problem]], *, whole: bool
) -> Serving:
    """Return what serves of each recorded or declared name; `problems` are those of its data.

    With `whole`, what `desired` lacks is declared no more; else it may be in a manifest that was not read.
    """
    names = sorted({*state.fine_tunes, *desired.fine_tunes})
    outputs: dict[str, Output] = {}
    lacks: dict[str, Lack] = {}
    assumed: set[str] = set()
    for name in names:
        record = state.fine_tunes.get(name)
        if name in desired.unread or not (whole or name in desired):
            assumed.add(name)
        wanted = _wanted(name, record, desired, assumed=name in assumed)
        job = serving_job(record) if record else None
        if job is not None and job.fine_tuned_model:
            current = job.fingerprint in wanted
            outputs[name] = Output(
                name, job.fine_tuned_model, job.provider, job.id, job.generation, current, job.result
            )
        if job is None or not outputs[name].current:
            lacks[name] = _lack(name, record, wanted, problems.get(name, ()))
    return Serving(outputs, lacks, frozenset(assumed))


def serving_job(record: Record) -> RecordedJob | None:
    """Return the recorded job where it has made a model, else the one recorded last before it that has.

    History is in the order of being recorded, the newest first, with strays behind: those were stopped, and
    never stood for the fine-tune. They carry neither a nonce nor a person's word.
    """
    earlier = (job for job in record.history if job.nonce is not None or job.accepted)
    candidates = (*((record.job,) if record.job else ()), *earlier)
    return next((job for job in candidates if _serves(job)), None)


def unfinished(record: Record) -> bool:
    """Return whether the provider may know of a model that the record does not."""
    job = record.job
    if job is None or job.detached:
        return False
    return job.status.active or (job.status is JobStatus.SUCCEEDED and not job.fine_tuned_model)


def _serves(job: RecordedJob) -> bool:
    made = job.status is JobStatus.SUCCEEDED and bool(job.fine_tuned_model)
    return made and not job.detached and not job.altered


def _wanted(name: str, record: Record | None, desired: DesiredSet, *, assumed: bool) -> frozenset[str]:
    """Return the fingerprints of what is declared; where that is unknown, of what was applied last."""
    if name in desired.comparable:
        return frozenset({desired.fingerprint(name)})
    if record is None or not assumed:
        return frozenset()
    return frozenset({record.intent.fingerprint if record.intent else record.fingerprint})


def _lack(name: str, record: Record | None, wanted: frozenset[str], problems: Sequence[Problem]) -> Lack:
    if problems and (record is None or record.fingerprint not in wanted):
        return Lack(invalid_data(problems, None), "see `ftops validate`")
    if record is None:
        return Lack("it has not been created yet", "create it with `ftops apply`")
    if not wanted:
        return Lack("it is no longer declared", "`ftops outputs` without --current shows what serves")
    intent = record.intent
    if intent is not None and intent.fingerprint in wanted:
        return _of_intent(name, record)
    if record.fingerprint not in wanted:
        return Lack("what is declared has not been applied yet", "see `ftops plan`")
    return _of_job(name, record.job)


def _of_intent(name: str, record: Record) -> Lack:
    if record.refused is not None:
        return Lack(f"the provider refused its create: {record.refused}", f"see `ftops status {name}`")
    return Lack("it is not known whether its create arrived", f"see `ftops status {name}`")


def _of_job(name: str, job: RecordedJob | None) -> Lack:
    if job is None:
        return Lack("it has not been created yet", "create it with `ftops apply`")
    if job.altered:
        return Lack(
            f"job {job.id} trains, or has trained, with settings that differ from those sent",
            f"see `ftops status {name}`",
        )
    if job.status.active:
        return Lack(f"job {job.id} is {job.status.value}", "wait for it with `ftops apply --wait`")
    if job.status is JobStatus.SUCCEEDED:
        return Lack(f"the provider names no model for job {job.id}", f"see `ftops events {name}`")
    said = f": {job.error}" if job.error else ""
    ended = "has failed" if job.status is JobStatus.FAILED else "was cancelled"
    return Lack(f"job {job.id} {ended}{said}", f"see `ftops events {name}`")
