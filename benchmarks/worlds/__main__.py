"""`python -m benchmarks.worlds FOLDER SHAPE`: make a world in an empty folder. SHAPE is JSON.

The folder gets `project/` and, where it was applied, `jobs.jsonl`, `files.jsonl` and `known.json`: for each
manifest the names and fingerprints in it, which is what an index of unchanged files would know.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from pathlib import Path

from benchmarks.worlds.history import STATE, history_of
from benchmarks.worlds.shape import MANY, Layout, Shape
from benchmarks.worlds.writing import manifest_path, many_path, write_project


def make(folder: Path, shape: Shape) -> None:
    """Write a world."""
    root = folder / "project"
    write_project(root, shape)
    (folder / "jobs.jsonl").touch()
    (folder / "files.jsonl").touch()
    if not shape.applied:
        return
    history = history_of(root)
    (root / STATE).parent.mkdir()
    (root / STATE).write_bytes(history.state)
    (folder / "jobs.jsonl").write_bytes(b"".join(line + b"\n" for line in history.jobs))
    (folder / "files.jsonl").write_bytes(b"".join(line + b"\n" for line in history.files))
    known: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for number, (name, fingerprint) in enumerate(history.fingerprints.items()):
        each = shape.layout is Layout.EACH
        known[manifest_path(number) if each else many_path(number - number % MANY)][name] = fingerprint
    (folder / "known.json").write_text(json.dumps(known), encoding="utf-8")


if __name__ == "__main__":
    chosen = json.loads(sys.argv[2])
    make(Path(sys.argv[1]), Shape(**{**chosen, "layout": Layout(chosen["layout"])}))
