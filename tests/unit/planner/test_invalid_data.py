"""Data with problems: what is held, what is left alone, and what a removed name may still be."""

from __future__ import annotations

import pytest

from ftops.model.finetune import OnChange, Retry, RetryOn
from ftops.model.job import JobStatus
from ftops.model.value import replace
from tests.simulator.world import World, fine_tune


def made(name: str = "a", version: int = 1, **lifecycle: object) -> World:
    world = World()
    world.declared[name] = fine_tune(name, version, **lifecycle)  # type: ignore[arg-type]  # keywords of a test
    world.apply()
    return world


def test_what_trains_or_has_trained_as_declared_is_kept_whatever_its_data_breaks_now() -> None:
    world = made()
    world.invalid = {"a"}
    assert world.actions() == {"a": "keep in-progress"}
    world.provider.finish(JobStatus.SUCCEEDED)
    assert world.actions() == {"a": "keep succeeded"}


def test_a_replace_and_a_drain_are_held_and_stop_nothing() -> None:
    world = made()
    world.invalid = {"a"}
    world.declared["a"] = fine_tune("a", 2)
    assert world.actions() == {"a": "hold invalid-data"}
    world.declared["a"] = fine_tune("a", 2, on_change=OnChange.DRAIN)
    assert world.actions() == {"a": "hold invalid-data"}
    world.apply()
    assert [job.status.active for job in world.provider.jobs.values()] == [True]


def test_a_retry_is_held_too() -> None:
    world = made(retry=Retry(2, (RetryOn.CANCELLED,)))
    world.provider.finish(JobStatus.CANCELLED)
    assert world.actions() == {"a": "create retry"}
    world.invalid = {"a"}
    assert world.actions() == {"a": "hold invalid-data"}


def test_a_running_chain_whose_base_changes_is_not_stopped_for_data_that_is_wrong() -> None:
    world = made("a")
    world.provider.finish(JobStatus.SUCCEEDED)
    world.declared["b"] = fine_tune("b", 1, "a")
    world.apply()
    world.declared["a"] = fine_tune("a", 2)
    assert world.actions() == {"a": "create changed", "b": "cancel changed"}
    world.invalid = {"b"}
    assert world.actions() == {"a": "create changed", "b": "hold invalid-data"}
    world.invalid = {"a"}
    assert world.actions() == {"a": "hold invalid-data", "b": "hold upstream"}


@pytest.mark.parametrize("status", [JobStatus.RUNNING, JobStatus.SUCCEEDED])
def test_what_an_unread_name_may_go_on_with_is_neither_stopped_nor_forgotten(status: JobStatus) -> None:
    world = made("old")
    world.provider.finish(status)
    world.apply()
    # Renamed without a word, while its data cannot be read.
    world.declared = {"new": fine_tune("new", data="old")}
    world.unread = {"old.jsonl"}
    assert world.actions() == {"new": "hold invalid-data", "old": "hold invalid-data"}
    world.apply()
    world.unread = set()
    assert world.actions() == {"new": "adopt renamed"}
    world.apply()
    assert len(world.provider.jobs) == 1


def test_a_removed_name_that_trains_something_else_goes_its_way() -> None:
    world = made("old", 2)
    world.declared = {"new": fine_tune("new", data="old")}
    world.unread = {"old.jsonl"}
    assert world.actions() == {"new": "hold invalid-data", "old": "cancel removed"}


def test_a_create_in_doubt_is_still_settled_while_its_data_cannot_be_read() -> None:
    world = World()
    world.declared["a"] = fine_tune("a")
    world.provider.faults["create"] = ["not arrived"]
    world.apply()
    world.unread = {"a.jsonl"}
    assert world.actions() == {"a": "wait settling"}
    world.clock.time += 5000
    world.apply()
    world.clock.time += 5000
    world.apply()
    assert world.actions() == {"a": "hold invalid-data"}
    assert not world.provider.jobs


def test_a_removed_link_of_a_chain_whose_root_cannot_be_read_is_left_to_its_new_name() -> None:
    world = World()
    world.declared = {"a": fine_tune("a"), "b": fine_tune("b", upstream="a")}
    world.apply()
    world.provider.finish(JobStatus.SUCCEEDED)
    world.apply()
    world.declared["c"] = replace(world.declared.pop("b"), name="c")
    world.unread = {"a.jsonl"}
    assert world.actions()["b"] == "hold invalid-data"
    (held,) = [change for change in world.plan().changes if change.name == "b"]
    assert held.message.startswith("removed, but c, whose data cannot be read, may be its new name; job ")
    world.unread = set()
    assert world.actions() == {"a": "keep succeeded", "c": "adopt renamed"}
