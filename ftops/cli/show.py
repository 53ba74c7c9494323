"""`ftops show`."""

from __future__ import annotations

from pathlib import Path

import click

from ftops.api.saved_plans import read_plan_file
from ftops.cli import options
from ftops.cli.session import surroundings


@click.command("show")
@click.argument("planfile", metavar="PLANFILE")
@options.plan_format_option
@click.pass_obj
def show_command(root: Path, planfile: str, form: str) -> None:
    """Show a saved plan as it was made. Needs no project and no network."""
    with options.documented_failure(root, form):
        saved = read_plan_file(root / planfile, root, surroundings())
    if form == "json":
        options.print_document(saved.document)
    elif form in options.SUMMARY_FORMS:
        from ftops.cli.pull_request import print_summary
        from ftops.report.summarizing import summarized

        digest = str(saved.document.get("digest", ""))
        print_summary(summarized(saved.plan, saved.review, digest=digest), form, root)
    else:
        from ftops.report.terminal import render_plan

        text = render_plan(saved.plan, saved.review, width=options.width(), style=options.styler())
        click.echo(options.drawn(text), nl=False)
