"""A pattern of `spec.manifests`, as what a walk through folders needs of it. Pure."""

from __future__ import annotations

from collections.abc import Container, Iterable
from fnmatch import fnmatchcase

from msgspec import Struct

_SIGNS = "*?["


class Pattern(Struct, frozen=True):
    """A pattern as its parts. A *place* in it is how many parts are behind; at the end, anything fits."""

    parts: tuple[str, ...]

    def opened(self, places: Iterable[int]) -> set[int]:
        """Add the places that are reached without another folder: `**` also means no folder at all.

        The end alone says it all.
        """
        found: set[int] = set()
        for place in places:
            found.add(place)
            while place < len(self.parts) and self.parts[place] == "**":
                place += 1  # noqa: PLW2901 - it walks on from there
                found.add(place)
        return {self.end} if self.end in found else found

    @property
    def end(self) -> int:
        """The place behind the last part."""
        return len(self.parts)

    def below(self, places: Iterable[int], name: str) -> set[int]:
        """Return the places after one more folder of this name; none where nothing in it can fit."""
        found: set[int] = set()
        for place in places:
            if place == self.end or self.parts[place] == "**":
                found.add(place)
            elif fnmatchcase(name, self.parts[place]):
                found.add(place + 1)
        return self.opened(found)

    def takes(self, places: Container[int], name: str) -> bool:
        """Return whether a file of this name fits: it ends the pattern, or one of its folders did."""
        if self.end in places:
            return True
        return self.end - 1 in places and fnmatchcase(name, self.parts[-1])

    def named(self, places: Iterable[int]) -> set[str]:
        """Return the names that the next parts spell out: these are looked up, hidden ones too."""
        parts = [self.parts[place] for place in places if place < self.end]
        return {part for part in parts if not is_glob(part)}

    def meaning(self, places: Iterable[int], name: str) -> set[int]:
        """Return the places from which this name may be meant: a hidden one only where it is spelled out."""
        return {place for place in places if name[:1] != "." or name in self.named({place})}


def is_glob(text: str) -> bool:
    """Return whether a pattern is more than a path."""
    return any(sign in text for sign in _SIGNS)
