"""`ftops status` and `ftops outputs`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from ftops.cli import options
from ftops.cli.completion import fine_tune_names
from ftops.cli.session import open_session
from ftops.errors import UsageError
from ftops.reconciler import Selection
from ftops.report.json_report import outputs_document, status_document
from ftops.report.status import StatusRow, output_rows, status_rows
from ftops.report.terminal import render_outputs, render_status


@click.command("status")
@click.argument("name", required=False, shell_complete=fine_tune_names)
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", help="How to print it."
)
@click.pass_obj
def status_command(root: Path, name: str | None, form: str) -> int:
    """Show where every fine-tune stands."""
    rows, code = _rows(root, name)
    if form == "json":
        click.echo(json.dumps(status_document(rows), indent=2, ensure_ascii=False))
    else:
        click.echo(render_status(rows), nl=False)
    return code


@click.command("outputs")
@click.argument("name", required=False, shell_complete=fine_tune_names)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "env"]),
    default="text",
    help="How to print it; env gives NAME_MODEL=... lines for a shell.",
)
@click.pass_obj
def outputs_command(root: Path, name: str | None, form: str) -> None:
    """Show the models that are ready."""
    rows = output_rows(_rows(root, name)[0])
    if form == "json":
        click.echo(json.dumps(outputs_document(rows), indent=2, ensure_ascii=False))
    elif form == "env":
        for row in rows:
            click.echo(f"{row.name.upper().replace('-', '_')}_MODEL={row.fine_tuned_model}")
    else:
        click.echo(render_outputs(rows), nl=False)


def _rows(root: Path, name: str | None) -> tuple[tuple[StatusRow, ...], int]:
    with open_session(root) as session:
        reviewed = session.plan(Selection())
    rows = status_rows(reviewed.plan, reviewed.planning.state)
    if name is not None:
        rows = tuple(row for row in rows if row.name == name)
        if not rows:
            raise UsageError(f"no fine-tune is named {name}", hint="see `ftops status`")
    return rows, options.state_code(reviewed)
