"""How values of expressions are compared: as the standard says, which the library does not in two places.

Numbers compare by what they are worth, whole or not, and values of different kinds are unequal instead of an
error: else `change.cost.high < 5` and `change.cost != null` would be no answer.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct


class Comparison(Struct, frozen=True):
    """Compares values; `boolean` is the library's class of truth values, which for it are numbers."""

    boolean: type

    def same(self, one: Any, other: Any) -> bool:
        """Return whether two values are equal."""
        equal: bool = self._plain(one) == self._plain(other)
        return equal

    def order(self, one: Any, other: Any) -> int:
        """Return -1, 0 or 1. Raises TypeError for what has no order."""
        numbers = self._is_number(one) and self._is_number(other)
        if not numbers and not (isinstance(one, str) and isinstance(other, str)):
            raise TypeError("no such overload")
        first, second = self._plain(one), self._plain(other)
        return int(first > second) - int(first < second)

    def holds(self, one: Any, many: Any) -> bool:
        """Return whether a list has a member, or a map a key. Raises TypeError for anything else."""
        if not isinstance(many, list | dict):
            raise TypeError("no such overload")
        return any(self.same(one, member) for member in many)

    def _is_number(self, value: Any) -> bool:
        return isinstance(value, int | float) and not isinstance(value, self.boolean)

    def _plain(self, value: Any) -> Any:
        if isinstance(value, self.boolean):
            # In a pair, for Python's own True is 1.
            return (bool(value),)
        if isinstance(value, dict):
            return {self._plain(key): self._plain(member) for key, member in value.items()}
        if isinstance(value, list):
            return [self._plain(member) for member in value]
        for kind in (int, float, str):
            if isinstance(value, kind):
                return kind(value)
        return value
