"""The promise of the create protocol, over random histories of edits, faults and crashes."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ftops.model.change import Action
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


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(history=st.lists(STEPS, min_size=1, max_size=25))
def test_no_generation_and_attempt_is_ever_paid_twice(history: list[tuple[str, str, int]]) -> None:
    world = World()
    run(world, history)
    settle(world)
    assert not {key: count for key, count in world.provider.paid().items() if count > 1}


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(history=st.lists(STEPS, min_size=1, max_size=25))
def test_a_last_run_without_faults_converges_and_leaves_no_stray(history: list[tuple[str, str, int]]) -> None:
    world = World()
    run(world, history)
    settle(world)
    left = [change for change in world.plan().changes if change.action.effective]
    assert left == []
    active = [job.id for job in world.provider.jobs.values() if job.status.active]
    kept = {change.job_id for change in world.plan().changes if change.action is Action.KEEP}
    assert set(active) <= kept
    assert world.serials == sorted(world.serials)


@pytest.mark.parametrize("dialect", ["openai", "openai_legacy"])
def test_a_list_that_lags_behind_a_lost_reply_never_causes_a_second_job(dialect: str) -> None:
    world = World(dialect)
    world.declared["a"] = fine_tune("a")
    world.provider.faults = ["lost reply"]
    world.provider.lag = 60
    world.apply()
    for _ in range(3):
        assert world.actions() == {"a": "wait settling"}
        world.apply()
    world.clock.time += 61
    world.apply()
    assert world.actions() == {"a": "keep in-progress"}
    assert len(world.provider.jobs) == 1


def test_a_create_that_never_arrived_is_sent_again_under_its_own_numbers() -> None:
    world = World()
    world.declared["a"] = fine_tune("a")
    world.provider.faults = ["not arrived"]
    world.apply()
    world.clock.time += 2000
    assert world.actions() == {"a": "create new"}
    world.apply()
    assert list(world.provider.paid()) == [("a", 1, 1)]


@pytest.mark.parametrize("dialect", ["openai", "openai_legacy"])
def test_a_lost_reply_is_adopted_in_the_same_run(dialect: str) -> None:
    world = World(dialect)
    world.declared["a"] = fine_tune("a")
    world.provider.faults = ["lost reply"]
    world.apply()
    assert world.actions() == {"a": "keep in-progress"}
    assert len(world.provider.jobs) == 1


def test_two_lookalikes_of_a_provider_without_stamps_are_told_apart() -> None:
    world = World("openai_legacy")
    world.declared["a"] = fine_tune("a")
    world.declared["b"] = fine_tune("b")
    world.provider.faults = ["lost reply"]
    world.apply()
    world.apply()
    assert set(world.actions().values()) == {"keep in-progress"}
    assert len(world.provider.jobs) == 2


def test_a_job_at_a_provider_without_stamps_that_could_be_ours_holds_the_create() -> None:
    world = World("openai_legacy")
    world.declared["a"] = fine_tune("a")
    world.apply()
    world.backend = type(world.backend)(world.clock.now)
    assert world.actions() == {"a": "hold lookalike"}


def test_a_lost_state_never_pays_again_where_jobs_are_stamped() -> None:
    world = World()
    world.declared["a"] = fine_tune("a")
    world.apply()
    world.backend = type(world.backend)(world.clock.now)
    assert world.actions() == {"a": "hold other-lineage"}
