"""A yes is for what was shown: the step, the job that it stops, what follows, and what it costs."""

from __future__ import annotations

from ftops.model.change import Action, Change, Reason, Then
from ftops.model.plan import Plan
from ftops.model.review import CostEstimate
from ftops.model.value import replace
from ftops.review.approval import approvals, unapproved

CREATE = Change("a", Action.CREATE, Reason.NEW, "new", "p", 1, 1, "f")
DOLLAR = CostEstimate(0.5, 1)


def plan_of(*changes: Change) -> Plan:
    return Plan("demo", "l", 1, changes)


def allows(shown: Change, later: Change, *, waits: bool = True) -> bool:
    return not unapproved(plan_of(later), approvals(plan_of(shown), waits=waits))


def waiting(action: Action = Action.CREATE, cost: CostEstimate | None = None) -> Change:
    then = Then(action, Reason.CHANGED, "changed", 1, 1, estimated_cost=cost)
    return replace(CREATE, action=Action.WAIT, reason=Reason.WAITING_FOR, job_id="job-1", then=then)


def test_a_wait_allows_what_it_showed_as_following_and_only_to_one_who_waits() -> None:
    assert allows(waiting(), CREATE)
    assert not allows(waiting(), CREATE, waits=False)
    assert not allows(waiting(), replace(CREATE, fingerprint="other"))
    assert not allows(replace(waiting(), then=None), CREATE)


def test_a_replace_that_follows_stops_the_job_that_was_shown_and_no_other() -> None:
    replaced = replace(CREATE, action=Action.REPLACE, job_id="job-1")
    assert allows(waiting(Action.REPLACE), replaced)
    assert not allows(waiting(Action.REPLACE), replace(replaced, job_id="job-2"))
    assert not allows(waiting(), replaced)


def test_a_cancel_now_allows_the_create_that_it_showed_as_following() -> None:
    assert allows(replace(waiting(), action=Action.CANCEL), CREATE)
    assert not allows(replace(waiting(), action=Action.CANCEL), CREATE, waits=False)


def test_what_costs_more_than_was_shown_is_not_approved() -> None:
    priced = replace(CREATE, estimated_cost=DOLLAR)
    assert allows(waiting(cost=DOLLAR), priced)
    assert not allows(waiting(cost=DOLLAR), replace(CREATE, estimated_cost=CostEstimate(0, 1.01)))
    assert not allows(priced, CREATE)
    assert allows(CREATE, priced)


def test_an_adopt_that_has_come_to_stop_a_job_was_not_approved_without_it() -> None:
    adopt = replace(CREATE, action=Action.ADOPT, reason=Reason.RESTORED, job_id="job-1")
    stopping = replace(adopt, cancel_first="job-2")
    assert allows(adopt, adopt)
    assert allows(CREATE, adopt)
    assert not allows(adopt, stopping)
    assert allows(stopping, stopping)
    assert allows(stopping, adopt)
    assert not allows(stopping, replace(stopping, cancel_first="job-3"))
