"""The budgets of ftops.yaml: of the project, of each provider, of labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ftops.manifests.document import Document, Steps
from ftops.model.budget import Budget, Budgets
from ftops.model.spending import micro

_PERIODS = ("day", "month")


def budgets_of(document: Document) -> Budgets:
    """Return the budgets of a project file that the schema has let pass."""
    made = {path: _budget(document, path, written) for path, written in _budgets(document.value["spec"])}
    return Budgets(
        project=made.get(("spec", "budget"), Budget()),
        providers={str(path[2]): one for path, one in made.items() if path[1] == "providers"},
        labels={str(path[3]): one for path, one in made.items() if path[2:3] == ("labels",)},
    )


def _budgets(spec: Mapping[str, Any]) -> Iterator[tuple[Steps, Mapping[str, Any]]]:
    own = spec.get("budget", {})
    yield ("spec", "budget"), own
    for name, provider in spec["providers"].items():
        yield ("spec", "providers", name, "budget"), provider.get("budget", {})
    for label, written in own.get("labels", {}).items():
        yield ("spec", "budget", "labels", label), written


def _budget(document: Document, path: Steps, written: Mapping[str, Any]) -> Budget:
    amounts = {period: micro(written[period]) for period in _PERIODS if period in written}
    line = document.problem("", path, key=True).line if path[2:3] == ("labels",) else None
    return Budget(**amounts, line=line or 0)
