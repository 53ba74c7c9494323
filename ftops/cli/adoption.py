"""`ftops import` and `ftops resolve`: jobs that a person says are ours, or are not."""

from __future__ import annotations

from pathlib import Path

import click

from ftops.applier.surgery import arrived, in_doubt, never_arrived, not_mine, take_over
from ftops.cli.completion import fine_tune_names
from ftops.cli.secrecy import current_vault
from ftops.cli.session import Session, lock_timeout_option, open_session
from ftops.errors import FtopsError, UsageError
from ftops.manifests.writing import manifest_for
from ftops.model.change import Change
from ftops.model.finetune import FineTune
from ftops.model.state import State
from ftops.planner.selection import Selection
from ftops.report.words import printable


@click.command("import")
@click.argument("name")
@click.argument("job_id")
@click.option("--provider", help="Where the job is, if not at the default provider.")
@lock_timeout_option
@click.pass_obj
def import_command(root: Path, name: str, job_id: str, provider: str | None) -> None:
    """Take over one job: write its manifest and record it, so that the plan shows no change."""
    path = root / "jobs" / f"{name}.yaml"
    with open_session(root, changes=True) as session:
        where = provider or session.loaded.project.default_provider
        if where not in session.providers or where is None:
            raise UsageError(f"no provider is named {where}", hint="name one with --provider")
        if path.exists() or any(fine_tune.name == name for fine_tune in session.loaded.fine_tunes):
            raise FtopsError(f"{name} is declared already", hint="choose another name")
        port = session.providers[where]
        job = port.retrieve_fine_tune(job_id)
        text = manifest_for(name, job, port.facts)
    current_vault().refuse(text, "the manifest")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    try:
        with open_session(root, changes=True) as session, session.locked("import") as lock:
            state = session.manager.read()
            _refuse_recorded(state, job.id)
            fine_tune, change = _declared(session, name)
            lock.check()
            session.manager.write(take_over(state, fine_tune, change, job))
    except FtopsError:
        path.unlink()
        raise
    click.echo(printable(f"wrote {path}; job {job.id} is recorded as {name}"))


@click.command("resolve")
@click.argument("name", shell_complete=fine_tune_names)
@click.option("--job", "job_id", metavar="ID", help="This job is the fine-tune's.")
@click.option("--never-arrived", "lost", is_flag=True, help="The provider never got the create in doubt.")
@click.option("--not-mine", "foreign", metavar="ID", help="This job is somebody else's.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@lock_timeout_option
@click.pass_obj
def resolve_command(
    root: Path, name: str, *, job_id: str | None, lost: bool, foreign: str | None, yes: bool
) -> None:
    """Clear a hold that only a person can: say whose a job is, or that a create never arrived."""
    if sum((job_id is not None, lost, foreign is not None)) != 1:
        raise click.UsageError("give one of --job, --never-arrived and --not-mine")
    with open_session(root, changes=True) as session, session.locked("resolve") as lock:
        state = session.manager.read()
        if job_id is not None:
            _refuse_recorded(state, job_id)
            new, words = _theirs(session, state, name, job_id), f"{job_id} becomes the job of {name}"
        elif lost:
            new, words = never_arrived(state, name), f"the next apply may create {name} again"
        else:
            _refuse_recorded(state, foreign or "")
            new = not_mine(state, _provider(session, state, name), foreign or "")
            words = f"{foreign} is somebody else's and is never touched"
        click.echo(f"In the state: {words}.")
        if not yes and not click.confirm("Go on?", default=False, err=True):
            raise FtopsError("not resolved", hint="nothing was changed")
        session.refuse_frozen()
        lock.check()
        session.manager.write(new)


def _theirs(session: Session, state: State, name: str, job_id: str) -> State:
    """Give the state in which the job is the name's; a create in doubt need not be declared any more."""
    intent = in_doubt(state, name)
    if intent is not None and intent.provider in session.providers:
        return arrived(state, name, session.providers[intent.provider].retrieve_fine_tune(job_id))
    fine_tune, change = _declared(session, name)
    job = session.providers[fine_tune.provider].retrieve_fine_tune(job_id)
    return take_over(state, fine_tune, change, job)


def _provider(session: Session, state: State, name: str) -> str:
    """Name where the jobs of a name are looked for: what is declared decides, else the create in doubt."""
    declared = (one.provider for one in session.loaded.fine_tunes if one.name == name)
    intent = in_doubt(state, name)
    found = next(declared, intent.provider if intent else None)
    return found or _declared(session, name)[0].provider


def _declared(session: Session, name: str) -> tuple[FineTune, Change]:
    """Give a declared fine-tune with what the planner says of it."""
    reviewed = session.plan(Selection())
    found = [fine_tune for fine_tune in session.loaded.fine_tunes if fine_tune.name == name]
    if not found:
        raise UsageError(f"no manifest declares {name}", hint="see `ftops status`")
    # A job that runs beside has a change of its own, without a spec: it says nothing of what is declared.
    change = next(change for change in reviewed.plan.changes if change.name == name and change.spec)
    return found[0], change


def _refuse_recorded(state: State, job_id: str) -> None:
    recorded = {name: record.jobs for name, record in state.fine_tunes.items()}
    for name, jobs in (*recorded.items(), *((name, entry.jobs) for name, entry in state.archive.items())):
        if any(job.id == job_id for job in jobs):
            raise FtopsError(f"job {job_id} is recorded as {name} already", hint="see `ftops state list`")
