"""An acknowledgement decides over alarms alone: with or without, the same is planned and done."""

from __future__ import annotations

from ftops.model.ack import Ack
from ftops.model.plan import Plan
from ftops.model.value import replace
from ftops.review.alarms import failure_of, raises_alarm
from tests.property.test_planner_laws import worlds
from tests.simulator.world import World


def acknowledge_all(world: World) -> set[str]:
    """Acknowledge whatever a plan has, alarm or not; return the names of the alarms."""
    manager = world.manager()
    state = manager.read()
    plan, now = world.plan(), world.clock.now()
    acks = {
        one.name: Ack(tuple(failure_of(change) for change in plan.changes), "known", "jo", now, now + 1e6)
        for one in plan.changes
    }
    manager.write(replace(state, acks=acks))
    return {change.name for change in plan.changes if raises_alarm(change)}


def without_notes(plan: Plan) -> Plan:
    return replace(plan, notes=(), serial=0)


def test_a_plan_with_acknowledgements_is_the_plan_without_and_so_is_what_is_done() -> None:
    alarming = 0
    for seed, world in worlds():
        if not world.manager().read().serial:
            continue
        world.clock.time += 100_000  # Every lease of a run that died is over.
        before = without_notes(world.plan())
        alarming += len(acknowledge_all(world))
        assert without_notes(world.plan()) == before, f"seed {seed}"
        asked = [change.name for change in before.effective_changes]
        done = [result.change.name for result in world.apply()]
        assert sorted(done) == sorted(asked), f"seed {seed}"
    assert alarming > 5
