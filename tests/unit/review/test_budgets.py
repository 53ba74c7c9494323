"""Budgets: what counts in which, what is refused and what would fit, what waits and until when."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftops.model.budget import Budget, Budgets
from ftops.model.change import Action, Change, Reason, Then
from ftops.model.job import JobStatus
from ftops.model.plan import Plan
from ftops.model.project import Limits
from ftops.model.review import CostEstimate, Violation
from ftops.model.spending import MOST, ChargeSource, amount
from ftops.model.spent import Spending
from ftops.model.value import replace
from ftops.review.budgets import lifted_by, over_budget
from ftops.review.deferring import deferred
from ftops.review.purse import EMPTY, Purse, price, purse
from ftops.review.rules import Allowed
from tests.unit.review.test_rules import rules

NOW = datetime(2026, 11, 28, 23, 30, tzinfo=UTC).timestamp()
TOMORROW = datetime(2026, 11, 29, tzinfo=UTC).timestamp()
DECEMBER = datetime(2026, 12, 1, tzinfo=UTC).timestamp()
MONTH = Budgets(Budget(month=Decimal(100)))
JOB = Spending(
    "old",
    "oa",
    "j1",
    JobStatus.SUCCEEDED,
    NOW,
    False,
    amount(1, 30),
    ChargeSource.TOKENS,
    None,
    {"team": "a"},
)


def create(name: str, high: float | None, *, provider: str = "oa", team: str = "a", **more: object) -> Change:
    cost = None if high is None else CostEstimate(0, high)
    made = Change(name, Action.CREATE, Reason.NEW, "new", provider, 1, 1, estimated_cost=cost)
    return replace(made, labels={"team": team}, **more)  # type: ignore[arg-type]  # fields of a test


def later(name: str, high: float, *above: str) -> Change:
    then = Then(Action.CREATE, Reason.NEW, "new", 1, 1, estimated_cost=CostEstimate(0, high))
    return replace(
        create(name, None), action=Action.WAIT, reason=Reason.WAITING_FOR, then=then, depends_on=above
    )


def plan_of(*changes: Change) -> Plan:
    return Plan("p", "l", 1, changes)


def held(budgets: Budgets, *jobs: Spending, at: float = NOW) -> Purse:
    return purse(budgets, jobs, at, [{"team": "a"}])


def refused(plan: Plan, budgets: Purse, lift: float = 0) -> list[Violation]:
    return list(over_budget(plan, budgets, Decimal(str(lift)), ()))


def waits(plan: Plan, budgets: Purse, **priorities: int) -> Mapping[str, float | None]:
    late = deferred(plan, budgets, Decimal(0), priorities, ["no price for m"])
    return {name: one.until for name, one in late.items()}


@pytest.mark.parametrize(
    ("job", "spent", "running", "unknown"),
    [
        (JOB, 30, 0, 0),
        (replace(JOB, open=True), 0, 30, 0),
        (replace(JOB, amount=None), 0, 0, 1),
        (replace(JOB, amount=amount(4, currency="EUR")), 0, 0, 1),
        (replace(JOB, amount=amount(4, currency="EUR"), estimate=amount(2, 9)), 9, 0, 0),
        (replace(JOB, at=DECEMBER), 0, 0, 0),
        (replace(JOB, at=None), 0, 0, 0),
        (replace(JOB, at=None, open=True), 0, 30, 0),
    ],
)
def test_a_job_counts_with_the_most_that_it_may_have_cost(
    job: Spending, spent: int, running: int, unknown: int
) -> None:
    (fund,) = held(MONTH, job).funds
    assert [fund.spent, fund.running, fund.unknown] == [spent, running, unknown]
    assert fund.left == 100 - spent - running


def test_each_budget_counts_its_own_jobs_in_its_own_time() -> None:
    budgets = Budgets(
        Budget(day=Decimal(50), month=Decimal(100)),
        {"oa": Budget(month=Decimal(60))},
        {"team=a": Budget(day=Decimal(20)), "team=b": Budget(day=Decimal(20))},
    )
    before = replace(JOB, job_id="j2", at=NOW - 86_400, provider="az", labels={"team": "b"})
    used = {(one.title, one.span.label): one.used for one in held(budgets, JOB, before).funds}
    assert used == {
        ("the project", "2026-11-28"): 30,
        ("the project", "2026-11"): 60,
        ("provider oa", "2026-11"): 30,
        ("label team=a", "2026-11-28"): 30,
        ("label team=b", "2026-11-28"): 0,
    }


def test_a_plan_that_fits_to_the_cent_is_not_refused() -> None:
    assert refused(plan_of(create("a", 70)), held(MONTH, JOB)) == []
    assert refused(plan_of(create("a", 70.01)), held(MONTH, JOB))
    assert refused(plan_of(create("a", 0)), held(MONTH, replace(JOB, amount=amount(500)))) == []


def test_a_plan_that_is_over_says_which_budget_how_much_is_used_and_what_fits() -> None:
    plan = plan_of(create("a", 50), create("b", 15), later("c", 10, "a"))
    (found,) = refused(plan, held(MONTH, JOB, replace(JOB, job_id="j2", open=True, amount=amount(10))))
    assert found.message == (
        "the budget of $100.00 for the project in 2026-11 has $60.00 left ($30.00 spent, $10.00 running), "
        "but this plan may cost $75.00 ($65.00 now, $10.00 to follow)"
    )
    assert found.hint == "what fits: --target a --target c; --allow budget=15 lifts it"
    assert refused(plan, held(MONTH, JOB), lift=15) == []


def test_what_is_over_by_less_than_a_cent_reads_as_more_than_is_left() -> None:
    (found,) = refused(plan_of(create("a", 70.000001)), held(MONTH, JOB))
    assert found.message.endswith("has $70.00 left ($30.00 spent), but this plan may cost $70.01")
    assert found.hint == "none of it fits; --allow budget=0.01 lifts it"


def test_what_starts_from_something_fits_only_with_it() -> None:
    plan = plan_of(create("a", 80), later("c", 10, "a"), create("d", 60))
    (found,) = refused(plan, held(MONTH, JOB))
    assert found.hint is not None
    assert found.hint.startswith("what fits: --target d; ")


def test_an_unknown_cost_is_refused_where_a_budget_covers_it_and_says_why() -> None:
    plan = plan_of(create("a", None), create("b", None, provider="az"))
    only_az = held(Budgets(providers={"az": Budget(day=Decimal(5))}))
    (found,) = over_budget(plan, only_az, Decimal(9), ["no price for m"])
    assert found.message == (
        "the cost of b is unknown, so it cannot count against the budget of $5.00 for provider az on "
        "2026-11-28: no price for m"
    )
    assert refused(plan, EMPTY) == []


def test_a_cost_beyond_all_bounds_is_over() -> None:
    assert price(CostEstimate(0, 1e300)) == MOST
    (found,) = refused(plan_of(create("a", 1e300)), held(MONTH))
    assert "none of it fits" in (found.hint or "")


def test_a_label_that_nothing_has_is_refused_with_its_place_unless_a_recorded_job_has_it() -> None:
    budgets = Budgets(labels={"team=aa": Budget(month=Decimal(5), line=7)})
    (found,) = refused(plan_of(), held(budgets))
    assert found.message.startswith("ftops.yaml:7: no fine-tune has the label team=aa")
    assert found.hint == "did you mean 'team=a'?"
    assert refused(plan_of(), held(budgets, replace(JOB, labels={"team": "aa"}))) == []


def test_the_rule_stands_among_the_others_and_is_lifted_by_name() -> None:
    plan = plan_of(create("a", 71))
    allowed = Allowed(Limits(), purse=held(MONTH, JOB))
    assert rules(plan, allowed) == ["budget"]
    assert rules(plan, replace(allowed, lifted={"budget": 1.0})) == []
    assert lifted_by({}) == 0
    (over,) = refused(plan_of(create("a", 80), create("b", 80)), held(MONTH, JOB), lift=10)
    assert over.hint == "what fits: --target a; --allow budget=90 lifts it"


def test_what_does_not_fit_waits_for_the_end_of_the_last_full_budget() -> None:
    both = Budgets(Budget(day=Decimal(80), month=Decimal(100)))
    plan = plan_of(create("a", 60), create("b", 30), create("c", 10), create("d", 75))
    assert waits(plan, held(both)) == {"b": TOMORROW, "d": DECEMBER}
    assert waits(plan, held(both), d=1) == {"a": DECEMBER, "b": DECEMBER, "c": TOMORROW}


def test_what_never_fits_or_is_of_unknown_cost_is_waited_for_in_vain() -> None:
    assert waits(plan_of(create("a", 101), create("b", None)), held(MONTH)) == {"a": None, "b": None}
    late = deferred(plan_of(create("b", None)), held(MONTH), Decimal(0), {}, ["no price for m"])
    assert late["b"].message.endswith(": no price for m")
    assert not deferred(plan_of(create("a", 101)), held(MONTH), Decimal(1), {}, [])


def test_what_waits_for_a_place_is_put_off_along_with_what_leaves_it_one() -> None:
    full = [replace(later(name, high), reason=Reason.PROVIDER_LIMIT) for name, high in (("c", 41), ("d", 40))]
    assert waits(plan_of(create("a", 60), create("b", 50), *full), held(MONTH)) == {
        "b": DECEMBER,
        "c": DECEMBER,
    }
    assert waits(plan_of(create("a", 60), *full), held(MONTH)) == {}


def test_a_replace_that_waits_for_its_base_stops_nothing_that_it_could_not_pay_again() -> None:
    stops = replace(later("a", 80), action=Action.CANCEL, reason=Reason.CHANGED, job_id="j9")
    assert waits(plan_of(stops), held(MONTH, JOB)) == {"a": DECEMBER}
    by_hand = replace(stops, reason=Reason.CANCELLED_BY_HAND)
    assert waits(plan_of(by_hand), held(MONTH, JOB)) == {}


@given(
    st.lists(st.tuples(st.integers(0, 60), st.sampled_from("pq"), st.sampled_from("ab"), st.integers(-1, 1))),
    st.integers(0, 100),
)
def test_what_is_not_put_off_fits_and_what_is_put_off_does_not(
    wanted: list[tuple[int, str, str, int]], month: int
) -> None:
    budgets = Budgets(
        Budget(month=Decimal(month)), {"p": Budget(day=Decimal(40))}, {"team=a": Budget(day=Decimal(30))}
    )
    changes = [create(f"n{n}", high, provider=p, team=t) for n, (high, p, t, _) in enumerate(wanted)]
    priorities = {f"n{n}": one[3] for n, one in enumerate(wanted)}
    purse_now = held(budgets)
    late = deferred(plan_of(*changes), purse_now, Decimal(0), priorities, ())
    made = [change for change in changes if change.name not in late]
    assert refused(plan_of(*made), purse_now) == []
    for change in changes:
        if change.name in late:
            assert refused(plan_of(*made, change), purse_now)
