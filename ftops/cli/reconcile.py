"""`ftops reconcile`."""

from __future__ import annotations

from pathlib import Path

import click

from ftops.api.exit_codes import reconcile_code
from ftops.cli import options
from ftops.cli.apply import one_round
from ftops.cli.session import lock_timeout_option, open_session
from ftops.model.value import replace
from ftops.review.selection import Selection


@click.command("reconcile")
@click.option("--once", is_flag=True, required=True, help="Do what can be done now, then exit.")
@click.option(
    "--parallelism",
    type=click.IntRange(1, 64),
    default=8,
    show_default=True,
    help="How many requests to send at once.",
)
@options.selection_options
@lock_timeout_option
@click.pass_obj
def reconcile_command(
    root: Path,
    *,
    once: bool,
    parallelism: int,
    chosen: Selection,
) -> int:
    """Plan and apply within the project's limits without asking: for schedules."""
    with open_session(root, changes=True) as session:
        unattended = replace(chosen, patient=True, defers=True)
        run = one_round(session, unattended, parallelism, "text", approved=None)
        session.raise_if_stopped()
        return reconcile_code(run)
