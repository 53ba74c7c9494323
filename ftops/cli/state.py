"""`ftops state`: looks. What changes the state stands in state_surgery.py."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import click

from ftops.cli.completion import fine_tune_names
from ftops.cli.state_access import BACKUPS, open_state
from ftops.cli.state_surgery import mv_command, push_command, rebuild_command, rm_command, unlock_command
from ftops.errors import StateError, UsageError
from ftops.report.terminal import columns
from ftops.state.features import Earlier, KeepsHistory
from ftops.state.statefile import decode, encode_record


@click.group("state")
def state_command() -> None:
    """Look into the state, and repair it."""


for _command in (mv_command, rm_command, push_command, rebuild_command, unlock_command):
    state_command.add_command(_command)


@state_command.command("list")
@click.pass_obj
def list_command(root: Path) -> None:
    """List what is recorded."""
    state = open_state(root).manager.read()
    table = [("NAME", "GENERATION", "JOB", "STATUS")]
    for name, record in sorted(state.fine_tunes.items()):
        job = record.job
        number = f"{record.generation}.{record.attempt}"
        table.append((name, number, job.id if job else "-", job.status.value if job else "-"))
    click.echo(columns(table), nl=False)


@state_command.command("show")
@click.argument("name", shell_complete=fine_tune_names)
@click.pass_obj
def show_command(root: Path, name: str) -> None:
    """Show one record as it is stored."""
    record = open_state(root).manager.read().fine_tunes.get(name)
    if record is None:
        raise UsageError(f"the state has no record of {name}", hint="see `ftops state list`")
    click.echo(encode_record(record), nl=False)


@state_command.command("pull")
@click.pass_obj
def pull_command(root: Path) -> None:
    """Print the whole state as it is stored, readable or not."""
    access = open_state(root)
    data = access.manager.stored()
    if data is None:
        raise StateError(f"there is no state at {access.backend.location}")
    click.echo(data, nl=False)


@state_command.command("history")
@click.pass_obj
def history_command(root: Path) -> None:
    """List the versions of the state that are still there, the newest first."""
    access = open_state(root)
    kept = list(access.backend.history()) if isinstance(access.backend, KeepsHistory) else []
    kept += _backups(access.root / BACKUPS)
    table = [("SERIAL", "FINE-TUNES", "WRITTEN", "WHERE")]
    for earlier in sorted(kept, key=lambda one: -one.written_at):
        written = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(earlier.written_at))
        table.append((*_contents(earlier), written, earlier.name))
    click.echo(columns(table), nl=False)
    click.echo("To go back: `ftops state push FILE --force`, then look at `ftops plan`.", err=True)


def _backups(directory: Path) -> Iterator[Earlier]:
    for path in directory.glob("*.json"):
        yield Earlier(str(path), path.stat().st_mtime, path.read_bytes())


def _contents(earlier: Earlier) -> tuple[str, str]:
    if earlier.data is None:
        return "-", "-"
    try:
        state = decode(earlier.data, earlier.name)
    except StateError:
        return "unreadable", "-"
    return str(state.serial), str(len(state.fine_tunes))
