"""Run every client's driver against an emulator of its own, and gather what it reports."""

import json
import os
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from ftops.emulator.server import EmulatorServer, EmulatorSettings
from tests.conformance.clients import REPOSITORY, SPECIFICATIONS, Client
from tests.conformance.environments import CannotInstall
from tests.conformance.table import Cell, Column

KEY = "sk-conformance-key"
NOW = 1_800_000_000.0
"""The emulated clock stands here until a driver moves it: no check depends on how fast the machine is."""
TIMEOUT_SECONDS = 170
AT_ONCE = 2

Install = Callable[[tuple[str, ...]], Path]
"""Return the Python of an environment with the requirements, or raise `CannotInstall`."""


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


def run_client(client: Client, python: Path, specifications: Path = SPECIFICATIONS) -> Column:
    """Run one driver in its environment against a new emulator."""
    with tempfile.TemporaryDirectory(prefix="ftops-conformance-") as name:
        folder = Path(name)
        by_the_book = client.specification is not None
        settings = EmulatorSettings(folder / "emulator.db", api_key=KEY, by_the_book=by_the_book)
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
