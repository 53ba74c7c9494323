"""What ends when for a model at a service: the rows of the table, and before them what its own API tells."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime

from msgspec import Struct, field

from ftops.model.model_dates import ModelDates
from ftops.model.retirement import (
    ANY_MODEL,
    Confidence,
    Ending,
    Precision,
    Retirement,
    What,
)
from ftops.model.tuned_model import base_model

ITS_API = "the provider's API"

_SUBJECTS: Mapping[str, tuple[What, ...]] = {
    "job_creation": (What.CREATES,),
    "base_inference": (What.BASE,),
    "tuned_inference": (What.TUNED,),
    "base_and_tuned_inference": (What.BASE, What.TUNED),
}
"""What a subject of the table means for who trains; the others are there to be read."""


_BEATEN: Mapping[What, tuple[What, ...]] = {
    What.CREATES: (What.CREATES, What.BASE),
    What.TUNED: (What.TUNED,),
}
"""What of the table a date of the API's stands for."""


class Calendar(Struct, frozen=True):
    """Everything that is known of ends: the table, and by provider of the project what its API tells."""

    rows: tuple[Retirement, ...] = ()
    told: Mapping[str, Mapping[str, ModelDates]] = field(default_factory=dict)

    def endings(self, service: str, provider: str, model: str, method: str) -> tuple[Ending, ...]:
        """Return what ends for training this model there, and for what is made of it, by date."""
        base = base_model(model)
        ours = [row for row in self.rows if row.provider == service]
        listed = list(_listed(ours, base, method))
        told = list(_told(self.told.get(provider, {}), _names(ours, base)))
        # A day of the API's is for this very account: what the table says of the same model is older.
        better = {what for one in told for what in _BEATEN[one.what]}
        kept = [one for one in listed if one.what not in better or one.model == ANY_MODEL]
        return tuple(sorted({*told, *kept}, key=lambda one: (one.date, one.what, one.applies_to)))

    def creates_end(self, service: str, method: str) -> tuple[Ending, ...]:
        """Return when a service takes no more jobs of a method, whatever the model, by date."""
        rows = (row for row in self.rows if row.provider == service and row.model == ANY_MODEL)
        found = (one for one in _listed(rows, ANY_MODEL, method) if one.what is What.CREATES)
        return tuple(sorted(found, key=lambda one: one.date))

    def by_model(self, service: str) -> tuple[Ending, ...]:
        """Return what ends at a service model by model."""
        ours = [row for row in self.rows if row.provider == service and row.model != ANY_MODEL]
        return tuple(ending for row in ours for ending in _endings(row))


def day(seconds: float) -> date:
    """Return the day in UTC of a moment (Unix seconds)."""
    return datetime.fromtimestamp(seconds, UTC).date()


def telling(endings: Iterable[Ending]) -> tuple[Ending, ...]:
    """Leave out what ends on the day of its fine-tuned models: the base model, and training on it."""
    endings = tuple(endings)
    dying = {(one.model, one.date) for one in endings if one.what is What.TUNED}
    return tuple(one for one in endings if one.what is What.TUNED or (one.model, one.date) not in dying)


def is_over(ending: Ending, today: date) -> bool:
    """Return whether an end has surely come."""
    return ending.date <= today and ending.precision in (Precision.EXACT, Precision.ON_OR_BEFORE)


def closed(endings: Iterable[Ending], today: date) -> Ending | None:
    """Return the end for which a create is senseless: no new jobs for anybody, or its model would be dead.

    Only the provider's own word counts; what ends for some accounts alone may not concern this one.
    """
    for one in endings:
        decides = one.what is What.CREATES or one.what is What.TUNED
        if decides and one.for_everyone and one.confidence is Confidence.OFFICIAL and is_over(one, today):
            return one
    return None


def _listed(rows: Iterable[Retirement], base: str, method: str) -> Iterator[Ending]:
    for row in rows:
        if row.concerns(base, method):
            yield from _endings(row)


def _endings(row: Retirement) -> Iterator[Ending]:
    if row.date is None:
        return
    sure = (row.precision, row.applies_to, row.read, row.confidence)
    for what in _SUBJECTS.get(row.subject, ()):
        yield Ending(what, row.date, row.model, row.source, *sure)


def _names(rows: Iterable[Retirement], base: str) -> tuple[str, ...]:
    """Return what the API may call a model, its full name first: an alias stands for the one in its row."""
    rows = [row for row in rows if row.model == base or base in row.aliases]
    return (*dict.fromkeys((*(row.model for row in rows), base)),)


def _told(dates: Mapping[str, ModelDates], names: Sequence[str]) -> Iterator[Ending]:
    found = next((dates[name] for name in names if name in dates), None)
    if found is None:
        return
    if found.training is not None:
        # Some accounts may train longer: Azure's pages have two days for old and new customers.
        yield Ending(What.CREATES, day(found.training), names[0], ITS_API, Precision.NO_EARLIER_THAN)
    if found.inference is not None:
        yield Ending(What.TUNED, day(found.inference), names[0], ITS_API)
