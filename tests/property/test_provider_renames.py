"""The law of `renamed_from` of a provider: whatever has happened, a rename trains and cancels nothing more.

The plan under the new name is the plan under the old one, except that what was kept is updated; once that is
applied and the line is taken out again, the two plans are equal.
"""

from __future__ import annotations

import hashlib

from ftops.model.change import Action, Change
from ftops.model.dataset import Dataset
from ftops.model.finetune import FineTune
from ftops.model.job import JobStatus
from ftops.model.observation import Observation
from ftops.model.planning import Inputs, Planning
from ftops.model.state import State
from ftops.model.value import replace
from ftops.planner.planner import plan
from tests.property.test_planner_laws import worlds
from tests.simulator.world import World, fine_tune

NEW = "q"


def test_a_renamed_provider_plans_what_it_would_have_planned() -> None:
    for seed, world in worlds():
        reviewed = world.reviewed()
        before = settled(reviewed.plan.changes)
        renamed = planned(world, reviewed.stored, renamed_from="p")
        assert settled(renamed.plan.changes) == before, f"seed {seed}"
        assert renamed.plan.unmanaged == reviewed.plan.unmanaged, f"seed {seed}"
        with_the_line = planned(world, renamed.state, renamed_from="p").plan.changes
        without_it = planned(world, renamed.state, renamed_from=None).plan.changes
        assert without_it == with_the_line, f"seed {seed}"


def test_a_rename_is_an_update_and_remembered() -> None:
    world = trained()
    renamed = planned(world, world.state(), renamed_from="p")
    (change,) = renamed.plan.changes
    assert (change.action, change.reason.value) == (Action.UPDATE, "renamed")
    assert change.message == "provider p is called q now; nothing is trained"
    assert renamed.state.providers[NEW].former_names == ("p",)
    assert "p" not in renamed.state.datasets
    assert renamed.state.datasets[NEW] == world.state().datasets["p"]
    (again,) = planned(world, renamed.state, renamed_from=None).plan.changes
    assert again.action is Action.KEEP


def test_a_revert_to_what_was_trained_before_the_rename_pays_nothing() -> None:
    world = trained()
    first = world.declared["a"]
    world.declared["a"] = fine_tune("a", 2)
    renamed = planned(world, world.state(), renamed_from="p")
    (change,) = renamed.plan.changes
    assert change.action is Action.CREATE
    world.declared["a"] = first
    world.apply()
    world.declared["a"] = fine_tune("a", 2)
    world.apply()
    world.provider.finish(JobStatus.SUCCEEDED)
    world.apply()
    renamed = planned(world, world.state(), renamed_from="p")
    world.declared["a"] = first
    (change,) = planned(world, renamed.state, renamed_from=None).plan.changes
    assert (change.action, change.reason.value) == (Action.ADOPT, "restored")


def test_a_chain_follows_its_provider() -> None:
    world = trained()
    world.declared["b"] = fine_tune("b", upstream="a")
    world.apply()
    changes = planned(world, world.state(), renamed_from="p").plan.changes
    assert [(change.name, change.action) for change in changes] == [
        ("a", Action.UPDATE),
        ("b", Action.UPDATE),
    ]


def test_a_lost_state_is_found_by_stamps_from_before_the_rename() -> None:
    world = trained()
    lineage = world.state().lineage
    (change,) = planned(world, State("sim", lineage), renamed_from="p").plan.changes
    assert (change.action, change.reason.value) == (Action.ADOPT, "found-at-provider")


def test_without_renamed_from_nothing_is_done_and_the_way_out_is_named() -> None:
    for finished in (False, True):
        world = trained() if finished else running()
        (change,) = planned(world, world.state(), renamed_from=None).plan.changes
        assert (change.action, change.reason.value) == (Action.HOLD, "unknown-provider")
        assert "`renamed_from: p`" in change.message


def test_two_renames_one_after_the_other_forget_nothing() -> None:
    world = trained()
    first = planned(world, world.state(), renamed_from="p").state
    second = planned(world, first, renamed_from=NEW, name="r")
    (change,) = second.plan.changes
    assert change.action is Action.UPDATE
    assert second.state.providers["r"].former_names == (NEW, "p")


def running() -> World:
    world = World()
    world.declared["a"] = fine_tune("a")
    world.apply()
    return world


def trained() -> World:
    world = running()
    world.provider.finish(JobStatus.SUCCEEDED)
    world.apply()
    return world


def planned(world: World, state: State, renamed_from: str | None, name: str = NEW) -> Planning:
    """Plan with the world's provider under another name."""
    seen = world.reviewed().observations["p"]
    facts = replace(seen.provider, name=name, renamed_from=renamed_from)
    jobs = tuple(replace(job, provider=name) for job in seen.jobs)
    observation: Observation = replace(seen, provider=facts, jobs=jobs)
    fine_tunes = tuple(replace(one, provider=name) for one in world.declared.values())
    inputs = Inputs("sim", fine_tunes, datasets(fine_tunes), {name: observation}, state, world.clock.now())
    return plan(inputs)


def datasets(fine_tunes: tuple[FineTune, ...]) -> dict[str, Dataset]:
    paths = {file.path for one in fine_tunes for _, file in one.data_files if file.path}
    digests = {path: hashlib.sha256(path.encode()).hexdigest() for path in paths}
    return {path: Dataset(path, digest, 10, 1, digest) for path, digest in digests.items()}


def settled(changes: tuple[Change, ...]) -> list[tuple[object, ...]]:
    """Return what is done about what; a keep that the state has to learn something of is an update."""
    keeps = (Action.KEEP, Action.UPDATE)
    return [
        (
            one.name,
            Action.KEEP if one.action in keeps else one.action,
            one.job_id,
            one.generation,
            one.attempt,
        )
        for one in changes
    ]
