"""What became of a create that got no clear answer: its job, nothing, or a doubt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum

from ftops.model.job import Job
from ftops.model.json_value import JSON
from ftops.model.state import Intent, Record, RecordedJob, State
from ftops.model.value import replace
from ftops.records.likeness import alterations
from ftops.records.matching import LiveJobs


class Doubt(StrEnum):
    """Why an intent is still open."""

    SETTLING = "settling"
    AMBIGUOUS = "ambiguous"


Verdict = Job | Intent | tuple[Doubt, tuple[str, ...]]
"""The job that an intent became; the intent, lapsed, if it never arrived; else the doubt, and its jobs."""


def resolve_intent(
    intent: Intent, live: LiveJobs, state: State, now: float, *, repeats: bool = False
) -> Verdict:
    """Find the job that an intent became: the job; the intent, lapsed, if it never arrived; else the doubt.

    Where it `repeats`, it has lapsed as soon as a whole list lacks its job: sent again, it finds it.

    Of several jobs with its nonce the oldest is taken: the others are strays. Where no mark comes back, a
    job is taken only if it alone could be the one and no field differs. Also the look-up after an
    ambiguous create, which therefore follows the same rules.
    """
    observation = live.observations[intent.provider]
    marked = live.with_nonce(intent.provider, intent.nonce)
    if marked:
        return marked[0]
    found = live.answering(intent.request)
    unmarked = not observation.provider.capabilities.stamps or state.unmarked(intent.provider)
    named = _named_in_reply(intent, live)
    if len(found) == 1 and unmarked and observation.complete and not named - {found[0][0].id}:
        job, like = found[0]
        if not like.differing:
            return job
    if intent.lapsed:
        return intent
    if found or named:
        return Doubt.AMBIGUOUS, tuple(dict.fromkeys([*(job.id for job, _ in found), *named]))
    if not observation.complete:
        return Doubt.AMBIGUOUS, ()
    if repeats:
        return replace(intent, lapsed=True, unanswered=True)
    settle_time = observation.provider.settle
    first, lists = intent.absent_since, observation.listed_at
    if first is not None and any(started >= first + settle_time for started in lists) and now > first:
        return replace(intent, lapsed=True)
    return Doubt.SETTLING, ()


def _named_in_reply(intent: Intent, live: LiveJobs) -> set[str]:
    """Return the job that a doubtful answer named, while it is there and nobody's."""
    job = live.get(intent.provider, intent.replied) if intent.replied else None
    return {job.id} if job is not None and job.stamp is None and job in live.unrecorded else set()


def absent(intent: Intent | None, live: LiveJobs, doubt: tuple[Doubt, tuple[str, ...]]) -> Intent | None:
    """Note the first complete list after the settle time that lacked the job; what could be it ends that."""
    if intent is None or intent.lapsed:
        return intent
    kind, found = doubt
    if found:
        return replace(intent, absent_since=None)
    seen = live.observations[intent.provider]
    late = [started for started in seen.listed_at if started > intent.not_after + seen.provider.settle]
    first_time = kind is Doubt.SETTLING and late and intent.absent_since is None
    return replace(intent, absent_since=late[0]) if first_time else intent


def adopt_intent(record: Record, job: Job) -> Record:
    """Record the job that the intent became, under the intent's fingerprint, generation and attempt."""
    intent = record.intent
    if intent is None:
        raise ValueError("there is no intent to adopt a job for")
    made = RecordedJob(
        id=job.id,
        provider=intent.provider,
        fingerprint=intent.fingerprint,
        generation=intent.generation,
        attempt=intent.attempt,
        nonce=intent.nonce,
        status=job.status,
        request=intent.request,
        purchase=intent.purchase,
        likeness=job.stamp is None and not _on_our_file(intent.known),
    ).seen_as(job)
    return replace(
        record,
        provider=intent.provider,
        fingerprint=intent.fingerprint,
        spec=intent.spec,
        generation=max(record.generation, intent.generation),
        attempt=intent.attempt,
        intent=None,
        job=with_alterations(made, job),
        history=record.jobs,
    )


def with_alterations(recorded: RecordedJob, job: Job) -> RecordedJob:
    """Note what the provider shows otherwise than it was sent. A thinner reply does not hide it again."""
    if recorded.request is None or recorded.accepted:
        return recorded
    shown = alterations(recorded.request.known, job)
    if recorded.altered:
        visible = {*job.settings, *(("model",) if job.model else ()), *(("suffix",) if job.suffix else ())}
        shown = (*(one for one in recorded.altered if one.path not in visible), *shown)
    return recorded if shown == recorded.altered else replace(recorded, altered=shown)


def _on_our_file(known: Mapping[str, JSON]) -> bool:
    """Return whether the request trains on files that this project uploaded, and nobody else can name."""
    files = known.get("training_file")
    if not isinstance(files, Sequence) or isinstance(files, str):
        return False
    return any(isinstance(file, Mapping) and file.get("sha256") for file in files)
