"""Price x tokens x epochs, or the reason why nobody knows."""

from __future__ import annotations

import pytest

from ftops.model.change import Action, Change, Reason, Then
from ftops.model.dataset import Dataset
from ftops.model.finetune import DataFile, FineTune, Method, Upstream
from ftops.model.plan import Plan
from ftops.model.review import CostEstimate
from ftops.model.steps import steps_now
from ftops.review.estimate import Costing, Unknown, tokens_wanted, with_costs

PRICES = {"p": {"m": {"training_per_million_tokens": 3.0}}}
DATA = {"d": Dataset("d", "0" * 64, 1, 1, "0" * 64, tokens=1_000_000)}


def tune(name: str = "a", model: str | Upstream = "m", **more: object) -> FineTune:
    values = {"training_files": (DataFile("d"),), "hyperparameters": {"n_epochs": 2}, **more}
    return FineTune(name, "p", model, **values)  # type: ignore[arg-type]


def costing(*tunes: FineTune, prices: object = PRICES) -> Costing:
    return Costing({one.name: one for one in tunes}, prices, DATA)  # type: ignore[arg-type]


def test_an_estimate_is_price_times_tokens_times_epochs() -> None:
    assert costing().estimate(tune()) == CostEstimate(6, 6)
    assert costing().estimate(tune(hyperparameters={"n_epochs": 2.0})) == CostEstimate(6, 6)


@pytest.mark.parametrize("hyperparameters", [{}, {"n_epochs": "auto"}, {"n_epochs": None}])
def test_epochs_that_the_provider_chooses_make_a_range(hyperparameters: object) -> None:
    assert costing().estimate(tune(hyperparameters=hyperparameters)) == CostEstimate(3, 75)


def test_a_chain_and_an_earlier_fine_tune_cost_what_their_base_costs() -> None:
    second = tune("b", Upstream("a"))
    assert costing(tune(), second).estimate(second) == CostEstimate(6, 6)
    assert costing().estimate(tune(model="ft:m:org::1")) == CostEstimate(6, 6)


@pytest.mark.parametrize(
    ("fine_tune", "prices", "why"),
    [
        (tune(model="other"), PRICES, "no price for other at p"),
        (tune(), {"p": {"m": {"training_per_million_tokens": float("nan")}}}, "no price for m"),
        (tune(), {"p": {"m": {"training_per_million_tokens": float("inf")}}}, "not a number"),
        (tune(method=Method.REINFORCEMENT), PRICES, "only supervised"),
        (tune(training_files=(DataFile(file_id="file-1"),)), PRICES, "only at the provider"),
        (tune(training_files=(DataFile("e"),)), PRICES, "only at the provider"),
        (tune(hyperparameters={"n_epochs": 0}), PRICES, "n_epochs"),
        (tune(model=Upstream("gone")), PRICES, "not declared"),
    ],
)
def test_what_is_unknown_is_said_and_never_zero(fine_tune: FineTune, prices: object, why: str) -> None:
    with pytest.raises(Unknown, match=why):
        costing(fine_tune, prices=prices).estimate(fine_tune)


def test_one_unknown_makes_the_sum_unknown_and_only_priced_creates_are_counted() -> None:
    changes = tuple(
        Change(name, action, Reason.NEW, "", "p", 1, 1)
        for name, action in (("a", Action.CREATE), ("b", Action.CREATE), ("c", Action.KEEP))
    )
    made = costing(tune("a"), tune("b", "other"), tune("c", training_files=(DataFile("x"),)))
    plan = Plan("demo", "l", 1, changes)
    assert tokens_wanted(plan, made) == {"d": frozenset({"m"})}
    priced, causes = with_costs(plan, made)
    assert priced.changes[0].estimated_cost == CostEstimate(6, 6)
    assert causes == ("ftops.yaml has no price for other at p",)
    assert steps_now(priced.changes).cost is None
    assert steps_now(priced.changes[:1]).cost == CostEstimate(6, 6)


def test_what_follows_is_priced_like_what_is_done_now() -> None:
    then = Then(Action.CREATE, Reason.NEW, "new", 1, 1)
    change = Change("b", Action.WAIT, Reason.WAITING_FOR, "", "p", then=then)
    made = costing(tune("a"), tune("b", Upstream("a")))
    assert tokens_wanted(Plan("demo", "l", 1, (change,)), made) == {"d": frozenset({"m"})}
    (priced,) = with_costs(Plan("demo", "l", 1, (change,)), made)[0].changes
    assert priced.estimated_cost is None
    assert priced.then == Then(Action.CREATE, Reason.NEW, "new", 1, 1, estimated_cost=CostEstimate(6, 6))
