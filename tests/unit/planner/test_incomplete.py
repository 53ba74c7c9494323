"""A provider that could not be listed to the end rests alone, and says so in one voice."""

from __future__ import annotations

import pytest

from ftops.model.change import Action, Change, Reason
from ftops.model.job import JobStatus
from ftops.model.observation import Observation
from ftops.model.planning import Inputs
from ftops.model.state import ArchivedRecord, SentRequest
from ftops.model.value import replace
from ftops.planner.incomplete import used_providers
from ftops.planner.planner import plan
from ftops.records.accounts import one_account, shared_accounts
from tests.property.test_provider_renames import datasets
from tests.simulator.world import World, fine_tune


def world_of(*names: str) -> World:
    world = World()
    for name in names:
        world.declared[name] = fine_tune(name)
    world.apply()
    return world


def changes(world: World, *, reached: bool = True, seen: bool = True) -> dict[str, Change]:
    """Plan with a list that is not whole; `seen` tells whether it shows anything."""
    whole = world.reviewed()
    shown = whole.observations["p"]
    cut: Observation = replace(
        shown, complete=False, problem="page 2 failed", listed_at=(), gone=frozenset(), reached=reached
    )
    cut = cut if seen else replace(cut, jobs=())
    declared = tuple(world.declared.values())
    inputs = Inputs("sim", declared, datasets(declared), {"p": cut}, whole.stored, world.clock.time)
    made = plan(inputs).plan
    assert made.incomplete == {"p": "page 2 failed"}
    return {change.name: change for change in made.changes}


@pytest.mark.parametrize(("reached", "reason"), [(True, Reason.INCOMPLETE_LIST), (False, Reason.UNREACHABLE)])
def test_what_would_be_created_replaced_or_cancelled_is_held(*, reached: bool, reason: Reason) -> None:
    world = world_of("changed", "removed")
    world.declared = {"changed": fine_tune("changed", 2), "new": fine_tune("new")}
    found = changes(world, reached=reached)
    assert {name: (change.action, change.reason) for name, change in found.items()} == dict.fromkeys(
        ("changed", "removed", "new"), (Action.HOLD, reason)
    )
    said = {name: change.message for name, change in found.items()}
    way = "can be listed to the end" if reached else "can be listed"
    assert said["new"] == f"to be created once provider p {way}: page 2 failed"
    assert (
        said["removed"]
        == f"job {found['removed'].job_id} is to be cancelled once provider p {way}: page 2 failed"
    )


def test_a_job_that_the_list_shows_is_kept_and_one_that_it_lacks_is_waited_for() -> None:
    world = world_of("a")
    assert changes(world)["a"].action is Action.KEEP
    unseen = changes(world, seen=False)["a"]
    assert (unseen.action, unseen.reason) == (Action.WAIT, Reason.INCOMPLETE_LIST)
    assert unseen.message.startswith(f"job {unseen.job_id} was ")


def test_what_the_state_alone_decides_goes_on() -> None:
    world = world_of("kept", "removed")
    world.provider.finish(JobStatus.SUCCEEDED)
    world.apply()
    del world.declared["removed"]
    found = changes(world, seen=False)
    assert (found["kept"].action, found["removed"].action) == (Action.KEEP, Action.FORGET)


def test_a_revert_to_a_model_that_is_there_goes_on() -> None:
    world = world_of("a")
    world.provider.finish(JobStatus.SUCCEEDED)
    world.apply()
    world.declared["a"] = fine_tune("a", 2)
    world.apply()
    world.provider.finish(JobStatus.SUCCEEDED)
    world.apply()
    world.declared["a"] = fine_tune("a", 1)
    assert changes(world, seen=False)["a"].reason is Reason.RESTORED


def test_a_job_that_only_the_list_shows_is_not_taken_over() -> None:
    world = world_of("a")
    lineage = world.state().lineage
    inputs = world.reviewed()
    shown = replace(inputs.observations["p"], complete=False, problem="page 2 failed")
    empty = replace(inputs.stored, fine_tunes={}, archive={}, lineage=lineage)
    declared = tuple(world.declared.values())
    (change,) = plan(Inputs("sim", declared, datasets(declared), {"p": shown}, empty, 0.0)).plan.changes
    assert change.action is Action.HOLD


def test_a_job_that_runs_beside_is_held_and_not_cancelled() -> None:
    whole = world_of("a").reviewed()
    seen = whole.observations["p"]
    (job,) = seen.jobs
    twin = replace(job, id="twin", created_at=(job.created_at or 0) + 1)
    declared = (fine_tune("a"),)
    for complete, action in ((True, Action.CANCEL), (False, Action.HOLD)):
        listed = {"p": replace(seen, jobs=(job, twin), complete=complete)}
        made = plan(Inputs("sim", declared, datasets(declared), listed, whole.stored, 0.0)).plan
        (beside,) = (change for change in made.changes if change.job_id == "twin")
        assert beside.action is action


def test_only_what_is_declared_or_may_run_needs_its_provider() -> None:
    world = world_of("a")
    state, facts = world.state(), [world.provider.facts]
    assert used_providers((), state, facts) == {"p"}
    assert used_providers((), state, facts, names=["b"]) == frozenset()
    assert used_providers([replace(fine_tune("b"), provider="q")], state, facts, names=["b"]) == {"q"}
    world.provider.finish(JobStatus.SUCCEEDED)
    world.apply()
    assert used_providers((), world.state(), facts) == frozenset()


def test_where_no_mark_comes_back_what_was_asked_for_is_watched_for_good() -> None:
    world = world_of("a")
    world.provider.finish(JobStatus.SUCCEEDED)
    world.apply()
    state, facts = world.state(), [world.provider.facts]
    assert used_providers((), state.with_unmarked("p", 1.0), facts) == {"p"}
    gone = replace(state, fine_tunes={}, archive={"a": ArchivedRecord(1, (), (), (SentRequest("p"),))})
    assert used_providers((), gone, facts) == {"p"}


def test_rows_of_one_account_are_told_by_a_job_that_both_list() -> None:
    world = world_of("a")
    (job,) = world.provider.jobs.values()
    other = replace(job, created_at=1.0)
    assert list(shared_accounts({"p": [job], "q": [other], "r": []})) == []
    (found,) = shared_accounts({"p": [job], "r": [job], "q": [job]})
    assert found == (("p", "q", "r"), job.id)
    assert one_account(*found).startswith("providers p, q and r list the same jobs, such as job-")
