"""What training one model costs at a provider: by the project's own prices, else by the table's.

The project's price wins and is taken as it is. A row of the table that is old, or not the provider's own
text, is "about". What is unknown is never zero: every reason for it is a sentence.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation

from msgspec import Struct, field

from ftops.model.finetune import Method
from ftops.model.json_value import JSON, JSONObject
from ftops.model.observation import ProviderFacts
from ftops.model.prices import Billing, Choice, Price, PriceTable, Status, Unit
from ftops.model.retirement import ANY_MODEL, Confidence
from ftops.model.spending import USD, Amount
from ftops.review.price_rows import covers, is_about, lacks, named, root_name, rows_for, snapshot_of, synonyms

Prices = Mapping[str, JSON]
"""provider -> model -> its prices in USD, as the project file has it."""

PER_MILLION = "training_per_million_tokens"
GPU_HOUR = "gpu_hour"
NO_TABLE = PriceTable(1, date.min)

_MOST_A_PRICE = 10**9
"""What is above is a mistake, and too much to calculate with to a cent."""
_HOURLY = (Unit.TRAINING_HOUR, Unit.GPU_HOUR)
_ANYTHING_ELSE = "*"
_NO_SPEC: JSONObject = {}
_USUAL = Billing("", "", "", Confidence.INFERRED, "hyperparameters.n_epochs", "free", 1, 25)
"""What is taken of a server that nobody describes: OpenAI's, whose format it speaks."""


class Unknown(Exception):
    """A cost is unknown; the message says why, for people."""


class Rate(Struct, frozen=True):
    """USD for one unit. `low` and `high` differ where nothing says which of several rows holds.

    `own`: ftops.yaml says so; `projects`: a row of the project's table does. `about`: the price may be
    another by now, or elsewhere. `source`, `as_of` and `confidence` are those of the row; a price of
    ftops.yaml may have none.
    """

    low: Decimal
    high: Decimal
    unit: Unit = Unit.MILLION_TOKENS
    about: bool = False
    own: bool = False
    projects: bool = False
    as_of: str | None = None
    confidence: Confidence | None = None
    source: str | None = None
    disputed: bool = False


class PriceBook(Struct, frozen=True):
    """Every price that a run knows: the project's own, those of its table files, and ours.

    `providers` are those of ftops.yaml. The table's prices hold at a service's own address and on the
    embedded emulator, which shows what the real thing would cost; a server that somebody else runs may charge
    anything. `told` is what creates cost as their providers estimate it, by fine-tune.
    """

    own: Prices
    providers: Mapping[str, ProviderFacts]
    today: date
    table: PriceTable = NO_TABLE
    projects_rows: tuple[Price, ...] = field(default_factory=tuple)
    told: Mapping[str, Amount] = field(default_factory=dict)

    def rate(
        self,
        provider: str,
        model: str,
        method: str,
        spec: JSONObject | None = _NO_SPEC,
        *,
        past: bool = False,
    ) -> Rate | None:
        """Return what a unit of training costs, None where it is unknown.

        `spec` has the hyperparameters and provider_options, which may decide the price; with None they are
        unknown, and every price that they may lead to counts. With `past` a price counts even if no new
        jobs are taken any more: the job has been run.
        """
        try:
            return self.known_rate(provider, model, method, spec, past=past)
        except Unknown:
            return None

    def known_rate(
        self,
        provider: str,
        model: str,
        method: str,
        spec: JSONObject | None = _NO_SPEC,
        *,
        past: bool = False,
    ) -> Rate:
        """Return the same. Raises Unknown."""
        name = root_name(model)
        own = self._own(provider, name, method)
        if own is not None:
            return own
        rows = self._rows(provider)
        if not rows:
            raise Unknown(f"ftops.yaml has no price for {model} at {provider}")
        without = next((row for row in rows if lacks(row, name)), None)
        if without is not None:
            raise Unknown(f"{model} has no training price at {provider}, says {without.source}")
        units = _HOURLY if method == Method.REINFORCEMENT else (Unit.MILLION_TOKENS,)
        found = list(self._priced(provider, name, method, units, spec))
        if not found:
            raise Unknown(f"no price is known for training {model} ({method}) at {provider}")
        self._refuse(provider, model, found, past=past)
        return self._rate(provider, name, found)

    def minimum(self, provider: str, model: str, method: str, *, own: bool) -> Rate | None:
        """Return the least that a job costs; beside the project's price only what nobody disputes counts."""
        rows = self._priced(provider, root_name(model), method, (Unit.MINIMUM,), _NO_SPEC)
        found = [row for row in rows if row.status is Status.CURRENT or not (own and _disputed(row))]
        return self._rate(provider, model, found) if found else None

    def cap(self, provider: str, model: str, method: str) -> Rate | None:
        """Return the most that a job costs before it pauses."""
        found = list(self._priced(provider, root_name(model), method, (Unit.CAP,), _NO_SPEC))
        return self._rate(provider, model, found) if found else None

    def afterwards(self, provider: str, model: str, method: str, spec: JSONObject) -> tuple[Rate, ...]:
        """Return what a tuned model costs for as long as it is deployed or kept, unless that is nothing."""
        units = (Unit.HOSTING_HOUR, Unit.STORAGE_MONTH)
        rows = list(self._priced(provider, root_name(model), method, units, spec))
        by_unit = ([row for row in rows if row.unit is unit] for unit in units)
        rates = (self._rate(provider, model, some) for some in by_unit if some)
        return tuple(rate for rate in rates if rate.high)

    def billing(self, provider: str) -> Billing:
        """Return how the provider computes a bill; its format decides, wherever it is spoken."""
        facts = self.providers.get(provider)
        service = facts.billing if facts else None
        return next((one for one in self.table.billing if one.provider == service), _USUAL)

    def is_priced(self, provider: str) -> bool:
        """Return whether the table's prices hold at a provider: its service's own, or the emulator of it."""
        facts = self.providers.get(provider)
        return facts is not None and (facts.service is not None or facts.emulated)

    def gpu_hour(self, provider: str, model: str | None) -> Decimal | None:
        """Return the project's price for an hour of a graphics processor of its own."""
        return decimal(self._entry(provider, root_name(model or "")).get(GPU_HOUR))

    def _rows(self, provider: str) -> Sequence[Price]:
        """Return the rows of the service behind a provider."""
        return [row for rows in self._tables(provider) for row in rows]

    def _tables(self, provider: str) -> Sequence[Sequence[Price]]:
        """Return the project's rows of it, then ours: these count where the first have no price."""
        facts = self.providers.get(provider)
        if facts is None or not self.is_priced(provider):
            return ()
        tables = (self.projects_rows, self.table.prices)
        return [
            [row for row in rows if row.provider == facts.billing and not _no_price(row)] for rows in tables
        ]

    def _priced(
        self, provider: str, model: str, method: str, units: Sequence[Unit], spec: JSONObject | None
    ) -> Iterator[Price]:
        facts, billing = self.providers.get(provider), self.billing(provider)
        region = facts.region if facts else None
        training, tier = chosen(billing.training, spec), chosen(billing.tier, spec)
        for table in self._tables(provider):
            of_unit = [row for row in table if row.unit in units]
            fitting = [
                row
                for row in rows_for(of_unit, model)
                if covers(row.methods, method)
                and covers(row.training, training)
                and covers(row.tiers, tier)
                and (row.region is None or covers((row.region,), region))
            ]
            if fitting:
                yield from fitting
                return

    def _refuse(self, provider: str, model: str, rows: Iterable[Price], *, past: bool) -> None:
        """Raise Unknown if a row is not a price of this model, or not for new jobs."""
        facts = self.providers[provider]
        for row in rows:
            if row.status in (Status.RANGE, Status.FLOOR):
                raise Unknown(f"no price is published for exactly {model} at {provider}")
            if row.currency != USD:
                amount = f"{row.amount} {row.currency}"
                raise Unknown(f"{model} costs {amount} at {provider}, and only USD can be added up")
            closed = row.status is Status.CLOSED and facts.service is not None and not facts.allow_closed
            if closed and not past:
                raise Unknown(f"{provider} takes no new jobs for {model}, says {row.source}")

    def _rate(self, provider: str, model: str, rows: Sequence[Price]) -> Rate:
        facts, first = self.providers[provider], rows[0]
        elsewhere = any(row.region is not None and row.region != facts.region for row in rows)
        other_snapshot = not named(first, model) and named(first, snapshot_of(model))
        return Rate(
            low=min(_least(row) for row in rows),
            high=max(_most(row) for row in rows),
            unit=first.unit,
            about=elsewhere or other_snapshot or any(is_about(row, self.today) for row in rows),
            projects=first in self.projects_rows,
            as_of=min(row.as_of for row in rows),
            confidence=max((row.confidence for row in rows), key=list(Confidence).index),
            source=first.source,
            disputed=any(map(_disputed, rows)),
        )

    def _own(self, provider: str, model: str, method: str) -> Rate | None:
        entry = self._entry(provider, model)
        told = entry.get(PER_MILLION)
        by_method = told if isinstance(told, Mapping) else {str(Method.SUPERVISED): told}
        price, unit = by_method.get(method), Unit.MILLION_TOKENS
        if price is None and entry.get(GPU_HOUR) is not None:
            price, unit = entry[GPU_HOUR], Unit.GPU_HOUR
        amount = decimal(price)
        if amount is None:
            return None
        if amount > _MOST_A_PRICE:
            raise Unknown(f"{amount:g} is not a price, in ftops.yaml for {model} at {provider}")
        as_of, source = entry.get("as_of"), entry.get("source")
        return Rate(amount, amount, unit, own=True, as_of=_text(as_of), source=_text(source), confidence=None)

    def _entry(self, provider: str, model: str) -> Mapping[str, JSON]:
        """Return the project's prices for a model: by its name, by one that costs the same, or by `*`."""
        models = self.own.get(provider)
        if not isinstance(models, Mapping):
            return {}
        entries = {name.lower(): entry for name, entry in models.items()}
        entry = entries.get(model)
        if entry is None and entries.keys() - {ANY_MODEL}:
            same = synonyms(self._rows(provider), model)
            entry = next((entries[name] for name in sorted(entries) if name in same), None)
        entry = entries.get(ANY_MODEL) if entry is None else entry
        return entry if isinstance(entry, Mapping) else {}


def chosen(choice: Choice | None, spec: JSONObject | None) -> str | None:
    """Return what a fine-tune chooses, in the table's word; None where that is unknown."""
    if choice is None or spec is None:
        return None
    value = value_at(spec, choice.path)
    if value is None:
        return choice.absent
    written = str(value).lower()
    return choice.values.get(written) or choice.values.get(_ANYTHING_ELSE, written)


def value_at(spec: JSONObject, path: str) -> JSON:
    """Return the value at a dotted path, None where there is none."""
    value: JSON = spec
    for step in path.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def decimal(value: JSON) -> Decimal | None:
    """Read an amount as it is written; None for what is no number, or a negative one."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return None
    return None if amount.is_nan() or amount < 0 else amount


def _no_price(row: Price) -> bool:
    """Nothing is free because one page, not confirmed by another, says so."""
    return row.status is Status.UNCONFIRMED and not _most(row)


def _disputed(row: Price) -> bool:
    return row.status in (Status.CONFLICT, Status.UNCONFIRMED)


def _least(row: Price) -> Decimal:
    return row.amount if row.amount is not None else row.low or Decimal(0)


def _most(row: Price) -> Decimal:
    return row.amount if row.amount is not None else row.high or Decimal(0)


def _text(value: JSON) -> str | None:
    return value if isinstance(value, str) else None
