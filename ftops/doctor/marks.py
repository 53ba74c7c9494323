"""What is said of marks: jobs of ours that no record has, and providers that give none back."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from ftops.model.check import Check, Verdict
from ftops.model.job import Job
from ftops.model.state import State
from ftops.records.settling import nonces
from ftops.records.wording import without_marks
from ftops.report.words import counted


def mark_checks(state: State, providers: Collection[str]) -> Iterator[Check]:
    """Find providers whose replies lacked the mark that was sent: what ftops relies on there is weaker."""
    for name in sorted(providers):
        if state.unmarked(name):
            hint = "let the gateway pass metadata on, or write the provider's own address as base_url"
            yield Check("mark", Verdict.WARN, without_marks(name), hint, name)


def lineage_checks(state: State, seen: Mapping[str, Collection[Job]], *, exists: bool) -> Iterator[Check]:
    """Find jobs that another state of a project by this name made: a lost state, or a name used twice."""
    for provider, jobs in sorted(seen.items()):
        not_mine = state.not_mine.get(provider, ())
        others = sorted(
            job.id
            for job in jobs
            if job.stamp and job.stamp.project == state.project and job.id not in not_mine
            if not exists or job.stamp.lineage != state.lineage
        )
        if others:
            jobs_of = counted(len(others), "job")
            message = f"{jobs_of} of project {state.project} ({others[0]}) came from another state than this"
            hint = "restore the lost state, or rename the project if the name is used twice; see `ftops plan`"
            yield Check("lineage", Verdict.WARN, message, hint, provider)


def orphan_checks(state: State, seen: Mapping[str, Collection[Job]]) -> Iterator[Check]:
    """Find jobs that run with this state's own mark and that it does not know: it may be an older one."""
    known = nonces(state)
    for provider, jobs in sorted(seen.items()):
        not_mine = state.not_mine.get(provider, ())
        orphans = sorted(
            job.id
            for job in jobs
            if job.stamp and (job.stamp.project, job.stamp.lineage) == (state.project, state.lineage)
            if job.status.active and job.stamp.nonce not in known and job.id not in not_mine
        )
        if orphans:
            jobs_of = counted(len(orphans), "job")
            message = (
                f"{jobs_of} with this state's mark ({orphans[0]}) are running but are not recorded in it"
            )
            hint = "`ftops state rebuild` takes them over; was an older state brought back?"
            yield Check("orphan", Verdict.WARN, message, hint, provider)
