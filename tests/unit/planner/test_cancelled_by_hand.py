"""What a person has cancelled: stopped wherever it runs, created nowhere, until somebody says so."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ftops.model.finetune import OnChange, OnRemove, Retry, RetryOn
from ftops.model.job import Job, JobStatus
from ftops.model.state import State
from ftops.model.value import replace
from tests.simulator.world import World, fine_tune
from tests.unit.planner.test_decision_table import made


def hold(world: World, name: str = "a") -> None:
    assert world.actions() == {name: "hold cancelled-by-hand"}


def jobs(world: World) -> dict[str, JobStatus]:
    return {job.id: job.status for job in world.provider.jobs.values()}


def killed_after_the_note(world: World, name: str = "a") -> None:
    """Let a person cancel, and end their run as soon as the wish is in the store."""
    runner = world.start_cancel(name)
    while not world.state().cancelled_by_hand(name):
        assert not runner.ended
        runner.go(1)
    runner.kill()


def write(world: World, edit: Callable[[State], State]) -> None:
    manager = world._manager(lambda _: None)
    manager.write(edit(manager.read()))


def test_it_is_stopped_at_once_and_no_apply_makes_it_again() -> None:
    world = made()
    world.cancel("a")
    assert list(jobs(world).values()) == [JobStatus.CANCELLED]
    for _ in range(3):
        world.apply()
        hold(world)
    assert len(jobs(world)) == 1


def test_a_crash_after_the_note_is_finished_by_the_next_run() -> None:
    world = made()
    killed_after_the_note(world)
    assert list(jobs(world).values()) == [JobStatus.PENDING]
    assert world.actions() == {"a": "cancel cancelled-by-hand"}
    world.apply()
    assert list(jobs(world).values()) == [JobStatus.CANCELLED]
    hold(world)


@pytest.mark.parametrize(
    "settings", [{"protect": True}, {"suspend": True}, {"on_remove": OnRemove.DETACH}], ids=str
)
@pytest.mark.parametrize("removed", [False, True])
def test_nothing_of_its_lifecycle_keeps_the_next_run_from_finishing_it(
    settings: dict[str, object], *, removed: bool
) -> None:
    world = made()
    world.declared["a"] = fine_tune("a", **settings)  # type: ignore[arg-type]  # keywords of a test
    world.apply()
    killed_after_the_note(world)
    if removed:
        world.declared.clear()
    world.provider.finish(JobStatus.RUNNING)
    assert world.actions() == {"a": "cancel cancelled-by-hand"}


def test_a_declaration_that_was_ahead_of_the_running_job_is_held_too() -> None:
    world = made(on_change=OnChange.DRAIN)
    world.declared["a"] = fine_tune("a", 2, on_change=OnChange.DRAIN)
    world.cancel("a")
    hold(world)
    world.declared["a"] = fine_tune("a", 1)
    hold(world)
    world.declared["a"] = fine_tune("a", 3)
    assert world.actions() == {"a": "create changed"}


def test_going_back_to_what_was_cancelled_neither_creates_it_nor_stops_what_runs() -> None:
    world = made()
    world.cancel("a")
    world.declared["a"] = fine_tune("a", 2)
    world.apply()
    world.declared["a"] = fine_tune("a", 1)
    (change,) = world.plan().changes
    assert (change.action, change.reason, change.stops) == ("hold", "cancelled-by-hand", None)
    assert f"job {change.job_id} runs on" in change.message


def test_what_is_not_created_yet_is_held() -> None:
    world = World()
    world.declared["a"] = fine_tune("a")
    world.cancel("a")
    world.apply()
    hold(world)
    assert not jobs(world)
    world.lift_refusals("a")
    assert world.actions() == {"a": "create new"}
    world.apply()
    assert world.provider.paid().keys() == {("a", 1, 1)}


def test_what_has_ended_is_left_as_it_is() -> None:
    for status, reason in ((JobStatus.SUCCEEDED, "keep succeeded"), (JobStatus.FAILED, "hold failed")):
        world = made()
        world.provider.finish(status)
        world.apply()
        world.cancel("a")
        assert world.actions() == {"a": reason}
        assert not world.state().cancelled_by_hand("a")


def test_a_retry_that_its_lifecycle_allows_is_held() -> None:
    again = Retry(3, (RetryOn.CANCELLED,))
    world = made(retry=again)
    world.provider.finish(JobStatus.CANCELLED)
    assert world.actions() == {"a": "create retry"}
    world.cancel("a")
    hold(world)


def test_a_job_that_succeeds_before_the_cancel_arrives_keeps_its_model() -> None:
    world = made()
    killed_after_the_note(world)
    world.provider.finish(JobStatus.SUCCEEDED)
    assert world.actions() == {"a": "keep succeeded"}


def test_a_lifted_hold_counts_on() -> None:
    world = made()
    world.cancel("a")
    world.lift_refusals("a")
    (change,) = world.plan().changes
    assert (change.action, change.reason, change.generation, change.attempt) == (
        "create",
        "re-declared",
        1,
        2,
    )
    world.apply()
    assert set(world.provider.paid()) == {("a", 1, 1), ("a", 1, 2)}


def test_a_name_that_goes_and_comes_back_is_still_held() -> None:
    world = made()
    world.cancel("a")
    world.declared.clear()
    world.apply()
    assert world.actions() == {}
    assert world.state().archive["a"].cancelled_by_hand
    world.declared["a"] = fine_tune("a")
    hold(world)
    world.apply()
    hold(world)
    world.lift_refusals("a")
    assert world.actions()["a"].startswith("create")


@pytest.mark.parametrize("said", [False, True])
@pytest.mark.parametrize("finished", [False, True])
def test_a_rename_takes_it_along(*, said: bool, finished: bool) -> None:
    world = made()
    (World.cancel if finished else killed_after_the_note)(world, "a")
    world.declared = {"b": fine_tune("b", data="a", renamed_from="a" if said else None)}
    world.apply()
    assert list(jobs(world).values()) == [JobStatus.CANCELLED]
    hold(world, "b")


def test_a_rename_of_what_was_not_created_yet_takes_it_along() -> None:
    world = World()
    world.declared["a"] = fine_tune("a")
    world.cancel("a")
    world.declared = {"b": fine_tune("b", data="a")}
    hold(world, "b")


def test_a_create_in_doubt_is_stopped_when_it_turns_up() -> None:
    world = World()
    world.declared["a"] = fine_tune("a")
    world.provider.lag = 60
    world.provider.faults["create"] = ["lost reply"]
    world.apply()
    assert world.actions() == {"a": "wait settling"}
    world.cancel("a")
    assert world.actions() == {"a": "wait settling"}
    assert world.plan().changes[0].then is None
    world.clock.time += 100
    world.provider.lag = 0
    assert world.actions() == {"a": "cancel cancelled-by-hand"}
    world.apply()
    assert list(jobs(world).values()) == [JobStatus.CANCELLED]
    hold(world)


def test_a_create_that_never_arrived_is_not_sent_again() -> None:
    world = World()
    world.declared["a"] = fine_tune("a")
    world.provider.faults["create"] = ["not arrived"]
    world.apply()
    world.cancel("a")
    for _ in range(4):
        world.clock.time += 1000
        world.apply()
    hold(world)
    assert not jobs(world)


def test_what_starts_from_it_is_held_and_goes_on_running() -> None:
    world = made()
    world.declared["b"] = fine_tune("b", upstream="a")
    world.provider.finish(JobStatus.SUCCEEDED)
    world.apply()
    world.declared["a"] = fine_tune("a", 2)
    world.cancel("a")
    assert world.actions() == {"a": "hold cancelled-by-hand", "b": "hold upstream"}
    assert JobStatus.CANCELLED not in jobs(world).values()


def test_a_chain_is_held_while_its_base_is_on_its_way_out() -> None:
    world = made()
    world.declared["b"] = fine_tune("b", upstream="a")
    killed_after_the_note(world)
    assert world.actions() == {"a": "cancel cancelled-by-hand", "b": "hold upstream"}


def test_a_second_job_of_its_create_is_stopped_as_well() -> None:
    world = World()
    world.declared["a"] = fine_tune("a")
    world.provider.faults["create"] = ["repeated"]
    world.apply()
    world.clock.time += 100
    world.provider.arrive()
    assert len(jobs(world)) > 1
    world.cancel("a")
    assert set(jobs(world).values()) == {JobStatus.CANCELLED}


def test_a_job_known_by_its_looks_alone_is_stopped_by_hand() -> None:
    world = made()

    def doubted(state: State) -> State:
        record = state.fine_tunes["a"]
        assert record.job is not None
        return state.with_record("a", replace(record, job=replace(record.job, likeness=True)))

    write(world, doubted)
    world.declared.clear()
    assert world.actions() == {"a": "hold likeness"}
    assert "ftops cancel a" in world.plan().changes[0].message
    world.cancel("a")
    assert list(jobs(world).values()) == [JobStatus.CANCELLED]


def test_a_foreign_job_beside_it_is_left_alone() -> None:
    world = made()
    world.provider.jobs["foreign-1"] = Job("foreign-1", "p", JobStatus.RUNNING, created_at=1.0, model="x")
    world.cancel("a")
    assert jobs(world)["foreign-1"] is JobStatus.RUNNING


def test_no_limit_keeps_a_cancel_by_hand_back() -> None:
    world = made()
    killed_after_the_note(world)
    plan = world.plan()
    assert plan.facts.uncounted == {("a", plan.changes[0].job_id)}


def test_no_wait_promises_to_train_what_was_cancelled() -> None:
    world = made(on_change=OnChange.DRAIN)
    world.cancel("a")
    assert [change.then for change in world.plan().changes] == [None]
