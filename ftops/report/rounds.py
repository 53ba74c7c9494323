"""What one round of reconcile came to: its JSON document, and the lines of its log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct, to_builtins

from ftops.errors import ExitCode, Problem
from ftops.model.ack import Ack
from ftops.model.change import NEEDS_PERSON_REASONS, Action, Change, Reason
from ftops.model.event import ChangeResult, Event, EventKind, Outcome
from ftops.model.plan import Plan
from ftops.model.review import Violation
from ftops.report.words import counted
from ftops.review.alarms import is_known

FORMAT_VERSION = 1

MOST_NAMED = 5
"""Fine-tunes that a line names; `ftops status` has them all."""

_WARNINGS = frozenset(
    {
        EventKind.LOCK_TAKEN_OVER,
        EventKind.COMMIT_UNKNOWN,
        EventKind.UNMARKED,
        EventKind.FROZEN,
        EventKind.CHANGE_SKIPPED,
        EventKind.NOT_DELIVERED,
    }
)


class RoundFacts(Struct, frozen=True):
    """What is told of one round. `plan` is None where nothing was planned.

    `started_at` is Unix seconds, `result` a word that never changes, `holder` who held the lock. `acks` are
    the failures that somebody knows about, judged at `at`.
    """

    id: str
    project: str
    started_at: float
    seconds: float
    result: str
    code: ExitCode
    plan: Plan | None = None
    results: tuple[ChangeResult, ...] = ()
    violations: tuple[Violation, ...] = ()
    problems: tuple[Problem, ...] = ()
    holder: str | None = None
    acks: Mapping[str, Ack] = {}
    at: float = 0.0

    def held(self, *, known: bool) -> list[Change]:
        """Return what does not go on by itself: what somebody knows about, or the rest."""
        held = filter(_needs_person, self.plan.changes if self.plan else ())
        return [change for change in held if is_known(change, self.acks, self.at) is known]


class LogLine(Struct, frozen=True):
    """One line of a log. `known` are the members that it has in JSON beside its time and message."""

    level: str
    message: str
    known: Mapping[str, Any] = {}


def round_document(told: RoundFacts) -> dict[str, Any]:
    """Write a round (`schemas/reconcile.v1.json`); one that failed has the same members, empty."""
    changes = told.plan.changes if told.plan else ()
    results = [_result(one) for one in told.results]
    return {
        "format_version": FORMAT_VERSION,
        "id": told.id,
        "project": told.project,
        "started_at": told.started_at,
        "seconds": round(told.seconds, 3),
        "result": told.result,
        "exit_code": int(told.code),
        "holder": told.holder,
        "commit": to_builtins(told.plan.facts.commit) if told.plan else None,
        "summary": told.plan.summary if told.plan else None,
        "incomplete": told.plan.incomplete if told.plan else {},
        "needs_person": [_named(change) for change in told.held(known=False)],
        "acknowledged": [_named(change) for change in told.held(known=True)],
        "waiting": [_named(change) for change in changes if _only_waits(change)],
        "failed": [one for one in results if one["status"] == Outcome.FAILED],
        "results": results,
        "violations": [_violation(one) for one in told.violations],
        "problems": [to_builtins(problem) for problem in told.problems],
    }


def _needs_person(change: Change) -> bool:
    return change.action is Action.HOLD or change.reason in NEEDS_PERSON_REASONS


def _only_waits(change: Change) -> bool:
    return change.action is Action.WAIT and not _needs_person(change)


def _named(change: Change) -> dict[str, Any]:
    return {"name": change.name, "reason": change.reason.value, "message": change.message}


def _result(one: ChangeResult) -> dict[str, Any]:
    return {
        "name": one.change.name,
        "action": one.change.action.value,
        "reason": one.change.reason.value,
        "status": one.outcome.value,
        "job_id": one.job_id,
        "error": one.error,
        "ambiguous": one.ambiguous,
    }


def _violation(one: Violation) -> dict[str, Any]:
    return {"rule": one.rule, "name": one.name, "message": one.message, "hint": one.hint}


def round_lines(told: RoundFacts) -> Iterator[LogLine]:
    """Yield what a log says of a round that has ended: why, then one line of all of it."""
    if not _is_one_sentence(told):
        level = "info" if told.code is ExitCode.INTERRUPTED else "error"
        yield from (LogLine(level, str(problem)) for problem in told.problems)
    if told.plan is not None:
        yield from _plan_lines(told, told.plan)
    known = {"result": told.result, "exit_code": int(told.code), "seconds": round(told.seconds, 3)}
    yield LogLine(_level(told.code), f"{_sentence(told)} ({told.seconds:.1f} s)", known)


def _plan_lines(told: RoundFacts, plan: Plan) -> Iterator[LogLine]:
    for one in told.violations:
        hint = f" ({one.hint})" if one.hint else ""
        yield LogLine("error", f"refused: {one.message}{hint}", {"fine_tune": one.name} if one.name else {})
    for provider, why in plan.incomplete.items():
        yield LogLine("warning", f"nothing is done at provider {provider}: {why}", {"provider": provider})
    for change in plan.changes:
        level = "info" if is_known(change, told.acks, told.at) else "error"
        for problem in change.problems:
            yield LogLine(level, str(problem), {"fine_tune": change.name})


def _level(code: ExitCode) -> str:
    if code in (ExitCode.NOTHING, ExitCode.INTERRUPTED):
        return "info"
    return "error" if code is ExitCode.ERROR else "warning"


def _sentence(told: RoundFacts) -> str:
    if told.holder is not None:
        return f"standing by: {told.holder} does the work"
    if _is_one_sentence(told):
        return str(told.problems[0])
    if told.plan is None:
        return f"{told.result}: nothing was planned"
    parts = [_done(told), *_running(told.plan), *_waiting(told.plan), *_held(told)]
    return f"{counted(told.plan.facts.declared, 'fine-tune')}: {'; '.join(parts)}"


def _is_one_sentence(told: RoundFacts) -> bool:
    """Return whether the one problem says all that there is to say."""
    return told.plan is None and len(told.problems) == 1


def _done(told: RoundFacts) -> str:
    if told.violations:
        return "refused, nothing was done"
    counts = Counter(one.outcome for one in told.results)
    return ", ".join(f"{counts[kind]} {kind.value}" for kind in Outcome if counts[kind]) or "nothing to do"


def _running(plan: Plan) -> Iterator[str]:
    running = sum(1 for change in plan.changes if change.reason is Reason.IN_PROGRESS)
    if running:
        yield f"{running} running"


def _waiting(plan: Plan) -> Iterator[str]:
    reasons = Counter(change.reason.value for change in plan.changes if _only_waits(change))
    if reasons:
        why = ", ".join(f"{count} {reason}" for reason, count in sorted(reasons.items()))
        yield f"{reasons.total()} waiting ({why})"


def _held(told: RoundFacts) -> Iterator[str]:
    held, known = told.held(known=False), len(told.held(known=True))
    if held:
        named = [f"{change.name}: {change.reason.value}" for change in held[:MOST_NAMED]]
        more = [f"{len(held) - MOST_NAMED} more"] if len(held) > MOST_NAMED else []
        yield f"{len(held)} held ({', '.join([*named, *more])})"
    if known:
        yield f"{known} acknowledged"


def event_line(event: Event) -> LogLine:
    """Return what a log says of an event."""
    level = "error" if event.kind is EventKind.CHANGE_FAILED else "info"
    level = "warning" if event.kind in _WARNINGS else level
    known: dict[str, Any] = {"event": event.kind.value}
    if event.change is not None:
        known["fine_tune"] = event.change.name
    job = event.job_id or (event.change.job_id if event.change else None)
    return LogLine(level, event.message, known | ({"job": job} if job else {}))
