"""What a command writes with `--format json` when it fails: its own document, empty, with the errors.

So whoever reads a command's documents can read this one too; `errors` is there only on failure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import to_builtins

from ftops.errors import Problem

EMPTY: Mapping[str, Mapping[str, Any]] = {
    "status": {"fine_tunes": []},
    "outputs": {},
    "cost": {"groups": [], "jobs": []},
    "history": {"events": []},
    "providers": {"providers": []},
    "graph": {"nodes": [], "edges": []},
    "metrics": {"name": None, "job_id": None, "metrics": []},
}
"""Command -> its document with nothing in it. Those that show a plan have `error_document`."""


def failure_document(command: str, problems: Iterable[Problem]) -> dict[str, Any]:
    """Write the document of a command that failed."""
    return {**EMPTY[command], "errors": [to_builtins(problem) for problem in problems]}


def failure_line(problem: Problem) -> dict[str, Any]:
    """Write a failure as one of the lines that `ftops events --format json` writes."""
    place = {key: value for key, value in to_builtins(problem).items() if key != "message"}
    return {"time": None, "level": "error", "type": "error", "message": problem.message, "data": place}
