"""Chains: which fine-tune starts from which, and how deep each one is."""

from __future__ import annotations

from collections.abc import Mapping
from graphlib import TopologicalSorter

from ftops.model.finetune import FineTune, Upstream


def depths(fine_tunes: Mapping[str, FineTune]) -> dict[str, int]:
    """Map each name to its distance from the start of its chain, 0 for a chain's first; upstreams come first.

    An upstream that is not declared counts as absent: the loader has refused it already.
    """
    if not any(isinstance(fine_tune.model, Upstream) for fine_tune in fine_tunes.values()):
        return dict.fromkeys(sorted(fine_tunes), 0)
    graph = {
        name: [upstream for upstream in (fine_tune.upstream,) if upstream and upstream in fine_tunes]
        for name, fine_tune in sorted(fine_tunes.items())
    }
    found: dict[str, int] = {}
    for name in TopologicalSorter(graph).static_order():
        found[name] = max((found[upstream] + 1 for upstream in graph[name]), default=0)
    return found


def with_upstreams(names: frozenset[str], fine_tunes: Mapping[str, FineTune]) -> frozenset[str]:
    """Add to `names` everything that they start from, directly or not."""
    wanted = set(names)
    for name in names:
        current = fine_tunes.get(name)
        while current is not None and current.upstream and current.upstream not in wanted:
            wanted.add(current.upstream)
            current = fine_tunes.get(current.upstream)
    return frozenset(wanted)


def rooted(fine_tunes: Mapping[str, FineTune]) -> dict[str, FineTune]:
    """Return those whose chain ends in a provider's own model: the others are declared wrongly."""
    found: dict[str, FineTune] = {}
    for name in fine_tunes:
        trail: set[str] = set()
        current: str | None = name
        while current is not None and current in fine_tunes and current not in trail:
            trail.add(current)
            current = fine_tunes[current].upstream
        if current is None:
            found[name] = fine_tunes[name]
    return found
