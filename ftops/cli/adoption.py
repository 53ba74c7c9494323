"""`ftops import` and `ftops resolve`: jobs that a person says are ours, or are not."""

from __future__ import annotations

from pathlib import Path

import click

from ftops.api.adoption import import_job, resolve, the_answer
from ftops.cli.asking import consent
from ftops.cli.completion import fine_tune_names
from ftops.cli.session import lock_timeout_option, open_session
from ftops.report.words import printable


@click.command("import")
@click.argument("name")
@click.argument("job_id")
@click.option("--provider", help="Where the job is, if not at the default provider.")
@lock_timeout_option
@click.pass_obj
def import_command(root: Path, name: str, job_id: str, provider: str | None) -> None:
    """Take over one job: write its manifest and record it, so that the plan shows no change."""
    with open_session(root, changes=True) as session:
        made = import_job(session, name, job_id, provider)
    path = root / made.path.relative_to(root.resolve())
    click.echo(printable(f"wrote {path}; job {made.job_id} is recorded as {name}"))
    for value in made.left_out:
        click.echo(printable(f"left out, because a manifest may not ask for it: {value}"))


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
