"""apply(): the plan carried out, in an order in which a crash at any instant loses and doubles nothing.

    records -> note cancels -> [write] -> cancel -> upload -> intents -> [write] -> POST -> ... -> [write]

Each write holds the results of one wave and the intents of the next.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Executor, ThreadPoolExecutor

from msgspec import Struct

from ftops.applier import cancels, creates
from ftops.applier.context import Context
from ftops.applier.creates import Ready, Sent
from ftops.applier.refused import Blocked, refusal_of, unready
from ftops.applier.replies import doubt_about, looked_up, named_twice
from ftops.applier.uploads import upload_all
from ftops.applier.waves import Waves
from ftops.errors import (
    Ambiguous,
    Failure,
    FtopsError,
    LeaseLost,
    NeedsPerson,
    NotReady,
    ProviderError,
    RateLimited,
)
from ftops.model.change import Action, Change, Reason
from ftops.model.event import ChangeResult, Event, EventKind, Outcome
from ftops.model.state import RecordedJob, State
from ftops.records.ledger import Ledger
from ftops.records.matching import LiveJobs
from ftops.records.recorded import from_stamp
from ftops.records.wording import without_marks

OK = 200
"""The status of a reply that came, and may be about another job."""


class Applied(Struct, frozen=True):
    """The outcome of a plan: one result per change that does something, and the state as it was written."""

    results: tuple[ChangeResult, ...]
    state: State


def apply(changes: Iterable[Change], states: tuple[State, State], context: Context) -> Applied:
    """Carry out changes of a plan. `states` are the stored state and the settled one, which the plan is for.

    A failed change stops no other one. Raises StateError when the state cannot be written and LeaseLost
    when the lock is gone: what was sent until then is found again by the next run, through its intent.
    """
    return _Apply(list(changes), states, context).run()


class _Apply:
    def __init__(
        self,
        changes: list[Change],
        states: tuple[State, State],
        context: Context,
    ) -> None:
        self.changes = [change for change in changes if change.action.effective]
        self.context = context
        self.stored, settled = states
        self.ledger = Ledger(settled)
        self.live = LiveJobs(context.observations, settled)
        self.results: list[ChangeResult] = []
        self.uncancelled: set[str] = set()

    def run(self) -> Applied:
        self.ledger.sync_settings(self.context.fine_tunes)
        self._records()
        orders = list(cancels.orders(self.changes, self.ledger))
        for order in orders:
            cancels.note(order, self.ledger, self.context.hands.clock.now())
        sends = bool(orders) or any(change.action.creates for change in self.changes)
        if sends and self.ledger.snapshot() != self.stored:
            self._write(self.ledger.snapshot())
        self._cancel(orders)
        self._adopt_after_cancel()
        self._create()
        final = self.context.hands.observe(self.ledger.snapshot())
        if final != self.stored:
            self._write(final)
        return Applied(tuple(self.results), self.ledger.last_written)

    def _records(self) -> None:
        """Do what needs the state alone."""
        for change in self.changes:
            if change.action is Action.FORGET:
                self.ledger.forget(change.name, detached=change.reason is Reason.DETACHED)
                self._done(change, change.job_id)
            elif change.action is Action.UPDATE:
                self._done(change, change.job_id)
            elif change.action is Action.ADOPT and change.cancel_first is None:
                self._adopt(change)

    def _adopt_after_cancel(self) -> None:
        for change in self.changes:
            if change.action is Action.ADOPT and change.cancel_first is not None:
                if change.cancel_first in self.uncancelled:
                    self._failed(change, f"job {change.cancel_first} could not be cancelled first")
                else:
                    self._adopt(change)

    def _adopt(self, change: Change) -> None:
        if change.reason not in (Reason.LOST_REPLY, Reason.RENAMED):
            job = self.ledger.find(change.name, change.job_id or "") or self._stamped(change)
            fine_tune = self.context.fine_tunes[change.name]
            self.ledger.adopt(change.name, fine_tune, job, change.fingerprint or "", change.spec)
        self._done(change, change.job_id)

    def _stamped(self, change: Change) -> RecordedJob:
        job = self.live.get(change.provider, change.job_id or "")
        if job is None:
            raise FtopsError(f"job {change.job_id} is no longer in the provider's list")
        return from_stamp(job)

    def _cancel(self, orders: list[cancels.CancelOrder]) -> None:
        for result in cancels.send(orders, self.context) if orders else ():
            change = result.order.change
            cancels.settle(result, self.ledger, self.context.hands.clock.now())
            if result.error is not None:
                self.uncancelled.add(result.order.job_id)
            if change.action is not Action.CANCEL:
                continue
            if result.error is not None:
                self._failed(change, result.error)
            else:
                self._done(change, result.order.job_id)

    def _create(self) -> None:
        wanted = [change for change in self.changes if change.action.creates]
        wanted.sort(key=lambda change: -self.context.fine_tunes[change.name].lifecycle.priority)
        for change in [change for change in wanted if change.job_id in self.uncancelled]:
            wanted.remove(change)
            self._failed(change, f"job {change.job_id} could not be cancelled, so nothing is created")
        uploads = upload_all(wanted, self.context, self.ledger)
        for change in list(wanted):
            if (error := uploads.failure(change)) is not None:
                wanted.remove(change)
                self._failed(change, error)
            elif (why := uploads.waits(change)) is not None:
                wanted.remove(change)
                self._not_ready(change, why)
        parallelism, seen = self.context.hands.parallelism, self.context.observations
        with ThreadPoolExecutor(parallelism) as threads:
            self._send_waves(Waves(wanted, parallelism, seen, self.ledger.unmarked), threads)

    def _not_ready(self, change: Change, why: str) -> None:
        """Record a create that is not even tried, so that it is known since when it waits."""
        try:
            ready = creates.prepare(change, self.context, self.ledger, self.live)
        except FtopsError as error:
            self._unsendable(change, error)
            return
        self._withdraw(Sent(ready, error=unready(change.provider, why)))

    def _send_waves(self, waves: Waves, threads: Executor) -> None:
        blocked = Blocked()
        while waves and not self.context.hands.stopping():
            wave = self._prepared(waves, blocked)
            if not wave:
                continue
            self._write(self.ledger.snapshot())
            started = self.context.hands.clock.monotonic()
            sent = creates.send(wave, self.context, blocked, threads)
            waves.took(len(wave), self.context.hands.clock.monotonic() - started)
            self._record(sent)
            lost = next((one.error for one in sent if isinstance(one.error, LeaseLost)), None)
            if lost is not None:
                raise lost
        for change in waves.rest():
            self._skipped(change, "stopped before it was sent")

    def _prepared(self, waves: Waves, blocked: Blocked) -> list[Ready]:
        wave, doubtful = [], self.ledger.in_doubt()
        for change in waves.next():
            if waves.alike(change, doubtful):
                self._skipped(change, "waiting until a create that looks the same to the provider is certain")
                continue
            try:
                fine_tune = self.context.fine_tunes[change.name]
                can = self.context.hands.providers[fine_tune.provider].facts.capabilities
                model = creates.base_model(fine_tune, can, self.ledger)
                if (why := blocked.why(change.provider, model)) is not None:
                    self._skipped(change, why)
                    continue
                wave.append(creates.prepare(change, self.context, self.ledger, self.live))
            except FtopsError as error:
                self._unsendable(change, error)
        return wave

    def _record(self, sent: list[Sent]) -> None:
        """Take over the replies of one wave; what is in doubt is looked up at once."""
        shared = named_twice(sent)
        sent = [self._believed(one, shared) for one in sent]
        doubtful = [one for one in sent if isinstance(one.error, Ambiguous)]
        for one in sent:
            if one not in doubtful:
                self._record_certain(one)
        for provider in sorted({one.ready.fine_tune.provider for one in doubtful}):
            self._look_up(provider, [one for one in doubtful if one.ready.fine_tune.provider == provider])

    def _believed(self, one: Sent, shared: frozenset[str]) -> Sent:
        """Check a reply against what was sent; one that may be about another job is as good as none.

        `shared` are jobs that several replies of the wave name: without a mark it is not known whose.
        """
        if one.job is None:
            return one
        provider, job = one.ready.intent.provider, one.job
        before = self.ledger.knows(job.id) or self.live.known(provider, job.id)
        if job.stamp is None and not before:
            self._note_unmarked(provider)
        doubt = doubt_about(one.ready, job, self.live, before=before)
        if doubt is None and job.stamp is None and job.id in shared:
            doubt = f"several replies name job {job.id}"
        if doubt is None:
            return one
        if not before:
            self.ledger.named_in_reply(one.ready.change.name, job.id)
        failure = Failure(provider, "create", status=OK)
        return Sent(one.ready, error=Ambiguous(f"{provider}: {doubt}", failure=failure))

    def _note_unmarked(self, provider: str) -> None:
        stamps = self.context.observations[provider].provider.capabilities.stamps
        if not stamps or self.ledger.unmarked(provider):
            return
        now = self.context.hands.clock.now()
        self.ledger.note_unmarked(provider, now)
        self.context.hands.emit(Event(EventKind.UNMARKED, now, without_marks(provider)))

    def _record_certain(self, one: Sent) -> None:
        change = one.ready.change
        if one.job is not None:
            self.ledger.created(change.name, one.job)
            self._done(change, one.job.id)
            return
        self._withdraw(one)

    def _withdraw(self, one: Sent) -> None:
        """Record a create that certainly became no job: refused for good, for now, or never sent."""
        change, now = one.ready.change, self.context.hands.clock.now()
        refusal = refusal_of(one.error, one.ready.intent, one.ready.request.model, now)
        self.ledger.withdraw(change.name, now, refusal)
        passing = one.error is None or isinstance(one.error, RateLimited | NotReady)
        (self._skipped if passing else self._failed)(change, one.cause)

    def _look_up(self, provider: str, doubtful: list[Sent]) -> None:
        """List again: a create without a clear answer may be there. Nothing is ever sent a second time."""
        now = self.context.hands.clock.now()
        for one in doubtful:
            if isinstance(one.error, ProviderError) and one.error.failure.status is not None:
                self.ledger.answered(one.ready.change.name, now)
        found = looked_up(provider, [one.ready for one in doubtful], self.context, self.ledger)
        for one in doubtful:
            job, change = found[one.ready.change.name], one.ready.change
            if job is not None:
                self.ledger.created(change.name, job)
                self._done(change, job.id)
                continue
            self._finish(ChangeResult.why(change, Outcome.FAILED, one.in_doubt, ambiguous=True))

    def _write(self, state: State) -> None:
        self.context.hands.lock.check()
        written = self.context.hands.manager.write(state)
        self.ledger.written(written)
        self.stored = written

    def _done(self, change: Change, job_id: str | None) -> None:
        self._finish(ChangeResult(change, Outcome.DONE, job_id))

    def _failed(self, change: Change, error: FtopsError | str) -> None:
        self._finish(ChangeResult.why(change, Outcome.FAILED, error))

    def _unsendable(self, change: Change, error: FtopsError) -> None:
        doubt = isinstance(error, NeedsPerson)
        self._finish(ChangeResult.why(change, Outcome.FAILED, error, ambiguous=doubt))

    def _skipped(self, change: Change, why: FtopsError | str) -> None:
        self._finish(ChangeResult.why(change, Outcome.SKIPPED, why))

    def _finish(self, result: ChangeResult) -> None:
        self.results.append(result)
        change, kind = result.change, EventKind(f"change-{result.outcome.value}")
        message = f"{change.name}: {change.action.value} {result.outcome.value}"
        if result.error:
            message += f": {result.error}"
        self.context.hands.emit(Event(kind, self.context.hands.clock.now(), message, change, result.job_id))
