"""Appliers and planners that break the create protocol, each in one way: the simulator must catch them.

Not here, since nothing comes of them alone: a POST without a look at the lock, and one without a look at its
deadline. Each is covered by the other and by the conditional write of the state; without all three it shows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from ftops.applier import applier, cancels, creates, refused, uploads, waves
from ftops.errors import Ambiguous, RefusalKind
from ftops.model.job import JobList
from ftops.model.state import ArchivedRecord, State
from ftops.model.value import replace
from ftops.planner.refusals import Refusals
from ftops.reconciler import line, observing
from ftops.records import intents, ledger
from ftops.state.backends.memory import MemoryBackend
from tests.simulator.history import Step
from tests.simulator.port import Port
from tests.simulator.store import LeasePort, StorePort

ENGINE = "engine"
Patch = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True)
class Broken:
    """One way to get it wrong. `dialect` and `world` are where it shows; None: anywhere."""

    how: str
    breaks: Patch
    dialect: str | None = None
    focus: tuple[Step, ...] = ()
    world: str | None = None


def _record_before_intent(patch: pytest.MonkeyPatch) -> None:
    """Never write an intent, only the record of the job after the POST."""
    written = ledger.Ledger.snapshot

    def without_new_intents(self: Any) -> State:
        state = written(self)
        kept = {
            name: replace(record, intent=None) if record.intent and record.job is None else record
            for name, record in state.fine_tunes.items()
        }
        return replace(state, fine_tunes=kept)

    patch.setattr(ledger.Ledger, "snapshot", without_new_intents)


def _no_write_before_post(patch: pytest.MonkeyPatch) -> None:
    """Write the intents together with what became of them."""
    write, send = applier._Apply._write, creates.send
    sending = [True]

    def later(self: Any, state: State) -> None:
        open_now = [one for one in self.ledger.records.values() if one.intent and not one.intent.lapsed]
        if not (open_now and sending[0]):
            write(self, state)
        sending[0] = True

    def posted(*arguments: Any) -> Any:
        sending[0] = False
        return send(*arguments)

    patch.setattr(applier._Apply, "_write", later)
    patch.setattr(creates, "send", posted)


def _post_retried(patch: pytest.MonkeyPatch) -> None:
    post = Port.create_fine_tune

    def twice(self: Port, request: Any) -> Any:
        try:
            return post(self, request)
        except Ambiguous:
            return post(self, request)

    patch.setattr(Port, "create_fine_tune", twice)


def _intent_cleared_on_timeout(patch: pytest.MonkeyPatch) -> None:
    record = applier._Apply._record_certain

    def cleared(self: Any, sent: list[Any]) -> None:
        for one in sent:
            record(self, one)

    patch.setattr(applier._Apply, "_record", cleared)


def _settle_time_ignored(patch: pytest.MonkeyPatch) -> None:
    resolve = intents.resolve_intent

    def at_once(intent: Any, live: Any, state: Any, now: float, **how: Any) -> Any:
        verdict = resolve(intent, live, state, now, **how)
        return replace(intent, lapsed=True) if verdict == (intents.Doubt.SETTLING, ()) else verdict

    patch.setattr("ftops.records.settling.resolve_intent", at_once)


def _no_fencing(patch: pytest.MonkeyPatch) -> None:
    """Believe the lock for ever, send however late, and overwrite whatever is stored."""
    patch.setattr(LeasePort, "check", lambda self: self._boundary("before check"))
    patch.setattr(LeasePort, "expires_at", None)
    _unconditional_write(patch)


def _unconditional_write(patch: pytest.MonkeyPatch) -> None:
    write = MemoryBackend.write

    def anyway(self: MemoryBackend, data: bytes, expected: str | None) -> str:
        stored = self.read()
        return write(self, data, stored.version if stored else None)

    patch.setattr(MemoryBackend, "write", anyway)


def _uncertain_write_believed(patch: pytest.MonkeyPatch) -> None:
    from ftops.errors import StateUncertain

    write = StorePort.write

    def believed(self: StorePort, data: bytes, expected: str | None) -> str:
        try:
            return write(self, data, expected)
        except StateUncertain:
            stored = self._store.backend.read()
            return stored.version if stored else "1"

    patch.setattr(StorePort, "write", believed)


def _incomplete_list_believed(patch: pytest.MonkeyPatch) -> None:
    listed = Port.list_fine_tunes
    patch.setattr(Port, "list_fine_tunes", lambda self: JobList(listed(self).jobs))


def _cancel_not_noted(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(cancels, "note", lambda order, ledger, now: None)


def _cancel_without_reading_again(patch: pytest.MonkeyPatch) -> None:
    def blind(order: Any, context: Any) -> Any:
        port = context.hands.providers[order.provider]
        return cancels.CancelResult(order, port.cancel_fine_tune(order.job_id))

    patch.setattr(cancels, "_cancel", blind)


def _create_although_the_cancel_failed(patch: pytest.MonkeyPatch) -> None:
    create = applier._Apply._create

    def regardless(self: Any) -> None:
        self.uncancelled = set()
        create(self)

    patch.setattr(applier._Apply, "_create", regardless)


def _numbers_forgotten(patch: pytest.MonkeyPatch) -> None:
    forget = ledger.Ledger.forget

    def wholly(self: Any, name: str, **how: Any) -> None:
        forget(self, name, **how)
        self.archive[name] = ArchivedRecord(0)

    patch.setattr(ledger.Ledger, "forget", wholly)


def _duplicates_let_go(patch: pytest.MonkeyPatch) -> None:
    from ftops.planner import planner

    patch.setattr(planner, "strays", lambda *arguments: ())


def _everything_unknown_cancelled(patch: pytest.MonkeyPatch) -> None:
    """Take every job at the provider that is not current for one to be cancelled."""
    carry_out = line.carry_out

    def pruned(loaded: Any, reviewed: Any, changes: Any, hands: Any) -> Any:
        applied = carry_out(loaded, reviewed, changes, hands)
        current = {one.job.id for one in applied.state.fine_tunes.values() if one.job}
        for name, seen in reviewed.observations.items():
            for job in seen.jobs:
                if job.id not in current and job.status.active:
                    hands.providers[name].retrieve_fine_tune(job.id)
                    hands.providers[name].cancel_fine_tune(job.id)
        return applied

    patch.setattr("tests.simulator.world.carry_out", pruned)


def _lookalikes_together(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(waves, "look_alike", lambda first, second: False)
    patch.setattr("ftops.planner.gates.look_alike", lambda first, second: False)


def _earlier_lookalikes_adopted(patch: pytest.MonkeyPatch) -> None:
    """Take any job that looks right for the one in doubt, even one that was there before."""
    patch.setattr(creates, "_unclaimed", lambda *arguments: ())
    patch.setattr("ftops.planner.planner.worth_keeping", lambda job: False)


def _missing_taken_for_gone(patch: pytest.MonkeyPatch) -> None:
    from ftops.planner.situation import Situation

    patch.setattr(Situation, "vanished", property(lambda self: self.missing))
    patch.setattr(observing, "_retrieved", lambda provider, job_id: None)


def _every_refusal_held(patch: pytest.MonkeyPatch) -> None:
    """Take any 4xx for a fault of the declaration, as the old rule did."""
    told = refused.refusal_of

    def for_good(*arguments: Any) -> Any:
        refusal = told(*arguments)
        return replace(refusal, kind=RefusalKind.REJECTED) if refusal else None

    patch.setattr(applier, "refusal_of", for_good)


def _refused_and_sent_again(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Refusals, "_waiting", lambda *arguments: None)
    patch.setattr(Refusals, "_full_now", lambda *arguments: None)


def _holds_never_lifted(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("tests.simulator.person.retried", lambda state, name, data: state)


def _failed_files_used(patch: pytest.MonkeyPatch) -> None:
    """Train on a file that is there, whatever became of it, and believe the provider that refuses it."""
    patch.setattr(uploads, "_UNUSABLE", frozenset())
    patch.setattr(creates, "judged_by_files", lambda error, *arguments: error)


def _lost_sessions_not_seen(patch: pytest.MonkeyPatch) -> None:
    """Send a create in whatever session there is by now."""
    patch.setattr(creates, "_in_its_session", lambda request, intent: request)


UNCERTAIN: tuple[Step, ...] = (("store", "uncertain before"), ("crash",), ("run",), ("declare",))
LAGGING: tuple[Step, ...] = (
    ("fault", "create", "lost reply"),
    ("lag", 60),
    ("run",),
    ("start", 0, 10),
    ("start", 0, 11),
    ("start", 0, 12),
    ("forget",),
    ("go", 0, None),
)
TRUNCATED: tuple[Step, ...] = (
    ("fault", "list", "truncated page"),
    ("fault", "create", "late"),
    ("run",),
    ("time", 2000),
)
BROKEN = (
    Broken("record before intent", _record_before_intent),
    Broken("no state write before the POST", _no_write_before_post),
    Broken("POST retried", _post_retried),
    Broken("intent cleared on timeout", _intent_cleared_on_timeout),
    Broken("settle time ignored", _settle_time_ignored),
    Broken("no fencing", _no_fencing),
    Broken("state written unconditionally", _unconditional_write),
    Broken("unknown write believed", _uncertain_write_believed, None, UNCERTAIN),
    Broken("incomplete list believed", _incomplete_list_believed, "openai", TRUNCATED),
    Broken("cancel not noted before it is sent", _cancel_not_noted),
    Broken("cancel without reading again", _cancel_without_reading_again),
    Broken("create although the cancel failed", _create_although_the_cancel_failed),
    Broken("numbers forgotten with the manifest", _numbers_forgotten),
    Broken("duplicates let go", _duplicates_let_go, "openai"),
    Broken("everything unknown cancelled", _everything_unknown_cancelled),
    Broken("look-alikes created together", _lookalikes_together, "openai_legacy"),
    Broken("earlier look-alikes adopted", _earlier_lookalikes_adopted, "openai_legacy"),
    Broken("missing taken for gone", _missing_taken_for_gone),
    Broken("every refusal held for ever", _every_refusal_held),
    Broken("sent again as soon as it was refused", _refused_and_sent_again),
    Broken("a hold that nobody can lift", _holds_never_lifted),
    Broken("trained on a file that failed", _failed_files_used),
    Broken("sent in any session", _lost_sessions_not_seen, "openai", LAGGING, ENGINE),
)
