"""`python -m benchmarks.state_probe multiply FROM TO COUNT | measure STATE FIGURES`: the state, from inside.

`measure` reads a state, writes it, changes 100 records and writes it again, through the state's own manager
and local store; the figures are CPU seconds of this process. The first write has every section to encode, the
second only those that changed: it is what each wave of an apply costs.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.worlds.writing import PROJECT
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
    # Another's record under a name is a change like any other, and needs no knowledge of what a record is.
    for name, other in zip(names[:: len(names) // CHANGED], reversed(names), strict=False):
        state = state.with_record(name, state.fine_tunes[other])
    changed = time.process_time()
    manager.write(state)
    again = time.process_time()
    found = {"read": read - began, "first_write": written - read, "write": again - changed}
    figures.write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1] == "multiply":
        multiply(Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]))
    else:
        measure(Path(sys.argv[2]), Path(sys.argv[3]))
