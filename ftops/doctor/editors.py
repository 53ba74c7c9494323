"""The project's own copies of schemas: by an old one, an editor marks what is right."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ftops.manifests.project_schema import project_schema
from ftops.manifests.schema import SCHEMA_KINDS, schema_text
from ftops.manifests.writing import OWN_SCHEMAS
from ftops.model.check import Check, Verdict
from ftops.model.observation import ProviderFacts
from ftops.model.project import Project


def schema_checks(root: Path, project: Project, facts: Mapping[str, ProviderFacts]) -> Iterator[Check]:
    """Judge each copy, of which a project needs none."""
    for kind, name in SCHEMA_KINDS.items():
        file = root / OWN_SCHEMAS / name
        if not file.is_file():
            continue
        copy = _read(file)
        # The published one has an id; what is narrowed to a project is nobody else's.
        narrowed = kind == "finetune" and not (isinstance(copy, Mapping) and "$id" in copy)
        current: Any = project_schema(project, facts) if narrowed else json.loads(schema_text(kind))
        shown = f"{OWN_SCHEMAS}/{name}"
        if copy == json.loads(json.dumps(current)):
            yield Check("schema", Verdict.OK, f"{shown} is current")
        else:
            remedy = f"ftops schema {kind}{' --project' if narrowed else ''} > {shown}"
            yield Check("schema", Verdict.WARN, f"{shown}, by which editors check, is out of date", remedy)


def _read(file: Path) -> Any:
    """Read a copy; None for what is no schema at all."""
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
