"""Plan and prices -> estimates, with what is unknown said so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ftops.model.change import Change
from ftops.model.dataset import Dataset
from ftops.model.finetune import FineTune
from ftops.model.fingerprint import AUTO
from ftops.model.json_value import JSON
from ftops.model.plan import Plan
from ftops.model.review import CostEstimate

FEWEST_AUTO_EPOCHS = 1
MOST_AUTO_EPOCHS = 25
"""Between these a provider chooses `auto` epochs, by OpenAI's cookbook."""

Prices = Mapping[str, JSON]
"""provider -> model -> {training_per_million_tokens: USD}, as the project file has it."""


def with_costs(
    plan: Plan, fine_tunes: Mapping[str, FineTune], datasets: Mapping[str, Dataset], prices: Prices
) -> Plan:
    """Give each create and replace its estimate."""
    if not prices:
        return plan
    changes = tuple(
        replace(change, estimated_cost=estimate(fine_tunes[change.name], datasets, prices))
        if change.action.creates and change.name in fine_tunes
        else change
        for change in plan.changes
    )
    return replace(plan, changes=changes)


def estimate(fine_tune: FineTune, datasets: Mapping[str, Dataset], prices: Prices) -> CostEstimate | None:
    """Estimate one job: price x tokens x epochs. None when any of the three is unknown."""
    price = _price(fine_tune, prices)
    tokens = 0
    for file in fine_tune.training_files:
        dataset = datasets.get(file.path) if file.path is not None else None
        counted = dataset.tokens if dataset is not None else None
        if counted is None:
            return None
        tokens += counted
    if price is None:
        return None
    low, high = _epochs(fine_tune)
    millions = tokens / 1_000_000
    return CostEstimate(round(price * millions * low, 4), round(price * millions * high, 4))


def total_cost(changes: tuple[Change, ...]) -> CostEstimate | None:
    """Add up every create and replace; one unknown makes the sum unknown."""
    created = [change.estimated_cost for change in changes if change.action.creates]
    known = [cost for cost in created if cost is not None]
    if len(known) != len(created):
        return None
    return CostEstimate(sum(cost.low for cost in known), sum(cost.high for cost in known))


def _price(fine_tune: FineTune, prices: Prices) -> float | None:
    models = prices.get(fine_tune.provider)
    if not isinstance(models, Mapping) or not isinstance(fine_tune.model, str):
        return None
    entry = models.get(fine_tune.model)
    price = entry.get("training_per_million_tokens") if isinstance(entry, Mapping) else None
    return float(price) if isinstance(price, int | float) else None


def _epochs(fine_tune: FineTune) -> tuple[int, int]:
    epochs = fine_tune.hyperparameters.get("n_epochs", AUTO)
    return (epochs, epochs) if isinstance(epochs, int) else (FEWEST_AUTO_EPOCHS, MOST_AUTO_EPOCHS)
