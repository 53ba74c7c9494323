"""Plan and prices -> estimates; what is unknown is marked as such.

An estimate is a price times the tokens that a provider bills (`bill.py`), each from a low to a high end; a
limit looks at the high one. Without a price or a count of tokens there is no estimate at all: unknown is
never zero. Amounts are decimal until the estimate is made: its digits are those of the price.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation

from msgspec import Struct, field

from ftops.model.change import Change
from ftops.model.dataset import Dataset, TokenCount
from ftops.model.finetune import DataFile, FineTune, Upstream
from ftops.model.json_value import JSONObject
from ftops.model.plan import Plan
from ftops.model.prices import Unit
from ftops.model.review import Afterwards, CostEstimate, PriceUsed
from ftops.model.tuned_model import base_model
from ftops.model.value import replace
from ftops.review.bill import Bounds, Measured, Training, billed_tokens, notes, reads_validation
from ftops.review.prices import PriceBook, Rate, Unknown

_MILLION = 1_000_000
_SECONDS_PER_HOUR = 3600
_SIX_DIGITS = Decimal("0.000001")
"""Of a dollar: enough for one short example."""

BY_PROVIDER = "as its provider estimates it"

_AFTERWARDS = {
    Unit.HOSTING_HOUR: ("hour", "while it is deployed, used or not"),
    Unit.STORAGE_MONTH: ("month", "for as long as it exists"),
}


class Costing(Struct, frozen=True):
    """What costs are made of: everything declared, prices, and the files with their tokens.

    `counts` are the tokens of a file as a base model reads it, by path and model; `uncounted` says why there
    are none.
    """

    fine_tunes: Mapping[str, FineTune]
    book: PriceBook
    datasets: Mapping[str, Dataset] = field(default_factory=dict)
    counts: Mapping[str, Mapping[str, TokenCount]] = field(default_factory=dict)
    uncounted: Mapping[str, str] = field(default_factory=dict)

    def estimate(self, fine_tune: FineTune) -> CostEstimate:
        """Estimate one job. Raises Unknown when price, tokens or epochs are."""
        if (told := self.book.told.get(fine_tune.name)) is not None:
            return CostEstimate(float(told.low), float(told.high), because=(BY_PROVIDER,))
        rate, model = self.rate(fine_tune), self.base_model(fine_tune)
        billing = self.book.billing(fine_tune.provider)
        spec = spec_of(fine_tune)
        validated = fine_tune.validation_file if reads_validation(billing, spec) else None
        training = Training(
            fine_tune.name,
            spec,
            [self._measured(file, model) for file in fine_tune.training_files],
            self._measured(validated, model) if validated else None,
        )
        millions = billed_tokens(billing, training)
        cost = Bounds(rate.low * millions.low / _MILLION, rate.high * millions.high / _MILLION)
        minimum = self.book.minimum(fine_tune.provider, model, fine_tune.method, own=rate.own)
        because = list(notes(billing, training))
        if minimum is not None:
            least = cost.low if minimum.disputed else max(cost.low, minimum.low)
            if minimum.disputed and cost.high < minimum.high:
                because.append(f"sources disagree on a minimum of ${minimum.high:.2f} a job")
            cost = Bounds(least, max(cost.high, minimum.high))
        if rate.low != rate.high:
            because.append("it is not known which of several prices applies")
        rough = any(not one.tokens.exact for one in training.files)
        return CostEstimate(
            _dollars(cost.low, fine_tune),
            _dollars(cost.high, fine_tune),
            about=rate.about
            or rough
            or (minimum is not None and minimum.about and cost.high == minimum.high),
            because=tuple(dict.fromkeys(because)),
            price=_used(rate),
        )

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

    def rate(self, fine_tune: FineTune) -> Rate:
        """Return the USD for a million tokens. Raises Unknown, also where training is paid by the hour."""
        provider, model = fine_tune.provider, self.base_model(fine_tune)
        rate = self.book.known_rate(provider, model, fine_tune.method, spec_of(fine_tune))
        if rate.unit is Unit.GPU_HOUR:
            raise Unknown(f"the GPU hours of {fine_tune.name} are known only once it has ended")
        if rate.unit is Unit.TRAINING_HOUR:
            cap = self.book.cap(provider, model, fine_tune.method)
            most = f", at most ${cap.high:,.0f} before it pauses" if cap else ""
            price = f"${rate.low:.2f}" if rate.low == rate.high else f"${rate.low:.2f} to ${rate.high:.2f}"
            raise Unknown(
                f"{fine_tune.name} costs {price} an hour{most}; its hours are known only once it has ended"
            )
        return rate

    def afterwards(self, fine_tune: FineTune) -> tuple[Afterwards, ...]:
        """Return what its model costs once it is trained."""
        try:
            model = self.base_model(fine_tune)
        except Unknown:
            return ()
        provider, spec = fine_tune.provider, spec_of(fine_tune)
        priced = tuple(map(_afterwards, self.book.afterwards(provider, model, fine_tune.method, spec)))
        words = self.book.billing(provider).afterwards if self.book.is_priced(provider) else None
        return priced or ((Afterwards(words),) if words else ())

    def _measured(self, file: DataFile, model: str) -> Measured:
        dataset = self.datasets.get(file.path) if file.path is not None else None
        if dataset is None or file.path is None:
            raise Unknown("a file that is only at the provider cannot be counted")
        tokens = self.counts.get(file.path, {}).get(model)
        if tokens is None:
            raise Unknown(self.uncounted.get(file.path, f"the tokens of {file.path} are not counted"))
        return Measured(dataset, tokens)


def spec_of(fine_tune: FineTune) -> JSONObject:
    """Return what of a fine-tune may decide its price."""
    return {
        "hyperparameters": fine_tune.hyperparameters,
        "provider_options": fine_tune.provider_options,
    }


def tokens_wanted(plan: Plan, costing: Costing) -> Mapping[str, frozenset[str]]:
    """Return the files whose tokens decide a cost, and the models that train on them."""
    wanted: dict[str, set[str]] = {}
    for fine_tune in _created(plan, costing):
        if fine_tune.name in costing.book.told:
            continue
        try:
            costing.rate(fine_tune)
            model = costing.base_model(fine_tune)
        except Unknown:
            continue
        billing = costing.book.billing(fine_tune.provider)
        validated = fine_tune.validation_file if reads_validation(billing, spec_of(fine_tune)) else None
        for file in (*fine_tune.training_files, *([validated] if validated else ())):
            if file.path is not None:
                wanted.setdefault(file.path, set()).add(model)
    return {path: frozenset(models) for path, models in wanted.items()}


def with_costs(plan: Plan, costing: Costing) -> tuple[Plan, tuple[str, ...]]:
    """Add to each create and replace, now or later, its estimate; also return why some are unknown."""
    estimates: dict[str, CostEstimate] = {}
    later: dict[str, tuple[Afterwards, ...]] = {}
    causes: dict[str, None] = {}
    for fine_tune in _created(plan, costing):
        later[fine_tune.name] = costing.afterwards(fine_tune)
        try:
            estimates[fine_tune.name] = costing.estimate(fine_tune)
        except Unknown as unknown:
            causes[str(unknown)] = None
    changes = tuple(
        _priced(change, estimates.get(change.name), later.get(change.name, ())) for change in plan.changes
    )
    return replace(plan, changes=changes), tuple(causes)


def _priced(change: Change, cost: CostEstimate | None, afterwards: Sequence[Afterwards]) -> Change:
    later = tuple(afterwards)
    if change.action.creates:
        return replace(change, estimated_cost=cost, afterwards=later)
    if change.then is None:
        return change
    return replace(change, then=replace(change.then, estimated_cost=cost, afterwards=later))


def _created(plan: Plan, costing: Costing) -> Iterator[FineTune]:
    for change in plan.changes:
        if (change.action.creates or change.then) and change.name in costing.fine_tunes:
            yield costing.fine_tunes[change.name]


def _dollars(value: Decimal, fine_tune: FineTune) -> float:
    try:
        return float(value.quantize(_SIX_DIGITS))
    except InvalidOperation:
        raise Unknown(f"what {fine_tune.name} costs is beyond all bounds: look at its epochs") from None


def _used(rate: Rate) -> PriceUsed:
    return PriceUsed(
        float(rate.low),
        float(rate.high),
        rate.unit,
        project=rate.own or rate.projects,
        about=rate.about,
        as_of=rate.as_of,
        confidence=rate.confidence,
        source=rate.source,
    )


def _afterwards(rate: Rate) -> Afterwards:
    per, words = _AFTERWARDS[rate.unit]
    return Afterwards(
        words,
        float(rate.low),
        float(rate.high),
        per,
        about=rate.about,
        as_of=rate.as_of,
        confidence=rate.confidence,
        source=rate.source,
    )
