"""Whatever happened before: data with problems stops no job, starts none, and is nobody else's business."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping

from ftops.model.change import Action, Change, Reason
from ftops.records.dependencies import with_upstreams
from tests.property.test_planner_laws import not_conserved, worlds
from tests.simulator.world import World


def broken_worlds() -> Iterator[tuple[str, World, set[str], Mapping[str, Change], Mapping[str, Change]]]:
    """Break the data of each declared name in turn, in both ways.

    Give the names that this touches, and what was decided about each name before and is now.
    """
    for seed, world in worlds():
        before = speaking(world)
        for name, how in itertools.product(sorted(world.declared), ("invalid", "unread")):
            world.invalid, world.unread = {name}, set()
            if how == "unread":
                world.invalid, world.unread = set(), _paths(world, name)
            roots = {other for other in world.declared if _paths(world, other) & world.unread} | {name}
            touched = {
                other
                for other in world.declared
                if roots & with_upstreams(frozenset({other}), world.declared)
            }
            yield f"seed {seed}, {name} {how}", world, touched, before, speaking(world)


def _paths(world: World, name: str) -> set[str]:
    return {file.path for _, file in world.declared[name].data_files if file.path}


def speaking(world: World) -> dict[str, Change]:
    """Plan, and give what is decided about each name; strays go their own way."""
    return {change.name: change for change in world.plan().changes if change.spec}


def test_it_starts_nothing_and_stops_nothing_of_its_own() -> None:
    held = 0
    for where, world, touched, before, after in broken_worlds():
        own = [after[name] for name in touched]
        for change in own:
            if change.name in world.invalid or world.unread:
                assert not change.action.creates, where
                assert change.then is None, where
            assert not change.stops or (not world.unread and change.stops == before[change.name].stops), where
        held += sum(change.reason is Reason.INVALID_DATA for change in own)
    assert held > 100


def test_the_rest_of_the_project_goes_on_as_if_nothing_were_wrong() -> None:
    removals = 0
    for where, world, touched, before, after in broken_worlds():
        assert before.keys() == after.keys(), where
        for name in before.keys() - touched:
            was, now = before[name], after[name]
            # What is held takes no room at a full provider, or goes on taking it.
            room = Reason.PROVIDER_LIMIT in (was.reason, now.reason)
            heir = name not in world.declared and now.reason is Reason.INVALID_DATA and bool(world.unread)
            assert now == was or room or (heir and now.action is Action.HOLD), f"{where}: {was} -> {now}"
            removals += now.action in (Action.CANCEL, Action.FORGET)
    assert removals > 5


def test_everything_is_still_in_one_change_or_counted_as_unmanaged() -> None:
    for where, world, *_ in broken_worlds():
        assert not list(not_conserved(world, world.reviewed())), where
