"""Run every client's driver against an emulator of its own, and ftops against every server."""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from ftops.emulator.server import EmulatorServer, EmulatorSettings
from tests.conformance.clients import REPOSITORY, SPECIFICATIONS, Client
from tests.conformance.environments import NPM, CannotInstall
from tests.conformance.lives import CHECKS
from tests.conformance.servers import Server
from tests.conformance.stage import Check, stage
from tests.conformance.table import Cell, Column

KEY = "sk-conformance-key"
NOW = 1_800_000_000.0
"""The emulated clock stands here until a driver moves it: no check depends on how fast the machine is."""
TIMEOUT_SECONDS = 170
AT_ONCE = 2

Install = Callable[[tuple[str, ...]], Path]
"""Return the Python of an environment, or the folder of its programs. Raises `CannotInstall`."""
LAST_WORDS = 3
"""So many commands of a failed check are shown, with what they printed."""


def run_all(
    clients: Sequence[Client], install: Install, specifications: Path = SPECIFICATIONS
) -> list[Column]:
    """Make the environments, run the drivers, two at a time, and return the columns in order."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        wanted = {client.requirements for client in clients if _why_skipped(client, specifications) is None}
        pythons = {requirements: pool.submit(install, requirements) for requirements in wanted}

        def run(client: Client) -> Column:
            skipped = _why_skipped(client, specifications)
            if skipped is not None:
                return Column(client, skipped=skipped)
            try:
                python = pythons[client.requirements].result()
            except CannotInstall as error:
                return _all_failed(client, f"no environment: {error}")
            return run_client(client, python, specifications)

        # An environment is asked for before any driver that waits for it, so the pool cannot lock up.
        return list(pool.map(run, clients))


def run_servers(servers: Sequence[Server], install: Install) -> list[Column]:
    """Make the environments, and let ftops drive each server; two servers at a time."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(lambda server: run_server(server, install), servers))


def run_server(server: Server, install: Install) -> Column:
    """Check one server, started anew for each check."""
    skipped = _why_no_server(server)
    if skipped is not None:
        return Column(server, server.version, skipped=skipped)
    try:
        programs = install(server.requirements)
    except CannotInstall as error:
        why = f"no environment: {error}"
        return Column(server, cells=tuple(Cell(operation, why=why) for operation in server.operations))
    cells = (Cell(row, why=_came_of(CHECKS[row], server, programs)) for row in server.operations)
    return Column(server, server.version, tuple(cells))


def _came_of(check: Check, server: Server, programs: Path) -> str | None:
    """Run a check; return why it failed, with what ftops said last, or None."""
    said: list[str] = []
    with tempfile.TemporaryDirectory(prefix="ftops-conformance-") as name:
        try:
            with stage(server, programs, Path(name), said) as ready:
                check(ready)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong is a failed cell, and the next goes on
            return "\n  ".join([f"{type(error).__name__}: {error}", *said[-LAST_WORDS:]])
    return None


def _why_no_server(server: Server) -> str | None:
    """A machine without npm skips what npm brings, unless `FTOPS_REQUIRE` names it."""
    required = server.name in os.environ.get("FTOPS_REQUIRE", "").split(",")
    if required or shutil.which("npm") or not any(each.startswith(NPM) for each in server.requirements):
        return None
    return "npm is not installed here (`make services` installs it)"


def run_client(client: Client, python: Path, specifications: Path = SPECIFICATIONS) -> Column:
    """Run one driver in its environment against a new emulator."""
    with tempfile.TemporaryDirectory(prefix="ftops-conformance-") as name:
        folder = Path(name)
        by_the_book = client.specification is not None
        settings = EmulatorSettings(
            folder / "emulator.db",
            api_key=KEY,
            by_the_book=by_the_book,
            dialect=client.dialect,
            open=client.opened,
        )
        with EmulatorServer(settings, clock=lambda: NOW) as server:
            arguments = [server.base_url, KEY, str(folder)]
            if client.specification is not None:
                arguments.append(str(specifications / client.specification))
            return _run_driver(client, [str(python), "-m", client.driver, *arguments])


def _run_driver(client: Client, command: list[str]) -> Column:
    try:
        done = subprocess.run(
            command,
            cwd=REPOSITORY,
            env=_environment(),
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return _all_failed(client, str(error))
    reports = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    ending = f"the driver ended with {done.returncode}: {done.stderr.strip()[-500:]}"
    return _column(client, reports, ending, failed=done.returncode != 0)


def _column(client: Client, reports: list[dict[str, Any]], ending: str, *, failed: bool) -> Column:
    """Compare what was reported with what the table wants; silence is failure."""
    cells = [
        Cell(each["operation"], tuple(each["calls"]), each["why"]) for each in reports if "operation" in each
    ]
    reported = {cell.operation for cell in cells}
    cells += [
        Cell(operation, why=ending if failed else "the driver did not report it")
        for operation in client.operations
        if operation not in reported
    ]
    cells += [
        Cell(operation, why="reported, and not in the client's list of operations")
        for operation in sorted(reported - set(client.operations))
    ]
    if failed and not any(cell.why for cell in cells):
        cells.append(Cell(client.operations[-1], why=ending))
    versions = [each["version"] for each in reports if "version" in each]
    return Column(client, versions[0] if versions else "?", tuple(cells))


def _all_failed(client: Client, why: str) -> Column:
    return Column(client, cells=tuple(Cell(operation, why=why) for operation in client.operations))


def _why_skipped(client: Client, specifications: Path) -> str | None:
    if client.specification is None or (specifications / client.specification).is_file():
        return None
    return f"the OpenAPI file {client.specification} is not in ../{'/'.join(specifications.parts[-2:])}"


def _environment() -> dict[str, str]:
    """Keep proxies, keys and paths of this shell away from the clients."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.lower().endswith("_proxy") and not name.startswith(("OPENAI_", "PYTHON", "SCHEMATHESIS"))
    }
    return kept | {"PYTHONPATH": str(REPOSITORY), "NO_PROXY": "*"}
