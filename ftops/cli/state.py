"""`ftops state`: inspection. What changes the state is in state_surgery.py."""

from __future__ import annotations

import time
from pathlib import Path

import click

from ftops.api.state_access import StateVersion
from ftops.cli.completion import fine_tune_names
from ftops.cli.nearest_command import HelpfulGroup
from ftops.cli.session import open_state
from ftops.cli.state_migrate import migrate_command
from ftops.cli.state_surgery import (
    mv_command,
    push_command,
    rebuild_command,
    restore_command,
    rm_command,
    unlock_command,
)
from ftops.model.json_text import escaped
from ftops.records.surgery import unrecorded
from ftops.report.layout import columns
from ftops.state.statefile import encode_record


@click.group("state", cls=HelpfulGroup)
def state_command() -> None:
    """Inspect and repair the state."""


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
@click.option("--raw", is_flag=True, help="Print it as stored: neither unpacked nor decrypted.")
@click.option("--version", "version", metavar="NAME", help="Print an earlier version, as `history` names it.")
@click.pass_obj
def pull_command(root: Path, version: str | None, *, raw: bool) -> None:
    """Print the complete state as text, even if ftops cannot read it."""
    data = open_state(root).pull(version, raw=raw)
    click.echo(data if raw else _shown(data), nl=False)


def _shown(text: bytes) -> bytes:
    """Return a state so that it reads back as the same; what is not text at all is returned as it is."""
    try:
        return escaped(text.decode()).encode()
    except UnicodeDecodeError:
        return text


@state_command.command("history")
@click.pass_obj
def history_command(root: Path) -> None:
    """List the versions of the state that still exist, newest first."""
    versions = open_state(root).history()
    table = [("VERSION", "SERIAL", "FINE-TUNES", "WRITTEN"), *map(_row, versions)]
    click.echo(columns(table), nl=False)
    back = "`ftops state restore VERSION`, or " if any(one.restorable for one in versions) else ""
    click.echo(f"To go back: {back}`ftops state push FILE --force`; then look at `ftops plan`.", err=True)


def _row(version: StateVersion) -> tuple[str, str, str, str]:
    if version.moved_to is not None:
        contents = ("moved", f"to {version.moved_to}")
    elif version.serial is None:
        contents = ("unreadable", "-")
    else:
        contents = (str(version.serial), str(version.fine_tunes))
    at = version.written_at
    written = "-" if at is None else time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(at))
    return (version.name, *contents, written)
