"""Where a value of a merged spec was written: in the manifest, or in the project's defaults."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from ftops.errors import Problem
from ftops.manifests.document import Document, Steps
from ftops.manifests.schema import Finding
from ftops.manifests.wording import Shown, shown, shown_kind


class Origin(Struct, frozen=True):
    """A manifest and the project file whose defaults lie under it."""

    manifest: Document
    project: Document

    def problem(self, finding: Finding) -> Problem:
        """Place a finding where a person has to mend it."""
        document, path = self._place(finding.path)
        return document.problem(finding.message, path, finding.hint, key=finding.key)

    def show(self, path: Steps, value: Any) -> Shown:
        """Name a value as it is written."""
        document, place = self._place(path)
        return shown(value, document.written(place)) if path else shown_kind(value)

    def _place(self, path: Steps) -> tuple[Document, Steps]:
        default = ("spec", "defaults", *path[1:])
        merged = len(path) > 1 and path[0] == "spec" and not self.manifest.has(path)
        return (self.project, default) if merged and self.project.has(default) else (self.manifest, path)


def with_defaults(document: Any, defaults: Mapping[str, Any]) -> Any:
    """Lay defaults under the spec of a document: maps deeply, lists replaced."""
    if not defaults or not isinstance(document, dict) or not isinstance(document.get("spec"), dict):
        return document
    return {**document, "spec": _merged(defaults, document["spec"])}


def _merged(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**under, **over}
    for key in under.keys() & over.keys():
        if isinstance(under[key], Mapping) and isinstance(over[key], Mapping):
            merged[key] = _merged(under[key], over[key])
    return merged
