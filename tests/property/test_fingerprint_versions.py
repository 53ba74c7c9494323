"""The law of a new canonical form: what an older ftops made is known again, and nothing trains."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import astuple

from ftops.model.change import Action
from ftops.model.dataset import Dataset
from ftops.model.finetune import FineTune
from ftops.model.fingerprint import FORMS, CanonicalSpec, Form
from ftops.model.observation import ProviderFacts
from ftops.model.planning import Inputs, Planning
from ftops.model.state import State
from ftops.planner.planner import plan
from tests.property.test_planner_laws import worlds
from tests.property.test_provider_renames import datasets, settled, trained
from tests.simulator.world import World, fine_tune


def test_a_new_form_plans_what_the_old_one_would_have_planned() -> None:
    for seed, world in worlds():
        before = planned(world, world.state(), {1: FORMS[1]})
        after = planned(world, world.state(), {1: FORMS[1], 2: second_form})
        assert settled(after.plan.changes) == settled(before.plan.changes), f"seed {seed}"
        assert after.plan.unmanaged == before.plan.unmanaged, f"seed {seed}"


def test_what_is_declared_takes_the_newest_form_wherever_it_stands() -> None:
    world = trained()
    world.declared["b"] = fine_tune("b", upstream="a")
    world.apply()
    assert versions(world.state()) == {"f1"}
    made = planned(world, world.state(), {1: FORMS[1], 2: second_form})
    assert [change.action for change in made.plan.changes] == [Action.KEEP, Action.KEEP]
    assert versions(made.state) == {"f2"}


def test_what_is_not_declared_keeps_its_form_and_is_found_when_it_returns() -> None:
    world = trained()
    first = world.declared["a"]
    world.declared["a"] = fine_tune("a", 2)
    world.apply()
    made = planned(world, world.state(), {1: FORMS[1], 2: second_form})
    assert versions(made.state) == {"f1", "f2"}
    world.declared["a"] = first
    (change,) = planned(world, made.state, {1: FORMS[1], 2: second_form}).plan.changes
    assert (change.action, change.reason.value) == (Action.ADOPT, "restored")


def test_a_lost_state_is_found_by_stamps_of_an_older_form() -> None:
    world = trained()
    empty = State("sim", world.state().lineage)
    (change,) = planned(world, empty, {1: FORMS[1], 2: second_form}).plan.changes
    assert (change.action, change.reason.value) == (Action.ADOPT, "found-at-provider")


def second_form(
    fine_tune: FineTune, provider: ProviderFacts, data: Mapping[str, Dataset], upstream: str | None
) -> CanonicalSpec:
    """Say one thing more, as a later ftops might."""
    return {**FORMS[1](fine_tune, provider, data, upstream), "tokenizer": "of the model"}


def planned(world: World, state: State, forms: Mapping[int, Form]) -> Planning:
    reviewed = world.reviewed()
    fine_tunes = tuple(world.declared.values())
    inputs = Inputs("sim", fine_tunes, datasets(fine_tunes), reviewed.observations, state, world.clock.now())
    return plan(inputs, forms)


def versions(value: object) -> set[str]:
    """Collect the versions of all fingerprints in a value."""
    if isinstance(value, Struct):
        return set().union(*map(versions, astuple(value)))
    if isinstance(value, Mapping):
        return set().union(*(versions(one) for one in value.values()))
    if isinstance(value, tuple):
        return set().union(*(versions(one) for one in value))
    if isinstance(value, str) and value[:1] == "f" and value[2:3] == ":":
        return {value[:2]}
    return set()
