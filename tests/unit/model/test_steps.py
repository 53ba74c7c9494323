"""Steps count once, whatever part of a command they are in."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ftops.model.change import Action, Change, Reason
from ftops.model.event import ChangeResult, Outcome
from ftops.model.review import CostEstimate
from ftops.model.steps import Steps, steps_done

COSTS = st.one_of(st.none(), st.builds(CostEstimate, st.just(0.0), st.sampled_from([0.5, 1.0, 2.0])))
STARTS = st.tuples(st.sampled_from("ab"), st.integers(1, 2), st.integers(1, 2))
STOPS = st.tuples(st.sampled_from("ab"), st.sampled_from(["job-1", "job-2"]))
STEPS = st.builds(Steps, st.dictionaries(STARTS, COSTS, max_size=4), st.frozensets(STOPS, max_size=3))


@given(STEPS, STEPS)
def test_together_they_are_one_and_what_is_left_of_the_other(one: Steps, other: Steps) -> None:
    both = one | other
    assert both == one | (other - one)
    assert both - one == other - one
    assert len(both.creates) == len(one.creates) + len((other - one).creates)
    assert one | one == one
    assert one - one == Steps()


@given(STEPS, STEPS)
def test_a_cost_is_known_where_every_part_is(one: Steps, other: Steps) -> None:
    rest = other - one
    whole = (one | other).cost
    if one.cost is None or rest.cost is None:
        assert whole is None
    else:
        assert whole == CostEstimate(0.0, one.cost.high + rest.cost.high)


def test_a_sum_that_no_number_holds_is_unknown() -> None:
    for cost in (CostEstimate(0.0, 1e308), CostEstimate(-1e308, 1.0)):
        assert Steps({("a", 1, number): cost for number in range(2)}).known is None


def result(outcome: Outcome, action: Action = Action.REPLACE, *, ambiguous: bool = False) -> ChangeResult:
    change = Change("a", action, Reason.CHANGED, "changed", "p", 2, 1, "f", "job-1")
    return ChangeResult(change, outcome, ambiguous=ambiguous)


def test_what_may_have_happened_counts_as_done() -> None:
    create, stop = {("a", 2, 1): None}, frozenset({("a", "job-1")})
    assert steps_done([result(Outcome.DONE)]) == Steps(create, stop)
    assert steps_done([result(Outcome.FAILED, ambiguous=True)]) == Steps(create, stop)
    # A create that was surely refused is not paid; the cancel before it may have been taken.
    assert steps_done([result(Outcome.FAILED)]) == Steps({}, stop)
    assert steps_done([result(Outcome.SKIPPED)]) == Steps({}, stop)
    assert steps_done([result(Outcome.DONE, Action.CANCEL)]) == Steps({}, stop)
