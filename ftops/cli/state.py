"""`ftops state`."""

from __future__ import annotations

from pathlib import Path

import click

from ftops.cli.completion import fine_tune_names
from ftops.errors import UsageError
from ftops.manifests.project import load_project
from ftops.model.state import State
from ftops.providers.registry import dialects
from ftops.report.terminal import columns
from ftops.state.manager import StateManager
from ftops.state.registry import open_backend
from ftops.state.statefile import encode_record


@click.group("state")
def state_command() -> None:
    """Look into the state."""


@state_command.command("list")
@click.pass_obj
def list_command(root: Path) -> None:
    """List what is recorded."""
    state = _read(root)
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
    record = _read(root).fine_tunes.get(name)
    if record is None:
        raise UsageError(f"the state has no record of {name}", hint="see `ftops state list`")
    click.echo(encode_record(record), nl=False)


def _read(root: Path) -> State:
    project, _ = load_project(root.resolve(), dialects())
    backend = open_backend(project.state, root.resolve())
    return StateManager(backend, project.name, new_lineage=lambda: "").read()
