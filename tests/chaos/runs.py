"""Real runs of ftops, each a process of its own, some of them killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.chaos.nursery import KILLED
from tests.end_to_end.test_kills import LIFTED


@dataclass(frozen=True, slots=True)
class Run:
    """What came of one run."""

    code: int
    out: str
    err: str

    @property
    def killed(self) -> bool:
        return self.code == KILLED


class Runner:
    """Runs commands in projects, one after the other."""

    def __init__(self) -> None:
        self._nursery = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.nursery"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=_environment(),
            text=True,
        )

    def ready(self) -> None:
        """Wait until runs start at once."""
        assert self._answer() == "ready\n"

    def ftops(self, root: Path, *words: str, kill_after: float | None = None) -> Run:
        assert self._nursery.stdin is not None
        order = {"arguments": ["-C", str(root), *words, *LIFTED], "kill_after": kill_after}
        self._nursery.stdin.write(json.dumps(order) + "\n")
        self._nursery.stdin.flush()
        return Run(**json.loads(self._answer()))

    def _answer(self) -> str:
        assert self._nursery.stdout is not None
        return self._nursery.stdout.readline()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._nursery.communicate()


def _environment() -> dict[str, str]:
    dropped = ("CI", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
    kept = {name: value for name, value in os.environ.items() if name.upper() not in dropped}
    return kept | {"FTOPS_TEST_KEY": "sk-test", "NO_COLOR": "1"}
