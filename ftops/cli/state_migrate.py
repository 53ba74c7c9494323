"""`ftops state migrate`: a verified copy in another store, then a notice where the state was."""

from __future__ import annotations

from pathlib import Path

import click

from ftops.cli.session import lock_timeout_option
from ftops.cli.state_access import StateAccess, ask, can_ask, keep_backup, open_state
from ftops.errors import Refused, StateError, StateMoved, UsageError
from ftops.manifests.project import PROJECT_FILE
from ftops.model.state import State
from ftops.model.value import replace
from ftops.report.words import counted, printable


@click.command("migrate")
@click.argument("url")
@click.option("--yes", is_flag=True, help="Do not ask.")
@lock_timeout_option
@click.pass_obj
def migrate_command(root: Path, url: str, *, yes: bool) -> None:
    """Copy the state to URL, compare the copy, and mark the old one as moved.

    Then set spec.state of ftops.yaml to URL. Until then every run that still reads the old place is refused.
    Ended half way, it can be run again.
    """
    can_ask(yes=yes)
    old, new = open_state(root), open_state(root, url)
    if old.backend.location == new.backend.location:
        raise UsageError(f"the state is at {old.backend.location} already")
    with old.locked("state migrate") as old_lock, new.locked("state migrate") as new_lock:
        data, state = old.manager.stored() or b"", old.existing()
        there = _there(new, state)
        words = f"the state of {old.backend.location} (serial {state.serial}, "
        words += f"{counted(len(state.fine_tunes), 'fine-tune')}) moves to {new.backend.location}"
        ask(f"{words}, and a notice stays in its place.", yes=yes)
        keep_backup(old.root, data, state.serial, "migrate")
        new_lock.check()
        new.manager.replace(state, there)
        _compare(state, open_state(root, url))
        old_lock.check()
        old.manager.retire(new.backend.location)
    click.echo(f"moved, and compared: {new.backend.location}")
    click.echo(f"Now set spec.state in {PROJECT_FILE} to: {url}", err=True)


def _there(new: StateAccess, state: State) -> State | None:
    """Return what the copy replaces: nothing, the notice of an earlier move, or an unfinished copy.

    Raises Refused for anything else: a state that somebody may be working with.
    """
    data = new.manager.stored()
    if data is None:
        return None
    try:
        there = new.manager.decoded(data)
    except StateMoved as moved:
        notice = f"{new.backend.location} holds the notice of a move to {moved.moved_to}"
        click.echo(printable(notice), err=True)
        return None
    if (there.project, there.lineage) != (state.project, state.lineage):
        raise Refused(
            f"{new.backend.location} holds a state already: project {there.project}, lineage "
            f"{there.lineage}, serial {there.serial}",
            hint="nothing was changed; take another place, or look at that one with `ftops state pull`",
        )
    if lost := _identities(there) - _identities(state):
        raise Refused(
            f"the copy of this state at {new.backend.location} knows jobs that this one does not "
            f"({min(lost)}): runs have worked with it",
            hint="nothing was changed; if it is the right one, set spec.state to it",
        )
    click.echo(f"{new.backend.location} holds an older copy, serial {there.serial}", err=True)
    return there


def _identities(state: State) -> set[str]:
    """Return every job, and every nonce of a create that may have become one."""
    known: set[str] = set()
    for record in state.fine_tunes.values():
        known |= {job.id for job in record.jobs} | {*record.spent_nonces}
        known |= {record.intent.nonce} if record.intent else set()
    for archived in state.archive.values():
        known |= {job.id for job in archived.jobs} | {*archived.spent_nonces}
    return known


def _compare(state: State, copy: StateAccess) -> None:
    written = copy.existing()
    if replace(written, serial=state.serial) != state:
        raise StateError(
            f"the copy at {copy.backend.location} is not what was written",
            hint="the old state is as it was and stays in force",
        )
