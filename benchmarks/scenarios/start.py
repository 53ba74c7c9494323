"""How long it takes until anything happens: against a bare Python, and one that has click."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.measuring import Contender, in_turn
from benchmarks.scenarios.bench import FTOPS, PYTHON, Bench, Measured, cases, ftops, nothing
from benchmarks.worlds.shape import Shape
from benchmarks.worlds.world import surroundings

START_ROUNDS = 21
"""Many, for a start is over in a few dozen milliseconds."""


def start(bench: Bench) -> Iterator[Measured]:
    """Measure `--version` and `--help`."""
    commands = {
        "start/python": [PYTHON, "-c", "pass"],
        "start/version": [FTOPS, "--version"],
        "start/click": [PYTHON, "-c", "import click"],
        "start/help": [FTOPS, "--help"],
    }
    environ = surroundings()
    yield cases(
        in_turn(
            [Contender(name, command, bench.folder, environ=environ) for name, command in commands.items()],
            START_ROUNDS,
        )
    )


def validate(bench: Bench) -> Iterator[Measured]:
    """Measure `validate` of a single fine-tune, for the first time and again."""
    world = bench.world(Shape(1))
    contenders = [
        ftops("validate/cold", world, "validate", before=world.forget_files),
        ftops("validate/seen", world, "validate", before=nothing),
    ]
    yield cases(in_turn(contenders, START_ROUNDS))
