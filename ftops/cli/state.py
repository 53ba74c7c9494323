"""`ftops state`: looks. What changes the state stands in state_surgery.py."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import click

from ftops.cli.completion import fine_tune_names
from ftops.cli.nearest_command import HelpfulGroup
from ftops.cli.state_access import BACKUPS, StateAccess, open_state
from ftops.cli.state_migrate import migrate_command
from ftops.cli.state_surgery import (
    mv_command,
    push_command,
    rebuild_command,
    restore_command,
    rm_command,
    unlock_command,
)
from ftops.errors import StateError, StateMoved
from ftops.model.json_text import escaped
from ftops.records.surgery import unrecorded
from ftops.report.terminal import columns
from ftops.state.features import Earlier, KeepsHistory
from ftops.state.statefile import encode_record


@click.group("state", cls=HelpfulGroup)
def state_command() -> None:
    """Look into the state, and repair it."""


for _command in (
    mv_command,
    rm_command,
    push_command,
    restore_command,
    rebuild_command,
    unlock_command,
    migrate_command,
):
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
    records = open_state(root).manager.read().fine_tunes
    record = records.get(name)
    if record is None:
        raise unrecorded(name, records)
    click.echo(escaped(encode_record(record)), nl=False)


@state_command.command("pull")
@click.option("--raw", is_flag=True, help="As it is stored: neither unpacked nor decrypted.")
@click.option("--version", "version", metavar="NAME", help="An earlier one, as `history` names it.")
@click.pass_obj
def pull_command(root: Path, version: str | None, *, raw: bool) -> None:
    """Print the whole state as text, whether ftops can read it or not."""
    access = open_state(root)
    data = access.manager.stored() if version is None else access.earlier(version)
    if data is None:
        raise StateError(f"there is no state at {access.backend.location}")
    click.echo(data if raw else _shown(access.manager.text(data)), nl=False)


def _shown(text: bytes) -> bytes:
    """Return a state so that it reads back as the same; whatever is no text at all is given as it is."""
    try:
        return escaped(text.decode()).encode()
    except UnicodeDecodeError:
        return text


@state_command.command("history")
@click.pass_obj
def history_command(root: Path) -> None:
    """List the versions of the state that are still there, the newest first."""
    access = open_state(root)
    table = [("VERSION", "SERIAL", "FINE-TUNES", "WRITTEN")]
    now = access.manager.stored()
    if now is not None:
        table.append(("now", *_contents(access, now), "-"))
    kept = list(access.backend.history()) if isinstance(access.backend, KeepsHistory) else []
    rows = [(earlier, access.earlier(earlier.name)) for earlier in kept]
    rows += _backups(access.root / BACKUPS)
    for earlier, data in sorted(rows, key=lambda row: -row[0].written_at):
        written = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(earlier.written_at))
        table.append((earlier.name, *_contents(access, data), written))
    click.echo(columns(table), nl=False)
    back = "`ftops state restore VERSION`, or " if kept else ""
    click.echo(f"To go back: {back}`ftops state push FILE --force`; then look at `ftops plan`.", err=True)


def _backups(directory: Path) -> Iterator[tuple[Earlier, bytes]]:
    for path in (*directory.glob("*.json"), *directory.glob("*.json.gz")):
        if not path.is_file():
            continue
        found = path.stat()
        yield Earlier(str(path), found.st_mtime, found.st_size), path.read_bytes()


def _contents(access: StateAccess, data: bytes) -> tuple[str, str]:
    try:
        state = access.manager.decoded(data)
    except StateMoved as moved:
        return "moved", f"to {moved.moved_to}"
    except StateError:
        return "unreadable", "-"
    return str(state.serial), str(len(state.fine_tunes))
