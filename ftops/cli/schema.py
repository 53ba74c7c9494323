"""`ftops schema`."""

from __future__ import annotations

import click

from ftops.manifests.schema import SCHEMA_KINDS, schema_text


@click.command("schema")
@click.argument("kind", type=click.Choice(sorted(SCHEMA_KINDS)))
def schema_command(kind: str) -> None:
    """Print a JSON Schema, for editors and other tools."""
    click.echo(schema_text(kind), nl=False)
