"""`ftops state migrate`: a verified copy in another store, then a notice where the state was."""

from __future__ import annotations

from pathlib import Path

import click

from ftops.api.state_migrate import migrate_state
from ftops.cli.asking import can_ask, consent
from ftops.cli.session import lock_timeout_option, open_state
from ftops.manifests.project import PROJECT_FILE


@click.command("migrate")
@click.argument("url")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@lock_timeout_option
@click.pass_obj
def migrate_command(root: Path, url: str, *, yes: bool) -> None:
    """Copy the state to URL, compare the copy, and mark the old one as moved.

    Then set spec.state of ftops.yaml to URL. Until then, every run that still reads the old place is refused.
    If interrupted, run it again.
    """
    can_ask(yes=yes)
    moved = migrate_state(open_state(root), url, consent(yes=yes))
    click.echo(f"moved and verified: {moved.location}")
    click.echo(f"Now set spec.state in {PROJECT_FILE} to: {url}", err=True)
