"""Refusal: what a provider answered to a create that it certainly did not carry out."""

from __future__ import annotations

from msgspec import Struct

from ftops.errors import About, RefusalKind
from ftops.model.value import replace

STUCK_SECONDS = 86_400.0
"""A refusal for now that goes on for so long needs a person, although it is still tried again."""


class Refusal(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """The latest refusal of one create, in the provider's words, and since when it has been refused.

    Times are Unix seconds. `model` is the base model that was asked for, resolved. `retry_after` are the
    seconds for which the provider asked us to stay away.
    """

    kind: RefusalKind
    message: str
    code: str | None
    about: About | None
    model: str
    first_at: float
    last_at: float
    retry_after: float | None = None

    @property
    def passing(self) -> bool:
        """Return whether the same create may be taken later; else it is held."""
        return self.kind in (RefusalKind.NOT_READY, RefusalKind.LIMIT, RefusalKind.BILLING)

    def stuck(self, now: float) -> bool:
        """Return whether it has been refused for now, again and again, for a day."""
        return self.passing and now - self.first_at >= STUCK_SECONDS

    def following(self, earlier: Refusal | None) -> Refusal:
        """Return this refusal, knowing the one before it: two that pass are one wait."""
        one_wait = earlier is not None and earlier.passing and self.passing
        return replace(self, first_at=earlier.first_at) if earlier and one_wait else self

    def __str__(self) -> str:
        return f"{self.code}: {self.message}" if self.code else self.message
