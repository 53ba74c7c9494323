"""A page that explains a file of the user, field by field, drawn from its schema."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from docs.generator.reference import NOTICE
from ftops.manifests.loader import dump
from ftops.manifests.schema import SCHEMA_KINDS, schema_text

Schema = Mapping[str, Any]


def schema_page(kind: str, title: str) -> str:
    """Draw the page of one schema: an example of the whole, then every field at its path."""
    schema = json.loads(schema_text(kind))
    lines = [
        NOTICE.format(source=f"schemas/{SCHEMA_KINDS[kind]}"),
        f"# {title}",
        "",
        schema["description"],
        "",
    ]
    if "examples" in schema:
        lines += ["```yaml", dump(schema["examples"][0]).rstrip("\n"), "```", ""]
    lines += fields_table(schema)
    lines += ["", "Fields in **bold** are required where what holds them is written.", "", "## Examples", ""]
    for path, field, _ in _fields(schema, schema, ""):
        lines += _examples(path, field)
    return "\n".join(lines).rstrip("\n") + "\n"


def fields_table(schema: Schema) -> list[str]:
    """Draw every field of a schema at its path."""
    head = ["| field | type | default | meaning |", "|---|---|---|---|"]
    rows = [_row(path, field, required=required) for path, field, required in _fields(schema, schema, "")]
    return head + rows


def _fields(schema: Schema, whole: Schema, prefix: str) -> Iterator[tuple[str, Schema, bool]]:
    for name, written in schema.get("properties", {}).items():
        field = resolved(written, whole)
        path = f"{prefix}{name}"
        yield path, field, name in schema.get("required", ())
        yield from _fields(field, whole, f"{path}.")
        items = field.get("items") or field.get("then", {}).get("items")
        if items:
            yield from _fields(resolved(items, whole), whole, f"{path}[].")
        values = field.get("additionalProperties")
        if isinstance(values, Mapping):
            yield from _fields(resolved(values, whole), whole, f"{path}.NAME.")


def resolved(schema: Schema, whole: Schema) -> Schema:
    """Put a definition under what is said where it is used."""
    merged: dict[str, Any] = {}
    otherwise = [schema["else"]] if "$ref" in schema.get("else", {}) else []
    for part in (*schema.get("allOf", ()), *otherwise, schema):
        if "$ref" in part:
            merged |= resolved(whole["definitions"][part["$ref"].rsplit("/", 1)[-1]], whole)
        merged |= {key: value for key, value in part.items() if key not in ("allOf", "$ref", "else")}
    return merged


def _row(path: str, field: Schema, *, required: bool) -> str:
    name = f"**`{path}`**" if required else f"`{path}`"
    default = f"`{json.dumps(field['default'])}`" if "default" in field else ""
    return f"| {name} | {_type(field)} | {default} | {_cell(field.get('description', ''))} |"


def _type(field: Schema) -> str:
    if "const" in field:
        return f"`{field['const']}`"
    if "enum" in field:
        return ", ".join(f"`{value}`" for value in field["enum"])
    kinds = field.get("type", "any")
    words = kinds if isinstance(kinds, str) else " or ".join(kinds)
    bounds = [f"from {field['minimum']}"] if "minimum" in field else []
    bounds += [f"to {field['maximum']}"] if "maximum" in field else []
    return " ".join([words.replace("object", "map").replace("array", "list"), *bounds])


def _examples(path: str, field: Schema) -> list[str]:
    """Show a field alone, where what holds it needs no other."""
    *_, parent, _ = ("", *path.split("."))
    alone = parent in ("spec", "lifecycle", "limits") and "NAME" not in path
    if not alone or "examples" not in field:
        return []
    lines: list[str] = []
    for value in field["examples"]:
        nested: Any = value
        for step in reversed(path.split(".")):
            nested = {step: nested}
        lines += [f"`{path}`", "", "```yaml", dump(nested).rstrip("\n"), "```", ""]
    return lines


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
