"""`ftops emulator`."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import click

from ftops.errors import FtopsError


@click.command("emulator")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8090,
    show_default=True,
    help="Port on loopback; 0 takes a free one.",
)
@click.option(
    "--db", "database", default=".ftops/emulator.db", show_default=True, help="The SQLite file of its jobs."
)
@click.option(
    "--speed",
    type=click.FloatRange(0, min_open=True),
    default=1.0,
    show_default=True,
    help="Emulated seconds that pass in a real one.",
)
@click.pass_obj
def emulator_command(root: Path, port: int, database: str, speed: float) -> None:
    """Serve the emulator on loopback until Ctrl-C. It speaks the wire formats and trains nothing."""
    from ftops.emulator.server import EmulatorServer, EmulatorSettings

    try:
        server = EmulatorServer(EmulatorSettings(root / database, speed), port=port)
    except (OSError, sqlite3.Error, SystemExit) as error:
        message = f"the emulator cannot serve on port {port} with {database}: {error}"
        raise FtopsError(message, hint="choose another --port or --db") from error
    click.echo(f"The emulator serves {server.base_url} and trains nothing. Ctrl-C ends it.")
    server.serve_forever()
