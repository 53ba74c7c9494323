"""Rounds as the metrics are told of them, made by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from ftops.api.rounds import Round
from ftops.controller.reconciled import Reconciled, Result
from ftops.errors import ExitCode
from ftops.model.ack import Ack
from ftops.model.change import Action, Change, Reason
from ftops.model.event import ChangeResult, Outcome
from ftops.model.job import JobStatus
from ftops.model.plan import Plan
from ftops.model.planning import Planning
from ftops.model.review import CostEstimate, Review
from ftops.model.spending import Charge, ChargeSource, amount
from ftops.model.state import Record, RecordedJob, State
from ftops.model.value import replace
from ftops.reconciler.values import Reviewed
from ftops.review.purse import EMPTY, Purse
from ftops.review.selection import Selection

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC).timestamp()
ROOT = Path("/srv/shop")
FP = "f1:" + "a" * 64


def change(name: str, action: Action, reason: Reason, **more: object) -> Change:
    made = Change(name, action, reason, "because", "oa", 1, 1, spec={"model": "m"})
    return replace(made, **more)  # type: ignore[arg-type]  # fields of a test


def keep(name: str) -> Change:
    return change(name, Action.KEEP, Reason.SUCCEEDED)


def create(name: str, cost: float | None = None, **more: object) -> Change:
    priced = None if cost is None else CostEstimate(cost / 2, cost)
    return change(name, Action.CREATE, Reason.NEW, estimated_cost=priced, **more)


def hold(name: str, reason: Reason = Reason.FAILED) -> Change:
    return change(name, Action.HOLD, reason)


def wait(name: str, reason: Reason = Reason.WAITING_FOR) -> Change:
    return change(name, Action.WAIT, reason)


def record(
    name: str, status: JobStatus, cost: float | None = None, at: float = NOW - 3600, provider: str = "oa"
) -> Record:
    charge = None if cost is None else Charge(amount(cost), ChargeSource.TOKENS)
    job = RecordedJob(f"job-{name}", provider, FP, 1, 1, None, status, created_at=at, charge=charge)
    return Record(provider, FP, 1, 1, job=job)


def round_of(
    *changes: Change,
    records: dict[str, Record] | None = None,
    results: Sequence[ChangeResult] = (),
    purse: Purse = EMPTY,
    incomplete: dict[str, str] | None = None,
    acks: dict[str, Ack] | None = None,
) -> Round:
    state = State("shop", "l", 1, fine_tunes=records or {}, acks=acks or {})
    plan = Plan("shop", "l", 1, changes, incomplete=incomplete or {})
    reviewed = Reviewed(Planning(plan, state), Review(), {}, state, Selection(), NOW, purse=purse)
    return Round(reviewed, tuple(results))


def done(one: Change, outcome: Outcome = Outcome.DONE, *, ambiguous: bool = False) -> ChangeResult:
    return ChangeResult(one, outcome, "job-new", ambiguous=ambiguous)


def told(
    run: Round | None = None,
    result: Result = Result.DONE,
    *,
    project: str = "shop",
    root: Path = ROOT,
    at: float = NOW,
    seconds: float = 0.4,
    **more: object,
) -> Reconciled:
    made = Reconciled("id", project, root, at, seconds, result, ExitCode.NOTHING, run)
    return replace(made, **more)  # type: ignore[arg-type]  # fields of a test
