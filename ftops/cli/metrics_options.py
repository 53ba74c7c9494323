"""`--listen` and `--metrics-file` of `ftops reconcile`. Without them nothing of metrics is loaded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from msgspec import Struct

from ftops.api.surroundings import Surroundings
from ftops.cli import options
from ftops.model.event import Event
from ftops.model.value import replace

if TYPE_CHECKING:
    from ftops.controller.instruments import Instruments


class MetricsWanted(Struct, frozen=True):
    """What was asked for: an address to serve metrics at, a file to write them to."""

    listen: str | None = None
    file: str | None = None


def metrics_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --listen and --metrics-file; the command is given them as one `metrics`."""

    @wraps(command)
    def with_wanted(*args: Any, listen: str | None, metrics_file: str | None, **others: Any) -> Any:
        return command(*args, metrics=MetricsWanted(listen, metrics_file), **others)

    made: Callable[..., Any] = with_wanted
    for option in (
        click.option(
            "--metrics-file",
            metavar="PATH",
            help="Write metrics to this file after each round, for node_exporter's textfile collector.",
        ),
        click.option(
            "--listen",
            metavar="HOST:PORT",
            help="Serve /metrics, /healthz and /readyz here; a port alone is one of loopback.",
        ),
    ):
        made = option(made)
    return made


def _say(text: str) -> None:
    click.echo(text, err=True)


def _warn(text: str) -> None:
    click.echo(f"Warning: {text}", err=True)


def expect(instruments: Instruments | None, root: Path) -> None:
    """Have each series of a project from the start, also where its first round fails or takes its time."""
    if instruments is not None:
        instruments.expect(root, partial(options.project_name, root))


def measured(within: Surroundings, instruments: Instruments | None) -> Surroundings:
    """Return surroundings whose requests are counted, and whose events, as of long uploads, say it lives."""
    if instruments is None:
        return within
    health = instruments.health

    def emit(event: Event) -> None:
        health.hear(event)
        within.emit(event)

    return replace(within, emit=emit, hearer=instruments.hearer)


@contextmanager
def measuring(
    wanted: MetricsWanted,
    root: Path,
    *,
    interval: float | None = None,
    silence: float = 0.0,
    say: Callable[[str], None] = _say,
    warn: Callable[[str], None] = _warn,
) -> Iterator[Instruments | None]:
    """Serve and write what was asked for; None where nothing was. Each project is then to be expected.

    `interval` is the controller's, in seconds, None for a single round; `silence` is how long a round may
    wait for the lock. `say` says where it listens, and `warn` what is wrong with the file. Raises UsageError
    for options that make no sense, and FtopsError where the extra `serve` is missing or the address is taken.
    """
    if wanted.listen is not None and interval is None:
        raise click.UsageError("--listen is for a controller: with --once, write --metrics-file PATH")
    if wanted == MetricsWanted():
        yield None
        return
    from ftops.controller.instruments import Instruments, listening

    file = None if wanted.file is None else root / wanted.file
    instruments = Instruments(file, interval, warn=warn, silence=silence)
    with ExitStack() as stack:
        if wanted.listen is not None:
            served = stack.enter_context(listening(instruments, wanted.listen))
            say(f"Metrics are at http://{served}/metrics.")
        yield instruments
