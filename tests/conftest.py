"""Fixtures that several rooms share."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from hypothesis import settings

from ftops.cli.main import run
from ftops.emulator.server import EmulatorServer, EmulatorSettings
from tests.contracts.matrix import pytest_terminal_summary

__all__ = ["pytest_terminal_summary"]  # A hook: pytest finds it here, whether it runs in parallel or not.

# A busy machine is no reason to fail; what decides over a landing must decide the same twice.
settings.register_profile("search", deadline=None)
settings.register_profile("gate", deadline=None, derandomize=True)
settings.load_profile(os.environ.get("FTOPS_HYPOTHESIS", "search"))

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell that starts the tests in the background has Ctrl-C ignored, by them and by all that they start.
    signal.signal(signal.SIGINT, signal.default_int_handler)

REPOSITORY = Path(__file__).resolve().parent.parent


class Emulator:
    """A served emulator, with its controls."""

    def __init__(self, server: EmulatorServer) -> None:
        self.base_url = server.base_url
        self._root = server.root_url + "/_emulator"

    def fault(self, kind: str, operation: str, **options: object) -> None:
        body = {"kind": kind, "operation": operation, **options}
        requests.post(f"{self._root}/faults", json=body, timeout=10).raise_for_status()

    def mend(self) -> None:
        requests.delete(f"{self._root}/faults", timeout=10).raise_for_status()

    def advance(self, seconds: float) -> None:
        requests.post(f"{self._root}/time", json={"advance": seconds}, timeout=10).raise_for_status()

    def forget(self, job_id: str) -> None:
        requests.post(f"{self._root}/forget", json={"id": job_id}, timeout=10).raise_for_status()

    def jobs(self, family: str = "openai") -> int:
        count: int = requests.get(f"{self._root}/info", timeout=10).json()["jobs"].get(family, 0)
        return count

    def bill(self) -> dict[str, Any]:
        """Return what the jobs that have ended cost by the provider's books."""
        found: dict[str, Any] = requests.get(f"{self._root}/bill", timeout=10).json()
        return found

    def requests(self, operation: str) -> int:
        count: int = requests.get(f"{self._root}/info", timeout=10).json()["requests"].get(operation, 0)
        return count


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[Emulator]:
    with EmulatorServer(EmulatorSettings(tmp_path / "emulator" / "e.db")) as server:
        yield Emulator(server)


class ProjectDirectory:
    """A project on disk, and the commands typed in it."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.root = root
        self.capsys = capsys
        self.out = ""
        self.err = ""

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def manifest(self, name: str, spec: str = "", model: str = "gpt-4o-mini", labels: str = "{}") -> None:
        lines = [
            "apiVersion: ftops/v1",
            "kind: FineTune",
            f"metadata: {{name: {name}, labels: {labels}}}",
            "spec:",
            f"  model: {model}",
            "  training_file: {path: ../data/train.jsonl}",
            *(f"  {line}" for line in spec.splitlines()),
        ]
        self.write(f"jobs/{name}.yaml", "\n".join(lines) + "\n")

    def ftops(self, *arguments: str) -> int:
        self.capsys.readouterr()
        code = run(["-C", str(self.root), *arguments])
        self.out, self.err = self.capsys.readouterr()
        return code

    def plan(self) -> dict[str, str]:
        """Plan, and give the action of each name with its reason."""
        self.ftops("plan", "--format", "json")
        changes = json.loads(self.out)["changes"]
        return {change["name"]: f"{change['action']} {change['reason']}" for change in changes}


DIALECT = "openai"
ROWS = [
    {"messages": [{"role": "user", "content": f"q{n}"}, {"role": "assistant", "content": f"a{n}"}]}
    for n in range(12)
]


@pytest.fixture
def project(
    tmp_path: Path, emulator: Emulator, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> ProjectDirectory:
    """A project with data and no manifest, whose provider `local` is the emulator over HTTP."""
    # What CI forbids is tested by saying so; the rest must not depend on where the tests run.
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("FTOPS_TEST_KEY", "sk-test")
    directory = ProjectDirectory(tmp_path / "project", capsys)
    directory.write(
        "ftops.yaml",
        "apiVersion: ftops/v1\nkind: Project\nmetadata: {name: test-p1}\nspec:\n  default_provider: local\n"
        "  providers:\n"
        f"    local: {{dialect: {DIALECT}, base_url: '{emulator.base_url}',"
        " api_key: {env: FTOPS_TEST_KEY}}\n",
    )
    directory.write("data/train.jsonl", "".join(json.dumps(row) + "\n" for row in ROWS))
    (directory.root / "jobs").mkdir()
    return directory


@pytest.fixture
def copy_example(tmp_path: Path) -> Callable[[str], Path]:
    def copy(name: str) -> Path:
        target = tmp_path / name
        ignored = shutil.ignore_patterns(".ftops")
        shutil.copytree(REPOSITORY / "examples" / name, target, ignore=ignored)
        return target

    return copy
