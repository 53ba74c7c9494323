"""Manifests as text."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from ftops.manifests.loader import dump
from ftops.manifests.schema import SCHEMA_KINDS, schema_text, schema_url
from ftops.manifests.wording import one_line
from ftops.model.json_value import JSONObject

OWN_SCHEMAS = "schemas"
"""The folder of a project with its own copies of schemas: narrowed to its providers, or for work offline."""


def modeline(schema: str) -> str:
    """Return the comment by which editors know the schema of the document below it."""
    return f"# yaml-language-server: $schema={schema}\n"


def schema_address(kind: str, root: Path, folder: str = "") -> str:
    """Return where an editor finds a schema, as seen from a file in this folder of the project.

    The project's own copy goes first: of a modeline and an editor's settings, the modeline counts.
    """
    if not (root / OWN_SCHEMAS / SCHEMA_KINDS[kind]).is_file():
        return schema_url(kind)
    depth = len([part for part in folder.split("/") if part not in ("", ".")])
    return f"{'../' * depth or './'}{OWN_SCHEMAS}/{SCHEMA_KINDS[kind]}"


def manifest_text(
    fine_tune_document: JSONObject, schema: str | None = None, comments: Iterable[str] = ()
) -> str:
    """Write one manifest as YAML that loads as the same document.

    Fields are in the order of the schema, those of open maps by name, so that writing it again changes
    nothing. `schema` is the address for editors, in the comment on the first line; the published one if None.
    The `comments` follow it, one a line whatever is in them: they may quote what a provider says.
    """
    ordered = _ordered(fine_tune_document, _field_order())
    remarks = "".join(f"# {one_line(comment)}\n" for comment in comments)
    return f"{modeline(schema or schema_url('finetune'))}{remarks}{dump(ordered)}"


@cache
def _field_order() -> Mapping[str, Any]:
    order: Mapping[str, Any] = json.loads(schema_text("finetune"))
    return order


def _ordered(value: Any, schema: Mapping[str, Any]) -> Any:
    if isinstance(value, Mapping):
        known = schema.get("properties", {})
        names = [name for name in known if name in value]
        names += sorted(name for name in value if name not in known)
        return {name: _ordered(value[name], known.get(name, {})) for name in names}
    if isinstance(value, list | tuple):
        return [_ordered(item, {}) for item in value]
    return value
