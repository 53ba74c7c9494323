"""What the hooks of schemathesis share: the emulator, turns to take, and an account of the answers."""

import atexit
import json
import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import schemathesis

from tests.conformance.drivers.recording import World

WORLD = World(
    os.environ["CONFORMANCE_URL"], os.environ["CONFORMANCE_KEY"], Path(os.environ["CONFORMANCE_DIR"])
)
ANSWERS = Path(os.environ["CONFORMANCE_ANSWERS"])
turns: dict[str, Iterator[int]] = defaultdict(count)
"""By operation: whose turn it is to get what exists, and whose to keep what schemathesis made up."""
_answers: dict[str, Counter[int]] = defaultdict(Counter)


def hook(before_call: Callable[..., None]) -> None:
    """Let a format change each request before it goes out, and keep the answers for the driver to read."""
    schemathesis.hook(before_call)
    schemathesis.hook(after_call)
    atexit.register(_write)


def after_call(context: Any, case: Any, response: Any) -> None:
    """Count an answer; OPTIONS is answered for every path, also one that takes nothing else."""
    if response.request.method != "OPTIONS":
        _answers[case.operation.label][response.status_code] += 1


def _write() -> None:
    ANSWERS.write_text(json.dumps(_answers), encoding="utf-8")
