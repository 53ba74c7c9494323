"""Lists of jobs that page by `after` and `limit`, newest first, with what faults make of them."""

from flask import request

from ftops.emulator.context import Emulator
from ftops.emulator.wires.interference import break_next_page, current_strike, listed_until
from ftops.emulator.wires.paging import Page, unknown_cursor
from ftops.emulator.world.fields import query_limit
from ftops.emulator.world.job import Job
from ftops.emulator.world.job_table import PageRequest

MOST_PER_PAGE = 1000
"""Not documented; the clients ask for at most 100."""


def requested_page(
    emulator: Emulator,
    family: str,
    metadata: dict[str, str] | None = None,
    *,
    without_metadata: bool = False,
) -> Page[Job]:
    """Return the page that the request's query asks for; past the end an empty one.

    Raises Refusal for a cursor that names no job.
    """
    strike = current_strike()
    limit = query_limit(request.args, 20, MOST_PER_PAGE)
    repeated = strike.is_kind("repeat_page")
    jobs = emulator.jobs.page(
        PageRequest(
            family=family,
            limit=limit + 1,
            before=None if repeated else _number(emulator, family, request.args.get("after")),
            metadata=metadata,
            without_metadata=without_metadata,
            created_real_before=listed_until(emulator),
            hidden=strike.forgotten,
        )
    )
    if strike.is_kind("truncate_list"):
        break_next_page(emulator)
        return Page(jobs[: len(jobs[:limit]) // 2], has_more=True)
    return Page(jobs[:limit], has_more=len(jobs) > limit or repeated)


def _number(emulator: Emulator, family: str, after: str | None) -> int | None:
    if not after:
        return None
    job = emulator.jobs.find(after, family)
    if job is None:
        raise unknown_cursor(after)
    return job.number
