"""An apply of many creates, against a provider that takes 50 ms for each."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace

from benchmarks.measuring import BadRun, Contender, in_turn
from benchmarks.provider.serving import Served
from benchmarks.scenarios.bench import LARGE_ROUNDS, Bench, Measured, cases, ftops
from benchmarks.worlds.history import STATE
from benchmarks.worlds.shape import Shape
from benchmarks.worlds.world import World

LATENCY_SECONDS = 0.05
PARALLELISM = (1, 8, 32)


def apply(bench: Bench) -> Iterator[Measured]:
    """Measure at each parallelism, and twice as many creates at the highest."""
    yield _applied(bench, bench.creates, PARALLELISM)
    yield _applied(bench, 2 * bench.creates, PARALLELISM[-1:])


def _applied(bench: Bench, creates: int, parallelism: tuple[int, ...]) -> Measured:
    world = bench.world(Shape(creates, applied=False))
    with world.served(LATENCY_SECONDS) as provider:
        contenders = [_contender(world, provider, each) for each in parallelism]
        return cases(in_turn(contenders, LARGE_ROUNDS), creates)


def _contender(world: World, provider: Served, parallelism: int) -> Contender:
    creates = world.shape.fine_tunes

    def as_new() -> None:
        world.forget_everything()
        provider.reset()

    def facts() -> Mapping[str, float]:
        """Return `ideal` and `post` (seconds), and how often the state was written."""
        figures = provider.figures()
        made = figures["requests"].get("create", 0)
        if made != creates:
            raise BadRun(f"{made} creates were sent, {creates} were declared")
        state = json.loads((world.root / STATE).read_bytes())
        return {
            "ideal": -(-creates // parallelism) * LATENCY_SECONDS,
            "post": figures["post_seconds"],
            "state_writes": state["serial"],
        }

    command = ("apply", "--yes", "--parallelism", str(parallelism))
    return replace(ftops(f"apply/{parallelism}", world, *command, before=as_new), facts=facts)
