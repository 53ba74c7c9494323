"""`ftops reconcile`."""

from __future__ import annotations

import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ftops.api.exit_codes import round_code
from ftops.api.freeze import frozen
from ftops.cli import options
from ftops.cli.apply import one_round
from ftops.cli.metrics_options import MetricsWanted, expect, measuring, metrics_options
from ftops.cli.session import lock_timeout_option, open_session, surroundings
from ftops.errors import FtopsError, LockHeld, Refused
from ftops.model.value import replace
from ftops.review.selection import Selection

if TYPE_CHECKING:
    from ftops.api.rounds import Round
    from ftops.controller.instruments import Instruments


@click.command("reconcile")
@click.option("--once", is_flag=True, required=True, help="Do what can be done now, then exit.")
@click.option(
    "--parallelism",
    type=click.IntRange(1, 64),
    default=8,
    show_default=True,
    help="How many requests to send at once.",
)
@metrics_options
@options.selection_options
@lock_timeout_option
@click.pass_obj
def reconcile_command(
    root: Path,
    *,
    once: bool,
    parallelism: int,
    metrics: MetricsWanted,
    chosen: Selection,
) -> int:
    """Plan and apply within the project's limits without asking: for schedules."""
    unattended = replace(chosen, patient=True, defers=True)
    with measuring(metrics, root) as instruments:
        expect(instruments, root)
        started, began = time.time(), time.monotonic()
        came_to: Round | FtopsError | None = None
        try:
            with open_session(
                root, changes=True, hearer=instruments.hearer if instruments else None
            ) as session:
                came_to = run = one_round(session, unattended, parallelism, "text", approved=None)
                session.raise_if_stopped()
                return round_code(run)
        except FtopsError as error:
            came_to = came_to or error
            raise
        finally:
            if instruments and came_to:
                _tell(instruments, root, came_to, started, time.monotonic() - began)


def _tell(
    instruments: Instruments, root: Path, came_to: Round | FtopsError, started: float, seconds: float
) -> None:
    from ftops.controller.reconciled import Reconciled, Result

    run = None if isinstance(came_to, FtopsError) else came_to
    if run is None:
        held = isinstance(came_to, LockHeld)
        stopped = isinstance(came_to, Refused) and frozen(root, surroundings().environ)
        result = Result.STANDING_BY if held else Result.FROZEN if stopped else Result.FAILED
    elif run.frozen:
        result = Result.FROZEN
    else:
        result = Result.REFUSED if run.reviewed.review.violations else Result.DONE
    name = options.project_name(root) or root.resolve().name
    code = came_to.exit_code if isinstance(came_to, FtopsError) else round_code(came_to)
    problems = came_to.problems if isinstance(came_to, FtopsError) else ()
    instruments(Reconciled(uuid.uuid4().hex, name, root, started, seconds, result, code, run, problems))
