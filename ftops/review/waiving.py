"""Waivers: they let one fine-tune break one rule until a day, and every plan shows them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from msgspec import Struct

from ftops.model.policy import Severity, Waiver
from ftops.model.review import Violation, Waived, Warned
from ftops.review.everyday import Steps

LONGEST = timedelta(days=366)
"""A waiver that runs longer is a rule that nobody means to keep; it lifts nothing."""

WAIVER = "waiver"
"""The rule under which a plan warns of a waiver that lifts nothing."""


class Broken(Struct, frozen=True):
    """A rule that one fine-tune breaks. `path` leads to the field that does."""

    rule: str
    name: str
    message: str
    remedy: str
    path: Steps
    severity: Severity = Severity.DENY


class Findings(Struct, frozen=True):
    """What policies say of a plan. `used` are the waivers of rules that are broken, in force or not."""

    violations: tuple[Violation, ...] = ()
    warnings: tuple[Warned, ...] = ()
    waived: tuple[Waived, ...] = ()
    used: frozenset[Waiver] = frozenset()


class Waivers(Struct, frozen=True):
    """The waivers of a project on one day, in UTC."""

    waivers: tuple[Waiver, ...]
    today: date

    def of(self, rule: str, name: str) -> tuple[Waiver, ...]:
        """Return those of a rule for a fine-tune, in force or not."""
        return tuple(one for one in self.waivers if (one.rule, one.name) == (rule, name))

    def in_force(self, rule: str, name: str) -> Waiver | None:
        """Return one that lifts a rule for a fine-tune today, None where there is none."""
        return next((one for one in self.of(rule, name) if self.why_not(one) is None), None)

    def why_not(self, waiver: Waiver) -> str | None:
        """Say why a waiver lifts nothing today; None if it does. It holds on its last day."""
        until = date.fromisoformat(waiver.until)
        if until < self.today:
            return f"ended on {waiver.until}"
        if until > self.today + LONGEST:
            return f"runs until {waiver.until}, and may run for a year at most"
        return None

    def lapsed(self, waivers: Iterable[Waiver]) -> tuple[Warned, ...]:
        """Warn of those that lift nothing."""
        return tuple(
            Warned(
                WAIVER,
                f"the waiver of {one.rule} for {one.name} {why}, so it lifts nothing; "
                "give it another day in review, or remove it",
                (one.name,),
                source=one.source,
            )
            for one in waivers
            if (why := self.why_not(one)) is not None
        )


def lifted(waiver: Waiver, message: str) -> Waived:
    """Return what a waiver lifts, for people."""
    return Waived(waiver.rule, waiver.name, message, waiver.reason, waiver.until, waiver.source)
