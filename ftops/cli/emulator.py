"""`ftops emulator`."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import click

from ftops.cli.garbage import collect_as_usual
from ftops.errors import FtopsError


def _sendable(context: click.Context, option: click.Parameter, key: str | None) -> str | None:
    """Refuse a key that no client could send; the key itself is not repeated."""
    if key is not None and (not key or not all("!" <= sign <= "~" for sign in key)):
        raise click.BadParameter("a key is visible ASCII characters without spaces, at least one")
    return key


@click.command("emulator")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8090,
    show_default=True,
    help="Port on loopback; 0 picks a free one.",
)
@click.option(
    "--db", "database", default=".ftops/emulator.db", show_default=True, help="The SQLite file for its jobs."
)
@click.option(
    "--speed",
    type=click.FloatRange(0, min_open=True),
    default=1.0,
    show_default=True,
    help="Emulated seconds per real second.",
)
@click.option(
    "--key",
    envvar="FTOPS_EMULATOR_KEY",
    show_envvar=True,
    callback=_sendable,
    help="Answer 401 to requests without this bearer key; by default any key will do.",
)
@click.option(
    "--dialect",
    default="openai",
    show_default=True,
    help="The wire format to speak: a dialect's name. OpenAI's two are spoken together.",
)
@click.option(
    "--open",
    is_flag=True,
    help="Take new jobs where the real provider takes none any more (fireworks, mistral).",
)
@click.option(
    "--by-the-book",
    is_flag=True,
    help="Follow the API's OpenAPI file even where the real API does not; no /_emulator routes.",
)
@click.pass_obj
def emulator_command(
    root: Path, /, port: int, database: str, key: str | None, by_the_book: bool, **asked: Any
) -> None:
    """Serve the emulator on loopback until Ctrl-C. It speaks the wire formats and trains nothing."""
    from ftops.emulator.server import EmulatorServer, EmulatorSettings
    from ftops.emulator.wires.wire import FOLDERS

    if (dialect := asked["dialect"]) not in FOLDERS:
        raise click.BadParameter(f"{dialect!r} is not one of {', '.join(FOLDERS)}", param_hint="--dialect")
    try:
        settings = EmulatorSettings(
            root / database,
            asked["speed"],
            key,
            by_the_book=by_the_book,
            control=not by_the_book,
            dialect=dialect,
            open=asked["open"],
        )
        server = EmulatorServer(settings, port=port)
    except (OSError, sqlite3.Error, SystemExit) as error:
        message = f"the emulator cannot serve on port {port} with {database}: {error}"
        raise FtopsError(message, hint="choose another --port or --db") from error
    click.echo(f"The emulator serves {server.base_url} and trains nothing. Press Ctrl-C to stop it.")
    collect_as_usual()
    server.serve_forever()
