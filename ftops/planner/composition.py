"""A decision and its situation in, a Change out: numbers, data, differences, message."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import UNSET

from ftops.model.change import Action, Change, DataUse, FieldDifference, Reason, Then
from ftops.model.dataset import Dataset
from ftops.model.finetune import FineTune
from ftops.model.json_value import JSON
from ftops.model.value import replace
from ftops.planner.decision import Decision
from ftops.planner.difference import differences
from ftops.planner.situation import Situation
from ftops.records.settings import settings_differ, settings_of
from ftops.records.settling import Settled

_UPSTREAM_FINGERPRINT = "model.fingerprint"
"""Where the canonical form of a chain names what it starts from."""


def change_for(
    situation: Situation, decision: Decision, settled: Settled, datasets: Mapping[str, Dataset]
) -> Change:
    """Say one decision as a change, with all that a reviewer and the applier must know."""
    decision = _refined(situation, decision, settled)
    generation, attempt = numbers(situation, decision)
    fine_tune, record = situation.fine_tune, situation.record
    return Change(
        name=situation.name,
        action=decision.action,
        reason=decision.reason,
        message=_why(situation, decision),
        provider=situation.provider.name,
        generation=generation,
        attempt=attempt,
        fingerprint=situation.fingerprint if fine_tune else record.fingerprint if record else None,
        job_id=decision.job_id,
        cancel_first=decision.cancel_first,
        spec=situation.spec or (record.spec if record else {}),
        data=data_uses(fine_tune, datasets) if fine_tune else (),
        differences=_differences(situation, decision),
        depends_on=(fine_tune.upstream,) if fine_tune and fine_tune.upstream else (),
        source=fine_tune.source if fine_tune else None,
        labels=fine_tune.labels if fine_tune else record.labels if record else {},
        then=_then(situation, decision.then, datasets),
        extras=_extras(situation, datasets) if decision.action.creates else {},
        queue=decision.queue or UNSET,
        problems=situation.problems if decision.reason is Reason.INVALID_DATA else (),
    )


def _extras(situation: Situation, datasets: Mapping[str, Dataset]) -> Mapping[str, JSON]:
    """Return what goes with a create beside its spec; to an engine the bytes of each data file, too."""
    provider, fine_tune = situation.provider, situation.fine_tune
    if provider.package_limit is None or fine_tune is None:
        return provider.extras
    sent: dict[str, JSON] = dict(provider.extras)
    for role, file in fine_tune.data_files:
        dataset = datasets.get(file.path or "")
        if dataset is not None:
            large = dataset.bytes > provider.package_limit
            how = f", not sent: nodes read it under {provider.data_place}" if large else ""
            sent[f"{role} data"] = f"{dataset.bytes:,} bytes, sha256:{dataset.file_sha256[:12]}{how}"
    return sent


def numbers(situation: Situation, decision: Decision) -> tuple[int, int]:
    """Return the generation and attempt that a create gets, or that the thing acted on has.

    A create that certainly never arrived is made again under its own numbers; no number serves twice
    otherwise, and a generation never falls.
    """
    record, job = situation.record, situation.job
    if decision.action is Action.ADOPT:
        for earlier in situation.earlier_jobs:
            if earlier.id == decision.job_id:
                return earlier.generation, earlier.attempt
        for live in (*situation.twins, *situation.stamped):
            if live.id == decision.job_id and live.stamp:
                return live.stamp.generation, live.stamp.attempt
    if not decision.action.creates:
        return (job.generation, job.attempt) if job else (situation.highest_generation, 0)
    if (
        record is not None
        and record.intent is not None
        and record.intent.fingerprint == situation.fingerprint
    ):
        return record.intent.generation, record.intent.attempt
    newest = job is not None and job.generation == situation.highest_generation
    if decision.next_attempt and newest and record is not None:
        return record.generation, record.attempt + 1
    return situation.highest_generation + 1, 1


def _then(situation: Situation, following: Decision | None, datasets: Mapping[str, Dataset]) -> Then | None:
    if following is None or situation.fine_tune is None:
        return None
    generation, attempt = numbers(situation, following)
    return Then(
        action=following.action,
        reason=following.reason,
        message=_why(situation, following),
        generation=generation,
        attempt=attempt,
        data=data_uses(situation.fine_tune, datasets),
    )


def _why(situation: Situation, decision: Decision) -> str:
    """Say so where the fine-tune itself has not changed but what it starts from has."""
    upstream = situation.fine_tune.upstream if situation.fine_tune else None
    if decision.action is not Action.CREATE or decision.reason is not Reason.CHANGED or upstream is None:
        return decision.message
    if {one.path for one in _differences(situation, decision)} != {_UPSTREAM_FINGERPRINT}:
        return decision.message
    model = situation.job.fine_tuned_model if situation.job else None
    stays = f"; the model {model} stays" if model else ""
    return f"its base model, made by {upstream}, changes{stays}"


def _refined(situation: Situation, decision: Decision, settled: Settled) -> Decision:
    """Turn a keep into what it is when the state has to learn something."""
    record, fine_tune = situation.record, situation.fine_tune
    if decision.reason is Reason.RESTORED and situation.name in settled.taken_over:
        old = settled.taken_over[situation.name]
        return replace(decision, message=f"{decision.message}; it was trained as {old}, which was removed")
    if decision.action is not Action.KEEP or record is None or fine_tune is None:
        return decision
    if situation.name in settled.adopted:
        message = f"job {decision.job_id} was created by an earlier run whose record was lost"
        return replace(decision, action=Action.ADOPT, reason=Reason.LOST_REPLY, message=message)
    if situation.name in settled.renamed:
        message = f"renamed from {settled.renamed[situation.name]}; nothing is trained"
        return replace(decision, action=Action.UPDATE, reason=Reason.RENAMED, message=message)
    if situation.name in settled.taken_over:
        old = settled.taken_over[situation.name]
        message = f"renamed from {old}, which trains the same thing; nothing is paid for"
        return replace(decision, action=Action.ADOPT, reason=Reason.RENAMED, message=message)
    if situation.name in settled.at_former:
        before = settled.at_former[situation.name]
        message = f"provider {before} is now called {situation.provider.name}; nothing is trained"
        return replace(decision, action=Action.UPDATE, reason=Reason.RENAMED, message=message)
    if settings_differ(record, fine_tune):
        return replace(
            decision,
            action=Action.UPDATE,
            reason=Reason.SETTINGS,
            message="only settings differ; nothing is trained",
        )
    return decision


def _differences(situation: Situation, decision: Decision) -> tuple[FieldDifference, ...]:
    record, fine_tune = situation.record, situation.fine_tune
    if record is None or fine_tune is None:
        return ()
    if decision.action is Action.UPDATE:
        return differences(settings_of(record), settings_of(fine_tune))
    if situation.same or situation.spec is None or situation.unread:
        return ()
    return differences(record.spec, situation.spec)


def data_uses(fine_tune: FineTune, datasets: Mapping[str, Dataset]) -> tuple[DataUse, ...]:
    """Return what a fine-tune trains on, as a change shows it."""
    uses = []
    for role, file in fine_tune.data_files:
        if file.path is None:
            uses.append(DataUse(role, file_id=file.file_id))
            continue
        url = file.remote.url if file.remote is not None else None
        dataset = datasets.get(file.path)
        if dataset is None:
            uses.append(DataUse(role, file.path, url=url))
            continue
        content = dataset.file_sha256, dataset.bytes, dataset.examples
        uses.append(DataUse(role, file.path, None, *content, url))
    return tuple(uses)
