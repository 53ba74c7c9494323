"""`ftops cost`."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import click

from ftops.api.costs import read_cost_report
from ftops.cli import options
from ftops.cli.session import surroundings
from ftops.report.costs import costs_document, render_costs, render_costs_markdown


@click.command("cost")
@click.option("--month", metavar="YYYY-MM", help="This month in UTC (default: the current one), or `all`.")
@click.option(
    "--by",
    metavar="GROUP",
    default="name",
    show_default=True,
    help="Group by name, provider, who, commit or label=KEY.",
)
@options.format_option("text", "json", "markdown")
@click.pass_obj
def cost_command(root: Path, month: str | None, by: str, form: str) -> None:
    """Show what was spent: estimated and actual cost, what was wasted, by whom, from which commit.

    Only the state is read; no provider is contacted. A job counts in the month it was created in.
    """
    with options.documented_failure(root, form, "cost"):
        report = read_cost_report(root, surroundings(), time.time(), when=month, by=by)
    if form == "json":
        options.print_document(costs_document(report))
    elif form == "markdown":
        click.echo(render_costs_markdown(report), nl=False)
    else:
        width = options.width() if sys.stdout.isatty() else None
        click.echo(render_costs(report, width=width, style=options.styler()), nl=False)
