"""`ftops import` and `ftops resolve`: jobs that a person says are ours, or are not."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click

from ftops.api.adoption import import_job, resolve, the_answer
from ftops.cli.asking import can_ask, consent
from ftops.cli.completion import fine_tune_names
from ftops.cli.options import moment
from ftops.cli.session import lock_timeout_option, open_session
from ftops.report.words import counted, printable


@click.command("import")
@click.argument("name", required=False)
@click.argument("job_id", required=False)
@click.option("--all", "everything", is_flag=True, help="Take over every job that nobody manages.")
@click.option("--provider", help="Where the jobs are: one job's default is the project's, --all's all.")
@click.option("--since", metavar="WHEN", help="With --all: only jobs made since (30d, 12h, 2026-01-31).")
@click.option("--dry-run", is_flag=True, help="With --all: show what would be written; write nothing.")
@click.option("--yes", is_flag=True, help="With --all: do not ask for confirmation.")
@lock_timeout_option
@click.pass_obj
def import_command(root: Path, /, name: str | None, job_id: str | None, **chosen: Any) -> None:
    """Take over jobs: write their manifests and record them, so that the plan shows no change.

    NAME JOB_ID takes over one job under this name. --all takes over every job that runs or has made a
    model and that nobody manages; the names come from the suffix or the base model.
    """
    if chosen.pop("everything"):
        if name is not None:
            raise click.UsageError("pass NAME JOB_ID or --all, not both")
        _import_all(root, **chosen)
        return
    given = [f"--{option.replace('_', '-')}" for option in ("since", "dry_run", "yes") if chosen[option]]
    if name is None or job_id is None:
        raise click.UsageError("pass NAME and JOB_ID of one job, or --all")
    if given:
        raise click.UsageError(f"{given[0]} goes with --all")
    with open_session(root, changes=True) as session:
        made = import_job(session, name, job_id, chosen["provider"])
    path = root / made.path.relative_to(root.resolve())
    click.echo(printable(f"wrote {path}; job {made.job_id} is recorded as {name}"))
    for value in made.left_out:
        click.echo(printable(f"left out, because a manifest may not ask for it: {value}"))


def _import_all(root: Path, *, provider: str | None, since: str | None, dry_run: bool, yes: bool) -> None:
    from ftops.api.importing import import_all, look_at_all
    from ftops.api.intake import Wanted

    wanted = Wanted(provider, moment(since, time.time()))
    if dry_run:
        with open_session(root) as session:
            click.echo(look_at_all(session, wanted)[1])
        return
    can_ask(yes=yes)
    with open_session(root, changes=True) as session:
        made = import_all(session, wanted, consent(yes=yes, declined="nothing was imported"), click.echo)
    if made.jobs:
        click.echo(f"{counted(len(made.jobs), 'job')} recorded; `ftops plan` shows no change for them")


@click.command("resolve")
@click.argument("name", shell_complete=fine_tune_names)
@click.option("--job", "theirs", metavar="ID", help="This job belongs to the fine-tune.")
@click.option("--never-arrived", is_flag=True, help="The provider never got the create in doubt.")
@click.option("--not-mine", metavar="ID", help="This job is somebody else's.")
@click.option("--retry", is_flag=True, help="Try again what was refused or cancelled by hand.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@lock_timeout_option
@click.pass_obj
def resolve_command(root: Path, /, name: str, *, yes: bool, **answers: str | bool | None) -> None:
    """Clear a hold that needs a person: say whose a job is or that a create never arrived, or try again."""
    if sum(map(bool, answers.values())) != 1:
        raise click.UsageError("pass one of --job, --never-arrived, --not-mine and --retry")
    with open_session(root, changes=True) as session:
        resolve(session, name, *the_answer(answers), consent(yes=yes, declined="not resolved"))
