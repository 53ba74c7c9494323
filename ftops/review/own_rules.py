"""Rules of a project's own: what they apply to, the document that they see, and their verdict."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct, to_builtins

from ftops.model.dataset import Dataset
from ftops.model.finetune import FineTune
from ftops.model.json_value import JSONObject
from ftops.model.policy import PolicyRule, Scope
from ftops.model.review import CostEstimate
from ftops.review.everyday import fits_any
from ftops.review.expressions import NoAnswer, reads

Judge = Callable[[str, JSONObject], bool | NoAnswer]
"""(expression, document) -> whether it holds, or why nobody can tell."""

ONLY_PLANNED = frozenset({"action", "cost", "cost.low", "cost.high", "data", "data.tokens", "generation"})
"""What is known of a plan alone: a rule that reads one of these is not judged without it.

So is `data` as a whole, or by an index: its `tokens` may be meant.
"""


class Step(Struct, frozen=True):
    """What a plan does for a fine-tune: `create` or `replace`, and the cost, None where it is unknown."""

    action: str = "create"
    generation: int = 1
    cost: CostEstimate | None = None
    tokens: int | None = None


def change_document(
    fine_tune: FineTune, base_model: str, datasets: Mapping[str, Dataset], step: Step
) -> JSONObject:
    """Return what an expression sees as `change` (`schemas/policy-change.v1.json`)."""
    cost = step.cost
    found: dict[str, Any] = {
        "name": fine_tune.name,
        "labels": dict(fine_tune.labels),
        "annotations": dict(fine_tune.annotations),
        "provider": fine_tune.provider,
        "model": base_model,
        "method": fine_tune.method.value,
        "hyperparameters": to_builtins(fine_tune.hyperparameters),
        "suffix": fine_tune.suffix,
        "data": {**_amounts(fine_tune, datasets), "tokens": step.tokens},
        "cost": {"low": cost.low, "high": cost.high} if cost else None,
        "action": step.action,
        "generation": step.generation,
    }
    return found


FIELDS = (
    "name",
    "labels",
    "annotations",
    "provider",
    "model",
    "method",
    "hyperparameters",
    "suffix",
    "data",
    "cost",
    "action",
    "generation",
)
"""Every field of the document, in its order."""


def _amounts(fine_tune: FineTune, datasets: Mapping[str, Dataset]) -> Mapping[str, int | None]:
    """Add up the training files; unknown where one is not here."""
    files = [datasets.get(file.path or "") for file in fine_tune.training_files]
    here = [file for file in files if file is not None]
    if len(here) < len(files):
        return {"examples": None, "bytes": None}
    return {"examples": sum(one.examples for one in here), "bytes": sum(one.bytes for one in here)}


def applies(scope: Scope, document: JSONObject) -> bool:
    """Return whether a rule is about what a document tells of."""
    labels = document["labels"]
    return (
        (not scope.names or fits_any(str(document["name"]), scope.names))
        and (not scope.providers or fits_any(str(document["provider"]), scope.providers))
        and isinstance(labels, Mapping)
        and all(fits_any(str(labels.get(key, "")), (value,)) for key, value in scope.labels.items())
    )


def needs_plan(rule: PolicyRule) -> bool:
    """Return whether a rule reads what only a plan knows."""
    return bool(reads(rule.expression) & ONLY_PLANNED)


def broken_by(rule: PolicyRule, document: JSONObject, judge: Judge) -> str | None:
    """Return what is said of a broken rule, None where it holds or is not about this.

    One that cannot be evaluated is broken: it fails closed.
    """
    if not applies(rule.applies_to, document):
        return None
    found = judge(rule.expression, document)
    if isinstance(found, NoAnswer):
        return f"{rule.message} (its expression gives no answer: {found.because})"
    return None if found else rule.message
