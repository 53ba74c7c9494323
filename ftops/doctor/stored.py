"""What is stored: the state, the commit it was applied from, its lock, and creates in doubt."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping, Sequence

from ftops.model.check import Check, Verdict
from ftops.model.commit import Commit
from ftops.model.job import Job
from ftops.model.state import State
from ftops.records.tags import jobs_with_marks
from ftops.report.words import counted


def state_check(location: str, state: State, *, exists: bool) -> Check:
    """Judge a state that could be read."""
    if not exists:
        return Check("state", Verdict.OK, f"there is none at {location} yet; the first apply creates it")
    records = counted(len(state.fine_tunes), "record")
    message = f"{location} can be read: serial {state.serial}, {records}, lineage {state.lineage}"
    return Check("state", Verdict.OK, message)


def unwritable_check(location: str, why: str | None) -> Iterator[Check]:
    """Find a state that can be read alone. `why` is the store's reason, None where nothing speaks against."""
    if why:
        hint = "fix it before the next apply, which would refuse"
        yield Check("state", Verdict.FAIL, f"{location} cannot be written: {why}", hint)


def commit_checks(commit: Commit | None, applied: Commit | None, *, older: bool) -> Iterator[Check]:
    """Compare the checkout with what the state was last applied from; without Git there are no commits."""
    last = f"the state was last applied from {applied}"
    if commit is None and applied is not None:
        following = "install git, or let it trust this directory (git config safe.directory)"
        yield Check(
            "commit", Verdict.WARN, f"git cannot determine which commit is checked out; {last}", following
        )
    elif older:
        yield Check("commit", Verdict.WARN, f"{commit} is older; {last}", "pull before the next apply")
    elif commit is not None:
        yield Check("commit", Verdict.OK, f"{commit}; {last}" if applied else str(commit))


def lock_check(holder: str | None, since: float, now: float, *, alive: bool | None) -> Check:
    """Judge the lock. `alive` is about a process of this host; None where it is unknown."""
    if holder is None:
        return Check("lock", Verdict.OK, "nobody holds it")
    message = f"held by {holder} since {moment(since)}, {age(now - since)}"
    if alive is False:
        hint = "end the processes that run left behind, which frees the lock; a lease ends by itself"
        return Check("lock", Verdict.WARN, f"{message}; that process is dead", hint)
    return Check("lock", Verdict.WARN, message, "wait for that run to end; if it hangs, end its process")


def intent_checks(
    state: State, settles: Mapping[str, float], seen: Mapping[str, Collection[Job]], now: float
) -> Iterator[Check]:
    """Report for each create in doubt since when, until when, and how a person settles it.

    `settles` is each provider's settle time in seconds, `seen` some of its jobs.
    """
    pending = [(name, record.intent) for name, record in sorted(state.fine_tunes.items()) if record.intent]
    doubtful = [(name, intent) for name, intent in pending if not intent.lapsed]
    for name, intent in doubtful:
        until = intent.not_after + settles.get(intent.provider, 0.0)
        shown = jobs_with_marks(seen.get(intent.provider, ()), state)
        found = [job for job in shown if job.stamp and job.stamp.nonce == intent.nonce]
        message = (
            f"a create at {intent.provider} is in doubt since {moment(intent.created_at)}; "
            f"its job may turn up until {moment(until)}"
        )
        yield Check("intent", Verdict.WARN, message, _settling(name, found, over=now > until), name)
    if not doubtful:
        yield Check("intent", Verdict.OK, "no create is in doubt")


def _settling(name: str, found: Sequence[Job], *, over: bool) -> str:
    if found:
        job = found[0].id
        return f"the next `ftops apply` adopts job {job}, or now: `ftops resolve {name} --job {job}`"
    given_up = (
        f"or `ftops resolve {name} --never-arrived` once you have seen that the provider has no such job"
    )
    first = "`ftops plan` looks again" if over else "wait: each plan looks for it"
    return f"{first}; by hand `ftops resolve {name} --job ID`, {given_up}"


def moment(seconds: float) -> str:
    """Write a time (Unix seconds) so that it means the same everywhere."""
    try:
        return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds))
    except (OverflowError, ValueError, OSError):
        return f"second {seconds:g}"


def age(seconds: float) -> str:
    """Write how long ago something was, in its largest unit."""
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= size:
            return f"{counted(int(seconds // size), unit)} ago"
    return f"{counted(max(0, int(seconds)), 'second')} ago"
