"""May a plan be applied? Limits, guards, and the words that lift them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftops.cli.options import limits_lifted
from ftops.errors import ExitCode
from ftops.model.change import Action, Change, Reason, Then
from ftops.model.commit import Commit
from ftops.model.plan import Plan, PlanFacts
from ftops.model.project import Limits
from ftops.model.review import CostEstimate, Violation
from ftops.model.steps import SoFar, Steps, steps_now
from ftops.model.value import replace
from ftops.review.check import review
from ftops.review.rules import Allowed, lifting


def change(number: int, action: Action = Action.CREATE, cost: CostEstimate | None = None) -> Change:
    job_id = None if action is Action.CREATE else f"job-{number}"
    return Change(
        f"a{number}",
        action,
        Reason.NEW,
        "new",
        "p",
        generation=1,
        attempt=1,
        job_id=job_id,
        estimated_cost=cost,
    )


def waiting(number: int, cost: CostEstimate | None = None, action: Action = Action.CREATE) -> Change:
    then = Then(action, Reason.NEW, "new", 1, 1, estimated_cost=cost)
    waits = Change(f"a{number}", Action.WAIT, Reason.WAITING_FOR, "waiting", "p", then=then)
    return replace(waits, job_id=f"job-{number}") if action is Action.REPLACE else waits


def plan_of(
    count: int, action: Action = Action.CREATE, recorded: int = 0, cost: CostEstimate | None = None
) -> Plan:
    changes = tuple(change(number, action, cost) for number in range(count))
    return Plan("p", "l", 1, changes, facts=PlanFacts(declared=1, recorded=recorded))


def with_changes(*changes: Change, recorded: int = 0) -> Plan:
    return replace(plan_of(0, recorded=recorded), changes=changes)


def rules(plan: Plan, allowed: Allowed) -> list[str]:
    return [found.rule for found in review(plan, allowed).violations]


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
    made, limits = plan_of(1, cost=CostEstimate(0, cost)), Limits(max_cost=limit)
    found = review(made, Allowed(limits)).violations
    assert bool(found) == (round(cost, 6) > limit)
    for violation in found:
        assert review(made, Allowed(limits, lifted=typed(violation))).violations == ()


def test_the_hint_of_a_cost_is_the_least_of_two_decimals() -> None:
    (found,) = review(plan_of(1, cost=CostEstimate(1, 26.437)), Allowed(Limits(max_cost=5))).violations
    assert found.message == "it may cost $26.44, the limit is $5"
    assert found.hint == "--allow cost=26.44 lifts it"
    assert lifting(26.0) == "26"


@pytest.mark.parametrize(("cancels", "recorded"), [(1, 3), (2, 6), (3, 7), (4, 9), (5, 11), (7, 7)])
def test_the_hints_of_cancels_lift_them_when_typed(cancels: int, recorded: int) -> None:
    made, limits = plan_of(cancels, Action.CANCEL, recorded), Limits(max_cancels=0, max_cancels_percent=10)
    found = review(made, Allowed(limits)).violations
    lifted = {name: number for violation in found for name, number in typed(violation).items()}
    assert len(found) == (2 if recorded >= 4 else 1)
    assert review(made, Allowed(limits, lifted=lifted)).violations == ()


def test_an_option_never_tightens_what_the_project_allows() -> None:
    made = plan_of(3)
    assert review(made, Allowed(Limits(), lifted={"creates": 1})).violations == ()
    assert review(made, Allowed(Limits(), lifted={"cost": 1})).violations == ()


def test_a_provider_that_rests_forbids_nothing_at_the_others() -> None:
    resting = replace(plan_of(1), incomplete={"other": "page 2 failed"})
    assert review(resting, Allowed(Limits())).violations == ()


def test_what_is_no_number_is_refused() -> None:
    nan = float("nan")
    assert review(plan_of(1, cost=CostEstimate(1, 1)), Allowed(Limits(max_cost=nan))).violations
    assert review(plan_of(2, Action.CANCEL, 9), Allowed(Limits(max_cancels_percent=nan))).violations


def test_an_unknown_cost_is_refused_with_the_cause() -> None:
    allowed = Allowed(Limits(max_cost=5), cost_unknown_because=("no price",))
    (found,) = review(plan_of(1), allowed).violations
    assert found.message == "the cost is unknown, and max_cost is $5: no price"


def test_jobs_that_vanish_at_once_are_refused_until_lifted() -> None:
    made = replace(plan_of(0), facts=PlanFacts(declared=1, known_active=3, newly_missing=3))
    (found,) = review(made, Allowed(Limits())).violations
    assert found.rule == "mass-vanish"
    assert review(made, Allowed(Limits(), lifted=typed(found))).violations == ()


@pytest.mark.parametrize(
    ("gone", "known", "refused"),
    [
        (1, 1, False),
        (2, 2, True),
        (2, 3, False),
        (3, 10, False),
        (3, 9, True),
        (4, 13, True),
        (31, 104, False),
    ],
)
def test_two_that_are_all_or_more_than_a_third_in_ten_are_too_many(
    gone: int, known: int, *, refused: bool
) -> None:
    facts = PlanFacts(declared=1, recorded=known, known_active=known, newly_missing=gone)
    found = review(replace(plan_of(0), facts=facts), Allowed(Limits())).violations
    assert [one.rule for one in found] == (["mass-vanish"] if refused else [])
    for one in found:
        assert f"{gone} of {known} active jobs disappeared" in one.message


def test_what_is_exactly_a_limit_is_within_it() -> None:
    assert rules(plan_of(3), Allowed(Limits(max_creates=3))) == []
    assert rules(plan_of(3), Allowed(Limits(max_creates=2))) == ["max_creates"]
    three = plan_of(3, Action.CANCEL, recorded=10)
    within = Limits(max_cancels=3, max_cancels_percent=30)
    assert rules(three, Allowed(within)) == []
    assert rules(three, Allowed(replace(within, max_cancels=2))) == ["max_cancels"]
    assert rules(three, Allowed(replace(within, max_cancels_percent=29))) == ["max_cancels_percent"]
    cost = plan_of(1, cost=CostEstimate(1, 5))
    assert rules(cost, Allowed(Limits(max_cost=5))) == []
    assert rules(cost, Allowed(Limits(max_cost=4.99))) == ["max_cost"]


def test_a_percentage_is_asked_for_from_the_fourth_record_on() -> None:
    limits = Limits(max_cancels_percent=30)
    assert rules(plan_of(1, Action.CANCEL, recorded=3), Allowed(limits)) == []
    assert rules(plan_of(2, Action.CANCEL, recorded=4), Allowed(limits)) == ["max_cancels_percent"]


def test_a_project_that_declares_nothing_is_refused_where_something_is_recorded() -> None:
    def empty(recorded: int, declared: int = 0) -> Plan:
        return replace(plan_of(0), facts=PlanFacts(declared=declared, recorded=recorded))

    assert rules(empty(1), Allowed(Limits())) == ["empty-project"]
    assert rules(empty(1), Allowed(Limits(), allow_empty=True)) == []
    assert rules(empty(0), Allowed(Limits())) == []
    assert rules(empty(1, declared=1), Allowed(Limits())) == []


def test_a_wrong_account_is_refused_by_its_name() -> None:
    made = replace(plan_of(0), facts=PlanFacts(declared=1, wrong_accounts=("it is org-b", "it is org-c")))
    found = review(made, Allowed(Limits())).violations
    assert [(one.rule, one.message) for one in found] == [
        ("wrong-account", "it is org-b"),
        ("wrong-account", "it is org-c"),
    ]


def test_large_limits_are_written_out() -> None:
    made = plan_of(1, cost=CostEstimate(0, 2_000_000.001))
    (found,) = review(made, Allowed(Limits(max_cost=1_234_567))).violations
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


def test_what_follows_counts_before_the_first_of_a_chain_is_paid() -> None:
    made = with_changes(change(0), *map(waiting, range(1, 31)))
    (found,) = review(made, Allowed(Limits())).violations
    assert found.message == "31 creates (1 now, 30 to follow) are more than the limit of 25"
    assert review(made, Allowed(Limits(), lifted=typed(found))).violations == ()


def test_what_earlier_rounds_did_counts_once_with_what_is_left() -> None:
    first = with_changes(change(0), waiting(1), waiting(2))
    assert rules(first, Allowed(Limits(max_creates=3))) == []
    done = SoFar(steps_now(first.changes), recorded=0)
    # The wait of the first round is the create of the second: one step. A retry of the first is another.
    second = with_changes(replace(change(0), attempt=2), change(1), waiting(2))
    (found,) = review(second, Allowed(Limits(max_creates=3), so_far=done)).violations
    assert found.message == "4 creates (1 done, 2 now, 1 to follow) are more than the limit of 3"
    assert rules(with_changes(change(1), waiting(2)), Allowed(Limits(max_creates=3), so_far=done)) == []


def test_a_round_that_adds_nothing_is_not_refused_for_what_was_done() -> None:
    done = SoFar(steps_now(plan_of(9).changes), recorded=9)
    assert rules(with_changes(change(0, Action.KEEP)), Allowed(Limits(max_creates=1), so_far=done)) == []
    stopped = SoFar(steps_now(plan_of(9, Action.CANCEL).changes), recorded=9)
    assert rules(plan_of(0), Allowed(Limits(max_cancels=1), so_far=stopped)) == []


def test_the_cost_is_of_what_is_done_now_and_to_follow_and_said_apart() -> None:
    five = CostEstimate(4, 5)
    made = with_changes(change(1, cost=five), waiting(2, five))
    verdict = review(made, Allowed(Limits(max_cost=14.99), so_far=SoFar(Steps({("a0", 1, 1): five}))))
    (found,) = verdict.violations
    assert found.message == "it may cost $15 ($5.00 done, $5.00 now, $5.00 to follow), the limit is $14.99"
    assert (verdict.estimated_cost, verdict.estimated_cost_later) == (five, five)
    unknown = with_changes(change(1, cost=five), waiting(2))
    assert rules(unknown, Allowed(Limits(max_cost=1000))) == ["max_cost"]


def test_every_cancel_counts_wherever_it_stands() -> None:
    adopt = replace(change(2, Action.ADOPT), reason=Reason.RESTORED, cancel_first="job-9")
    later = waiting(3, action=Action.REPLACE)
    made = with_changes(change(0, Action.CANCEL), change(1, Action.REPLACE), adopt, later)
    (found,) = review(made, Allowed(Limits(max_cancels=3))).violations
    assert found.message == "4 cancels (3 now, 1 to follow) are more than the limit of 3"


def test_the_percentage_is_of_the_records_at_the_start_of_the_command() -> None:
    made = plan_of(2, Action.CANCEL, recorded=4)
    assert rules(made, Allowed(Limits())) == ["max_cancels_percent"]
    assert rules(made, Allowed(Limits(), so_far=SoFar(recorded=10))) == []
    done = SoFar(Steps(cancels=frozenset({("b", "job-b"), ("c", "job-c")})), recorded=10)
    (found,) = review(made, Allowed(Limits(), so_far=done)).violations
    assert found.message == "it cancels 40 % of the recorded fine-tunes, the limit is 30 %"


def test_a_second_payment_is_stopped_whatever_the_limits_are() -> None:
    stray = replace(change(0, Action.CANCEL), reason=Reason.DUPLICATE)
    twin = replace(change(1, Action.ADOPT), reason=Reason.DUPLICATE, cancel_first="job-8")
    made = with_changes(stray, twin, recorded=4)
    nothing = Limits(max_cancels=0, max_cancels_percent=0)
    assert rules(made, Allowed(nothing)) == ["max_cancels", "max_cancels_percent"]
    known = replace(made.facts, second_payments=frozenset({("a0", "job-0"), ("a1", "job-8")}))
    assert rules(replace(made, facts=known), Allowed(nothing)) == []


def test_a_refusal_says_what_it_counted_and_what_to_do() -> None:
    empty = replace(plan_of(0), facts=PlanFacts(recorded=3))
    (found,) = review(empty, Allowed(Limits())).violations
    assert found.message == "the project declares no fine-tunes, but the state has 3"
    assert "--allow-empty" in str(found.hint)
    (unknown,) = review(plan_of(1), Allowed(Limits(max_cost=5))).violations
    assert "max_cost: null" in str(unknown.hint)
