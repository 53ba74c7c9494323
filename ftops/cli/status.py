"""`ftops status` and `ftops outputs`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from ftops.cli import options
from ftops.cli.session import open_session
from ftops.errors import UsageError
from ftops.reconciler import Selection
from ftops.report.json_report import outputs_document, status_document
from ftops.report.status import StatusRow, output_rows, status_rows
from ftops.report.terminal import render_environment, render_outputs, render_status


@click.command("status")
@click.argument("name", required=False)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
@click.pass_obj
def status_command(root: Path, name: str | None, form: str) -> int:
    """Show where every fine-tune stands."""
    rows, code = _rows(root, name, form)
    if form == "json":
        options.print_document(status_document(rows))
    else:
        # A pipe gets whole texts: whoever greps them must not find them cut.
        width = options.width() if sys.stdout.isatty() else None
        click.echo(render_status(rows, width=width), nl=False)
    return code


@click.command("outputs")
@click.argument("name", required=False)
@click.option("--format", "form", type=click.Choice(["text", "json", "env"]), default="text")
@click.pass_obj
def outputs_command(root: Path, name: str | None, form: str) -> None:
    """Show the models that are ready."""
    rows = output_rows(_rows(root, name, form)[0])
    if form == "json":
        options.print_document(outputs_document(rows))
    elif form == "env":
        click.echo(render_environment(rows), nl=False)
    else:
        click.echo(render_outputs(rows), nl=False)


def _rows(root: Path, name: str | None, form: str) -> tuple[tuple[StatusRow, ...], int]:
    with options.documented_failure(root, form):
        with open_session(root) as session:
            reviewed = session.plan(Selection())
        rows = status_rows(reviewed.plan, reviewed.planning.state)
        if name is not None:
            rows = tuple(row for row in rows if row.name == name)
            if not rows:
                raise UsageError(f"no fine-tune is named {name}", hint="see `ftops status`")
    return rows, options.state_code(reviewed)
