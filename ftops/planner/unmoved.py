"""Declared names with which nothing has moved: kept at a glance, without a situation and the table. Pure.

A short cut, not a second table: it answers only where the record is as plain as a record can be, and says
nothing of any other name. A test plays histories and holds each of its answers against the table's.
"""

from __future__ import annotations

from collections.abc import Collection

from ftops.model.change import Action, Change
from ftops.model.finetune import FineTune
from ftops.model.job import JobStatus
from ftops.model.planning import Inputs
from ftops.model.state import Record, RecordedJob
from ftops.planner.composition import data_uses
from ftops.planner.keeping import KeptBecause, kept_because
from ftops.records.deadlines import over_deadline
from ftops.records.desired import DesiredSet
from ftops.records.matching import LiveJobs
from ftops.records.progress import quiet_for
from ftops.records.settings import settings_differ
from ftops.records.settling import Settled


class Unmoved:
    """Looks at one name after the other; no provider may rest. `configured` are the project's providers."""

    def __init__(
        self,
        settled: Settled,
        desired: DesiredSet,
        live: LiveJobs,
        configured: Collection[str],
        inputs: Inputs,
    ) -> None:
        self._records = settled.state.fine_tunes
        self._special = {
            *settled.adopted,
            *settled.renamed,
            *settled.taken_over,
            *settled.at_former,
            *settled.state.archive,
        }
        self._desired = desired
        self._live = live
        self._configured = configured
        self._datasets = inputs.datasets
        self._now = inputs.now
        self._because: dict[JobStatus, KeptBecause] = {}

    def kept(self, name: str) -> Change | None:
        """Return the keep of a name whose job is the declared one; None: the table has to answer."""
        record, fine_tune = self._records.get(name), self._desired.comparable.get(name)
        if record is None or fine_tune is None or name in self._special:
            return None
        job = record.job
        if job is None or not self._is_plain(record, job, fine_tune):
            return None
        if record.fingerprint != self._desired.fingerprint(name) or settings_differ(record, fine_tune):
            return None
        because = self._because.get(job.status)
        if because is None:
            because = self._because[job.status] = kept_because(job.status)
        return Change(
            name=name,
            action=Action.KEEP,
            reason=because.reason,
            message=because.message,
            provider=fine_tune.provider,
            generation=job.generation,
            attempt=job.attempt,
            fingerprint=record.fingerprint,
            job_id=job.id,
            spec=record.spec,
            data=data_uses(fine_tune, self._datasets),
            depends_on=(fine_tune.upstream,) if fine_tune.upstream else (),
            source=fine_tune.source,
            labels=fine_tune.labels,
        )

    def _is_plain(self, record: Record, job: RecordedJob, fine_tune: FineTune) -> bool:
        """Return whether there is no doubt, no history, no person's word, and a job that may stay."""
        if record.intent is not None or record.history or record.cancelled_by_hand or not record.spec:
            return False
        if fine_tune.lifecycle.suspend or job.missing_since is not None or job.altered:
            return False
        if job.provider not in self._configured or self._live.twins(job):
            return False
        if job.status is JobStatus.SUCCEEDED:
            return True
        lifecycle = fine_tune.lifecycle
        if over_deadline(job, lifecycle, self._now) or quiet_for(job, fine_tune.lifecycle, self._now):
            return False
        stopping = job.status is JobStatus.CANCELLING or job.cancel_accepted is not None
        return job.status.active and not stopping
