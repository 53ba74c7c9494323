"""When training, base models and tuned models end: what is announced, and what it means for one model."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from msgspec import Struct

EVERYONE = "everyone"
ANY_MODEL = "*"


class Precision(StrEnum):
    """How the day is meant. `at_base_retirement`: with the base model, whose day it is."""

    EXACT = "exact"
    NO_EARLIER_THAN = "no_earlier_than"
    ON_OR_BEFORE = "on_or_before"
    AT_BASE_RETIREMENT = "at_base_retirement"
    UNKNOWN = "unknown"


class Confidence(StrEnum):
    """Who says so: the provider's own page, somebody who has read it, or nobody."""

    OFFICIAL = "official"
    SECONDARY = "secondary"
    INFERRED = "inferred"


class Retirement(Struct, frozen=True, forbid_unknown_fields=True):
    """One announced end, as `retirements.json` has it (`schemas/retirements.v1.json`).

    `provider` is the word for the service; `subject` what ends. `date` is None where no day is known: then
    `when` has the words. `read` is the date of the copy that was read, `via` where, if not at the source.
    `methods` are those it concerns, all where there are none.
    """

    provider: str
    subject: str
    model: str
    event: str
    precision: Precision
    applies_to: str
    source: str
    read: str
    confidence: Confidence
    date: date | None = None
    when: str | None = None
    aliases: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    replacement: str | None = None
    via: str | None = None
    note: str | None = None

    def concerns(self, model: str, method: str) -> bool:
        """Return whether it is about training this base model in this way, or models made so."""
        named = self.model in (model, ANY_MODEL) or model in self.aliases
        return named and (not self.methods or method in self.methods)


class NotFound(Struct, frozen=True, forbid_unknown_fields=True):
    """What was looked for, and no source says."""

    provider: str
    what: str


class Retirements(Struct, frozen=True, forbid_unknown_fields=True):
    """The table; `collected` is the day when its sources were last looked for."""

    format_version: int
    collected: date
    retirements: tuple[Retirement, ...] = ()
    not_found: tuple[NotFound, ...] = ()


class What(StrEnum):
    """What ends, for somebody who trains: new jobs, the base model, the models made from it."""

    CREATES = "creates"
    BASE = "base"
    TUNED = "tuned"


class Ending(Struct, frozen=True):
    """One end that concerns one model. `source` is a URL, or the provider's own API."""

    what: What
    date: date
    model: str
    source: str
    precision: Precision = Precision.EXACT
    applies_to: str = EVERYONE
    read: str | None = None
    confidence: Confidence = Confidence.OFFICIAL

    @property
    def for_everyone(self) -> bool:
        """Return whether no account is excepted."""
        return self.applies_to == EVERYONE
