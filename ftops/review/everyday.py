"""The everyday rules of `policies` in ftops.yaml: each a row of data and a small pure function.

A rule judges one training: what a plan creates, or goes on to train. What cannot be known is refused, since
a rule that gives way to what is hidden forbids nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal

from msgspec import Struct

from ftops.model.finetune import FineTune
from ftops.model.policy import Policies
from ftops.model.review import CostEstimate

Steps = tuple[str, ...]
"""A field of a manifest, from the top."""


class Unknown(Struct, frozen=True):
    """Something that cannot be known in advance, and why."""

    because: str


class Training(Struct, frozen=True):
    """One training as the rules see it.

    `base_model` is that at the root of a chain. `epochs` are at most so many, and `epochs_field` is where
    the provider's manifests have them. `shared_rows` says which rows are in both files, empty for none.
    `cost` is None where none was asked for: `validate` has no prices.
    """

    fine_tune: FineTune
    base_model: str
    epochs: Decimal | Unknown
    epochs_field: Steps
    shared_rows: str | Unknown
    cost: CostEstimate | Unknown | None = None


class Breach(Struct, frozen=True):
    """What of a training is against which limit; `path` leads to the field that says so."""

    found: str
    limit: str
    path: Steps


class Everyday(Struct, frozen=True):
    """One rule: `looks_at` and `refuses` tell readers of the docs, `remedy` who has broken it."""

    name: str
    looks_at: str
    refuses: str
    remedy: str
    judge: Callable[[Training, Policies], Breach | None]


def allowed_providers(training: Training, policies: Policies) -> Breach | None:
    """Only these rows of `providers`."""
    allowed, provider = policies.allowed_providers, training.fine_tune.provider
    if allowed is None or fits_any(provider, allowed):
        return None
    return Breach(f"it trains at {provider}", f"allows {_listed(allowed)}", ("spec", "provider"))


def allowed_models(training: Training, policies: Policies) -> Breach | None:
    """Only these base models, also at the root of a chain or of a model that is trained further."""
    allowed, model = policies.allowed_models, training.base_model
    if allowed is None or fits_any(model, allowed):
        return None
    what = f"its base model is {model}" if model else "its base model is not declared"
    return Breach(what, f"allows {_listed(allowed)}", ("spec", "model"))


def required_labels(training: Training, policies: Policies) -> Breach | None:
    """Every one of these labels, with one of its values where values are named."""
    labels = training.fine_tune.labels
    missing = [key for key in policies.required_labels if not labels.get(key)]
    wrong = [
        key
        for key, values in policies.required_labels.items()
        if key not in missing and values and labels[key] not in values
    ]
    if not missing and not wrong:
        return None
    found = [f"it has no label {_listed(missing)}"] if missing else []
    found += [f"its label {key} is {labels[key]}" for key in wrong]
    asked = (_label(key, policies.required_labels[key]) for key in (*missing, *wrong))
    path = ("metadata", "labels") if missing else ("metadata", "labels", wrong[0])
    return Breach(" and ".join(found), f"asks for {_listed(asked)}", path)


def max_epochs(training: Training, policies: Policies) -> Breach | None:
    """At most so many passes over the data, as many as the provider may choose where none are given."""
    most, epochs = policies.max_epochs, training.epochs
    if most is None or (isinstance(epochs, Decimal) and epochs <= Decimal(str(most))):
        return None
    found = epochs.because if isinstance(epochs, Unknown) else f"it may train {_plain(epochs)} epochs"
    return Breach(found, f"allows {most:g}", training.epochs_field)


def max_cost_per_job(training: Training, policies: Policies) -> Breach | None:
    """At most so many dollars for one job: the high end of a range counts, and an unknown cost is over."""
    most, cost = policies.max_cost_per_job, training.cost
    if most is None or cost is None:
        return None
    if isinstance(cost, Unknown):
        return Breach(cost.because, f"allows {_dollars(most)}", ("spec", "model"))
    if cost.high <= most:
        return None
    return Breach(f"it may cost {_dollars(cost.high)}", f"allows {_dollars(most)}", ("spec", "model"))


def require_validation_file(training: Training, policies: Policies) -> Breach | None:
    """A validation file, so that a reviewer can see whether the model has learned."""
    if not policies.require_validation_file or training.fine_tune.validation_file is not None:
        return None
    return Breach("it has no validation file", "is true", ("spec", "validation_file"))


def forbid_train_valid_overlap(training: Training, policies: Policies) -> Breach | None:
    """No row of the training files in the validation file: its loss would mean nothing."""
    if not policies.forbid_train_valid_overlap or training.fine_tune.validation_file is None:
        return None
    shared = training.shared_rows
    found = shared.because if isinstance(shared, Unknown) else shared
    return Breach(found, "is true", ("spec", "validation_file")) if found else None


EVERYDAY: tuple[Everyday, ...] = (
    Everyday(
        "allowed_providers",
        "`spec.provider`, or the project's default",
        "a fine-tune at another provider of `ftops.yaml`",
        "train at an allowed provider",
        allowed_providers,
    ),
    Everyday(
        "allowed_models",
        "the base model, for a chain that at its root, for `ft:...` the one it was made from",
        "another base model",
        "train an allowed model",
        allowed_models,
    ),
    Everyday(
        "required_labels",
        "`metadata.labels`",
        "a missing or empty label, or a value that is not among the allowed ones",
        "add the label under metadata.labels",
        required_labels,
    ),
    Everyday(
        "max_epochs",
        "the epochs, in the provider's own field; the most that it may choose if there are none",
        "more epochs, or a number that is not known in advance",
        "write a number of epochs that is allowed",
        max_epochs,
    ),
    Everyday(
        "max_cost_per_job",
        "the estimate of each job that is created now or follows later",
        "a high end above the limit, and an unknown cost",
        "train on less data or for fewer epochs, or give the model a price",
        max_cost_per_job,
    ),
    Everyday(
        "require_validation_file",
        "`spec.validation_file`",
        "a fine-tune without one",
        "add a validation_file",
        require_validation_file,
    ),
    Everyday(
        "forbid_train_valid_overlap",
        "the rows of the training files and of the validation file",
        "a row that is in both, and files that cannot be compared because they are not here",
        "remove the shared rows from one of the files",
        forbid_train_valid_overlap,
    ),
)
"""Every everyday rule, in the order in which they are reported."""


def fits_any(word: str, patterns: Iterable[str]) -> bool:
    """Return whether a word fits one of the patterns, in which `*` stands for anything."""
    return any(_fits(word, pattern) for pattern in patterns)


def _fits(word: str, pattern: str) -> bool:
    """Look for one part after the other: a regular expression could go back and forth for ever."""
    first, *rest = pattern.split("*")
    if not rest or not word.startswith(first):
        return word == pattern
    *middle, last = rest
    at = len(first)
    for part in middle:
        found = word.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return len(word) - at >= len(last) and word.endswith(last)


def _label(key: str, values: tuple[str, ...]) -> str:
    return f"{key} ({' or '.join(values)})" if values else key


def _listed(words: Iterable[str]) -> str:
    return ", ".join(words) or "none"


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"


def _dollars(amount: float) -> str:
    return f"${amount:,.2f}"
