"""Short histories of edits, faults and crashes in the small world of `tests.simulated`."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import strategies as st

from ftops.model.job import JobStatus
from tests.simulated import FAULTS, Crash, World, fine_tune

NAMES = ("a", "b", "c")

STEPS = st.one_of(
    st.tuples(st.just("declare"), st.sampled_from(NAMES), st.integers(1, 3)),
    st.tuples(st.just("remove"), st.sampled_from(NAMES), st.just(0)),
    st.tuples(st.just("fault"), st.sampled_from(FAULTS), st.just(0)),
    st.tuples(st.just("apply"), st.just(""), st.integers(0, 6)),
    st.tuples(st.just("crash"), st.just(""), st.integers(0, 6)),
    st.tuples(st.just("finish"), st.sampled_from(["succeeded", "failed"]), st.just(0)),
    st.tuples(st.just("lag"), st.just(""), st.sampled_from([0, 60])),
    st.tuples(st.just("time"), st.just(""), st.sampled_from([1, 100, 2000])),
)


def run(world: World, history: list[tuple[str, str, int]]) -> None:
    for kind, word, number in history:
        if kind == "declare":
            upstream = "a" if word == "b" and number == 3 else None
            world.declared[word] = fine_tune(word, number, upstream)
        elif kind == "remove":
            world.declared.pop(word, None)
            if word == "a" and "b" in world.declared and world.declared["b"].upstream:
                world.declared.pop("b")
        elif kind == "fault":
            world.provider.faults.append(word)
        elif kind in ("apply", "crash"):
            world.provider.crash_in = number if kind == "crash" else None
            with suppress(Crash):
                world.apply()
            world.provider.crash_in = None
        elif kind == "finish":
            world.provider.finish(JobStatus(word))
        elif kind == "lag":
            world.provider.lag = number
        else:
            world.clock.time += number
        if "b" in world.declared and world.declared["b"].upstream and "a" not in world.declared:
            world.declared["a"] = fine_tune("a", 1)


def settle(world: World) -> None:
    world.provider.faults.clear()
    world.provider.lag = 0.0
    for _ in range(8):
        world.clock.time += 2000
        world.apply()
