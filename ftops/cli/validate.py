"""`ftops validate`."""

from __future__ import annotations

from pathlib import Path

import click

from ftops.reconciler.line import load
from ftops.report.words import counted


@click.command("validate")
@click.option("--allow-empty", is_flag=True, help="Accept patterns that match nothing.")
@click.pass_obj
def validate_command(root: Path, *, allow_empty: bool) -> None:
    """Check manifests, project file and data. Needs no network and no key."""
    loaded = load(root.resolve())
    if not allow_empty:
        loaded.require_seen()
    fine_tunes = counted(len(loaded.fine_tunes), "fine-tune")
    click.echo(f"{fine_tunes} and {counted(len(loaded.datasets), 'data file')}: all valid.")
