"""The job behind a name: from state alone, so that looking works while manifests are broken."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from ftops.api.opening import opened_provider
from ftops.api.stored_state import open_stored_state
from ftops.api.surroundings import Surroundings
from ftops.errors import FtopsError, UsageError
from ftops.manifests.project import load_project
from ftops.model.job import Job, JobStatus
from ftops.model.metrics import MetricPoint
from ftops.model.nearest import did_you_mean
from ftops.model.state import RecordedJob, State
from ftops.providers.provider import Measured, Provider
from ftops.providers.registry import dialects, facts_of
from ftops.records.provider_names import follow_providers, renames
from ftops.report.metrics import NotMetrics, metrics_of_events, read_metrics_file

MOST_CURVES = 25
"""Running jobs whose losses `status` reads; each costs a request or more."""


class KnownJob(Struct, frozen=True):
    """A recorded job of a fine-tune, and the open provider that has it."""

    name: str
    recorded: RecordedJob
    provider: Provider


@contextmanager
def open_job(root: Path, name: str, surroundings: Surroundings) -> Iterator[KnownJob]:
    """Find the newest job of a fine-tune and open its provider; takes no lock and lists nothing.

    Raises UsageError for an unknown name, FtopsError when there is no job yet.
    """
    root = root.resolve()
    project, _ = load_project(root, dialects())
    names = renames(map(facts_of, project.providers.values()))
    recorded = _newest(
        follow_providers(open_stored_state(project, root, surroundings).manager.read(), names), name
    )
    settings = project.providers.get(recorded.provider)
    if settings is None:
        raise FtopsError(
            f"job {recorded.id} of {name} is at provider {recorded.provider}, which is not in ftops.yaml",
            hint=f"put it back in ftops.yaml, or write `renamed_from: {recorded.provider}` in its new entry",
        )
    with opened_provider(settings, root, surroundings.environ, surroundings.vault) as provider:
        yield KnownJob(name, recorded, provider)


def read_metrics(provider: Provider, job: Job) -> tuple[MetricPoint, ...]:
    """Read a job's metrics: from its result file when it has one, else from its events.

    Raises ProviderError, and FtopsError for a result file without metrics.
    """
    if not job.result_files:
        told = provider.metric_events if isinstance(provider, Measured) else provider.list_fine_tune_events
        return metrics_of_events(told(job.id))
    content = provider.download_file(job.result_files[0])
    try:
        return read_metrics_file(content)
    except NotMetrics as error:
        raise FtopsError(
            f"result file {job.result_files[0]} of job {job.id} holds no metrics: {error}",
            hint="see `ftops events` for what the job reports",
        ) from error


def read_running_metrics(
    providers: Mapping[str, Provider], jobs: Mapping[str, Job], wanted: Sequence[str]
) -> Mapping[str, tuple[MetricPoint, ...]]:
    """Read the metrics of the jobs among `wanted` (ids) that run, several at once, by job id.

    This is decoration: a job whose events cannot be read now is left out.
    """
    running = [job for job_id in wanted if (job := jobs.get(job_id)) and job.status is JobStatus.RUNNING]

    def read(job: Job) -> tuple[MetricPoint, ...]:
        try:
            return read_metrics(providers[job.provider], job)
        except FtopsError:
            return ()

    with ThreadPoolExecutor(max_workers=8) as pool:
        found = pool.map(read, running[:MOST_CURVES])
        return {job.id: points for job, points in zip(running, found, strict=False)}


def _newest(state: State, name: str) -> RecordedJob:
    record, archived = state.fine_tunes.get(name), state.archive.get(name)
    jobs = record.jobs if record else archived.jobs if archived else ()
    if jobs:
        return jobs[0]
    if record is None:
        near = did_you_mean(name, (*state.fine_tunes, *state.archive))
        raise UsageError(f"the state has no job for {name}", hint=near or "see `ftops status`")
    raise FtopsError(f"{name} has no job yet", hint="see `ftops status`, or create it with `ftops apply`")
