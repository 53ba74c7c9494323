"""Chains and renames across manifests: dangling, circular, across providers."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from ftops.manifests.schema import Finding
from ftops.model.finetune import FineTune
from ftops.model.nearest import did_you_mean

Declared = Mapping[str, FineTune]
Placed = Iterator[tuple[FineTune, Finding]]

_FROM = ("spec", "model", "from")
_RENAMED_FROM = ("spec", "lifecycle", "renamed_from")
_MOST_HINTS = 100
"""So many wrong names get a "did you mean"; each search costs milliseconds in a large project."""


def chain_findings(declared: Declared, claimed: Collection[str]) -> Placed:
    """Yield what is wrong between fine-tunes, with the one to point at.

    `claimed` are all names that manifests claim, also those of manifests that could not be read whole:
    a reference to one of these is not dangling.
    """
    yield from _dangling(declared, claimed)
    yield from _circles(declared)
    yield from _renames(declared, claimed)


def _dangling(declared: Declared, claimed: Collection[str]) -> Placed:
    hints = 0
    for fine_tune in declared.values():
        name = fine_tune.upstream
        if name is None:
            continue
        if name not in claimed:
            near = did_you_mean(name, claimed) if hints < _MOST_HINTS else None
            hints += 1
            hint = near or "declare it, or write the id of a model as a string"
            yield fine_tune, Finding(_FROM, f"no fine-tune is named {name!r}", hint)
        elif name in declared and declared[name].provider != fine_tune.provider:
            message = f"{name} is trained at {declared[name].provider}, this one at {fine_tune.provider}"
            yield fine_tune, Finding(_FROM, message, "a chain stays at one provider")


def _circles(declared: Declared) -> Placed:
    done: set[str] = set()
    for start in declared:
        trail: dict[str, None] = {}
        name: str | None = start
        while name is not None and name in declared and name not in done and name not in trail:
            trail[name] = None
            name = declared[name].upstream
        done.update(trail)
        if name is not None and name in trail:
            steps = list(trail)
            yield _circle(steps[steps.index(name) :], declared)


def _circle(names: list[str], declared: Declared) -> tuple[FineTune, Finding]:
    """Describe a cycle from its alphabetically first name, so that it reads the same in every run."""
    first = names.index(min(names))
    closed = " -> ".join([*names[first:], *names[:first], names[first]])
    message = f"the chain is circular: {closed}" if len(names) > 1 else f"starts from itself: {closed}"
    return declared[names[first]], Finding(_FROM, message, "start one of them from a model of the provider")


def _renames(declared: Declared, claimed: Collection[str]) -> Placed:
    heirs: dict[str, str] = {}
    for name, fine_tune in declared.items():
        old = fine_tune.lifecycle.renamed_from
        if old is None:
            continue
        if old in claimed:
            yield fine_tune, Finding(_RENAMED_FROM, f"{old} is still declared", "remove one of the two")
        elif heirs.setdefault(old, name) != name:
            message = f"{heirs[old]} is also renamed from {old}"
            yield fine_tune, Finding(_RENAMED_FROM, message, "a job can continue under one name only")
