"""The providers of a project, each opened when it is first asked for: an unused one needs no key."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ftops.errors import FtopsError
from ftops.files.confinement import confine
from ftops.model.project import EMULATOR_SCHEME, ProviderSettings
from ftops.providers.provider import Provider
from ftops.providers.registry import open_provider
from ftops.transport.references import References
from ftops.transport.secret import Vault

if TYPE_CHECKING:
    from ftops.transport.observer import Observer

_BESIDE_DATABASE = ("", "-journal", "-shm", "-wal", ".files")
"""What SQLite and the emulator open for one database."""


class ProjectProviders(Mapping[str, Provider]):
    """Every provider of `ftops.yaml` by name; what was opened is closed with `stack`.

    Looking one up raises InvalidInput when a reference of it leads nowhere, and Refused when CI may not send
    its key to its host: only that one is out of use then.
    """

    def __init__(
        self,
        settings: Mapping[str, ProviderSettings],
        root: Path,
        secrets: tuple[Mapping[str, str], Vault],
        stack: ExitStack,
        hearer: Callable[[str], Observer] | None = None,
    ) -> None:
        self._settings = settings
        self._root = root
        self._environ, self._vault = secrets
        self._stack = stack
        self._hearer = hearer
        self._opened: dict[str, Provider] = {}
        self._opening = threading.Lock()

    def __getitem__(self, name: str) -> Provider:
        with self._opening:
            if name not in self._opened:
                hears = None if self._hearer is None else self._hearer(name)
                opened = opened_provider(
                    self._settings[name], self._root, self._environ, self._vault, hears=hears
                )
                self._opened[name] = self._stack.enter_context(opened)
            return self._opened[name]

    def __contains__(self, name: object) -> bool:
        return name in self._settings

    def __iter__(self) -> Iterator[str]:
        return iter(self._settings)

    def __len__(self) -> int:
        return len(self._settings)


def opened_or_not(
    providers: Mapping[str, Provider], names: Iterable[str]
) -> tuple[dict[str, Provider], dict[str, str]]:
    """Open some providers; for one that cannot be opened, return why: the others continue."""
    opened: dict[str, Provider] = {}
    closed: dict[str, str] = {}
    for name in sorted(names):
        try:
            opened[name] = providers[name]
        except FtopsError as error:
            closed[name] = "; ".join(map(str, error.problems))
        except KeyError:
            closed[name] = f"provider {name} is no longer in ftops.yaml"
    return opened, closed


@contextmanager
def opened_provider(
    settings: ProviderSettings,
    root: Path,
    environ: Mapping[str, str],
    vault: Vault,
    *,
    hears: Observer | None = None,
) -> Iterator[Provider]:
    """Open one provider, with its embedded emulator (a path under `root`) where it has one.

    `hears` is told of each exchange with it.

    Raises Refused where, in CI, that path leads out of the project.
    """
    with ExitStack() as stack:
        base_url = settings.base_url
        url = None
        if isinstance(base_url, str) and base_url.startswith(EMULATOR_SCHEME):
            database = root / base_url.removeprefix(EMULATOR_SCHEME)
            for ending in _BESIDE_DATABASE:
                what = f"the emulator's file (spec.providers.{settings.name}.base_url)"
                confine(root, database.with_name(database.name + ending), what, environ)
            url = _embedded(settings, database, stack)
        references = References(environ, root, vault)
        provider = open_provider(settings, environ, base_url=url, references=references, hears=hears)
        stack.callback(provider.close)
        yield provider


def _embedded(settings: ProviderSettings, database: Path, stack: ExitStack) -> str:
    import sqlite3

    from ftops.emulator.server import EmulatorServer, EmulatorSettings

    try:
        told = EmulatorSettings(
            database,
            settings.emulator_speed,
            dialect=_spoken(settings.dialect),
            open=settings.allow_closed,
        )
        server = EmulatorServer(told)
    except (OSError, ValueError, sqlite3.Error) as error:
        raise FtopsError(
            f"the embedded emulator of provider {settings.name} cannot use {database}: {error}",
            hint="check the path after emulator: in ftops.yaml",
        ) from error
    return stack.enter_context(server).base_url


def _spoken(dialect: str) -> str:
    """Return the format that the emulator speaks for a dialect. Raises FtopsError where it knows none."""
    from ftops.emulator.wires.wire import FOLDERS

    if dialect not in FOLDERS:
        raise FtopsError(
            f"the emulator does not speak the dialect {dialect}", hint=f"it speaks {', '.join(FOLDERS)}"
        )
    return dialect
