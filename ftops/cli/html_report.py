"""The one-file report on standard output: when it was made, and the CI run that made it, are added here."""

from __future__ import annotations

import os
from datetime import UTC, datetime

import click

from ftops.cli import options
from ftops.report.summary import Summary
from ftops.state.holder import ci_run


def print_html(summary: Summary, now: float | None = None, *, err: bool = False) -> None:
    """Print a summary as one HTML file; where the output has no UTF-8, every other sign is a reference."""
    from ftops.report.html import render_html

    made = None if now is None else datetime.fromtimestamp(now, UTC)
    text = render_html(summary, made=made, run=ci_run(os.environ))
    if not options.takes_utf8(err=err):
        text = text.encode("ascii", "xmlcharrefreplace").decode()
    click.echo(text, err=err)
