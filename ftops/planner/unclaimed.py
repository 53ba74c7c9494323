"""Jobs that are probably ours but not recorded: shown as long as they run, never touched automatically.

Without a mark: a second job for a request of ours, as a gateway makes it that drops the mark and sends a
create twice. With our mark: what a lost or restored state has forgotten.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ftops.model.change import Action, Change, Reason
from ftops.model.finetune import FineTune
from ftops.model.job import Job
from ftops.model.state import SentRequest, State
from ftops.records.matching import LiveJobs
from ftops.records.stake import running_for
from ftops.records.wording import ways_out


def lookalike_strays(
    state: State, fine_tunes: Mapping[str, FineTune], live: LiveJobs, now: float
) -> Iterator[Change]:
    """Yield a hold for each running job without a mark that came after a request and looks like it."""
    shown: set[tuple[str, str]] = set()
    for name, request in _requests(state) if live.any_unmarked else ():
        for job, like in live.answering(request):
            # One that shows nothing about itself could be anybody's: it stops a create, nothing more.
            if not (job.status.active and like.on_file) or (job.provider, job.id) in shown:
                continue
            shown.add((job.provider, job.id))
            record = state.fine_tunes.get(name)
            current = record.job.id if record and record.job else None
            choices = (*((current,) if current else ()), job.id)
            message = (
                f"job {job.id} carries no mark and looks like a second job for a create of {name}; "
                f"{running_for(job, now)}; say which one to keep (the other is cancelled), or that it is "
                f"somebody else's: {ways_out(name, choices, f'--not-mine {job.id}')}"
            )
            yield _hold(name, job, Reason.LOOKALIKE, message, fine_tunes.get(name))


def orphans(fine_tunes: Mapping[str, FineTune], live: LiveJobs, named: frozenset[str]) -> Iterator[Change]:
    """Yield a hold for each running job with this project's mark that no record and no change is about."""
    for job in live.ours():
        if job.stamp is None or not job.status.active or job.id in named:
            continue
        name = job.stamp.name
        message = (
            f"job {job.id} is running with this project's mark but is not recorded: the state may be an "
            "older one (`ftops state rebuild` takes it over); if another state of this project made it, "
            f"`ftops resolve {name} --not-mine {job.id}`"
        )
        yield _hold(name, job, Reason.ORPHAN, message, fine_tunes.get(name))


def _requests(state: State) -> Iterator[tuple[str, SentRequest]]:
    """Yield each request whose answer is known or given up; those in doubt are settled elsewhere."""
    for name, record in state.fine_tunes.items():
        yield from ((name, job.request) for job in record.jobs if job.request)
        yield from ((name, request) for request in record.requests)
        if record.intent is not None and record.intent.lapsed:
            yield name, record.intent.request
    for name, archived in state.archive.items():
        yield from ((name, job.request) for job in archived.jobs if job.request)
        yield from ((name, request) for request in archived.requests)


def _hold(name: str, job: Job, reason: Reason, message: str, fine_tune: FineTune | None) -> Change:
    return Change(
        name=name,
        action=Action.HOLD,
        reason=reason,
        message=message,
        provider=job.provider,
        generation=job.stamp.generation if job.stamp else 0,
        attempt=job.stamp.attempt if job.stamp else 0,
        fingerprint=job.stamp.fingerprint if job.stamp else None,
        job_id=job.id,
        source=fine_tune.source if fine_tune else None,
    )
