"""What every driver needs: the emulator's controls, data, and a JSON line for each check.

Standard library only: this module is imported in environments that hold nothing but one client.
"""

import json
import sys
import traceback
import urllib.request
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

CHAT = {"messages": [{"role": "user", "content": "2 + 2?"}, {"role": "assistant", "content": "Four."}]}
COMPLETION = {"prompt": "2 + 2 =", "completion": " 4"}
CHAT_FILE = (json.dumps(CHAT) + "\n").encode() * 12
COMPLETION_FILE = (json.dumps(COMPLETION) + "\n").encode() * 12
LIFETIME = 10_000
"""Emulated seconds after which every job here is over."""
LEGACY_STORY = [
    "Created fine-tune",
    "Fine-tune costs ",
    "Fine-tune enqueued. Queue number",
    "Fine-tune started",
    "Completed epoch 1/2",
    "Completed epoch 2/2",
    "Uploaded model",
    "Uploaded result file",
    "Fine-tune succeeded",
]
"""The heads of a job's messages, two epochs long, in the recorded order."""


class World:
    """One emulator whose clock stands still until it is moved."""

    def __init__(self, base_url: str, key: str, folder: Path) -> None:
        self.base_url = base_url
        self.key = key
        self.folder = folder
        self._root = "/".join(base_url.split("/")[:3])

    def advance(self, seconds: float = LIFETIME) -> None:
        """Move the emulated time forward."""
        self.control("POST", "/_emulator/time", {"advance": seconds})

    def fault(self, kind: str, operation: str, **parameters: Any) -> None:
        """Arm a fault."""
        self.control("POST", "/_emulator/faults", {"kind": kind, "operation": operation, **parameters})

    def requests(self, operation: str) -> int:
        """Return how many requests of an operation have come in."""
        received: int = self.control("GET", "/_emulator/info")["requests"].get(operation, 0)
        return received

    def seed(self, family: str, *jobs: dict[str, Any]) -> list[str]:
        """Make jobs at once; return their ids."""
        made: list[str] = self.control("POST", "/_emulator/jobs", {"family": family, "jobs": jobs})["ids"]
        return made

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request past the client under test; provider paths begin with /v1."""
        return self.send(method, path, None if body is None else json.dumps(body).encode())

    def send(self, method: str, path: str, data: bytes | None, kind: str = "application/json") -> Any:
        """Send bytes past the client under test; return the JSON of the reply."""
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": kind}
        request = urllib.request.Request(self._root + path, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=30) as response:
            return json.load(response)

    def file(self, name: str, content: bytes) -> Path:
        """Write a file for the client to read."""
        path = self.folder / name
        path.write_bytes(content)
        return path


Check = Callable[[World], None]


class Checks:
    """The checks of one driver, run in the order in which they are written."""

    def __init__(self) -> None:
        self._checks: list[tuple[str, tuple[str, ...], Check]] = []

    def of(self, operation: str, *calls: str) -> Callable[[Check], Check]:
        """Enter a check: the table's row, and what of the client it calls."""

        def enter(check: Check) -> Check:
            self._checks.append((operation, calls, check))
            return check

        return enter

    def include(self, others: "Checks") -> None:
        """Enter the checks of another module."""
        self._checks += others.entered()

    def entered(self) -> list[tuple[str, tuple[str, ...], Check]]:
        """Return what was entered."""
        return self._checks

    def run(self, distribution: str, prepare: Callable[[World], None] = lambda world: None) -> None:
        """Run every check against the emulator that the command line names, whatever fails."""
        base_url, key, folder = sys.argv[1:4]
        world = World(base_url, key, Path(folder))
        report(version=version(distribution))
        prepare(world)
        for operation, calls, check in self._checks:
            report(operation=operation, calls=calls, why=_why(check, world))
        loaded = sorted(name for name in sys.modules if name.partition(".")[0] == "ftops")
        if loaded:
            sys.exit(f"the driver imported {loaded}: it would prove nothing")


def report(**result: Any) -> None:
    """Print one line of results for the runner."""
    print(json.dumps(result), flush=True)  # noqa: T201 - the runner reads it


def _why(check: Check, world: World) -> str | None:
    """Run a check; return why it failed, or None."""
    try:
        world.control("DELETE", "/_emulator/faults")
        check(world)
    except Exception as error:  # noqa: BLE001 - whatever a client raises is a failed cell, and the next goes on
        last = traceback.extract_tb(error.__traceback__)[-1]
        text = str(error) or last.line or ""
        return f"{type(error).__name__}: {text} ({Path(last.filename).name}:{last.lineno})"
    return None


def check_falling(losses: list[float]) -> None:
    """Losses need not fall at every step, and must be far lower in the end."""
    assert len(losses) > 3, losses
    assert all(loss > 0 for loss in losses), losses
    assert losses[-1] < losses[0] / 2, losses


def check_story(messages: list[str]) -> None:
    """The messages of a legacy job of two epochs, each once and in order."""
    heads = [message.split(":")[0].split("$")[0] for message in messages]
    assert heads == LEGACY_STORY, messages


def column(csv: bytes, name: str) -> list[float]:
    """Return the figures of one column of a result file."""
    header, *rows = [line.split(",") for line in csv.decode().splitlines()]
    return [float(row[header.index(name)]) for row in rows]
