"""Lists that come in pages: to their end, or with what makes them incomplete."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from msgspec import Struct

from ftops.errors import ProviderError
from ftops.model.job import Job, JobList
from ftops.model.value import replace
from ftops.providers.flow import Answer, Flow, Unreadable
from ftops.transport.exchange import Expect, Request

_T = TypeVar("_T")

MOST_PAGES = 10_000
"""A list of more pages than this (a million jobs) is a server that never ends its list."""

_BROKEN = (
    "the server contradicts itself: another run helps only once it is mended there; tell whoever runs it"
)


class BrokenPaging(Unreadable):
    """Pages that contradict themselves: no other try can make a whole list of them."""


class Page(Struct, frozen=True):
    """One page of a list. `after` is the cursor of the page behind it, None at the end of the list.

    With `guessed` the page itself did not say whether there is more: the same page again then means that the
    server does not page at all.
    """

    items: tuple[Any, ...]
    after: str | None = None
    guessed: bool = False


Decode = Callable[[Any], Page]
Again = Callable[[Page, Page], bool]
"""Whether a page (the second) is the one before it once more, from a server that does not page."""


class Pages(Struct, frozen=True):
    """How one list pages: what is asked first, what a page is, how the next is asked for."""

    first: Request
    decode: Decode
    cursor: Callable[[str], Mapping[str, str]]
    again: Again

    def behind(self, after: str) -> Request:
        """Return the request of the page behind a cursor."""
        query = {**self.first.query, **self.cursor(after)}
        return replace(self.first, query=query, expect=Expect.JSON, streamed=False)


def walked(
    pages: Pages, take: Callable[[Page], bool], *, whole: bool = False, given: Answer | None = None
) -> Flow[None]:
    """Hand over page after page, until the end or until `take` returns False.

    Raises ProviderError when a page fails or the end never comes. Where the list must be `whole` and said
    that there is more, a page that comes again is an error, else the end. `given` is a first page that has
    come already.
    """
    seen: set[str | None] = set()
    last: Page | None = None
    after: str | None = None
    answer = given
    while after not in seen and len(seen) < MOST_PAGES:
        seen.add(after)
        if given is None or after is not None:
            answer = yield pages.first if after is None else pages.behind(after)
        if answer is None:
            raise ValueError("a page that was given is not there")
        page = answer.read(pages.decode)
        if last is not None and pages.again(last, page):
            return
        if not take(page):
            return
        last, after = page, page.after
        if after is None:
            return
    if whole and answer is not None:
        why = BrokenPaging("its pages do not end")
        raise answer.unreadable(why) from why


def every_job(pages: Pages, provider: str, decode: Callable[[Any], Job]) -> Flow[JobList]:
    """List every job, or say why it is incomplete. Raises ProviderError where no page could be had."""
    jobs: dict[str, Job] = {}
    problems: list[str] = []
    hint: str | None = _BROKEN
    came = 0

    def take(page: Page) -> bool:
        nonlocal came
        came, before = came + 1, len(jobs)
        problems.extend(_collected(page, jobs, decode))
        # A page without news beside a problem: the server goes in circles.
        return not (problems and jobs and len(jobs) == before)

    try:
        yield from walked(pages, take, whole=True)
    except ProviderError as error:
        if not came:
            raise
        hint = hint if problems or isinstance(error.__cause__, BrokenPaging) else error.hint
        problems.append(error.message)
    if not problems:
        return JobList(tuple(jobs.values()))
    sentence = f"{provider}: the job list is incomplete: {problems[0]}"
    return JobList(tuple(jobs.values()), False, sentence, hint)


def every_item(pages: Pages, decode: Callable[[Any], _T]) -> Flow[tuple[_T, ...]]:
    """List the items of all pages. Raises ProviderError where a page or an item cannot be read."""
    found: list[_T] = []

    def decoded(body: Any) -> Page:
        page = pages.decode(body)
        return replace(page, items=tuple((item, decode(item)) for item in page.items))

    def take(page: Page) -> bool:
        found.extend(item for _, item in page.items)
        return True

    def again(last: Page, page: Page) -> bool:
        return pages.again(*(replace(one, items=tuple(raw for raw, _ in one.items)) for one in (last, page)))

    yield from walked(replace(pages, decode=decoded, again=again), take)
    return tuple(found)


def first_jobs(pages: Pages, decode: Callable[[Any], Job]) -> Flow[JobList]:
    """List the jobs of the first page; `complete` only says whether there are others."""
    answer = yield pages.first
    page = answer.read(pages.decode)
    jobs: dict[str, Job] = {}
    problems = _collected(page, jobs, decode)
    return JobList(tuple(jobs.values()), page.after is None, problems[0] if problems else None)


def _collected(page: Page, jobs: dict[str, Job], decode: Callable[[Any], Job]) -> list[str]:
    """Add a page's jobs, every one that can be read; return what makes the list incomplete."""
    problems = []
    for item in page.items:
        try:
            job = decode(item)
        except Unreadable as error:
            problems.append(f"{error}")
            continue
        if job.id in jobs:
            return [*problems, f"job {job.id} is in it twice"]
        jobs[job.id] = job
    return problems
