"""Stop jobs: noted first, re-read, sent once, and believed only as far as the provider confirmed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed

from msgspec import Struct

from ftops.applier.context import Context
from ftops.errors import Ambiguous, Failure, LeaseLost, NotFound, NotSent, ProviderError, Rejected
from ftops.model.change import Action, Change, Reason
from ftops.model.job import Job, JobStatus
from ftops.model.state import Record, RecordedJob
from ftops.model.value import replace
from ftops.records.ledger import Ledger


class CancelOrder(Struct, frozen=True):
    """One job to stop, for one change. `provider` is the job's own."""

    change: Change
    provider: str
    job_id: str


class CancelResult(Struct, frozen=True):
    """The outcome: the job as it is now, None if the provider does not know it; or why it failed."""

    order: CancelOrder
    job: Job | None
    error: ProviderError | None = None


def orders(changes: Iterable[Change], ledger: Ledger) -> Iterator[CancelOrder]:
    """Return every job that these changes stop."""
    for change in changes:
        if change.stops is not None:
            recorded = ledger.find(change.name, change.stops)
            yield CancelOrder(change, recorded.provider if recorded else change.provider, change.stops)


def note(order: CancelOrder, ledger: Ledger, now: float) -> None:
    """Write down that the job is to be stopped, before anything is sent; a stray job is recorded so."""
    change = order.change
    recorded = ledger.find(change.name, order.job_id) or RecordedJob(
        id=order.job_id,
        provider=order.provider,
        fingerprint=change.fingerprint or "",
        generation=change.generation,
        attempt=change.attempt,
        nonce=None,
        status=JobStatus.UNKNOWN,
    )
    overdue = change.reason is Reason.OVERDUE
    ledger.put(change.name, replace(recorded, cancel_requested=now, overdue=overdue))


def send(waiting: list[CancelOrder], context: Context) -> Iterator[CancelResult]:
    """Stop the jobs, several at once, and yield each as it is done. Raises LeaseLost, after the others."""
    with ThreadPoolExecutor(context.hands.parallelism) as pool:
        futures = [pool.submit(_cancel, order, context) for order in waiting]
        for future in as_completed(futures):
            yield future.result()


def settle(result: CancelResult, ledger: Ledger, now: float) -> None:
    """Take over what the provider said."""
    change = result.order.change
    recorded = ledger.find(change.name, result.order.job_id)
    if recorded is None:
        return
    if result.error is not None:
        if isinstance(result.error, NotSent):
            # Else a cancel by somebody else would count as ours, and be created again without a question.
            ledger.put(change.name, replace(recorded, cancel_requested=None, overdue=False))
        return
    if result.job is not None:
        recorded = recorded.seen_as(result.job)
    if recorded.status.active:
        recorded = replace(recorded, cancel_accepted=now)
    ledger.put(change.name, recorded)
    current = ledger.records.get(change.name)
    is_current = current is not None and current.job is not None and current.job.id == recorded.id
    ended = change.action is Action.CANCEL and not recorded.status.active
    if ended and is_current and current is not None and not _stays(change, current):
        ledger.forget(change.name)


def _stays(change: Change, record: Record) -> bool:
    """Return whether a record stays although its job goes: its name is declared, or a create is in doubt."""
    in_doubt = record.intent is not None and not record.intent.lapsed
    return change.source is not None or in_doubt


def _cancel(order: CancelOrder, context: Context) -> CancelResult:
    provider = context.hands.providers.get(order.provider)
    if provider is None or context.hands.stopping():
        return CancelResult(order, None, _not_done(order))
    try:
        job = provider.retrieve_fine_tune(order.job_id)
        if not job.status.active or job.status is JobStatus.CANCELLING:
            return CancelResult(order, job)
        context.hands.lock.check()
        return CancelResult(order, provider.cancel_fine_tune(order.job_id))
    except LeaseLost:
        raise
    except NotFound as error:
        return CancelResult(order, None, error)
    except (Rejected, Ambiguous) as error:
        return _looked_up(order, context, error)
    except ProviderError as error:
        return CancelResult(order, None, error)


def _looked_up(order: CancelOrder, context: Context, error: ProviderError) -> CancelResult:
    """Look after a refusal or a broken reply: a job that has ended meanwhile needs no cancel."""
    try:
        job = context.hands.providers[order.provider].retrieve_fine_tune(order.job_id)
    except ProviderError:
        return CancelResult(order, None, error)
    ended = not job.status.active or job.status is JobStatus.CANCELLING
    return CancelResult(order, job) if ended else CancelResult(order, None, error)


def _not_done(order: CancelOrder) -> ProviderError:
    failure = Failure(order.provider, "cancel")
    return NotSent(
        f"{order.provider}: job {order.job_id} was not cancelled: the run was stopped first", failure=failure
    )
