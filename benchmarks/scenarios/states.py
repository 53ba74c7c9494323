"""A state of 100,000 records: reading it, and writing it after 100 of them changed."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping

from benchmarks.measuring import Contender, in_turn
from benchmarks.place import REPOSITORY
from benchmarks.scenarios.bench import LARGE_ROUNDS, PYTHON, Bench, Measured, cases
from benchmarks.worlds.history import STATE
from benchmarks.worlds.shape import Shape
from benchmarks.worlds.world import surroundings

RECORDS = 100_000
SOURCE = 1_000


def state(bench: Bench) -> Iterator[Measured]:
    """Measure inside a process, since both are parts of a longer run: see `benchmarks.state_probe`."""
    source = bench.world(Shape(SOURCE)).root / STATE
    large, copy, figures = (bench.scratch(name) for name in ("large.json", "copy.json", "figures.json"))
    probe = [PYTHON, "-m", "benchmarks.state_probe"]
    subprocess.run([*probe, "multiply", str(source), str(large), str(RECORDS)], cwd=REPOSITORY, check=True)

    def fresh() -> None:
        shutil.copyfile(large, copy)

    def facts() -> Mapping[str, float]:
        said: dict[str, float] = json.loads(figures.read_bytes())
        return said

    command = [*probe, "measure", str(copy), str(figures)]
    contender = Contender("state/probe", command, REPOSITORY, fresh, facts, surroundings())
    yield cases(in_turn([contender], LARGE_ROUNDS), RECORDS)
