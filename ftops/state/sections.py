"""A state as text in sections: what did not change since the last write is not written out again.

The text is one JSON document, whatever its sections. Packed, each section is a gzip member of its own; a file
of many members is an ordinary .gz file, and equal states still give equal bytes.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from operator import is_
from typing import Any

from msgspec import Struct

from ftops.model.state import State
from ftops.state.encoding import lean, written

SECTION_MEMBERS = 128
"""Members of a section, on average: a change of one costs writing out so many; 100,000 make 800 sections."""

GZIP_LEVEL = 1
"""A state of 100,000 records: 24 MB in 0.8 s; level 6 takes 2.1 s for 21 MB."""

_GZIP = 31
_STEP = b"  "


class _Section(Struct, frozen=True):
    """What a section was made from, and its bytes. `first`: no comma before it."""

    values: tuple[Any, ...]
    names: tuple[str, ...]
    first: bool
    data: bytes

    def is_of(self, names: tuple[str, ...], values: tuple[Any, ...], *, first: bool) -> bool:
        """Return whether it was made from these very values: they are frozen, so identity is enough."""
        return self.first == first and names == self.names and all(map(is_, self.values, values))


class SectionWriter:
    """Writes one state after another. `guard` sees every piece of text before it is packed."""

    def __init__(self, guard: Callable[[bytes], None] = lambda _: None) -> None:
        self._guard = guard
        self._sections: dict[tuple[bool, str, str], _Section] = {}
        self._used: dict[tuple[bool, str, str], _Section] = {}
        self._cuts: dict[str, tuple[tuple[str, ...], list[int]]] = {}

    def write(self, state: State, format_version: int, *, packed: bool) -> bytes:
        """Return the document. Raises Unwritable for what JSON cannot hold."""
        self._used = {}
        data = b"".join(self._pieces(state, format_version, packed=packed))
        # Sections of names that are gone would otherwise be kept for ever.
        self._sections = self._used
        return data

    def _pieces(self, state: State, format_version: int, *, packed: bool) -> Iterator[bytes]:
        first = {"acks": state.acks or None, "applied": state.applied}
        known = {name: value for name, value in first.items() if value is not None}
        before = b"{" + (_members(known, 0) + b"," if known else b"")
        yield self._finished(before + b'\n  "archive": ', packed=packed)
        yield from self._map("archive", state.archive, _as_it_is, 1, packed=packed)
        yield self._finished(b',\n  "datasets": ', packed=packed)
        yield from self._datasets(state.datasets, packed=packed)
        told = {"deliveries": state.deliveries, "events": state.events}
        told = {name: value for name, value in told.items() if value}
        between = b"," + _members(told, 0) if told else b""
        yield self._finished(between + b',\n  "fine_tunes": ', packed=packed)
        yield from self._map("fine_tunes", state.fine_tunes, lean, 1, packed=packed)
        rest = {"format_version": format_version, "lineage": state.lineage, "not_mine": state.not_mine}
        yield self._finished(b"," + _members(rest, 0), packed=packed)
        if state.observed is not None:
            yield self._finished(b',\n  "observed": ', packed=packed)
            yield from self._map("observed", state.observed, _as_it_is, 1, packed=packed)
        rest = {"project": state.project, "providers": state.providers, "serial": state.serial}
        yield self._finished(b"," + _members(rest, 0) + b"\n}\n", packed=packed)

    def _datasets(self, datasets: Mapping[str, Mapping[str, str]], *, packed: bool) -> Iterator[bytes]:
        """Write each provider's files as a map of its own: there may be as many as there are records."""
        if not datasets:
            yield self._finished(b"{}", packed=packed)
            return
        before = b"{\n"
        for provider, files in sorted(datasets.items()):
            name = written(provider)
            yield self._finished(before + _STEP * 2 + name + b": ", packed=packed)
            yield from self._map(f"datasets {provider}", files, _as_it_is, 2, packed=packed)
            before = b",\n"
        yield self._finished(b"\n" + _STEP + b"}", packed=packed)

    def _map(
        self,
        place: str,
        members: Mapping[str, Any],
        lean: Callable[[Any], Any],
        depth: int,
        *,
        packed: bool,
    ) -> Iterator[bytes]:
        if not members:
            yield self._finished(b"{}", packed=packed)
            return
        yield self._finished(b"{", packed=packed)
        everything = tuple(sorted(members))
        for start, end in self._cut(place, everything):
            first, names = start == 0, everything[start:end]
            values = tuple([members[name] for name in names])
            key = packed, place, names[0]
            section = self._sections.get(key)
            if section is None or not section.is_of(names, values, first=first):
                text = _members({name: lean(value) for name, value in zip(names, values, strict=True)}, depth)
                data = self._finished(text if first else b"," + text, packed=packed)
                section = _Section(values, names, first, data)
            self._used[key] = section
            yield section.data
        yield self._finished(b"\n" + _STEP * depth + b"}", packed=packed)

    def _cut(self, place: str, names: tuple[str, ...]) -> Iterator[tuple[int, int]]:
        """Cut where a name says so: a new name moves only the neighbouring boundaries."""
        before, starts = self._cuts.get(place, ((), []))
        if before != names:
            cut = (zlib.crc32(name.encode()) % SECTION_MEMBERS == 0 for name in names)
            starts = [index for index, is_cut in enumerate(cut) if index == 0 or is_cut]
            self._cuts[place] = names, starts
        return pairwise([*starts, len(names)])

    def _finished(self, text: bytes, *, packed: bool) -> bytes:
        self._guard(text)
        if not packed:
            return text
        packer = zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, _GZIP)
        return packer.compress(text) + packer.flush()


def _members(members: Mapping[str, Any], depth: int) -> bytes:
    """Return the members of a map without its braces, as they are at a depth of the document."""
    text = written(members)[1:-2]
    # No text in JSON holds a line break, so every one of these is the writer's own.
    return text.replace(b"\n", b"\n" + _STEP * depth)


def _as_it_is(value: Any) -> Any:
    return value
