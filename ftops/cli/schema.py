"""`ftops schema`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ftops.datasets.formats import PUBLISHED, format_schema
from ftops.datasets.tables import document
from ftops.manifests.schema import SCHEMA_KINDS, schema_text
from ftops.model.json_text import json_text

_DATASET = "dataset-"
_KINDS = sorted((*SCHEMA_KINDS, *(f"{_DATASET}{name}" for name in PUBLISHED)))


@click.command("schema")
@click.argument("kind", type=click.Choice(_KINDS))
@click.option(
    "--project",
    "narrowed",
    is_flag=True,
    help="Of finetune: narrowed to this project's providers, with the fields of their dialects.",
)
@click.option("--dialect", metavar="NAME", help="For dataset-*: as providers of this dialect accept it.")
@click.pass_obj
def schema_command(root: Path, kind: str, *, narrowed: bool, dialect: str | None) -> None:
    """Print a JSON Schema, for editors and other tools.

    The dataset-* schemas describe one row of a training file.
    """
    of_rows = kind.startswith(_DATASET)
    if dialect is not None and not of_rows:
        raise click.UsageError("--dialect works only with the dataset-* schemas")
    if of_rows and not narrowed:
        click.echo(json_text(_of_rows(kind.removeprefix(_DATASET), dialect)))
    elif not narrowed:
        click.echo(schema_text(kind), nl=False)
    elif kind == "finetune":
        click.echo(_narrowed(root.resolve()))
    else:
        raise click.UsageError("--project narrows the schema finetune alone")


def _of_rows(name: str, dialect: str | None) -> dict[str, Any]:
    if dialect is not None:
        known = sorted({*document("rules.v1.json")["dialects"]})
        if dialect not in known:
            raise click.UsageError(f"unknown dialect {dialect!r}; use one of: {', '.join(known)}")
    return dict(format_schema(name, dialect or ""))


def _narrowed(root: Path) -> str:
    from ftops.manifests.project import load_project
    from ftops.manifests.project_schema import project_schema
    from ftops.providers.registry import dialects, facts_of

    project, _ = load_project(root, dialects())
    facts = {name: facts_of(settings) for name, settings in project.providers.items()}
    return json_text(project_schema(project, facts))
