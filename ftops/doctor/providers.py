"""What the providers answer: whether they can be asked, their clocks, and whose account it is."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from email.utils import parsedate_to_datetime

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
from ftops.model.check import Check, Verdict
from ftops.model.job import Job, JobList
from ftops.model.project import EnvReference, ProviderSettings
from ftops.records.accounts import one_account, shared_accounts
from ftops.report.words import counted

MOST_SKEW_SECONDS = 30.0
"""Deadlines of creates and leases are compared across machines: a clock further off breaks them."""

_OK_STATUSES = range(200, 300)
_REDIRECTS = range(300, 400)
_NOT_FOUND = 404
_FORBIDDEN = 403


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
        usual = f"{address}: the API's address, including /v1 if it has one"
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


def account_checks(seen: Mapping[str, Collection[Job]]) -> Iterator[Check]:
    """Find rows that are one account: what one makes, the other shows too."""
    for names, job_id in shared_accounts(seen):
        hint = f"keep one of them, with `renamed_from: {names[1]}` where the other one has made jobs"
        yield Check("account", Verdict.WARN, one_account(names, job_id), hint, names[0])
