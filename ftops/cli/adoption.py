"""`ftops import` and `ftops resolve`: jobs that a person says are ours, or are not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import click

from ftops.cli.completion import fine_tune_names
from ftops.cli.secrecy import current_vault
from ftops.cli.session import Session, lock_timeout_option, open_session
from ftops.cli.signals import confirm
from ftops.errors import FtopsError, InvalidInput, Problem, UsageError
from ftops.manifests.writing import manifest_for
from ftops.model.change import Change, Reason
from ftops.model.finetune import FineTune
from ftops.model.job import Job
from ftops.model.nearest import did_you_mean
from ftops.model.state import State
from ftops.records.matching import LiveJobs
from ftops.records.surgery import (
    accepted,
    arrived,
    claimed,
    in_doubt,
    never_arrived,
    not_mine,
    retried,
    take_over,
    uncancelled,
)
from ftops.report.words import printable
from ftops.review.selection import Selection, unknown_name


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
        where = _where(session, provider)
        if path.exists() or any(fine_tune.name == name for fine_tune in session.loaded.fine_tunes):
            raise FtopsError(f"{name} is already declared", hint="choose another name")
        port = session.providers[where]
        job = port.retrieve_fine_tune(job_id)
        written = manifest_for(name, job, port.facts)
    current_vault().refuse(written.text, "the manifest")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(written.text, encoding="utf-8")
    try:
        with open_session(root, changes=True) as session, session.locked("import") as lock:
            state = session.present(session.manager.read())
            _refuse_recorded(state, job.id)
            fine_tune, change = _declared(session, name)
            lock.check()
            session.manager.write(take_over(state, fine_tune, change, job))
    except FtopsError:
        path.unlink()
        raise
    click.echo(printable(f"wrote {path}; job {job.id} is recorded as {name}"))
    for value in written.left_out:
        click.echo(printable(f"left out, because a manifest may not ask for it: {value}"))


@click.command("resolve")
@click.argument("name", shell_complete=fine_tune_names)
@click.option("--job", "job_id", metavar="ID", help="This job belongs to the fine-tune.")
@click.option("--never-arrived", "lost", is_flag=True, help="The provider never got the create in doubt.")
@click.option("--not-mine", "foreign", metavar="ID", help="This job is somebody else's.")
@click.option("--retry", is_flag=True, help="Try again what was refused or cancelled by hand.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@lock_timeout_option
@click.pass_obj
def resolve_command(root: Path, /, name: str, *, yes: bool, **answers: str | bool | None) -> None:
    """Clear a hold that needs a person: say whose a job is or that a create never arrived, or try again."""
    given = {answer: value for answer, value in answers.items() if value}
    if len(given) != 1:
        raise click.UsageError("pass one of --job, --never-arrived, --not-mine and --retry")
    answer, value = given.popitem()
    with open_session(root, changes=True) as session, session.locked("resolve") as lock:
        state = session.present(session.manager.read())
        new, words = _ANSWERS[answer](session, state, name, str(value))
        click.echo(f"In the state: {words}.")
        if not yes and not confirm("Continue?"):
            raise FtopsError("not resolved", hint="nothing was changed")
        session.refuse_frozen()
        lock.check()
        session.manager.write(new)


def _lost(session: Session, state: State, name: str, _: str) -> tuple[State, str]:
    new = never_arrived(state, name, _shown(session, state, name))
    return new, f"the next apply may create {name} again"


def _foreign(session: Session, state: State, name: str, job_id: str) -> tuple[State, str]:
    _refuse_recorded(state, job_id, but=name)
    new = not_mine(state, _provider(session, state, name), job_id)
    return new, f"{job_id} is somebody else's and is never touched"


def _retry(session: Session, state: State, name: str, _: str) -> tuple[State, str]:
    """Return the state in which nothing counts as refused for a name, neither its create nor its data."""
    declared = [one for one in session.loaded.fine_tunes if one.name == name]
    files = [file.path for one in declared for _, file in one.data_files if file.path]
    known = session.loaded.datasets
    new = retried(state, name, [known[path].file_sha256 for path in files if path in known])
    if not state.cancelled_by_hand(name):
        return new, f"the next apply tries {name} again, whatever was refused before"
    record = state.fine_tunes.get(name)
    runs = record is not None and record.job is not None and record.job.status.active
    what = "its job, if still running, continues" if runs else "the next apply may create it"
    return new, f"{name} is no longer cancelled by hand: {what}"


def _theirs(session: Session, state: State, name: str, job_id: str) -> tuple[State, str]:
    """Return the state in which the job belongs to the name; a create in doubt may be undeclared by now."""
    intent = in_doubt(state, name)
    if intent is not None and intent.provider in session.providers:
        _refuse_recorded(state, job_id)
        job = session.providers[intent.provider].retrieve_fine_tune(job_id)
        return arrived(state, name, job), f"{job_id} becomes the job of {name}"
    record = state.fine_tunes.get(name)
    if record is not None and record.job is not None and record.job.id == job_id:
        others = _second_jobs(session, name)
        stopped = f"; the next apply cancels {', '.join(job.id for job in others)}" if others else ""
        kept = claimed(accepted(uncancelled(state, name), name, job_id), name, others)
        return kept, f"{job_id} is accepted as it is for {name}{stopped}"
    _refuse_recorded(state, job_id)
    fine_tune, change = _declared(session, name)
    job = session.providers[fine_tune.provider].retrieve_fine_tune(job_id)
    return take_over(state, fine_tune, change, job), f"{job_id} becomes the job of {name}"


_ANSWERS: Mapping[str, Callable[[Session, State, str, str], tuple[State, str]]] = {
    "job_id": _theirs,
    "lost": _lost,
    "foreign": _foreign,
    "retry": _retry,
}


def _shown(session: Session, state: State, name: str) -> list[str]:
    """Return the jobs without a mark that a create in doubt could be."""
    intent = in_doubt(state, name)
    if intent is None:
        return []
    live = LiveJobs(session.plan(Selection()).observations, state)
    return [job.id for job, _ in live.answering(intent.request)]


def _second_jobs(session: Session, name: str) -> list[Job]:
    """Fetch the jobs without a mark that the plan shows besides the one of this name."""
    changes = session.plan(Selection()).plan.changes
    return [
        session.providers[change.provider].retrieve_fine_tune(change.job_id)
        for change in changes
        if change.name == name and change.reason is Reason.LOOKALIKE and change.job_id
    ]


def _where(session: Session, provider: str | None) -> str:
    """Return the provider that is meant: the named one, else the default."""
    where = provider or session.loaded.project.default_provider
    if where is None:
        raise UsageError("there is no default provider", hint="name one with --provider")
    if where not in session.providers:
        near = did_you_mean(where, session.providers)
        raise UsageError(f"no provider is named {where}", hint=near or "name one with --provider")
    return where


def _provider(session: Session, state: State, name: str) -> str:
    """Return where to look for the jobs of a name: what is declared decides, else the create in doubt."""
    declared = (one.provider for one in session.loaded.fine_tunes if one.name == name)
    intent, record = in_doubt(state, name), state.fine_tunes.get(name)
    known = intent.provider if intent else record.provider if record else None
    # A job with this project's mark and no record is named by the plan alone.
    changes = () if (found := next(declared, known)) else session.plan(Selection()).plan.changes
    found = found or next((one.provider for one in changes if one.name == name), None)
    if found is None:
        raise unknown_name(name, (one.name for one in changes))
    return found


def _declared(session: Session, name: str) -> tuple[FineTune, Change]:
    """Return a declared fine-tune with what the planner says about it."""
    reviewed = session.plan(Selection())
    found = [fine_tune for fine_tune in session.loaded.fine_tunes if fine_tune.name == name]
    if not found:
        near = did_you_mean(name, (fine_tune.name for fine_tune in session.loaded.fine_tunes))
        raise UsageError(f"no manifest declares {name}", hint=near or "see `ftops status`")
    # A job that runs beside has a change of its own, without a spec: it says nothing of what is declared.
    change = next(change for change in reviewed.plan.changes if change.name == name and change.spec)
    if change.fingerprint is None:
        cannot = Problem(f"nothing can be recorded as {name}: {change.message}", hint="see `ftops validate`")
        raise InvalidInput(change.problems or (cannot,))
    return found[0], change


def _refuse_recorded(state: State, job_id: str, *, but: str | None = None) -> None:
    """Raise FtopsError for a job that is in a record; of `but` only one that was created with our mark is."""
    recorded = {name: record.jobs for name, record in state.fine_tunes.items()}
    for name, jobs in (*recorded.items(), *((name, entry.jobs) for name, entry in state.archive.items())):
        if any(job.id == job_id and not (name == but and job.likeness) for job in jobs):
            raise FtopsError(f"job {job_id} is already recorded as {name}", hint="see `ftops state list`")
