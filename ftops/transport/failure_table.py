"""The table of failures: what a refusal means, as data that each dialect keeps in its own module.

Only a reply in the provider's own error shape is judged by it. Whatever else a 4xx holds may have been
written by a gateway, which does not know what the provider behind it did.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from msgspec import Struct

from ftops.errors import About, RefusalKind


class ErrorWords(Struct, frozen=True):
    """What an error reply says in the provider's own shape."""

    message: str
    code: str | None = None


class FailureRule(Struct, frozen=True):
    """One row. It fits if status and operation do, and the code or the words, where the row names any.

    Empty `statuses` or `operations` mean all. `words` is a regular expression, searched in the message
    without regard to case.
    """

    kind: RefusalKind
    about: About | None = None
    statuses: frozenset[int] = frozenset()
    operations: frozenset[str] = frozenset()
    codes: frozenset[str] = frozenset()
    words: str | None = None

    def fits(self, operation: str, status: int, said: ErrorWords) -> bool:
        """Return whether this row is about such a refusal."""
        if self.statuses and status not in self.statuses:
            return False
        if self.operations and operation not in self.operations:
            return False
        if not self.codes and self.words is None:
            return True
        if said.code is not None and said.code.lower() in self.codes:
            return True
        return self.words is not None and re.search(self.words, said.message, re.IGNORECASE) is not None


class FailureTable(Struct, frozen=True):
    """How a dialect says no. `shape` reads an error reply, None for one that the provider did not write.

    `address` says what `base_url` should be, where no jobs are found at it; None: one that ends in /v1.
    """

    shape: Callable[[Any], ErrorWords | None]
    rules: tuple[FailureRule, ...]
    address: str | None = None

    def judged(self, operation: str, status: int, body: Any) -> FailureRule | None:
        """Return the first row that fits, None for a reply that is not in the provider's own shape."""
        said = self.shape(body)
        if said is None:
            return None
        return next((rule for rule in self.rules if rule.fits(operation, status, said)), _OTHERWISE)


_OTHERWISE = FailureRule(RefusalKind.REJECTED)


def _nothing(_: Any) -> ErrorWords | None:
    return None


NO_FAILURES = FailureTable(_nothing, ())
"""For a wire format that says nothing of its errors: none of its refusals is certain."""
