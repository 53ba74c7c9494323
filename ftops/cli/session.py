"""An opened project: providers, embedded emulators, state, signals; one `with` around a command's work."""

from __future__ import annotations

import os
import signal
import sqlite3
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import click

from ftops.cli.secrecy import current_vault
from ftops.errors import FtopsError, Interrupted
from ftops.model.event import Event
from ftops.model.project import EMULATOR_SCHEME, ProviderSettings
from ftops.providers.provider import Provider
from ftops.providers.references import References
from ftops.providers.registry import open_provider
from ftops.reconciler import Hands, Loaded, Reviewed, Selection, load, make_plan, observe
from ftops.state.backend import Lease
from ftops.state.features import TookOver
from ftops.state.holder import current_holder
from ftops.state.manager import StateManager
from ftops.state.registry import open_backend


class SystemClock:
    """The clocks of this machine."""

    def now(self) -> float:
        """Give Unix seconds."""
        return time.time()

    def monotonic(self) -> float:
        """Give seconds that never go back."""
        return time.monotonic()


@dataclass(frozen=True, slots=True)
class Session:
    """A loaded project with everything open that a run needs."""

    loaded: Loaded
    providers: dict[str, Provider]
    manager: StateManager
    clock: SystemClock
    stop: threading.Event

    def plan(self, selection: Selection) -> Reviewed:
        """Read the state, list the providers, and plan."""
        state = self.manager.read()
        observations = observe(self.providers, state, self.clock)
        return make_plan(self.loaded, observations, state, selection, self.clock.now())

    def hands(self, lock: Lease, parallelism: int) -> Hands:
        """Give what an apply works with."""
        return Hands(
            providers=self.providers,
            manager=self.manager,
            lock=lock,
            clock=self.clock,
            new_nonce=lambda: uuid.uuid4().hex,
            stopping=self.stop.is_set,
            emit=_show_event,
            parallelism=parallelism,
        )

    @contextmanager
    def locked(self, operation: str) -> Iterator[Lease]:
        """Hold the lock of the state."""
        with hold_lock(self.manager, operation, self.clock.now()) as lease:
            yield lease

    def raise_if_stopped(self) -> None:
        """Turn a wish to stop into its exit code, once everything is written down."""
        if self.stop.is_set():
            raise Interrupted(
                "stopped; what was sent is recorded and no job was cancelled",
                hint="run `ftops apply` again to go on",
            )


@contextmanager
def hold_lock(manager: StateManager, operation: str, now: float) -> Iterator[Lease]:
    """Hold the lock of a state, and say so if the last holder ended without releasing it."""
    lease = manager.lock(current_holder(operation, os.environ, now), 0.0)
    try:
        if isinstance(lease, TookOver) and lease.taken_from is not None:
            click.echo(
                f"took over the lock of {lease.taken_from}, which ended without releasing it", err=True
            )
        yield lease
    finally:
        lease.release()


@contextmanager
def open_session(root: Path, *, lineage: str | None = None) -> Iterator[Session]:
    """Load the project and open its providers and state; close everything at the end.

    `lineage` is for a state that does not exist yet: a saved plan may be what it begins with.
    """
    root = root.resolve()
    loaded = load(root)
    vault = current_vault()
    references = References(os.environ, root, vault)
    with ExitStack() as stack:
        providers = {
            name: _open(settings, root, references, stack)
            for name, settings in loaded.project.providers.items()
        }
        backend = open_backend(loaded.project.state, root)
        manager = StateManager(
            backend, loaded.project.name, new_lineage=lambda: lineage or str(uuid.uuid4()), guard=vault.refuse
        )
        stop = threading.Event()
        stack.enter_context(_signals(stop))
        yield Session(loaded, providers, manager, SystemClock(), stop)


def _open(settings: ProviderSettings, root: Path, references: References, stack: ExitStack) -> Provider:
    base_url = settings.base_url
    url = None
    if isinstance(base_url, str) and base_url.startswith(EMULATOR_SCHEME):
        url = _embedded(settings, root / base_url.removeprefix(EMULATOR_SCHEME), stack)
    provider = open_provider(settings, os.environ, base_url=url, references=references)
    stack.callback(provider.close)
    return provider


def _embedded(settings: ProviderSettings, database: Path, stack: ExitStack) -> str:
    from ftops.emulator.server import EmulatorServer, EmulatorSettings

    try:
        server = EmulatorServer(EmulatorSettings(database, settings.emulator_speed))
    except (OSError, sqlite3.Error) as error:
        raise FtopsError(
            f"the embedded emulator of provider {settings.name} cannot use {database}: {error}",
            hint="check the path after emulator: in ftops.yaml",
        ) from error
    return stack.enter_context(server).base_url


@contextmanager
def _signals(stop: threading.Event) -> Iterator[None]:
    """Let Ctrl-C and SIGTERM finish what is in flight; a second one ends the process at once."""

    def ask(number: int, _: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        name = signal.Signals(number).name
        click.echo(f"{name}: finishing what is in flight; no job is cancelled", err=True)

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _show_event(event: Event) -> None:
    from ftops.report.terminal import render_event

    click.echo(render_event(event), err=True)
