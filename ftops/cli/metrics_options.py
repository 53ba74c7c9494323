"""`--listen` and `--metrics-file` of `ftops reconcile`. Without them nothing of metrics is loaded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from msgspec import Struct

from ftops.cli import options

if TYPE_CHECKING:
    from ftops.controller.watching import Watch


class Watching(Struct, frozen=True):
    """What was asked for: an address to serve metrics at, a file to write them to."""

    listen: str | None = None
    file: str | None = None


def metrics_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --listen and --metrics-file; the command is given them as one `watching`."""

    @wraps(command)
    def with_watching(*args: Any, listen: str | None, metrics_file: str | None, **others: Any) -> Any:
        return command(*args, watching=Watching(listen, metrics_file), **others)

    made: Callable[..., Any] = with_watching
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


@contextmanager
def watched(
    watching: Watching,
    root: Path,
    *,
    interval: float | None = None,
    tell: Callable[[str], None] = _say,
) -> Iterator[Watch | None]:
    """Serve and write what was asked for; None where nothing was.

    `interval` is the controller's, in seconds, None for a single round; `tell` says where it listens, and
    warns. Raises UsageError for options that make no sense, and FtopsError where the extra `serve` is
    missing or the address is taken.
    """
    if watching.listen is not None and interval is None:
        raise click.UsageError("--listen is for a controller: with --once, write --metrics-file PATH")
    if watching == Watching():
        yield None
        return
    from ftops.controller.watching import Watch, listening

    file = None if watching.file is None else root / watching.file
    watch = Watch(file, interval, tell=tell)
    # Each series is there from the start, also where the first round fails or takes its time.
    watch.expect(root, partial(options.project_name, root))
    with ExitStack() as stack:
        if watching.listen is not None:
            served = stack.enter_context(listening(watch, watching.listen))
            tell(f"Metrics are at http://{served}/metrics.")
        yield watch
