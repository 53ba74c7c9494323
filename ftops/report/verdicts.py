"""What a reader is told first: what becomes of the plan, in one sentence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct

from ftops.errors import Problem
from ftops.model.change import RESTING_REASONS, Action, Change, Reason
from ftops.model.plan import Plan
from ftops.model.review import Review
from ftops.report.money import about_range, money
from ftops.report.summary import Data, Sum, Verdict
from ftops.report.words import counted

_ON_PURPOSE = frozenset({Reason.PROTECTED, Reason.SUSPENDED, Reason.CANCELLED_BY_HAND})
"""Holds that somebody has asked for: nobody needs to do anything."""


class Told(Struct, frozen=True):
    """A plan with what its sentences are made from: `now` is what the branch brings, or all of it."""

    plan: Plan
    review: Review
    now: Sequence[Change]
    pending: Sequence[Change]
    total: Sum
    pending_total: Sum
    data: Sequence[Data]
    problems: Sequence[Problem] = ()

    @property
    def stopped(self) -> list[Change]:
        """Return the changes that stop a job."""
        return [change for change in self.now if change.stops is not None]

    @property
    def stopped_at_all(self) -> list[Change]:
        """Return those that stop a job at the same apply, whoever has brought them."""
        return [change for change in (*self.now, *self.pending) if change.stops is not None]

    @property
    def held(self) -> list[Change]:
        """Return the changes that wait for a person."""
        return [one for one in self.now if one.action is Action.HOLD and one.reason not in _ON_PURPOSE]

    @property
    def dark(self) -> bool:
        """Return whether nothing could be planned because no list could be had."""
        return self.plan.fruitless and all(one.reason in RESTING_REASONS for one in self.plan.changes)

    @property
    def verdict(self) -> Verdict:
        """Return the gravest that holds."""
        records = any(change.action.effective for change in self.now)
        stages = (
            (bool(self.problems), Verdict.NOT_LOADED),
            (self.dark, Verdict.NOT_PLANNED),
            (bool(self.review.violations), Verdict.REFUSED),
            (self.plan.offline, Verdict.PREVIEW),
            (bool(self.held), Verdict.HELD),
            (bool(self.stopped_at_all), Verdict.STOPS),
            (bool(self.total.unknown), Verdict.COST_UNKNOWN),
            (bool(self.total.trainings), Verdict.TRAINS),
            (records, Verdict.RECORDS),
        )
        return next((verdict for holds, verdict in stages if holds), Verdict.NOTHING)


def headline(told: Told) -> str:
    """Say in one sentence what happens, for how much, and what is stopped."""
    verdict = told.verdict
    if verdict is Verdict.NOT_LOADED:
        files = {problem.file for problem in told.problems if problem.file}
        where = f" in {counted(len(files), 'file')}" if files else ""
        return f"cannot be planned; {counted(len(told.problems), 'error')}{where}"
    if verdict is Verdict.NOT_PLANNED:
        return f"not planned; {', '.join(told.plan.incomplete)} could not be listed to the end"
    if verdict is Verdict.REFUSED:
        rules = counted(len({one.rule for one in told.review.violations}), "rule")
        return f"blocked by {rules}; {_would(told)}{_pending(told)}"
    if verdict is Verdict.PREVIEW:
        return f"a preview without keys: {_preview(told)}{_pending(told)}"
    return f"{_does(told)}{_pending(told)}"


def _does(told: Told) -> str:
    if not told.total.trainings:
        parts = list(_records(told))
        if told.stopped:
            stops = f"stops {counted(len(told.stopped), 'running job')}"
            return "; ".join([f"trains nothing, {stops}", *([", ".join(parts)] if parts else [])])
        if parts:
            return f"trains nothing; {', '.join(parts)}"
        return "changes nothing" if told.plan.base is None else "this branch changes nothing"
    return f"trains {_models(told)}{_money(told)}{_stops(told)}{_held(told)}"


def _would(told: Told) -> str:
    if not told.total.trainings:
        stops = f", would stop {counted(len(told.stopped), 'running job')}" if told.stopped else ""
        return f"would train nothing{stops}"
    stops = f", stop {counted(len(told.stopped), 'running job')}" if told.stopped else ""
    return f"would train {_models(told)}{_money(told)}{stops}"


def _preview(told: Told) -> str:
    if not told.total.trainings:
        return "nothing would be trained"
    return f"{_models(told)} would be trained{_money(told)}"


def _models(told: Told) -> str:
    return counted(told.total.trainings, "model")


def _money(told: Told) -> str:
    """Write what the trainings cost; an unknown part is never left out of the sentence."""
    total = told.total
    if not total.unknown and total.known is not None:
        return f" for {about_range(total.known)}"
    if total.known is None:
        return "; what they cost is unknown" if total.trainings > 1 else "; what it costs is unknown"
    return f" for at least {money(total.known.low)}; the cost of {total.unknown} is unknown"


def _stops(told: Told) -> str:
    return f", stops {counted(len(told.stopped), 'running job')}" if told.stopped else ""


def _held(told: Told) -> str:
    return f"; {_are(len(told.held), 'held')}" if told.held else ""


def _are(count: int, what: str) -> str:
    return f"{count} {'is' if count == 1 else 'are'} {what}"


def _records(told: Told) -> Iterator[str]:
    renamed = sum(1 for one in told.now if one.reason is Reason.RENAMED and one.action is not Action.KEEP)
    counts = dict.fromkeys((Action.ADOPT, Action.UPDATE, Action.FORGET), 0)
    for one in told.now:
        if one.action in counts and one.reason is not Reason.RENAMED:
            counts[one.action] += 1
    words = {Action.ADOPT: "taken over", Action.UPDATE: "updated", Action.FORGET: "forgotten"}
    if renamed:
        yield _are(renamed, "renamed")
    yield from (_are(count, words[action]) for action, count in counts.items() if count)
    if told.held:
        yield _are(len(told.held), "held")


def _pending(told: Told) -> str:
    """Say what the branch does not bring: it happens at the same apply."""
    effective = [one for one in told.pending if one.action.effective or one.then is not None]
    stopped = sum(1 for one in effective if one.stops is not None)
    stops = f", which stops {counted(stopped, 'running job')}" if stopped else ""
    return f"; {_are(len(effective), 'pending already')}{stops}" if effective else ""


def opening(told: Told) -> str:
    """Return the sentence for a plan that has nothing to do."""
    if told.verdict is not Verdict.NOTHING or told.pending:
        return ""
    kept = sum(1 for change in told.plan.changes if change.action is Action.KEEP)
    declared = f"All {kept} fine-tunes are" if kept != 1 else "The one fine-tune is"
    same = f"{declared} as declared. " if kept and kept == len(told.plan.changes) else ""
    return f"{same}Nothing is trained, nothing is stopped, nothing is paid."
