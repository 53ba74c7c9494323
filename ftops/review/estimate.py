"""Plan and prices -> estimates, with what is unknown said so.

An estimate is price x tokens x epochs. `n_epochs: auto` (or absent) leaves the epochs to the provider: the
estimate is then a range, from the fewest to the most that a provider chooses, and a limit looks at its high
end. Without a price or a count of tokens there is no estimate at all: unknown is never zero.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from msgspec import Struct, field

from ftops.model.change import Change
from ftops.model.dataset import Dataset
from ftops.model.finetune import FineTune, Method, Upstream
from ftops.model.fingerprint import AUTO
from ftops.model.json_value import JSON
from ftops.model.plan import Plan
from ftops.model.review import CostEstimate
from ftops.model.tuned_model import base_model
from ftops.model.value import replace

FEWEST_AUTO_EPOCHS = 1
MOST_AUTO_EPOCHS = 25
"""Between these a provider chooses `auto` epochs, by OpenAI's cookbook."""

_DIGITS = 6
"""Of a dollar: enough for one short example, too few for the noise of binary fractions."""

Prices = Mapping[str, JSON]
"""provider -> model -> {training_per_million_tokens: USD}, as the project file has it."""


class Unknown(Exception):
    """A cost cannot be known; the message says why, for people."""


class Costing(Struct, frozen=True):
    """What costs are made of: everything declared, the files with their tokens (or why there are none)."""

    fine_tunes: Mapping[str, FineTune]
    prices: Prices
    datasets: Mapping[str, Dataset] = field(default_factory=dict)
    uncounted: Mapping[str, str] = field(default_factory=dict)

    def estimate(self, fine_tune: FineTune) -> CostEstimate:
        """Estimate one job. Raises Unknown when price, tokens or epochs are."""
        price = self.price(fine_tune)
        millions = sum(map(self._tokens, (file.path for file in fine_tune.training_files))) / 1_000_000
        low, high = (round(price * millions * epochs, _DIGITS) for epochs in _epochs(fine_tune))
        if not math.isfinite(high):
            raise Unknown(f"the price of {self.base_model(fine_tune)} is not a number")
        return CostEstimate(low, high)

    def base_model(self, fine_tune: FineTune) -> str:
        """Name the model whose price holds: at the root of a chain, or under an earlier fine-tune's id."""
        seen: set[str] = set()
        while isinstance(fine_tune.model, Upstream):
            upstream = self.fine_tunes.get(fine_tune.model.name)
            if upstream is None or fine_tune.name in seen:
                raise Unknown(f"{fine_tune.name} starts from a model that is not declared")
            seen.add(fine_tune.name)
            fine_tune = upstream
        return base_model(fine_tune.model)

    def price(self, fine_tune: FineTune) -> float:
        """Return the USD for a million tokens. Raises Unknown."""
        if fine_tune.method is not Method.SUPERVISED:
            raise Unknown(f"{fine_tune.name}: only supervised training is estimated from tokens")
        model, models = self.base_model(fine_tune), self.prices.get(fine_tune.provider)
        entry = models.get(model) if isinstance(models, Mapping) else None
        price = entry.get("training_per_million_tokens") if isinstance(entry, Mapping) else None
        if isinstance(price, bool) or not isinstance(price, int | float) or not price >= 0:
            raise Unknown(f"ftops.yaml has no price of {model} at {fine_tune.provider}")
        return float(price)

    def _tokens(self, path: str | None) -> int:
        dataset = self.datasets.get(path) if path is not None else None
        if dataset is None or path is None:
            raise Unknown("a file that is only at the provider cannot be counted")
        if dataset.tokens is None:
            raise Unknown(self.uncounted.get(path, f"the tokens of {path} are not counted"))
        return dataset.tokens


def tokens_wanted(plan: Plan, costing: Costing) -> Mapping[str, frozenset[str]]:
    """Return the files whose tokens decide a cost, and the models that train on them."""
    wanted: dict[str, set[str]] = {}
    for fine_tune in _created(plan, costing):
        try:
            costing.price(fine_tune)
            model = costing.base_model(fine_tune)
        except Unknown:
            continue
        for file in fine_tune.training_files:
            if file.path is not None:
                wanted.setdefault(file.path, set()).add(model)
    return {path: frozenset(models) for path, models in wanted.items()}


def with_costs(plan: Plan, costing: Costing) -> tuple[Plan, tuple[str, ...]]:
    """Return each create and replace, now or later, its estimate; beside the plan, why some are unknown."""
    if not costing.prices:
        return plan, ()
    estimates: dict[str, CostEstimate] = {}
    causes: dict[str, None] = {}
    for fine_tune in _created(plan, costing):
        try:
            estimates[fine_tune.name] = costing.estimate(fine_tune)
        except Unknown as unknown:
            causes[str(unknown)] = None
    changes = tuple(_priced(change, estimates.get(change.name)) for change in plan.changes)
    return replace(plan, changes=changes), tuple(causes)


def _priced(change: Change, cost: CostEstimate | None) -> Change:
    if change.action.creates:
        return replace(change, estimated_cost=cost)
    return replace(change, then=replace(change.then, estimated_cost=cost)) if change.then else change


def _created(plan: Plan, costing: Costing) -> Iterator[FineTune]:
    for change in plan.changes:
        if (change.action.creates or change.then) and change.name in costing.fine_tunes:
            yield costing.fine_tunes[change.name]


def _epochs(fine_tune: FineTune) -> tuple[float, float]:
    epochs = fine_tune.hyperparameters.get("n_epochs")
    if epochs is None or epochs == AUTO:
        return FEWEST_AUTO_EPOCHS, MOST_AUTO_EPOCHS
    if isinstance(epochs, bool) or not isinstance(epochs, int | float) or not epochs > 0:
        raise Unknown(f"n_epochs of {fine_tune.name} is not a number of epochs")
    return epochs, epochs
