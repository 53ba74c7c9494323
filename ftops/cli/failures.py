"""The one place where errors become messages and exit codes; loaded for the first of them."""

from __future__ import annotations

import click

from ftops.errors import ExitCode, FtopsError
from ftops.report.words import cut, printable

_LONGEST_LINE = 2_000
"""Columns of one message: a stranger's text cannot bury the others."""


def told(error: BaseException) -> int | None:
    """Say what went wrong, and return the exit code; None for a mistake in ftops itself."""
    match error:
        case click.exceptions.NoArgsIsHelpError():
            click.echo(error.format_message())
            return ExitCode.USAGE
        case click.ClickException():
            click.echo(f"Error: {_one_line(error.format_message())}", err=True)
            return ExitCode.USAGE
        case click.Abort() | KeyboardInterrupt():
            click.echo("Interrupted.", err=True)
            return ExitCode.INTERRUPTED
        case FtopsError():
            for problem in error.problems:
                click.echo(f"Error: {_one_line(str(problem))}", err=True)
            return error.exit_code
        case OSError():
            place = f" {error.filename}" if error.filename else ""
            click.echo(_one_line(f"Error:{place} {error.strerror or error}"), err=True)
            return ExitCode.ERROR
    return None


def _one_line(text: str) -> str:
    """Remove control characters and line breaks, which only strangers write, and cut what is too long."""
    return cut(printable(text), _LONGEST_LINE)
