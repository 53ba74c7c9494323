"""Plans: of nothing, of what has been applied, of what has changed a little; beside peers and the limit."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from benchmarks.measuring import Contender, Run, in_turn, measured
from benchmarks.opened import MOST_FILES, Opened
from benchmarks.peers import limit, octodns, terraform
from benchmarks.results import Case
from benchmarks.scenarios.bench import Bench, Measured, cases, ftops, nothing
from benchmarks.worlds.shape import Layout, Shape
from benchmarks.worlds.world import World
from benchmarks.worlds.writing import USUAL_EPOCHS

CHANGES = 2
"""The exit code of a plan that has changes, with --detailed-exitcode."""
PLAN = ("plan", "--detailed-exitcode")


def plan(bench: Bench) -> Iterator[Measured]:
    """Measure plans in both layouts, at every size."""
    for size in bench.sizes:
        yield from _applied(bench, Shape(size))
        yield _of_nothing(bench, Shape(size, applied=False))
        yield from _applied(bench, Shape(size, Layout.MANY))


def _applied(bench: Bench, shape: Shape) -> Iterator[Measured]:
    """Measure no-op plans, and one with 1 % changed at the end of each round.

    The order matters: the first of a round forgets every file, and what follows profits from it.
    """
    world, size = bench.world(shape), shape.fine_tunes
    with world.served() as provider:
        own = _own(world)
        others = (
            [*_peers(bench, size), limit.no_op_plan(world, provider.base_url)]
            if shape.layout is Layout.EACH
            else []
        )
        runs = in_turn([*own[:-1], *others, own[-1]], bench.rounds(size))
        peers = {name: runs.pop(name) for name in [each.name for each in others]}
        world.edit(USUAL_EPOCHS)
        yield {**cases(runs, size, shape.layout.value), **cases(peers, size)}
        if size <= MOST_FILES:
            yield {Case("plan/opened", size, shape.layout.value): [_opened(world, own[1])]}


def _own(world: World) -> list[Contender]:
    epochs = itertools.count(USUAL_EPOCHS + 1)

    def as_applied_and_forgotten() -> None:
        world.edit(USUAL_EPOCHS)
        world.forget_files()

    def edited() -> None:
        world.edit(next(epochs))

    return [
        ftops("plan/cold", world, *PLAN, before=as_applied_and_forgotten),
        ftops("plan/seen", world, *PLAN, before=nothing),
        ftops("plan/json", world, *PLAN, "--format", "json", before=nothing),
        ftops("plan/changed", world, *PLAN, code=CHANGES, before=edited),
    ]


def _peers(bench: Bench, size: int) -> list[Contender]:
    if size > bench.peers_up_to:
        return []
    peers = [octodns.no_op_plan(bench.scratch(f"octodns-{size}"), size)]
    if (program := terraform.program()) is not None:
        peers.append(terraform.no_op_plan(bench.scratch(f"terraform-{size}"), size, program))
    return peers


def _of_nothing(bench: Bench, shape: Shape) -> Measured:
    """Measure the first plan of a project, where everything is to be created."""
    world = bench.world(shape)
    with world.served():
        contenders = [
            ftops("plan/empty", world, *PLAN, code=CHANGES, before=world.forget_everything),
            ftops(
                "plan/empty-json",
                world,
                *PLAN,
                "--format",
                "json",
                code=CHANGES,
                before=world.forget_everything,
            ),
        ]
        runs = in_turn(contenders, bench.rounds(shape.fine_tunes))
    return cases(runs, shape.fine_tunes, shape.layout.value)


def _opened(world: World, seen: Contender) -> Run:
    """Run a plan twice, and count which files the second one opens."""
    measured(seen)
    with Opened([world.root / "jobs"]) as manifests, Opened([world.root / "data"]) as data:
        run = measured(seen)
        facts = {"manifests_opened": manifests.count(), "data_opened": data.count()}
    return Run(run.user, run.system, run.wall, run.peak_kib, facts)
