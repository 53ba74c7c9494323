"""`python -m benchmarks.state_probe multiply FROM TO COUNT | measure STATE FIGURES`: the state, from inside.

`measure` reads a state, writes it, changes 100 records and writes it again, through the state's own manager
and local store; the figures are CPU seconds of this process. The first write has every section to encode, a
later one only those that changed: neighbours, as in a wave of an apply (`write`), or all over the state.
Garbage is collected as rarely as by ftops itself.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.worlds.writing import PROJECT
from ftops.cli.garbage import collect_late
from ftops.model.state import State
from ftops.state.backends.local import LocalBackend
from ftops.state.manager import StateManager

CHANGED = 100


def multiply(source: Path, target: Path, count: int) -> None:
    """Write a state of `count` records: those of another one, again and again under other names."""
    state = json.loads(source.read_bytes())
    records = list(state["fine_tunes"].values())
    made: dict[str, Any] = {}
    for number in range(count):
        record = records[number % len(records)]
        made[f"tune-{number:06}"] = {**record, "job": {**record["job"], "id": f"ftjob-{number:024}"}}
    target.write_text(json.dumps({**state, "fine_tunes": made}, indent=2, sort_keys=True), encoding="utf-8")


def measure(path: Path, figures: Path) -> None:
    """Read, write, change and write; note what each took."""
    manager = StateManager(LocalBackend(path), PROJECT, new_lineage=str)
    began = time.process_time()
    state = manager.read()
    read = time.process_time()
    state = manager.write(state)
    written = time.process_time()
    names = sorted(state.fine_tunes)
    state, wave = _rewritten(manager, state, names[:CHANGED])
    _, scattered = _rewritten(manager, state, names[:: len(names) // CHANGED])
    found = {"read": read - began, "first_write": written - read, "write": wave, "scattered_write": scattered}
    figures.write_text(json.dumps(found), encoding="utf-8")


def _rewritten(manager: StateManager, state: State, names: Sequence[str]) -> tuple[State, float]:
    """Change these records and write; return the state, and what the write alone took."""
    # Another's record under a name is a change like any other, and needs no knowledge of what a record is.
    before = state.fine_tunes
    for name, other in zip(names, reversed(names), strict=True):
        state = state.with_record(name, before[other])
    began = time.process_time()
    state = manager.write(state)
    return state, time.process_time() - began


if __name__ == "__main__":
    collect_late()
    if sys.argv[1] == "multiply":
        multiply(Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]))
    else:
        measure(Path(sys.argv[2]), Path(sys.argv[3]))
