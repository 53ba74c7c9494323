"""May a plan be applied? Limits, guards, and the words that lift them."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftops.cli.options import limits_lifted
from ftops.errors import ExitCode
from ftops.model.change import Action, Change, Reason
from ftops.model.commit import Commit
from ftops.model.plan import Plan, PlanFacts
from ftops.model.project import Limits
from ftops.model.review import CostEstimate, Violation
from ftops.policy.check import review
from ftops.policy.rules import Allowed, lifting


def change(number: int, action: Action = Action.CREATE) -> Change:
    return Change(f"a{number}", action, Reason.NEW, "new", "p")


def plan_of(count: int, action: Action = Action.CREATE, recorded: int = 0) -> Plan:
    changes = tuple(change(number, action) for number in range(count))
    return Plan("p", "l", 1, changes, facts=PlanFacts(declared=1, recorded=recorded))


def typed(violation: Violation) -> dict[str, float]:
    """What the printed hint comes to when a person types it."""
    found = re.search(r"--allow (\S+)", violation.hint or "")
    assert found, violation
    return limits_lifted((found[1],))


@given(
    cost=st.floats(min_value=0, allow_infinity=False, allow_nan=False),
    limit=st.floats(min_value=0, allow_infinity=False, allow_nan=False),
)
def test_the_hint_of_a_cost_lifts_it_when_typed(cost: float, limit: float) -> None:
    made, limits, estimate = plan_of(1), Limits(max_cost=limit), CostEstimate(0, cost)
    found = review(made, Allowed(limits, estimate)).violations
    assert bool(found) == (cost > limit)
    for violation in found:
        assert review(made, Allowed(limits, estimate, lifted=typed(violation))).violations == ()


def test_the_hint_of_a_cost_is_the_least_of_two_decimals() -> None:
    (found,) = review(plan_of(1), Allowed(Limits(max_cost=5), CostEstimate(1, 26.437))).violations
    assert found.message == "it may cost $26.44, the limit is $5"
    assert found.hint == "--allow cost=26.44 lifts it"
    assert lifting(26.0) == "26"


@pytest.mark.parametrize(("cancels", "recorded"), [(1, 3), (2, 6), (3, 7), (4, 9), (5, 11), (7, 7)])
def test_the_hints_of_cancels_lift_them_when_typed(cancels: int, recorded: int) -> None:
    made, limits = plan_of(cancels, Action.CANCEL, recorded), Limits(max_cancels=0, max_cancels_percent=10)
    found = review(made, Allowed(limits, None)).violations
    lifted = {name: number for violation in found for name, number in typed(violation).items()}
    assert len(found) == (2 if recorded >= 4 else 1)
    assert review(made, Allowed(limits, None, lifted=lifted)).violations == ()


def test_an_option_never_tightens_what_the_project_allows() -> None:
    made = plan_of(3)
    assert review(made, Allowed(Limits(), None, lifted={"creates": 1})).violations == ()
    assert review(made, Allowed(Limits(), None, lifted={"cost": 1})).violations == ()


def test_a_provider_that_rests_forbids_nothing_at_the_others() -> None:
    resting = replace(plan_of(1), incomplete={"other": "page 2 failed"})
    assert review(resting, Allowed(Limits(), None)).violations == ()


def test_what_is_no_number_is_refused() -> None:
    nan = float("nan")
    assert review(plan_of(1), Allowed(Limits(max_cost=5), CostEstimate(nan, nan))).violations
    assert review(plan_of(1), Allowed(Limits(max_cost=5), CostEstimate(0, float("inf")))).violations
    assert review(plan_of(1), Allowed(Limits(max_cost=nan), CostEstimate(1, 1))).violations
    assert review(plan_of(2, Action.CANCEL, 9), Allowed(Limits(max_cancels_percent=nan), None)).violations


def test_an_unknown_cost_is_refused_with_the_cause() -> None:
    (found,) = review(
        plan_of(1), Allowed(Limits(max_cost=5), None, cost_unknown_because=("no price",))
    ).violations
    assert found.message == "the cost is not known, and max_cost is $5: no price"


def test_jobs_that_vanish_at_once_are_refused_until_lifted() -> None:
    made = replace(plan_of(0), facts=PlanFacts(declared=1, known_active=3, newly_missing=3))
    (found,) = review(made, Allowed(Limits(), None)).violations
    assert found.rule == "mass-vanish"
    assert review(made, Allowed(Limits(), None, lifted=typed(found))).violations == ()


def test_large_limits_are_written_out() -> None:
    (found,) = review(
        plan_of(1), Allowed(Limits(max_cost=1_234_567), CostEstimate(0, 2_000_000.001))
    ).violations
    assert found.message == "it may cost $2000000.01, the limit is $1234567"


def test_an_older_commit_may_look_and_change_nothing() -> None:
    newer, older = (Commit(letter * 40, 1_700_000_000) for letter in "ab")
    made = replace(plan_of(1), facts=PlanFacts(declared=1, commit=older, older_than=newer))
    (found,) = review(made, Allowed(Limits())).violations
    assert found.exit_code is ExitCode.NEEDS_PERSON
    assert "commit bbbbbbbbbbbb" in found.message
    assert "a newer one, aaaaaaaaaaaa:" in found.message
    assert "--allow-older" in str(found.hint)
    assert review(made, Allowed(Limits(), allow_older=True)).violations == ()
    assert review(made, Allowed(Limits(max_creates=0))).violations == (found,)
    assert review(replace(made, changes=(change(0, Action.KEEP),)), Allowed(Limits())).violations == ()
