"""`ftops history`."""

from __future__ import annotations

from pathlib import Path

import click

from ftops.api.history import history_of
from ftops.cli import options
from ftops.cli.completion import fine_tune_names
from ftops.cli.session import surroundings
from ftops.report.history import history_document, render_history

_MOST = 50


@click.command("history")
@click.argument("name", required=False, shell_complete=fine_tune_names)
@click.option(
    "--limit",
    type=click.IntRange(1, 100_000),
    default=_MOST,
    show_default=True,
    help="Show at most so many, the newest ones.",
)
@options.format_option("text", "json")
@click.pass_obj
def history_command(root: Path, name: str | None, limit: int, form: str) -> None:
    """Show what has happened, when, and by which commit and runner; the newest comes last.

    Only the state is read; no provider is contacted. It keeps the newest 500 events; of what was before them
    it still knows when each job was created and how it ended.
    """
    with options.documented_failure(root, form, "history"):
        project, happened = history_of(root, surroundings(), name)
    shown = happened[-limit:]
    if form == "json":
        options.print_document(history_document(project, shown))
        return
    if len(shown) < len(happened):
        click.echo(f"{len(happened) - len(shown)} earlier ones are left out (--limit).", err=True)
    click.echo(render_history(shown, options.styler()), nl=False)
