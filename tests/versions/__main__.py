"""`python -m tests.versions`: part of the suite on the lowest versions, and on the other Pythons here.

Ends with 1 when tests fail or nothing can be installed. A Python that is not here is named and is no failure.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from tests.conformance.environments import CannotInstall, environment
from tests.conftest import REPOSITORY
from tests.versions.declared import lowest, lowest_python, other_pythons, requirements, tools
from tests.versions.interpreters import interpreter

SELECTION = (
    "tests/unit",
    "tests/end_to_end/test_life_of_a_project.py",
    "tests/end_to_end/test_bad_input.py",
    "tests/end_to_end/test_saved_plans.py",
    "tests/end_to_end/test_examples.py",
)
"""Every door to a library is opened by a unit test; these few projects go through all of them together."""

LEFT_OUT = ("tests/unit/state/test_terraform_http.py::test_a_write_under_a_lease_uses_its_lock",)
"""Waits half a minute, each time, for what no version of a library changes."""


@dataclass(frozen=True, slots=True)
class Column:
    """One environment: a Python, and what is installed into it beside ftops."""

    python: str
    requirements: tuple[str, ...]
    title: str


def columns() -> list[Column]:
    """Return the lowest versions on the lowest Python, and the newest on each other one."""
    declared = requirements()
    bottom = Column(
        lowest_python(), (*lowest(declared), *tools()), f"Python {lowest_python()}, lowest versions"
    )
    rest = [
        Column(version, (*declared, *tools()), f"Python {version}, newest versions")
        for version in other_pythons()
    ]
    return [bottom, *rest]


def run(column: Column, folder: Path, *, fresh: bool, selection: tuple[str, ...] = SELECTION) -> str | None:
    """Run the selection in a column's environment; return what went wrong, None if nothing."""
    python = interpreter(column.python)
    if python is None:
        _say(f"{column.title}: not run, no python{column.python} on PATH or in pyenv")
        return None
    _say(f"{column.title}: {python}")
    installed = (*column.requirements, "--editable", str(REPOSITORY))
    try:
        own = environment(installed, folder, fresh=fresh, python=python)
    except CannotInstall as error:
        return f"{column.title}: cannot install: {error}"
    # The servers of shared state are for the main environment, which has their libraries.
    environ = {name: value for name, value in os.environ.items() if name != "FTOPS_REQUIRE"}
    environ["PATH"] = f"{own.parent}{os.pathsep}{environ.get('PATH', os.defpath)}"
    options = ["-q", "-n", "2", "--dist", "worksteal", "-m", "not slow", "-p", "no:cacheprovider", "-r", "fE"]
    options += [f"--deselect={each}" for each in LEFT_OUT]
    command = [str(own), "-m", "pytest", *options]
    done = subprocess.run([*command, *selection], cwd=REPOSITORY, env=environ, check=False)
    return None if done.returncode == 0 else f"{column.title}: pytest ended with {done.returncode}"


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.versions", description=__doc__)
    parser.add_argument("--fresh", action="store_true", help="make the environments anew")
    parser.add_argument("--environments", type=Path, default=REPOSITORY / ".versions")
    parser.add_argument("selection", nargs="*", help="test files instead of the usual ones")
    chosen = parser.parse_args(arguments)
    started = time.monotonic()
    selection = tuple(chosen.selection) or SELECTION
    results = [run(each, chosen.environments, fresh=chosen.fresh, selection=selection) for each in columns()]
    wrong = [each for each in results if each is not None]
    for each in wrong:
        _say(f"FAILED {each}")
    _say(f"versions: {len(wrong)} failed, in {time.monotonic() - started:.0f} s")
    return 1 if wrong else 0


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - a command


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
