"""How a service stands as a whole: whether it takes jobs today, until when, and when its models end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from enum import StrEnum

from msgspec import Struct

from ftops.model.retirement import Confidence, Ending, Precision, What
from ftops.review.endings import Calendar, is_over

_Ends = Mapping[str, Sequence[Ending]]
"""Method -> ends of its new jobs, the earliest first."""


class Creates(StrEnum):
    """Whether new jobs are taken, and if in part, of what."""

    YES = "yes"
    SOME_ACCOUNTS = "some accounts"
    SOME_METHODS = "some methods"
    NO = "no"


class Outlook(Struct, frozen=True):
    """One service on one day.

    `decided` is the end that closed it for everyone, or will: the last of its methods', None where one of
    them has none. `models` are the first and the last day on which creates end by model, and `tuned` those
    on which fine-tuned models do; None where no day is known.
    """

    creates: Creates = Creates.YES
    decided: Ending | None = None
    models: tuple[date, date] | None = None
    tuned: tuple[date, date] | None = None

    @property
    def new_jobs(self) -> str:
        """Say in a few words whether and until when there are new jobs."""
        whole = self.creates in (Creates.YES, Creates.NO)
        return self.until if whole else f"{self.creates}, {self.until}"

    @property
    def until(self) -> str:
        """Say until when there are new jobs, for those from whom they are taken."""
        if self.decided is None:
            return f"ends by model, {_span(self.models)}" if self.models else "no end announced"
        if self.creates is not Creates.NO:
            return f"until {self.decided.date}"
        by = "by " if self.decided.precision is Precision.ON_OR_BEFORE else ""
        return f"closed {by}{self.decided.date}"

    @property
    def tuned_models(self) -> str:
        """Say when fine-tuned models end, in a few words."""
        return "no day known" if self.tuned is None else _span(self.tuned)


def outlook(calendar: Calendar, service: str | None, methods: Iterable[str], today: date) -> Outlook:
    """Judge a service on a day; one that the table does not know stands open."""
    if service is None:
        return Outlook()
    ends = {method: calendar.creates_end(service, method) for method in methods}
    closing = {method: [one for one in found if _for_all(one)] for method, found in ends.items()}
    decided = [found[0] for found in closing.values() if found]
    whole = max(decided, key=lambda one: one.date) if decided and len(decided) == len(ends) else None
    by_model = calendar.by_model(service)
    return Outlook(
        _creates(ends, closing, today),
        whole,
        _first_and_last(one.date for one in by_model if one.what is What.CREATES),
        _first_and_last(one.date for one in by_model if one.what is What.TUNED),
    )


def _creates(ends: _Ends, closing: _Ends, today: date) -> Creates:
    """Judge by the ends of each method, and by those of them that close it for everyone."""
    over = [method for method, found in closing.items() if any(is_over(one, today) for one in found)]
    if over:
        return Creates.NO if len(over) == len(closing) else Creates.SOME_METHODS
    begun = any(is_over(one, today) for found in ends.values() for one in found)
    return Creates.SOME_ACCOUNTS if begun else Creates.YES


def _for_all(ending: Ending) -> bool:
    return ending.for_everyone and ending.confidence is Confidence.OFFICIAL


def _first_and_last(days: Iterable[date]) -> tuple[date, date] | None:
    known = sorted(days)
    return (known[0], known[-1]) if known else None


def _span(days: tuple[date, date]) -> str:
    first, last = days
    return f"{first}" if first == last else f"{first} to {last}"
