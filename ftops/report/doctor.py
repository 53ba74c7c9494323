"""What a look at a project's surroundings found: verdicts, and the one next step for each."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any

from msgspec import Struct, to_builtins

from ftops.errors import (
    Ambiguous,
    Forbidden,
    FtopsError,
    InvalidInput,
    NotSent,
    ProviderError,
    RateLimited,
    Unauthorized,
)
from ftops.model.commit import Commit
from ftops.model.job import Job, JobList
from ftops.model.project import EMULATOR_SCHEME, EnvReference, ProviderSettings
from ftops.model.state import State
from ftops.model.value import replace
from ftops.records.accounts import one_account, shared_accounts
from ftops.report.words import Styler, counted, plain, printable

MOST_SKEW_SECONDS = 30.0
"""Deadlines of creates and leases are compared across machines: a clock further off breaks them."""

_OK_STATUSES = range(200, 300)
_REDIRECTS = range(300, 400)
_NOT_FOUND = 404
_FORBIDDEN = 403


class Verdict(StrEnum):
    """How bad it is. Only `fail` makes the exit code 1."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Check(Struct, frozen=True):
    """One thing that was looked at: `check` is a stable word, `subject` which one of several it is about."""

    check: str
    verdict: Verdict
    message: str
    next: str | None = None
    subject: str | None = None


def render_checks(checks: Sequence[Check], style: Styler = plain) -> str:
    """Write a line a check, and the count."""
    roles = {Verdict.OK: "dim", Verdict.WARN: "bold", Verdict.FAIL: "error"}
    lines = []
    for one in checks:
        subject = f" {one.subject}" if one.subject else ""
        following = f"  - {one.next}" if one.next else ""
        verdict = style(f"{one.verdict.value:<4}", roles[one.verdict])
        lines.append(f"{verdict}  {printable(f'{one.check}{subject}: {one.message}{following}')}")
    count = _count(checks)
    summary = f"{counted(len(checks), 'check')}: {', '.join(f'{n} {name}' for name, n in count.items())}."
    return "\n".join([*lines, style(summary, "bold")]) + "\n"


def checks_document(checks: Sequence[Check]) -> dict[str, Any]:
    """Write the checks as data."""
    return {"checks": [to_builtins(one) for one in checks], "summary": _count(checks)}


def failed(check: str, error: FtopsError, subject: str | None = None) -> Iterator[Check]:
    """Make a failed check of each problem in an error."""
    for problem in error.problems:
        place = ":".join(str(part) for part in (problem.file, problem.line, problem.column) if part)
        where = " ".join(part for part in (place, problem.path) if part)
        message = f"{where}: {problem.message}" if where else problem.message
        yield Check(check, Verdict.FAIL, message, problem.hint, subject)


UNUSED = "no fine-tune and no record uses it"


def lenient(check: Check, *, used: bool) -> Check:
    """Only warn of what is wrong with a provider that nothing uses: it is in nobody's way."""
    if used or check.verdict is not Verdict.FAIL:
        return check
    return replace(check, verdict=Verdict.WARN, message=f"{check.message}; {UNUSED}")


def account_checks(seen: Mapping[str, Collection[Job]]) -> Iterator[Check]:
    """Find rows that are one account: what one makes, the other shows too."""
    for names, job_id in shared_accounts(seen):
        hint = f"keep one of them, with `renamed_from: {names[1]}` where the other one has made jobs"
        yield Check("account", Verdict.WARN, one_account(names, job_id), hint, names[0])


def key_checks(providers: Iterable[ProviderSettings], environ: Mapping[str, str]) -> Iterator[Check]:
    """Tell of each variable whether it is set. Its value is looked at, and never part of a message."""
    for settings in providers:
        fields = {
            "base_url": settings.base_url,
            "api_key": settings.api_key,
            "organization": settings.organization,
            "project": settings.project,
            **{f"headers.{name}": value for name, value in settings.headers.items()},
        }
        references = [(name, value) for name, value in fields.items() if isinstance(value, EnvReference)]
        for field, reference in references:
            value = environ.get(reference.env)
            if value:
                message = f"{reference.env} is set ({field})"
                yield Check("key", Verdict.OK, message, None, settings.name)
                continue
            state = "is empty" if value == "" else "is not set"
            message = f"environment variable {reference.env} {state} ({field})"
            yield Check("key", Verdict.FAIL, message, f"export {reference.env}=...", settings.name)
        if not references:
            embedded = str(settings.base_url).startswith(EMULATOR_SCHEME)
            words = "the embedded emulator takes any" if embedded else "no variable is referenced"
            yield Check("key", Verdict.OK, words, None, settings.name)


def reachable(name: str, page: JobList) -> Check:
    """Judge a first page that came."""
    if page.problem:
        hint = "the dialect may be the wrong one for this address; nothing is created or cancelled there"
        return Check("provider", Verdict.WARN, f"answers, but {page.problem}", hint, name)
    more = "" if page.complete else " on the first page"
    return Check("provider", Verdict.OK, f"answers; {counted(len(page.jobs), 'job')}{more}", None, name)


def unreachable(settings: ProviderSettings, error: FtopsError) -> Check:
    """Judge a first page that did not come: no way there, a wrong key, a wrong address, or trouble there."""
    verdict, message, following = _judged(settings, error)
    return Check("provider", verdict, message, following, settings.name)


def _judged(settings: ProviderSettings, error: FtopsError) -> tuple[Verdict, str, str | None]:
    address = f"check base_url of provider {settings.name}"
    if isinstance(error, InvalidInput):
        return Verdict.WARN, f"not asked: {'; '.join(one.message for one in error.problems)}", None
    if not isinstance(error, ProviderError):
        return Verdict.FAIL, error.message, error.hint
    said, status = error.failure.message or error.message, error.failure.status
    if isinstance(error, NotSent):
        return Verdict.FAIL, f"unreachable: {error.message}", error.hint or address
    if isinstance(error, Unauthorized | Forbidden):
        key = settings.api_key
        where = f"the value of {key.env}" if isinstance(key, EnvReference) else "api_key"
        what = "the key may not list jobs" if status == _FORBIDDEN else "wrong key"
        return Verdict.FAIL, f"{what}: {said}", f"check {where}, and whether it is for this account"
    if isinstance(error, RateLimited):
        return Verdict.WARN, f"takes no more requests now: {said}", "try again later"
    senseless = status in _OK_STATUSES and error.failure.message is None
    if status == _NOT_FOUND or senseless or status in _REDIRECTS:
        usual = f"{address}: the API's address, with its /v1 where it has one"
        known = error.hint if status == _NOT_FOUND else None
        hint = f"{known or usual}; check its dialect too"
        return Verdict.FAIL, f"wrong URL: a server answers, but not as {settings.dialect}: {said}", hint
    if isinstance(error, Ambiguous):
        return Verdict.FAIL, f"no good answer: {error.message}", "try again; then see the provider's status"
    return Verdict.FAIL, f"refuses to list jobs: {said}", address


def clock_check(name: str, headers: Mapping[str, str], asked: float, answered: float) -> Check:
    """Compare the reply's Date with our clock when it was asked for and had come (Unix seconds)."""
    written = next((value for key, value in headers.items() if key.lower() == "date"), None)
    try:
        theirs = parsedate_to_datetime(written or "").timestamp()
    except ValueError:
        return Check("clock", Verdict.WARN, "the reply has no date to compare our clock with", None, name)
    # The date is cut to a second, and was written at some moment between our two: only what is left is skew.
    ahead, behind = asked - (theirs + 1), theirs - answered
    skew = max(ahead, behind, 0.0)
    if skew <= MOST_SKEW_SECONDS:
        return Check("clock", Verdict.OK, f"within {max(1, round(skew))} s of the provider's", None, name)
    way = "ahead of" if ahead > behind else "behind"
    hint = "set the clock (NTP): deadlines of creates and leases of locks depend on it"
    return Check("clock", Verdict.WARN, f"ours is {skew:.0f} s {way} the provider's", hint, name)


def state_checks(location: str, state: State, *, exists: bool, unwritable: str | None) -> Iterator[Check]:
    """Judge a state that could be read."""
    if exists:
        records = counted(len(state.fine_tunes), "record")
        message = f"{location} can be read: serial {state.serial}, {records}, lineage {state.lineage}"
    else:
        message = f"there is none at {location} yet; the first apply makes it"
    yield Check("state", Verdict.OK, message)
    if unwritable:
        hint = "fix it before the next apply, which would refuse"
        yield Check("state", Verdict.FAIL, f"{location} cannot be written: {unwritable}", hint)


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
    """Judge the lock. `alive` tells of a process of this host; None where it cannot be known."""
    if holder is None:
        return Check("lock", Verdict.OK, "nobody holds it")
    message = f"held by {holder} since {moment(since)}, {age(now - since)}"
    if alive is False:
        hint = "end what that run left running, which frees the lock; a lease ends by itself"
        return Check("lock", Verdict.WARN, f"{message}; that process is dead", hint)
    return Check("lock", Verdict.WARN, message, "wait for that run to end; if it hangs, end its process")


def intent_checks(
    state: State, settles: Mapping[str, float], seen: Mapping[str, Collection[Job]], now: float
) -> Iterator[Check]:
    """Tell of each create in doubt since when, until when, and how a person settles it.

    `settles` is each provider's settle time in seconds, `seen` some of its jobs.
    """
    pending = [(name, record.intent) for name, record in sorted(state.fine_tunes.items()) if record.intent]
    doubtful = [(name, intent) for name, intent in pending if not intent.lapsed]
    for name, intent in doubtful:
        until = intent.not_after + settles.get(intent.provider, 0.0)
        found = [
            job for job in seen.get(intent.provider, ()) if job.stamp and job.stamp.nonce == intent.nonce
        ]
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


def _count(checks: Iterable[Check]) -> dict[str, int]:
    verdicts = [one.verdict for one in checks]
    return {verdict.value: verdicts.count(verdict) for verdict in Verdict}
