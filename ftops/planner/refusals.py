"""What earlier refusals mean for a create that the table wants now: hold it, wait, or try again.

The rows `rejected` and `not-ready` of the decision table, and the gate `provider-limit`. Everything is
decided from recorded times and `now`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct

from ftops.errors import About, RefusalKind
from ftops.model.change import Action, Reason
from ftops.model.dataset import Dataset
from ftops.model.observation import ProviderFacts
from ftops.model.refusal import Refusal
from ftops.model.state import Intent, State
from ftops.model.value import replace
from ftops.planner.decision import Decision
from ftops.planner.situation import Situation
from ftops.records.creates import last_create

FIRST_PAUSE_SECONDS = 60.0
"""No create is sent again sooner, unless the provider settles faster than that."""

LONGEST_PAUSE_SECONDS = 3600.0
"""A wait is at most so long, whatever the provider asks for: what is paid for is worth a request an hour."""

_ENDED = frozenset({Reason.FAILED, Reason.CANCELLED_EXTERNALLY, Reason.VANISHED})
"""Holds that speak of an earlier job where the refusal of its successor is the news."""


class Limit(Struct, frozen=True):
    """A provider that takes no more creates, since one of them was refused; `until` is Unix seconds."""

    refusal: Refusal
    until: float


class Stop(Struct, frozen=True):
    """A provider whose billing stops every create, since it refused one that it should be paid for.

    It lasts until a later create has succeeded; at `until` (Unix seconds) one is tried, and no more.
    """

    provider: str
    refusal: Refusal
    until: float


class Refusals:
    """What the records say that providers have refused.

    A `patient` run is one round of many: there a wait grows with the time that it has taken so far. Any
    other run was asked for by somebody who may have fixed what was wrong.
    """

    def __init__(
        self, state: State, providers: Mapping[str, ProviderFacts], now: float, *, patient: bool
    ) -> None:
        self._memory = state.providers
        self._providers = providers
        self._now = now
        self._patient = patient
        self._limits = self._in_force(state)
        self.stops = dict(self._stops(state))

    def gated(
        self, situation: Situation, decision: Decision, model: str | None, datasets: Mapping[str, Dataset]
    ) -> Decision:
        """Let a create wait or be held if it was refused before, or if the provider is known to be full.

        `model` is the base model, where it is known yet; `datasets` go by path.
        """
        intent = _withdrawn(situation)
        refusal = intent.refusal if intent else None
        final = refusal is not None and not refusal.passing
        if refusal is not None and final and (decision.action.creates or decision.reason in _ENDED):
            return _refused_for_good(situation, refusal)
        if not decision.action.creates:
            return decision
        held = self._refused_data(situation, datasets)
        stopped = held or self._unpaid(situation, decision)
        if stopped is not None or decision.action is not Action.CREATE:
            return stopped or decision
        waiting = None
        if final or refusal is None or refusal.kind is not RefusalKind.BILLING:
            waiting = self._waiting(situation, intent) or self._full_now(situation, model)
        if waiting is not None or refusal is None or final:
            return waiting or decision
        stuck = refusal.stuck(self._now) and refusal.kind is not RefusalKind.BILLING
        reason = Reason.STUCK if stuck else decision.reason
        return replace(decision, reason=reason, message=f"tried again after a refusal: {refusal}")

    def _unpaid(self, situation: Situation, decision: Decision) -> Decision | None:
        """Return the wait of any create, a replace too, where billing stops them all; its queue says more."""
        stop = self.stops.get(situation.provider.name)
        if stop is None or not self._before(stop.until, stop.refusal.last_at):
            return None
        message = f"{stop.provider} refuses to create for billing"
        return Decision(Action.WAIT, Reason.PROVIDER_LIMIT, message, decision.job_id, until=stop.until)

    def _waiting(self, situation: Situation, intent: Intent | None) -> Decision | None:
        """Return the wait of a create that was refused for now, or withdrawn just now."""
        refusal = intent.refusal if intent else None
        if intent is None or intent.withdrawn_at is None:
            return None
        if refusal is None or refusal.last_at < intent.withdrawn_at:
            until = intent.withdrawn_at + self._shortest(intent.provider)
            if not self._before(until, since=intent.withdrawn_at):
                return None
            message = f"an earlier create was not sent; it can be sent in {self._seconds(until)} s"
            return Decision(Action.WAIT, Reason.SETTLING, message)
        until = self._due(intent.provider, refusal)
        return (
            self._refused_for_now(situation, refusal, until) if self._before(until, refusal.last_at) else None
        )

    def _refused_for_now(self, situation: Situation, refusal: Refusal, until: float) -> Decision:
        provider, seconds = situation.provider.name, self._seconds(until)
        if refusal.stuck(self._now):
            hours = (self._now - refusal.first_at) / 3600
            message = (
                f"{provider} has refused it for {hours:.0f} hours; it is tried again in {seconds} s, or at "
                f"once with `ftops resolve {situation.name} --retry`: {refusal}"
            )
            return Decision(Action.HOLD, Reason.STUCK, message)
        if refusal.kind is RefusalKind.LIMIT:
            return _full(provider, refusal, seconds, until)
        message = f"{provider} is not ready for it; it is tried again in {seconds} s: {refusal}"
        return Decision(Action.WAIT, Reason.NOT_READY, message)

    def _full_now(self, situation: Situation, model: str | None) -> Decision | None:
        """Return the wait of a create whose like was refused for a limit that holds for it too."""
        provider = situation.provider.name
        found = self._limits.get((provider, None)) or (self._limits.get((provider, model)) if model else None)
        if found is None:
            return None
        return _full(provider, found.refusal, self._seconds(found.until), found.until)

    def _refused_data(self, situation: Situation, datasets: Mapping[str, Dataset]) -> Decision | None:
        memory = self._memory.get(situation.provider.name)
        files = situation.fine_tune.data_files if memory and situation.fine_tune else ()
        for path in [file.path for _, file in files if file.path]:
            refused = memory.refused_uploads.get(datasets[path].file_sha256) if memory else None
            if refused is not None and refused.final:
                message = (
                    f"{situation.provider.name} refused {path}: {refused.message}; change the file, or try "
                    f"again with `ftops resolve {situation.name} --retry`"
                )
                return Decision(Action.HOLD, Reason.REJECTED, message)
        return None

    def _in_force(self, state: State) -> dict[tuple[str, str | None], Limit]:
        """Collect the limits that are in force, by provider and model; None means every model."""
        limits: dict[tuple[str, str | None], Limit] = {}
        for intent, refusal in _refused(state, RefusalKind.LIMIT):
            until = self._due(intent.provider, refusal)
            key = (intent.provider, None if refusal.about is About.ACCOUNT else refusal.model)
            known = limits.get(key)
            if self._before(until, refusal.last_at) and (known is None or until < known.until):
                limits[key] = Limit(refusal, until)
        return limits

    def _stops(self, state: State) -> Iterable[tuple[str, Stop]]:
        """Yield where billing stops every create: what was refused for it since a create last succeeded.

        Whoever asks for one run may have paid meanwhile: then only a refusal of just now stops anything.
        """
        unpaid: dict[str, list[Refusal]] = {}
        for intent, refusal in _refused(state, RefusalKind.BILLING):
            unpaid.setdefault(intent.provider, []).append(refusal)
        made = last_create(state) if unpaid else {}
        for provider, refusals in unpaid.items():
            latest = max(refusals, key=lambda one: one.last_at)
            paid = made.get(provider, 0.0)
            if latest.last_at <= paid:
                continue
            since = max(paid, min(one.first_at for one in refusals if one.last_at > paid))
            until = self._due(provider, replace(latest, first_at=since))
            if self._patient or self._before(until, latest.last_at):
                yield provider, Stop(provider, latest, until)

    def _due(self, provider: str, refusal: Refusal) -> float:
        """Say when the same create is sent again."""
        pause = self._shortest(provider)
        if self._patient:
            pause = max(pause, refusal.last_at - refusal.first_at)
        elif refusal.kind is RefusalKind.NOT_READY:
            return refusal.last_at
        return refusal.last_at + min(max(pause, refusal.retry_after or 0.0), LONGEST_PAUSE_SECONDS)

    def _shortest(self, provider: str) -> float:
        facts = self._providers.get(provider)
        return min(FIRST_PAUSE_SECONDS, facts.settle) if facts else FIRST_PAUSE_SECONDS

    def _before(self, until: float, since: float) -> bool:
        """Return whether a time is still to come. A clock that was set back makes nothing wait."""
        return since <= self._now < until

    def _seconds(self, until: float) -> int:
        return max(1, round(until - self._now))


def _withdrawn(situation: Situation) -> Intent | None:
    """Return the create of what is declared now that certainly became no job."""
    intent = situation.record.intent if situation.record else None
    wanted = intent is not None and intent.lapsed and intent.fingerprint == situation.fingerprint
    return intent if wanted else None


def _refused(state: State, kind: RefusalKind) -> Iterable[tuple[Intent, Refusal]]:
    for _, record in sorted(state.fine_tunes.items()):
        refusal = record.refused
        if record.intent is not None and refusal is not None and refusal.kind is kind:
            yield record.intent, refusal


def _refused_for_good(situation: Situation, refusal: Refusal) -> Decision:
    allowed = "does not allow" if refusal.kind is RefusalKind.FORBIDDEN else "refused to create"
    message = (
        f"{situation.provider.name} {allowed} it: {refusal}; change the manifest, or try again with "
        f"`ftops resolve {situation.name} --retry`"
    )
    return Decision(Action.HOLD, Reason.REJECTED, message)


def _full(provider: str, refusal: Refusal, seconds: int, until: float) -> Decision:
    what = "from this account" if refusal.about is About.ACCOUNT else f"for {refusal.model}"
    message = f"{provider} takes no more jobs {what} now; it is tried again in {seconds} s: {refusal}"
    return Decision(Action.WAIT, Reason.PROVIDER_LIMIT, message, until=until)
