"""The exit code of a round, by every reason, action and result: an apply's, and an unattended one's."""

from __future__ import annotations

import pytest

from ftops.api.exit_codes import reconcile_code, round_code
from ftops.api.rounds import Round
from ftops.errors import ExitCode
from ftops.model.ack import Ack
from ftops.model.change import RESTING_REASONS, Action, Change, Reason
from ftops.model.event import ChangeResult, Outcome
from ftops.model.plan import Plan
from ftops.model.planning import Planning
from ftops.model.review import Review, Violation
from ftops.model.state import State
from ftops.reconciler.values import Reviewed
from ftops.review.alarms import alarm_code, alarms, failure_of
from ftops.review.selection import Selection

NOW = 1_800_000_000.0
ALWAYS = {
    Reason.INVALID_DATA: 1,
    **dict.fromkeys(
        (
            Reason.AMBIGUOUS_CREATE,
            Reason.LOOKALIKE,
            Reason.LIKENESS,
            Reason.ALTERED,
            Reason.OTHER_LINEAGE,
            Reason.ORPHAN,
            Reason.DUPLICATE,
            Reason.UNKNOWN_PROVIDER,
            Reason.STUCK,
            Reason.STALLED,
            Reason.BILLING,
            *RESTING_REASONS,
        ),
        4,
    ),
}
WHEN_HELD = {
    Reason.OVER_BUDGET: 3,
    **dict.fromkeys(
        (Reason.FAILED, Reason.CANCELLED_EXTERNALLY, Reason.VANISHED, Reason.REJECTED, Reason.OVERDUE), 5
    ),
}


def a_round(
    *changes: Change,
    acks: dict[str, Ack] | None = None,
    results: tuple[ChangeResult, ...] = (),
    violations: tuple[Violation, ...] = (),
) -> Round:
    planning = Planning(Plan("p", "l", 1, changes), State("p", "l", 1, acks=acks or {}))
    reviewed = Reviewed(planning, Review(violations), {}, planning.state, Selection(), NOW)
    return Round(reviewed, results)


def change(action: Action, reason: Reason, name: str = "a") -> Change:
    return Change(name, action, reason, "because: it is so", "p", job_id="job-1", spec={"model": "m"})


def acked(*changes: Change) -> dict[str, Ack]:
    return {one.name: Ack((failure_of(one),), "known", "jo", NOW, NOW + 60) for one in changes}


@pytest.mark.parametrize("action", sorted(Action))
@pytest.mark.parametrize("reason", sorted(Reason))
def test_every_reason_has_its_code_in_both_and_an_ack_counts_in_one(reason: Reason, action: Action) -> None:
    one = change(action, reason)
    expected = ALWAYS.get(reason, WHEN_HELD.get(reason, 0) if action is Action.HOLD else 0)
    assert alarm_code(one) == expected
    assert bool(alarms(a_round(one).reviewed.plan, {}, NOW)) == bool(expected)
    assert (round_code(a_round(one)), reconcile_code(a_round(one))) == (expected, expected)
    known = a_round(one, acks=acked(one))
    assert round_code(known) == expected
    assert reconcile_code(known) == (expected if reason in RESTING_REASONS else 0)


def test_what_only_waits_is_no_alarm() -> None:
    waits = [change(Action.WAIT, reason) for reason in Reason if reason not in ALWAYS]
    assert round_code(a_round(*waits)) == reconcile_code(a_round(*waits)) == ExitCode.NOTHING


def test_one_that_is_known_hides_no_other() -> None:
    known, other = change(Action.HOLD, Reason.INVALID_DATA), change(Action.HOLD, Reason.FAILED, "b")
    assert reconcile_code(a_round(known, other, acks=acked(known))) is ExitCode.JOB_FAILED
    assert round_code(a_round(known, other, acks=acked(known))) is ExitCode.ERROR


def test_a_violation_is_never_acknowledged() -> None:
    known = change(Action.HOLD, Reason.FAILED)
    refused = Violation("creates", "too many", "")
    run = a_round(known, acks=acked(known), violations=(refused,))
    assert reconcile_code(run) is refused.exit_code


@pytest.mark.parametrize(
    ("result", "apply", "reconcile"),
    [
        ({"outcome": Outcome.DONE}, 0, 0),
        ({"outcome": Outcome.SKIPPED}, 0, 0),
        ({"outcome": Outcome.FAILED}, 1, 1),
        ({"outcome": Outcome.FAILED, "ambiguous": True}, 4, 0),
    ],
)
def test_a_create_without_a_clear_answer_waits_for_the_next_round(
    result: dict[str, object], apply: int, reconcile: int
) -> None:
    one = change(Action.CREATE, Reason.NEW)
    run = a_round(one, results=(ChangeResult(one, **result),))  # type: ignore[arg-type]  # by outcome
    assert (round_code(run), reconcile_code(run)) == (apply, reconcile)
