"""`ftops state mv|rm|push|restore|rebuild|unlock`: each says what it will do, asks, and keeps a backup."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from ftops.api.state_rebuild import rebuild_state
from ftops.api.state_surgery import break_lock, push_state, remove_record, rename_record, restore_state
from ftops.cli.asking import can_ask, consent
from ftops.cli.completion import fine_tune_names
from ftops.cli.session import lock_timeout_option, open_session, open_state
from ftops.errors import FtopsError
from ftops.report.words import counted

_yes = click.option("--yes", is_flag=True, help="Do not ask for confirmation.")


@click.command("mv")
@click.argument("old", shell_complete=fine_tune_names)
@click.argument("new")
@_yes
@lock_timeout_option
@click.pass_obj
def mv_command(root: Path, old: str, new: str, *, yes: bool) -> None:
    """Rename the record of OLD to NEW. In a manifest, `renamed_from` does this in review."""
    can_ask(yes=yes)
    rename_record(open_state(root), old, new, consent(yes=yes))


@click.command("rm")
@click.argument("name", shell_complete=fine_tune_names)
@_yes
@lock_timeout_option
@click.pass_obj
def rm_command(root: Path, name: str, *, yes: bool) -> None:
    """Forget NAME: its job keeps running, unwatched. Nothing is cancelled or deleted."""
    can_ask(yes=yes)
    remove_record(open_state(root), name, consent(yes=yes))


@click.command("push")
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True))
@click.option("--force", is_flag=True, help="Accept a state of another lineage, or an older one.")
@_yes
@lock_timeout_option
@click.pass_obj
def push_command(root: Path, file: str, *, force: bool, yes: bool) -> None:
    """Replace the stored state with the one in FILE (- for standard input)."""
    can_ask(yes=yes)
    access = open_state(root)
    edited = push_state(access, (_bytes_of(root, file), file), consent(yes=yes), force=force)
    click.echo(f"written as serial {edited.serial}")


@click.command("restore")
@click.argument("version")
@_yes
@lock_timeout_option
@click.pass_obj
def restore_command(root: Path, version: str, *, yes: bool) -> None:
    """Replace the present state with an earlier VERSION, as `ftops state history` names it."""
    can_ask(yes=yes)
    edited = restore_state(open_state(root), version, consent(yes=yes))
    click.echo(f"written as serial {edited.serial}")
    click.echo("Jobs created since then are found again by their marks: see `ftops plan`.", err=True)


@click.command("rebuild")
@_yes
@lock_timeout_option
@click.pass_obj
def rebuild_command(root: Path, *, yes: bool) -> None:
    """Recreate a lost state from the marks that jobs carry at their providers."""
    can_ask(yes=yes)
    with open_session(root) as session:
        notes = rebuild_state(session, consent(yes=yes))
    if notes:
        click.echo(f"{counted(len(notes), 'name')} recorded; see `ftops plan`.")
    else:
        click.echo("Nothing to rebuild: every job with this project's mark is recorded.")


@click.command("unlock")
@click.argument("lock_id", metavar="[ID]", required=False)
@_yes
@click.pass_obj
def unlock_command(root: Path, lock_id: str | None, *, yes: bool) -> None:
    """Break the lock ID of a dead run; if it becomes free by itself, say how.

    The message of a run that finds the lock taken has the ID. With it, the lock of a later run is never
    broken.
    """
    ask = consent(yes=yes)

    def ask_if_possible(words: str) -> None:
        can_ask(yes=yes)
        ask(words)

    click.echo(break_lock(open_state(root), lock_id, ask_if_possible).words)


def _bytes_of(root: Path, file: str) -> bytes:
    if file == "-":
        return sys.stdin.buffer.read()
    try:
        return (root / file).read_bytes()
    except OSError as error:
        raise FtopsError(
            f"cannot read {file}: {error.strerror or error}", hint="nothing was changed"
        ) from error
