"""`status` and `outputs`: looks that people and scripts take often."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.measuring import in_turn
from benchmarks.scenarios.bench import Bench, Measured, cases, ftops, nothing
from benchmarks.worlds.shape import Shape


def looks(bench: Bench) -> Iterator[Measured]:
    """Measure looks at a project whose files were seen before."""
    for size in bench.sizes:
        world = bench.world(Shape(size))
        with world.served():
            contenders = [
                ftops("looks/status", world, "status", before=nothing),
                ftops("looks/outputs", world, "outputs", before=nothing),
            ]
            yield cases(in_turn(contenders, bench.rounds(size)), size)
