"""Situation: one name as all three truths show it. It is what the decision table reads."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from ftops.errors import Problem
from ftops.model.finetune import FineTune
from ftops.model.fingerprint import CanonicalSpec
from ftops.model.job import Job, JobStatus
from ftops.model.observation import ProviderFacts
from ftops.model.state import ArchivedRecord, Record, RecordedJob


class Situation(Struct, frozen=True):
    """One declared or recorded name.

    `fine_tune` is None when it is not declared, `record` when nothing is remembered. `fingerprint` is the
    desired one, None where data of its chain cannot be read. `stamped` are unrecorded jobs with this project
    and name in their stamp. `twins` are unrecorded jobs with the current job's nonce: one create, paid twice.
    `numbered` is the highest generation that a listed job was made with under this name, where ids are made
    of it. `problems` are those of its own data, `cancelled_by_hand` the fingerprints that a person has
    cancelled. `events_seen`: the events of the current job were looked at in this round.
    """

    name: str
    now: float
    lineage: str
    provider: ProviderFacts
    fine_tune: FineTune | None = None
    record: Record | None = None
    archived: ArchivedRecord | None = None
    spec: CanonicalSpec | None = None
    fingerprint: str | None = None
    stamped: Sequence[Job] = ()
    numbered: int = 0
    twins: Sequence[Job] = ()
    problems: tuple[Problem, ...] = ()
    cancelled_by_hand: frozenset[str] = frozenset()
    events_seen: bool = False

    @property
    def unread(self) -> bool:
        """Return whether it is declared without a fingerprint: data of its chain cannot be read."""
        return self.fine_tune is not None and self.fingerprint is None

    @property
    def job(self) -> RecordedJob | None:
        """The recorded current job."""
        return self.record.job if self.record else None

    @property
    def same(self) -> bool:
        """Return whether the record is that of what is declared."""
        return self.record is not None and self.record.fingerprint == self.fingerprint

    @property
    def held_by_hand(self) -> bool:
        """Return whether a person has cancelled what is declared."""
        return self.fingerprint in self.cancelled_by_hand

    @property
    def missing(self) -> bool:
        """Return whether the current job was active and complete lists no longer show it."""
        return self.job is not None and self.job.status.active and self.job.missing_since is not None

    @property
    def vanished(self) -> bool:
        """Return whether it has been missing for longer than lists may lag."""
        job = self.job
        return (
            self.missing
            and job is not None
            and job.missing_since is not None
            and self.now - job.missing_since >= self.provider.settle
        )

    @property
    def active(self) -> bool:
        """Return whether the current job is surely or possibly running, and is not known to be missing."""
        return self.job is not None and self.job.status.active and not self.missing

    @property
    def ended(self) -> JobStatus | None:
        """How the current job ended, None while it has not."""
        return None if self.job is None or self.job.status.active else self.job.status

    @property
    def cancelling(self) -> bool:
        """Return whether the provider took our cancel and the job is still on its way out."""
        return (
            self.job is not None and self.active and is_cancelling(self.job, self.now, self.provider.settle)
        )

    @property
    def earlier_jobs(self) -> tuple[RecordedJob, ...]:
        """Every job of the name that is not the current one."""
        history = self.record.history if self.record else ()
        return (*history, *(self.archived.jobs if self.archived else ()))

    @property
    def highest_generation(self) -> int:
        """The highest generation number that the name ever used, 0 for none.

        Stamps count too: a state that was brought back does not know all that was numbered since.
        """
        stamps = (job.stamp for job in self.stamped)
        seen = (stamp.generation for stamp in stamps if stamp and stamp.lineage == self.lineage)
        recorded = self.record.generation if self.record else 0
        return max(recorded, self.archived.generation if self.archived else 0, *seen, self.numbered)


def is_cancelling(job: RecordedJob, now: float, settle: float) -> bool:
    """Return whether a cancel is under way and need not be sent again yet.

    A provider that took the cancel and still shows the job as running after the settle time has lost it:
    then the cancel is due again. A missed cancel goes on costing money.
    """
    if job.status is JobStatus.CANCELLING:
        return True
    return job.cancel_accepted is not None and now - job.cancel_accepted < settle
