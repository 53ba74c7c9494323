"""`ftops doctor`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from ftops.cli import options
from ftops.cli.secrecy import current_vault
from ftops.doctor.examination import examine
from ftops.errors import ExitCode
from ftops.model.check import Verdict
from ftops.report.doctor import checks_document, render_agenda, render_checks


@click.command("doctor")
@options.format_option("text", "json")
@click.pass_obj
def doctor_command(root: Path, form: str) -> ExitCode:
    """Check everything that a plan and an apply need, and say how to fix what is wrong.

    Changes nothing. Asks each provider once, and shows what of the project ends when.
    """
    found = examine(root, os.environ, current_vault())
    if form == "json":
        options.print_document(checks_document(found.checks, found.agenda, found.today))
    else:
        width = options.width() if sys.stdout.isatty() else None
        click.echo(render_checks(found.checks, options.styler()), nl=False)
        click.echo(render_agenda(found.agenda, found.today, width=width), nl=False)
    return ExitCode.ERROR if any(one.verdict is Verdict.FAIL for one in found.checks) else ExitCode.NOTHING
