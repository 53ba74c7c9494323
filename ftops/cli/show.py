"""`ftops show`."""

from __future__ import annotations

from pathlib import Path

import click

from ftops.api.saved_plans import read_plan_file
from ftops.cli import options
from ftops.cli.session import surroundings


@click.command("show")
@click.argument("planfile", metavar="PLANFILE")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    help="Output format; markdown is for a pull request.",
)
@click.pass_obj
def show_command(root: Path, planfile: str, form: str) -> None:
    """Show a saved plan as it was made. Needs no project and no network."""
    with options.documented_failure(root, form):
        saved = read_plan_file(root / planfile, root, surroundings())
    if form == "json":
        options.print_document(saved.document)
    elif form == "markdown":
        from ftops.report.markdown import render_plan_markdown

        click.echo(render_plan_markdown(saved.plan, saved.review), nl=False)
    else:
        from ftops.report.terminal import render_plan

        text = render_plan(saved.plan, saved.review, width=options.width(), style=options.styler())
        click.echo(text, nl=False)
