"""What was spent, from the recorded jobs alone: there is no second book that could disagree with them.

Jobs are never dropped from records and archive, so neither is what they cost; each counts once, by its
id at its account, in whatever records or provider rows it stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from ftops.model.job import JobStatus
from ftops.model.spending import ZERO, Amount, Charge, ChargeSource, Purchase
from ftops.model.spent import Spending, Waste
from ftops.model.state import Record, RecordedJob, State
from ftops.model.value import replace


def spendings(state: State) -> tuple[Spending, ...]:
    """Return every job and create in doubt, each once, by name and age."""
    expected = _estimates(state)
    found = [_of_job(entry, expected) for entry in _once(_entries(state))]
    found += [
        _of_purchase(name, record, record.intent.purchase or Purchase(), record.intent.created_at)
        for name, record in state.fine_tunes.items()
        if record.intent is not None and not record.intent.lapsed
    ]
    return tuple(sorted(found, key=lambda one: (one.name, one.at or 0.0, one.job_id or "")))


class _Entry(Struct, frozen=True):
    """A job where it stands; `labels` are those of its fine-tune now."""

    name: str
    job: RecordedJob
    labels: Mapping[str, str]
    waste: Waste | None


def _entries(state: State) -> Iterator[_Entry]:
    for name, record in state.fine_tunes.items():
        for job in record.jobs:
            yield _Entry(name, job, record.labels, _waste(job, record.jobs, record.cancelled_by_hand))
    for name, entry in state.archive.items():
        for job in entry.jobs:
            yield _Entry(name, job, {}, _waste(job, entry.jobs, entry.cancelled_by_hand))


def _once(entries: Iterable[_Entry]) -> Iterator[_Entry]:
    """Join what stands more than once: under several names, or at several rows that are one account.

    Two accounts may use one id: it is the same job only if it was made at the same time too.
    """
    by_id: dict[tuple[str, str], _Entry] = {}
    for entry in entries:
        key = entry.job.provider, entry.job.id
        by_id[key] = _joined(by_id[key], entry) if key in by_id else entry
    made: dict[tuple[str, float | str], _Entry] = {}
    for (provider, job_id), entry in by_id.items():
        at = entry.job.created_at
        same = job_id, provider if at is None else at
        made[same] = _joined(made[same], entry) if same in made else entry
    yield from made.values()


def _joined(first: _Entry, second: _Entry) -> _Entry:
    """Keep all that either knows: who created it, what it cost, that it has ended."""
    whole, other = (second, first) if first.job.status.active else (first, second)
    job = replace(
        whole.job,
        purchase=whole.job.purchase or other.job.purchase,
        charge=whole.job.charge or other.job.charge,
    )
    return replace(whole, job=job, labels=whole.labels or other.labels)


def _estimates(state: State) -> dict[str, Amount]:
    """Map what was trained to what it was expected to cost: for a job of it that nobody has priced."""
    jobs = sorted((entry.job for entry in _entries(state)), key=lambda job: job.created_at or 0.0)
    return {job.fingerprint: job.purchase.estimate for job in jobs if job.purchase and job.purchase.estimate}


def _of_job(entry: _Entry, expected: Mapping[str, Amount]) -> Spending:
    job, purchase = entry.job, entry.job.purchase or Purchase()
    estimate = purchase.estimate or expected.get(job.fingerprint)
    charge = _bounded(job, estimate)
    return Spending(
        name=entry.name,
        provider=job.provider,
        job_id=job.id,
        status=job.status,
        at=_first(purchase.at, job.created_at, job.cancel_requested, job.missing_since),
        open=job.status.active,
        amount=charge.amount if charge else None,
        source=charge.source if charge else None,
        estimate=purchase.estimate,
        labels=entry.labels if job.purchase is None else purchase.labels,
        by=purchase.by,
        commit=purchase.commit,
        waste=entry.waste,
    )


def _bounded(job: RecordedJob, estimate: Amount | None) -> Charge | None:
    """Return what a job cost, or bounds for it: one that ended early cost at most its full estimate."""
    if job.charge is not None:
        return job.charge
    if estimate is None:
        return None
    cut = job.status in (JobStatus.FAILED, JobStatus.CANCELLED)
    return Charge(replace(estimate, low=ZERO) if cut else estimate, ChargeSource.ESTIMATE)


def _of_purchase(name: str, record: Record, purchase: Purchase, since: float) -> Spending:
    return Spending(
        name=name,
        provider=record.intent.provider if record.intent else record.provider,
        job_id=None,
        status=None,
        at=_first(purchase.at, since),
        open=True,
        amount=purchase.estimate,
        source=ChargeSource.ESTIMATE if purchase.estimate else None,
        estimate=purchase.estimate,
        labels=purchase.labels or record.labels,
        by=purchase.by,
        commit=purchase.commit,
    )


def _first(*times: float | None) -> float | None:
    return next((time for time in times if time is not None), None)


def _waste(job: RecordedJob, others: Iterable[RecordedJob], by_hand: Iterable[str]) -> Waste | None:
    """Return why a job's money bought nothing, None where it did, or still may."""
    if job.status is JobStatus.FAILED:
        return Waste.FAILED
    number = job.generation, job.attempt
    if job.status is JobStatus.CANCELLED:
        ours = job.cancel_requested is not None and job.fingerprint not in by_hand
        later = any((one.generation, one.attempt) > number for one in others)
        return Waste.SUPERSEDED if ours and later else Waste.CANCELLED
    if job.status is JobStatus.SUCCEEDED and job.nonce is not None:
        twins = [one for one in others if one.nonce == job.nonce and one.status is JobStatus.SUCCEEDED]
        if len(twins) > 1 and twins[0].id != job.id:
            return Waste.SUPERSEDED
    return None
