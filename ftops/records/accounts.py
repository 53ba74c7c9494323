"""Which account a row of `ftops.yaml` belongs to: not the expected one, or the same as another row. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping

from ftops.model.job import Job
from ftops.model.observation import Observation

_FEWEST = 2
"""One row alone shares nothing, however many jobs it lists."""


def shared_accounts(jobs: Mapping[str, Collection[Job]]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the rows that are one account, with a job that each of them lists; `jobs` by row.

    Two accounts may use one id: it is the same job only if it was made at the same time too.
    """
    if sum(1 for listed in jobs.values() if listed) < _FEWEST:
        return
    rows: defaultdict[tuple[str, float | None], list[str]] = defaultdict(list)
    for name in sorted(jobs):
        for job in jobs[name]:
            rows[job.id, job.created_at].append(name)
    reported: set[tuple[str, ...]] = set()
    for (job_id, _), names in sorted(rows.items(), key=lambda pair: pair[0][0]):
        accounts = tuple(dict.fromkeys(names))
        if len(accounts) > 1 and accounts not in reported:
            reported.add(accounts)
            yield accounts, job_id


def one_account(names: Collection[str], job_id: str) -> str:
    """Say that these rows are one account."""
    *others, last = names
    return (
        f"providers {', '.join(others)} and {last} list the same jobs, such as {job_id}: "
        "they are the same account, and one entry is enough"
    )


def wrong_accounts(observations: Iterable[Observation]) -> Iterator[str]:
    """Report each provider whose jobs belong to another organization than expected."""
    for seen in observations:
        expected = seen.provider.organization
        others = {job.organization for job in seen.jobs if job.organization} - {expected}
        if expected is not None and others:
            shown = ", ".join(sorted(map(str, others)))
            wanted = seen.provider.organization_shown or expected
            yield f"jobs of provider {seen.provider.name} belong to {shown}, but {wanted} was expected"
