"""`ftops state mv|rm|push|rebuild|unlock`: each says what it will do, asks, and keeps a backup."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import click

from ftops.cli.completion import fine_tune_names
from ftops.cli.session import Session, lock_timeout_option, open_session
from ftops.cli.state_access import StateAccess, ask, can_ask, keep_backup, open_state
from ftops.errors import FtopsError, NeedsPerson, Refused, StateError
from ftops.model.state import State
from ftops.model.value import replace
from ftops.planner.incomplete import incomplete, problem_of
from ftops.reconciler.commits import applied_commit
from ftops.records.matching import LiveJobs
from ftops.records.rebuilding import Rebuilt, rebuilt
from ftops.records.surgery import removed, renamed
from ftops.report.words import counted, printable
from ftops.review.selection import Selection
from ftops.state.features import BreaksLocks, ExplainsLocks
from ftops.state.holder import clock

_MOST_NAMED = 5

_yes = click.option("--yes", is_flag=True, help="Do not ask.")


@click.command("mv")
@click.argument("old", shell_complete=fine_tune_names)
@click.argument("new")
@_yes
@lock_timeout_option
@click.pass_obj
def mv_command(root: Path, old: str, new: str, *, yes: bool) -> None:
    """Return the record of OLD the name NEW. In a manifest, `renamed_from` does this in review."""
    can_ask(yes=yes)
    words = f"the record of {old} becomes that of {new}; no job is touched"
    _cut(root, "mv", words, lambda state: renamed(state, old, new), yes=yes)


@click.command("rm")
@click.argument("name", shell_complete=fine_tune_names)
@_yes
@lock_timeout_option
@click.pass_obj
def rm_command(root: Path, name: str, *, yes: bool) -> None:
    """Forget NAME: its job runs on, unwatched. Nothing is cancelled or deleted."""
    can_ask(yes=yes)
    words = f"the record of {name} is forgotten; its job is neither cancelled nor watched any more"
    _cut(root, "rm", words, lambda state: removed(state, name), yes=yes)


@click.command("push")
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True))
@click.option("--force", is_flag=True, help="Even from another lineage, or an older one.")
@_yes
@lock_timeout_option
@click.pass_obj
def push_command(root: Path, file: str, *, force: bool, yes: bool) -> None:
    """Put the state in FILE (- for standard input) in place of the stored one."""
    can_ask(yes=yes)
    access = open_state(root)
    _put_in_place(access, (_bytes_of(root, file), file), "push", force=force, yes=yes)


@click.command("restore")
@click.argument("version")
@_yes
@lock_timeout_option
@click.pass_obj
def restore_command(root: Path, version: str, *, yes: bool) -> None:
    """Put an earlier VERSION, as `ftops state history` names it, in place of the present state."""
    can_ask(yes=yes)
    access = open_state(root)
    _put_in_place(access, (access.earlier(version), version), "restore", force=True, yes=yes)
    click.echo("Jobs made since are found again by their marks: look at `ftops plan`.", err=True)


@click.command("rebuild")
@_yes
@lock_timeout_option
@click.pass_obj
def rebuild_command(root: Path, *, yes: bool) -> None:
    """Make a lost state again from the marks that jobs carry at their providers."""
    can_ask(yes=yes)
    with open_session(root) as session, session.locked("state rebuild") as lock:
        data, stored = session.manager.stored(), session.manager.read()
        found = _found(session, session.present(stored), lost=data is None)
        if not found.notes:
            click.echo("Nothing to rebuild: every job that carries this project's mark is recorded.")
            return
        lines = "\n".join(f"  {note}" for note in found.notes)
        ask(f"In the state, lineage {found.state.lineage}, will be recorded:\n{lines}", yes=yes)
        if data is not None:
            keep_backup(session.loaded.root, data, stored.serial, "rebuild")
        lock.check()
        session.manager.replace(found.state, stored)
    click.echo(f"{counted(len(found.notes), 'name')} recorded; look at `ftops plan`.")


@click.command("unlock")
@click.argument("lock_id", metavar="[ID]", required=False)
@_yes
@click.pass_obj
def unlock_command(root: Path, lock_id: str | None, *, yes: bool) -> None:
    """Break the lock ID whose holder is gone; where it comes free by itself, say how.

    The message of whoever finds the lock taken has the ID: with it, the lock of a later run is never broken.
    """
    backend = open_state(root).backend
    holder = backend.holder()
    why = f": {backend.explain_lock()}" if isinstance(backend, ExplainsLocks) else ""
    if holder is None:
        click.echo(f"Nobody holds the lock of {backend.location}{why}.")
        return
    if lock_id is not None and holder.id != lock_id:
        raise NeedsPerson(
            f"the lock {lock_id} of {backend.location} is gone: {holder} holds {holder.id}",
            hint="nothing was changed; that is another run",
        )
    if not isinstance(backend, BreaksLocks):
        here = holder.host == socket.gethostname() and holder.pid not in (0, os.getpid())
        end = f"`kill {holder.pid}`" if here else f"process {holder.pid} on {holder.host}"
        raise NeedsPerson(
            f"{holder} holds the lock of {backend.location}{why}",
            hint=f"if that run hangs, end it: {end}; nothing else has to be broken",
        )
    can_ask(yes=yes)
    ask(
        f"The lock {holder.id} of {backend.location} is taken from {holder}, since {clock(holder.since)}. "
        "Be sure that this run is dead: if it lives, two runs could create jobs.",
        yes=yes,
    )
    backend.unlock(holder)
    click.echo("unlocked")


def _cut(root: Path, operation: str, words: str, cut: Callable[[State], State], *, yes: bool) -> None:
    access = open_state(root)
    with access.locked(f"state {operation}") as lock:
        data = access.manager.stored()
        before = access.existing()
        after = cut(before)
        ask(f"In the state: {words}.", yes=yes)
        keep_backup(access.root, data or b"", before.serial, operation)
        lock.check()
        access.manager.write(after)


def _put_in_place(
    access: StateAccess, source: tuple[bytes, str], operation: str, *, force: bool, yes: bool
) -> None:
    """Replace the stored state by another one, given as bytes and what they are called."""
    pushed = access.manager.decoded(*source)
    if pushed.project != access.project:
        raise StateError(
            f"{source[1]} belongs to project {pushed.project}, this is {access.project}",
            hint="nothing was changed",
        )
    with access.locked(f"state {operation}") as lock:
        data = access.manager.stored()
        current = _readable(data, access, force=force)
        if current is not None and not force:
            _refuse_older(pushed, current)
        there = f"serial {current.serial} there" if current else "what is there" if data else "nothing"
        words = f"the state of {access.backend.location}: serial {pushed.serial} replaces {there}"
        ask(f"{words}; {counted(len(pushed.fine_tunes), 'fine-tune')}.", yes=yes)
        if data is not None:
            keep_backup(access.root, data, current.serial if current else None, operation)
        lock.check()
        written = access.manager.replace(pushed, current)
    click.echo(f"written as serial {written.serial}")


def _bytes_of(root: Path, file: str) -> bytes:
    if file == "-":
        return sys.stdin.buffer.read()
    try:
        return (root / file).read_bytes()
    except OSError as error:
        raise FtopsError(
            f"cannot read {file}: {error.strerror or error}", hint="nothing was changed"
        ) from error


def _readable(data: bytes | None, access: StateAccess, *, force: bool) -> State | None:
    try:
        return None if data is None else access.manager.decoded(data)
    except StateError:
        if not force:
            raise
        return None


def _refuse_older(pushed: State, current: State) -> None:
    if pushed.lineage != current.lineage:
        raise Refused(
            f"the state there has lineage {current.lineage}, the pushed one {pushed.lineage}",
            hint="--force replaces it all the same; what only the one there records is forgotten",
        )
    if pushed.serial < current.serial:
        raise Refused(
            f"the state there is newer: serial {current.serial}, the pushed one has {pushed.serial}",
            hint="--force replaces it all the same; jobs recorded since are forgotten",
        )


def _found(session: Session, state: State, *, lost: bool) -> Rebuilt:
    """Look at every provider. Raises what would make a plan unsafe: half a list makes half a state."""
    reviewed = session.plan(Selection(), everywhere=True)
    if resting := incomplete(reviewed.observations):
        told = (f"provider {name}: {problem_of(seen)}" for name, seen in resting.items())
        hints = (seen.hint for seen in resting.values() if seen.hint)
        raise NeedsPerson("; ".join(told), hint=next(hints, "run it again when each can be listed"))
    wrong = [found for found in reviewed.review.violations if found.rule == "wrong-account"]
    if wrong:
        raise Refused(wrong[0].message, hint=wrong[0].hint)
    live = LiveJobs(reviewed.observations, state)
    for name in reviewed.observations:
        foreign = state.not_mine.get(name, ())
        unmarked = [
            job.id
            for job in live.unrecorded
            if job.provider == name and job.stamp is None and job.id not in foreign
        ]
        if unmarked:
            click.echo(_unmarked(name, unmarked), err=True)
    found = rebuilt(state, reviewed.observations, session.loaded.fine_tunes, reviewed.plan, lost=lost)
    return replace(found, state=replace(found.state, applied=applied_commit(session.loaded, reviewed)))


def _unmarked(provider: str, jobs: Sequence[str]) -> str:
    """Say what a rebuild cannot see: nobody can tell whose an unmarked job is."""
    some = ", ".join(jobs[:_MOST_NAMED]) + (", ..." if len(jobs) > _MOST_NAMED else "")
    return printable(
        f"provider {provider}: {counted(len(jobs), 'unrecorded job')} without a mark ({some}) may be this "
        "project's: the format has no room for a mark, or a gateway drops it; look at them before the next "
        "apply, and take one over with `ftops import NAME ID` or `ftops resolve NAME --job ID`"
    )
