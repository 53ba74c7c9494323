"""Whether a create's reply can be trusted, and what a list says about one that cannot."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from ftops.applier.context import Context
from ftops.applier.creates import Ready, Sent
from ftops.applier.looking import look_again, with_outcome
from ftops.errors import ProviderError
from ftops.model.job import Job, JobList
from ftops.model.observation import Observation
from ftops.model.value import replace
from ftops.records.intents import Verdict, resolve_intent
from ftops.records.ledger import Ledger
from ftops.records.likeness import said
from ftops.records.matching import LiveJobs


def doubt_about(ready: Ready, job: Job, live: LiveJobs, *, before: bool) -> str | None:
    """Return why a create's reply may be about another job, None for one that can be trusted.

    A gateway may answer with a cached reply, or with another request's. `before`: the job was there before
    the create was sent.
    """
    nonce = job.stamp.nonce if job.stamp else None
    tag, sent = job.tag, ready.request.stamp
    another = nonce is None and tag is not None and sent is not None and tag != sent.tag
    if another or (nonce is not None and nonce != ready.intent.nonce):
        return f"the reply is about another create (job {job.id})"
    if before:
        return f"the reply names job {job.id}, which already existed"
    if nonce is not None:
        return None
    like = live.likeness(ready.intent.provider, ready.intent.known, job)
    if like is None:
        return f"the reply does not show our mark, and job {job.id} trains on a file that was not sent"
    if like.differing:
        return (
            f"the reply does not show our mark, and settings differ from those sent ({said(like.differing)})"
        )
    return None


def named_twice(sent: Iterable[Sent]) -> frozenset[str]:
    """Return the jobs that more than one reply names: a gateway may answer two creates with one reply."""
    named = Counter(one.job.id for one in sent if one.job is not None)
    return frozenset(job_id for job_id, count in named.items() if count > 1)


def looked_up(
    provider: str, doubtful: list[Ready], context: Context, ledger: Ledger
) -> dict[str, Job | None]:
    """List again and settle these creates as the next run would; a job that two could be is nobody's."""
    port, now = context.hands.providers[provider], context.hands.clock.now()
    try:
        listed = port.list_fine_tunes()
    except ProviderError as error:
        listed = JobList((), False, error.message)
    seen = replace(
        context.observations[provider],
        jobs=listed.jobs,
        complete=listed.complete,
        problem=listed.problem,
        listed_at=(now,),
        session=listed.session,
        retrieved=frozenset(),
    )
    live, verdicts = _verdicts(doubtful, seen, context, ledger)
    if thin := live.thin():
        seen = look_again(port, seen, [job_id for _, job_id in thin])
        _, verdicts = _verdicts(doubtful, seen, context, ledger)
    found = {name: verdict for name, verdict in verdicts.items() if isinstance(verdict, Job)}
    claimed = [job.id for job in found.values()]
    return {
        name: with_outcome(port, found[name])
        if name in found and claimed.count(found[name].id) == 1
        else None
        for name in verdicts
    }


def _verdicts(
    doubtful: list[Ready], seen: Observation, context: Context, ledger: Ledger
) -> tuple[LiveJobs, dict[str, Verdict]]:
    state = ledger.snapshot()
    live = LiveJobs({**context.observations, seen.provider.name: seen}, state)
    now = context.hands.clock.now()
    return live, {one.change.name: resolve_intent(one.intent, live, state, now) for one in doubtful}
