"""How many tokens a provider bills for a job, by its own rules (`Billing`): from a low to a high count."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from msgspec import Struct

from ftops.model.dataset import Dataset, TokenCount
from ftops.model.fingerprint import AUTO
from ftops.model.json_value import JSONObject
from ftops.model.prices import Billing
from ftops.review.prices import Unknown, value_at

_BYTES_OF_A_STEP = Decimal(1_000_000)
VALIDATION_UNKNOWN = "whether the validation file is billed is not published"


class Bounds(Struct, frozen=True):
    """At least `low`, at most `high`."""

    low: Decimal
    high: Decimal

    def __add__(self, other: Bounds) -> Bounds:
        return Bounds(self.low + other.low, self.high + other.high)

    def __mul__(self, other: Bounds) -> Bounds:
        return Bounds(self.low * other.low, self.high * other.high)


NOTHING = Bounds(Decimal(0), Decimal(0))


class Measured(Struct, frozen=True):
    """A file with the tokens that a model reads in it."""

    dataset: Dataset
    tokens: TokenCount


class Training(Struct, frozen=True):
    """What is billed: the files of one fine-tune, and its hyperparameters and options."""

    name: str
    spec: JSONObject
    files: Sequence[Measured]
    validation: Measured | None = None


def billed_tokens(billing: Billing, training: Training) -> Bounds:
    """Return the tokens of a job's bill. Raises Unknown if they cannot be known in advance."""
    if billing.mixed_in and value_at(training.spec, billing.mixed_in):
        field = _last(billing.mixed_in)
        raise Unknown(f"{training.name}: {field} adds the provider's own data, which is billed too")
    epoch = sum((_read(billing, training, one) for one in training.files), NOTHING)
    validation = _validation(billing, training)
    return epoch * _epochs(billing, training) + validation


def reads_validation(billing: Billing, spec: JSONObject) -> bool:
    """Return whether the tokens of a validation file may be billed."""
    return billing.validation == "unknown" or (
        billing.validation == "per_evaluation" and bool(_evaluations(billing, spec))
    )


def epochs(billing: Billing, name: str, spec: JSONObject, size: int | None) -> Bounds:
    """Return the passes over data of a size in bytes (None: unknown).

    Raises Unknown if the provider chooses and says no bounds.
    """
    given, field = value_at(spec, billing.epochs), _last(billing.epochs)
    steps = value_at(spec, billing.steps) if billing.steps else None
    if given in (None, AUTO) and isinstance(steps, int) and not isinstance(steps, bool):
        if size is None:
            raise Unknown(f"{name}: the number of epochs is not known without the size of its files")
        passes = steps * _BYTES_OF_A_STEP / max(1, size)
        return Bounds(passes, passes)
    if given in (None, AUTO):
        if billing.fewest_epochs is None or billing.most_epochs is None:
            raise Unknown(f"{name}: the number of epochs is not known without {field}")
        return Bounds(Decimal(billing.fewest_epochs), Decimal(billing.most_epochs))
    if isinstance(given, bool) or not isinstance(given, int | float) or not given > 0:
        raise Unknown(f"{field} of {name} is not a number of epochs")
    return Bounds(Decimal(str(given)), Decimal(str(given)))


def notes(billing: Billing, training: Training) -> Iterator[str]:
    """Say why the count is a range, for people."""
    for one in (*training.files, *([training.validation] if training.validation else ())):
        yield from one.tokens.because
    if not _given(billing, training) and billing.fewest_epochs != billing.most_epochs:
        yield f"the provider chooses from {billing.fewest_epochs} to {billing.most_epochs} epochs"
    if billing.validation == "unknown" and training.validation:
        yield VALIDATION_UNKNOWN


def _read(billing: Billing, training: Training, one: Measured) -> Bounds:
    """Return the tokens of one epoch over a file."""
    longest = value_at(training.spec, billing.longest) if billing.longest else None
    rows = Decimal(one.dataset.examples)
    if billing.packing and value_at(training.spec, billing.packing) is False:
        if not isinstance(longest, int):
            without = f"without packing every example is billed as {_last(billing.longest or '')}"
            raise Unknown(f"{training.name}: {without}, which is not set")
        return Bounds(rows * longest, rows * longest)
    counted = Bounds(Decimal(one.tokens.low), Decimal(one.tokens.high))
    if not isinstance(longest, int):
        return counted
    most = rows * longest
    return Bounds(min(counted.low, most), min(counted.high, most))


def _validation(billing: Billing, training: Training) -> Bounds:
    if training.validation is None or not reads_validation(billing, training.spec):
        return NOTHING
    tokens = _read(billing, training, training.validation)
    if billing.validation == "unknown":
        return Bounds(Decimal(0), tokens.high * _epochs(billing, training).high)
    times = Decimal(_evaluations(billing, training.spec))
    return Bounds(tokens.low * times, tokens.high * times)


def _evaluations(billing: Billing, spec: JSONObject) -> int:
    value = value_at(spec, billing.evaluations) if billing.evaluations else None
    return value if isinstance(value, int) else 0


def _given(billing: Billing, training: Training) -> bool:
    return value_at(training.spec, billing.epochs) not in (None, AUTO)


def _epochs(billing: Billing, training: Training) -> Bounds:
    size = sum(one.dataset.bytes for one in training.files)
    return epochs(billing, training.name, training.spec, size)


def _last(path: str) -> str:
    return path.rsplit(".", 1)[-1]
