"""What ended jobs cost: reported by their provider, or counted from what was trained at today's price.

A charge that is recorded stays, whatever prices become. An unreported cost is not recorded: it stays
bounded by the estimate, and may still be reported later.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from ftops.model.json_value import JSON
from ftops.model.spending import ZERO, Amount, Charge, ChargeSource, amount
from ftops.model.state import ArchivedRecord, Record, RecordedJob, State
from ftops.model.value import replace

TOKENS = "training_per_million_tokens"
GPU_HOUR = "gpu_hour"
MINIMUM = "minimum_per_job"

Bounds = tuple[Decimal, Decimal]
"""From the least to the most, in USD."""

Rates = Callable[[RecordedJob, str, str], Bounds | None]
"""(job, model, unit) -> the price of one unit, None where there is none."""

_MILLION = 1_000_000
_SECONDS_PER_HOUR = 3600


def with_charges(state: State, rates: Rates) -> State:
    """Return the state with the costs of its ended jobs, as far as they are known and not recorded yet."""
    records = {name: _charged_record(record, rates) for name, record in state.fine_tunes.items()}
    archive = {name: _charged_entry(entry, rates) for name, entry in state.archive.items()}
    same = all(records[name] is one for name, one in state.fine_tunes.items())
    same = same and all(archive[name] is one for name, one in state.archive.items())
    return state if same else replace(state, fine_tunes=records, archive=archive)


def _charged_record(record: Record, rates: Rates) -> Record:
    job = _with_charge(record.job, rates) if record.job else None
    history = tuple(_with_charge(old, rates) for old in record.history) if record.history else ()
    same = job is record.job and history == record.history
    return record if same else replace(record, job=job, history=history)


def _charged_entry(entry: ArchivedRecord, rates: Rates) -> ArchivedRecord:
    jobs = tuple(_with_charge(job, rates) for job in entry.jobs)
    return entry if jobs == entry.jobs else replace(entry, jobs=jobs)


def _countable(job: RecordedJob) -> bool:
    return job.charge is None and not job.status.active and bool(job.trained_tokens or job.result)


def _with_charge(job: RecordedJob, rates: Rates) -> RecordedJob:
    charge = counted(job, rates) if _countable(job) else None
    return job if charge is None else replace(job, charge=charge)


def counted(job: RecordedJob, rates: Rates) -> Charge | None:
    """Return what an ended job cost by its GPU hours or tokens; None where these, or a price, are unknown.

    Tokens that a provider reports of a job that has ended are those that it bills, however it ended.
    """
    gpus, seconds = _number(job.result.get("gpus")), _number(job.result.get("seconds"))
    if gpus and seconds and (rate := _rate(job, GPU_HOUR, rates)) is not None:
        told = _amount(rate, gpus * seconds / _SECONDS_PER_HOUR)
        return Charge(told, ChargeSource.GPU_HOURS) if told else None
    tokens = _number(job.trained_tokens)
    if tokens and (rate := _rate(job, TOKENS, rates)) is not None:
        least = _rate(job, MINIMUM, rates) or (ZERO, ZERO)
        told = _amount(rate, tokens / _MILLION, least)
        return Charge(told, ChargeSource.TOKENS) if told else None
    return None


def _rate(job: RecordedJob, unit: str, rates: Rates) -> Bounds | None:
    """Look a price up by the model that was asked for, then by what the provider calls it."""
    asked = (job.request.known.get("model") if job.request else None, job.result.get("base_model"), job.model)
    found = (rates(job, model, unit) for model in asked if isinstance(model, str))
    return next((rate for rate in found if rate is not None), None)


def _amount(rate: Bounds, units: Decimal, least: Bounds = (ZERO, ZERO)) -> Amount | None:
    try:
        return amount(max(rate[0] * units, least[0]), max(rate[1] * units, least[1]))
    except (ValueError, ArithmeticError):
        return None


def _number(value: JSON) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        return None
    return Decimal(str(value))
