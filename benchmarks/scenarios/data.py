"""100 MB of training data: what plans over it cost, new and seen before, and what checking it costs."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.measuring import Run, in_turn, measured
from benchmarks.opened import Opened
from benchmarks.results import Case
from benchmarks.scenarios.bench import ROUNDS, Bench, Measured, cases, ftops, nothing
from benchmarks.worlds.chats import write_chats
from benchmarks.worlds.shape import Shape
from benchmarks.worlds.writing import data_path

FILES = 10
SMALL = Shape(FILES, data_files=FILES)
LARGE_DATA = Shape(FILES, data_files=FILES, rows=10_000, row_bytes=1_000)
CHATS, CHAT_ROWS = Shape(1, data_files=1, rows=10), 100_000
PLAN = ("plan", "--detailed-exitcode")


def data(bench: Bench) -> Iterator[Measured]:
    """Measure plans of as many fine-tunes with little data and with much."""
    small, large = bench.world(SMALL), bench.world(LARGE_DATA)
    with small.served(), large.served():
        seen = ftops("data/large-seen", large, *PLAN, before=nothing)
        contenders = [
            ftops("data/small-cold", small, *PLAN, before=small.forget_files),
            ftops("data/small-seen", small, *PLAN, before=nothing),
            ftops("data/large-cold", large, *PLAN, before=large.forget_files),
            seen,
        ]
        yield cases(in_turn(contenders, ROUNDS), FILES)
        with Opened([large.root / "data"]) as opened:
            run = measured(seen)
            facts = {"data_opened": opened.count()}
        yield {Case("data/opened", FILES): [Run(run.user, run.system, run.wall, run.peak_kib, facts)]}
    yield _chats(bench)


def _chats(bench: Bench) -> Measured:
    """Measure every rule over 100,000 conversations, without and with a count of their tokens."""
    world = bench.world(CHATS)
    write_chats(world.root / data_path(0), CHAT_ROWS)
    contenders = [
        ftops("data/chats-checked", world, "validate", before=world.forget_files),
        ftops("data/chats-counted", world, "validate", "--tokens", before=world.forget_files),
    ]
    return cases(in_turn(contenders, ROUNDS), CHAT_ROWS)
