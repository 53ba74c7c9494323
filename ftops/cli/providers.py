"""`ftops providers`."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import click

from ftops.api.catalog import provider_rows
from ftops.cli import options
from ftops.providers.retirements import known_retirements
from ftops.report.providers import providers_document, render_providers
from ftops.review.endings import day


@click.command("providers")
@options.format_option("text", "json")
@click.pass_obj
def providers_command(root: Path, form: str) -> None:
    """Show which providers there are, what the project uses, and who takes new jobs until when.

    Asks nobody: the dates are announced ones, and each provider's page has their sources.
    """
    today = day(time.time())
    with options.documented_failure(root, form, "providers"):
        rows = provider_rows(root, today)
    if form == "json":
        options.print_document(providers_document(rows, today, known_retirements().collected))
    else:
        width = options.width() if sys.stdout.isatty() else None
        click.echo(render_providers(rows, today, width=width, style=options.styler()), nl=False)
