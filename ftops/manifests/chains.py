"""Chains and renames across manifests: dangling, circular, across providers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ftops.errors import Problem
from ftops.manifests.loader import Document
from ftops.manifests.schema import did_you_mean
from ftops.model.finetune import FineTune

Declared = Mapping[str, tuple[FineTune, Document]]


def chain_problems(declared: Declared) -> Iterator[Problem]:
    """Yield what is wrong between manifests."""
    reported: set[str] = set()
    for name, (fine_tune, document) in declared.items():
        path = ("spec", "model", "from")
        upstream = fine_tune.upstream
        if upstream is not None and upstream not in declared:
            hint = did_you_mean(upstream, declared) or "declare it, or name a model of the provider"
            yield document.problem(f"no fine-tune is named {upstream!r}", path, hint)
        elif upstream is not None and declared[upstream][0].provider != fine_tune.provider:
            other = declared[upstream][0].provider
            message = f"{upstream} is trained at {other}, this at {fine_tune.provider}"
            yield document.problem(message, path, "a chain stays at one provider")
        if name not in reported:
            cycle = _cycle(name, declared)
            reported.update(cycle)
            if cycle:
                message = f"these start from each other in a circle: {' -> '.join(cycle)}"
                yield document.problem(message, path, "break the circle at one of them")
        old = fine_tune.lifecycle.renamed_from
        if old is not None and old in declared:
            message = f"{old} is still declared at {declared[old][0].source.file}"
            yield document.problem(
                message, ("spec", "lifecycle", "renamed_from"), "a rename leaves no old name"
            )


def _cycle(name: str, declared: Declared) -> list[str]:
    """Give the circle that a name stands in, closed, or nothing."""
    trail = [name]
    while True:
        upstream = declared[trail[-1]][0].upstream
        if upstream is None or upstream not in declared:
            return []
        if upstream in trail:
            return [*trail, name] if upstream == name else []
        trail.append(upstream)
