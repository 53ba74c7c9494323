"""What earlier refusals mean for a create that the table wants now: held, waiting, or tried again.

The rows `rejected` and `not-ready` of DESIGN 5.2 and the gate `provider-limit` of 5.3. Everything is decided
from recorded times and `now`.
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


class Refusals:
    """What the records say that providers have refused.

    A `patient` run is one round of many: there a wait grows with the time that it has taken so far. Any
    other run was asked for by somebody, who may have mended what was wrong.
    """

    def __init__(
        self, state: State, providers: Mapping[str, ProviderFacts], now: float, *, patient: bool
    ) -> None:
        self._memory = state.providers
        self._providers = providers
        self._now = now
        self._patient = patient
        self._limits = self._in_force(state)

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
        if held is not None or decision.action is not Action.CREATE:
            return held or decision
        waiting = self._waiting(situation, intent) or self._full_now(situation, model)
        if waiting is not None or refusal is None or final:
            return waiting or decision
        reason = Reason.STUCK if refusal.stuck(self._now) else decision.reason
        return replace(
            decision, reason=reason, message=f"tried again; the provider refused before: {refusal}"
        )

    def _waiting(self, situation: Situation, intent: Intent | None) -> Decision | None:
        """Return the wait of a create that was refused for now, or withdrawn just now."""
        refusal = intent.refusal if intent else None
        if intent is None or intent.withdrawn_at is None:
            return None
        if refusal is None or refusal.last_at < intent.withdrawn_at:
            until = intent.withdrawn_at + self._shortest(intent.provider)
            if not self._before(until, since=intent.withdrawn_at):
                return None
            message = f"an earlier create was not sent; it is sent again in {self._seconds(until)} s"
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
            return _full(provider, refusal, seconds)
        message = f"{provider} is not ready for it; it is tried again in {seconds} s: {refusal}"
        return Decision(Action.WAIT, Reason.NOT_READY, message)

    def _full_now(self, situation: Situation, model: str | None) -> Decision | None:
        """Return the wait of a create whose like was refused for a limit that holds for it too."""
        provider = situation.provider.name
        found = self._limits.get((provider, None)) or (self._limits.get((provider, model)) if model else None)
        if found is None:
            return None
        return _full(provider, found.refusal, self._seconds(found.until))

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
        """Collect the limits that are in force, by provider and model; None stands for every model."""
        limits: dict[tuple[str, str | None], Limit] = {}
        for intent, refusal in _limits(state):
            until = self._due(intent.provider, refusal)
            key = (intent.provider, None if refusal.about is About.ACCOUNT else refusal.model)
            known = limits.get(key)
            if self._before(until, refusal.last_at) and (known is None or until < known.until):
                limits[key] = Limit(refusal, until)
        return limits

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
        """Return whether a time is still to come. A clock that was set back keeps nobody waiting."""
        return since <= self._now < until

    def _seconds(self, until: float) -> int:
        return max(1, round(until - self._now))


def _withdrawn(situation: Situation) -> Intent | None:
    """Return the create of what is declared now that certainly became no job."""
    intent = situation.record.intent if situation.record else None
    wanted = intent is not None and intent.lapsed and intent.fingerprint == situation.fingerprint
    return intent if wanted else None


def _limits(state: State) -> Iterable[tuple[Intent, Refusal]]:
    for _, record in sorted(state.fine_tunes.items()):
        refusal = record.refused
        if record.intent is not None and refusal is not None and refusal.kind is RefusalKind.LIMIT:
            yield record.intent, refusal


def _refused_for_good(situation: Situation, refusal: Refusal) -> Decision:
    allowed = "does not allow" if refusal.kind is RefusalKind.FORBIDDEN else "refused to create"
    message = (
        f"{situation.provider.name} {allowed} it: {refusal}; change the manifest, or try again with "
        f"`ftops resolve {situation.name} --retry`"
    )
    return Decision(Action.HOLD, Reason.REJECTED, message)


def _full(provider: str, refusal: Refusal, seconds: int) -> Decision:
    what = "from this account" if refusal.about is About.ACCOUNT else f"for {refusal.model}"
    message = f"{provider} takes no more jobs {what} now; it is tried again in {seconds} s: {refusal}"
    return Decision(Action.WAIT, Reason.PROVIDER_LIMIT, message)
