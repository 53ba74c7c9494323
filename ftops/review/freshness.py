"""What a saved plan is bound to, and what is left of it when the world is looked at again. Pure.

A saved plan is never carried out itself: it bounds what may be done of a new plan, made under the lock.
A job that merely went on (running -> succeeded) leaves it valid; so does its own half-done work.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct, to_builtins

from ftops.model.change import INVALID_INPUT_REASONS, RESTING_REASONS, Action, Change, Reason
from ftops.model.dataset import Dataset
from ftops.model.finetune import FineTune
from ftops.model.fingerprint import digest
from ftops.model.json_value import JSON, JSONObject
from ftops.model.plan import Plan
from ftops.model.planning import Planning
from ftops.model.project import ProviderSettings
from ftops.model.state import Record, RecordedJob, State
from ftops.model.value import replace

_NO_RECORD = "(no record)"

_LATER = frozenset(
    {
        Reason.SETTLING,
        Reason.PROVIDER_LIMIT,
        Reason.NOT_READY,
        Reason.STUCK,
        Reason.BILLING,
        Reason.BACKOFF,
        Reason.LOOKALIKE_IN_FLIGHT,
        Reason.CANCELLING,
        Reason.AMBIGUOUS_CREATE,
    }
)
"""Reasons for which a planned create has to wait although the plan still holds."""
_FOR_ALL = RESTING_REASONS | {Reason.FREEZE}
"""Reasons for which any step may have to."""


class Declared(Struct, frozen=True):
    """The declarations that a plan is bound to; `everything` is False when it is about some names only."""

    fine_tunes: tuple[FineTune, ...]
    datasets: Mapping[str, Dataset]
    providers: Mapping[str, ProviderSettings]
    everything: bool = True


class Rest(Struct, frozen=True):
    """What is left of a saved plan.

    `changes` are those of the new plan that may be carried out and, for the same names, those that only
    report a status; `done` counts the saved ones that are done already. `moved` says why the plan is stale:
    then nothing may be done.
    """

    changes: tuple[Change, ...] = ()
    done: int = 0
    moved: tuple[str, ...] = ()


def bindings(plan: Plan, declared: Declared, state: State) -> JSONObject:
    """Return what a saved plan depends on: manifests, data, providers by digest, records in words."""
    names = {change.name for change in plan.changes}
    chosen = [
        fine_tune for fine_tune in declared.fine_tunes if declared.everything or fine_tune.name in names
    ]
    files = {file.path for fine_tune in chosen for _, file in fine_tune.data_files if file.path}
    used = {change.provider for change in plan.effective_changes} & declared.providers.keys()
    return {
        "manifests": {fine_tune.name: _declaration(fine_tune) for fine_tune in chosen},
        "data": {path: _file_digest(path, declared) for path in sorted(files)},
        "providers": {name: account_of(declared.providers[name]) for name in sorted(used)},
        "records": {change.name: _record_words(change.name, state) for change in plan.effective_changes},
    }


def declares(declared: Declared) -> str:
    """Return the digest of everything that is declared: two commits of the same one want the same.

    About 0.2 ms a fine-tune, so it is asked for only where commits differ.
    """
    return digest(
        {
            "manifests": {fine_tune.name: _declaration(fine_tune) for fine_tune in declared.fine_tunes},
            "data": {path: dataset.sha256 for path, dataset in declared.datasets.items()},
            "providers": {name: account_of(settings) for name, settings in declared.providers.items()},
        }
    )


def rest(saved: Plan, new: Planning, declared: Declared) -> Rest:
    """Compare a saved plan with a new one for the same names. Adopting a planned create is always allowed."""
    now = bindings(replace(saved, bindings={}), declared, new.state)
    moved = list(_moved_bindings(saved, new.plan, now))
    by_name: dict[str, list[Change]] = {}
    for change in new.plan.changes:
        by_name.setdefault(change.name, []).append(change)
    allowed: list[Change] = []
    done = 0
    for planned in saved.effective_changes:
        candidates = by_name.get(planned.name, [])
        found = next((change for change in candidates if _covers(planned, change)), None)
        if found is not None:
            allowed.append(found)
        elif _is_done(planned, candidates, new.state):
            done += 1
        elif not _postponed(planned, candidates):
            moved.append(_words(planned, candidates, saved, now))
    # What is to follow is no step of this apply, and counts in its limits. Data that has to be corrected
    # decides its exit code, or a pipeline that plans and applies would never fail for it.
    names = {
        planned.name
        for planned in saved.changes
        if planned.action.effective or planned.then or planned.reason in INVALID_INPUT_REASONS
    }
    changes = tuple(
        change
        for change in new.plan.changes
        if change in allowed or (change.name in names and not change.action.effective)
    )
    return Rest(changes, done, tuple(moved))


def _postponed(planned: Change, now: Iterable[Change]) -> bool:
    """Return whether the step still holds and has to wait: a create for its turn, any for one of these."""
    reasons = {change.reason for change in now}
    return bool(reasons & _FOR_ALL or (planned.action.creates and reasons & _LATER))


def _moved_bindings(saved: Plan, new: Plan, now: JSONObject) -> Iterator[str]:
    if saved.lineage != new.lineage:
        yield "the plan was made from a different state"
    for kind, text in (
        ("manifests", "the manifest of {} has changed"),
        ("data", "{} has changed"),
        ("providers", "provider {} of ftops.yaml has changed"),
    ):
        before, after = _section(saved.bindings, kind), _section(now, kind)
        for name in sorted(before.keys() | after.keys()):
            if name not in before:
                yield f"{name} was added"
            elif name not in after:
                yield f"{name} was removed"
            elif before[name] != after[name]:
                yield text.format(name)


def _covers(planned: Change, change: Change) -> bool:
    """Return whether approving the one allows the other: the same step, or what is left of it."""
    if (planned.provider, planned.fingerprint) != (change.provider, change.fingerprint):
        return False
    numbers = (planned.generation, planned.attempt) == (change.generation, change.attempt)
    same_job = planned.job_id == change.job_id
    match planned.action, change.action:
        case (Action.CREATE, Action.CREATE) | (Action.REPLACE, Action.CREATE):
            return numbers
        case Action.CREATE | Action.REPLACE, Action.ADOPT:
            return numbers and change.cancel_first is None
        case Action.ADOPT, Action.ADOPT:
            return same_job and numbers and change.cancel_first in (None, planned.cancel_first)
        case Action.REPLACE, Action.REPLACE:
            return same_job and numbers
        case Action.CANCEL, Action.FORGET:
            return same_job
        case before, after:
            return before is after and same_job


def _is_done(planned: Change, now: Iterable[Change], state: State) -> bool:
    """Return whether the step has been taken, by an earlier apply of the same plan or by anybody."""
    record = state.fine_tunes.get(planned.name)
    match planned.action:
        case Action.CREATE | Action.REPLACE if any(change.action.creates for change in now):
            # It was made once, and is no longer what the name refers to.
            return False
        case Action.CREATE | Action.REPLACE:
            numbers = (planned.generation, planned.attempt, planned.fingerprint)
            if record is not None and _was_refused(record, numbers):
                return True
            return any(
                (job.generation, job.attempt, job.fingerprint) == numbers
                for job in _jobs(planned.name, state)
            )
        case Action.CANCEL:
            return any(
                job.id == planned.job_id and (job.cancel_accepted is not None or not job.status.active)
                for job in _jobs(planned.name, state)
            )
        case Action.FORGET:
            return record is None
        case Action.ADOPT:
            return record is not None and record.job is not None and record.job.id == planned.job_id
        case _:
            return record is not None and not any(change.action.effective for change in now)


def _was_refused(record: Record, numbers: tuple[int, int, str | None]) -> bool:
    """Return whether the provider refused just this create for good: then the step was taken, in vain."""
    intent, refusal = record.intent, record.refused
    if intent is None or refusal is None or refusal.passing:
        return False
    return (intent.generation, intent.attempt, intent.fingerprint) == numbers


def _jobs(name: str, state: State) -> tuple[RecordedJob, ...]:
    record, archived = state.fine_tunes.get(name), state.archive.get(name)
    return (*(record.jobs if record else ()), *(archived.jobs if archived else ()))


def _words(planned: Change, now: list[Change], saved: Plan, bound: JSONObject) -> str:
    before = _section(saved.bindings, "records").get(planned.name, _NO_RECORD)
    after = _section(bound, "records").get(planned.name, _NO_RECORD)
    said = f"{planned.name} was to {planned.action.value}"
    if now:
        said += f" and is now {now[0].action.value}: {now[0].message}"
    else:
        said += " and is neither declared nor recorded now"
    return f"{said} (its record was {before}, now {after})" if before != after else said


def _section(bound: JSONObject, kind: str) -> Mapping[str, JSON]:
    section = bound.get(kind)
    return section if isinstance(section, Mapping) else {}


def _declaration(fine_tune: FineTune) -> str:
    """Name a declaration by what it says; the file it is in is not part of it."""
    return digest({key: value for key, value in to_builtins(fine_tune).items() if key != "source"})


def _file_digest(path: str, declared: Declared) -> str | None:
    """Return the digest of a file's bytes, None where it could not be read."""
    dataset = declared.datasets.get(path)
    return dataset.file_sha256 if dataset else None


def account_of(settings: ProviderSettings) -> str:
    """Name an account by what ftops.yaml says about it; references stay references."""
    says = to_builtins(settings)
    # Only some formats have keys of their own; without any, an account is named as it was before there were.
    own = {"own": says["own"]} if settings.own else {}
    return digest({**{key: says[key] for key in _ACCOUNT}, **own})


_ACCOUNT = ("dialect", "base_url", "api_key", "organization", "project", "headers", "query", "body")


def _record_words(name: str, state: State) -> str:
    record = state.fine_tunes.get(name)
    if record is None:
        return _NO_RECORD
    return f"{record.generation}.{record.attempt}, job {record.job.id if record.job else 'none'}"
