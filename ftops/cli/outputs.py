"""`ftops outputs`."""

from __future__ import annotations

from pathlib import Path

import click

from ftops.api.outputs import served_models
from ftops.cli import options
from ftops.cli.completion import fine_tune_names
from ftops.cli.session import surroundings
from ftops.report.documents import outputs_document
from ftops.report.terminal import render_environment, render_outputs
from ftops.report.words import printable


@click.command("outputs")
@click.argument("name", required=False, shell_complete=fine_tune_names)
@options.format_option(
    "text",
    "json",
    "env",
    description="Output format; env prints NAME_MODEL=... and NAME_CURRENT=... lines for a shell.",
)
@click.option("--current", is_flag=True, help="Only models trained from what is declared now.")
@click.pass_obj
def outputs_command(root: Path, name: str | None, form: str, *, current: bool) -> None:
    """Show the model of each fine-tune, and whether it was trained from what is declared now.

    It comes from the state: no provider needs to answer. With NAME, the exit code is 5 where there is none.
    """
    with options.documented_failure(root, form, "outputs"):
        served = served_models(root, surroundings(), name)
        for remark in served.remarks:
            click.echo(printable(f"Warning: {remark}"), err=True)
        outputs = tuple(served.chosen(name, current=current).values())
    if form == "json":
        options.print_document(outputs_document(outputs))
    elif form == "env":
        click.echo(render_environment(outputs), nl=False)
    else:
        click.echo(render_outputs(outputs), nl=False)
