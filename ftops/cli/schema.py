"""`ftops schema`."""

from __future__ import annotations

from pathlib import Path

import click

from ftops.manifests.schema import SCHEMA_KINDS, schema_text


@click.command("schema")
@click.argument("kind", type=click.Choice(sorted(SCHEMA_KINDS)))
@click.option(
    "--project",
    "narrowed",
    is_flag=True,
    help="Of finetune: narrowed to this project's providers, with the fields of their dialects.",
)
@click.pass_obj
def schema_command(root: Path, kind: str, *, narrowed: bool) -> None:
    """Print a JSON Schema, for editors and other tools."""
    if not narrowed:
        click.echo(schema_text(kind), nl=False)
    elif kind == "finetune":
        click.echo(_narrowed(root.resolve()))
    else:
        raise click.UsageError("--project narrows the schema finetune alone")


def _narrowed(root: Path) -> str:
    from ftops.manifests.project import load_project
    from ftops.manifests.project_schema import project_schema
    from ftops.model.json_text import json_text
    from ftops.providers.registry import dialects, facts_of

    project, _ = load_project(root, dialects())
    facts = {name: facts_of(settings) for name, settings in project.providers.items()}
    return json_text(project_schema(project, facts))
