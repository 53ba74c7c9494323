"""What a scenario works with: sizes, rounds, the programs, and worlds that are made once."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.measuring import Contender, Run
from benchmarks.results import Case
from benchmarks.worlds.shape import Shape
from benchmarks.worlds.world import World, make_world, surroundings

PYTHON = sys.executable
FTOPS = str(Path(sys.executable).with_name("ftops"))

LARGE = 10_000
"""From this size on a case runs `LARGE_ROUNDS` times instead of `ROUNDS`."""
ROUNDS = 5
LARGE_ROUNDS = 3

Measured = Mapping[Case, Sequence[Run]]


@dataclass(slots=True)
class Bench:
    """One call of the benchmarks. `folder` is scratch space; `peers_up_to` is the largest size for peers."""

    folder: Path
    sizes: tuple[int, ...]
    creates: int
    peers_up_to: int
    _worlds: dict[Shape, World] = field(default_factory=dict)

    def rounds(self, size: int) -> int:
        """Return how often a case of this size is run."""
        return LARGE_ROUNDS if size >= LARGE else ROUNDS

    def world(self, shape: Shape) -> World:
        """Return a world of this shape; whoever edits it puts it back."""
        if shape not in self._worlds:
            self._worlds[shape] = make_world(self.folder / f"world-{len(self._worlds)}", shape)
        return self._worlds[shape]

    def scratch(self, name: str) -> Path:
        """Return the path of a folder or file that is not there yet."""
        return self.folder / name


Scenario = Callable[[Bench], Iterator[Measured]]


def ftops(name: str, world: World, *arguments: str, code: int = 0, before: Callable[[], None]) -> Contender:
    """Return ftops, in a world, under the name of a case."""
    command = [FTOPS, "-C", str(world.root), *arguments]
    return Contender(name, command, world.root, before, environ=surroundings(), code=code)


def nothing() -> None:
    """Prepare nothing: what ran before is what this run may profit from."""


def cases(runs: Mapping[str, Sequence[Run]], size: int = 1, layout: str = "") -> Measured:
    """Return runs by their case."""
    return {Case(name, size, layout): each for name, each in runs.items()}
