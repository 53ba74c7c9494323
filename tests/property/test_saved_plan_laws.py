"""What a saved plan may do, and what a rebuilt state must hold, over random histories."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from ftops.applier.context import Hands
from ftops.model.change import Action
from ftops.model.job import JobStatus
from ftops.model.plan import Plan
from ftops.model.value import replace
from ftops.reconciler.line import carry_out
from ftops.reconciler.loading import declared
from ftops.reconciler.values import Loaded, Reviewed
from ftops.records.rebuilding import rebuilt
from ftops.review.freshness import Rest, bindings, rest
from ftops.review.plan_document import parse_plan, plan_document
from ftops.state.backend import Holder
from tests.property.small_histories import STEPS, run, settle
from tests.simulated import FAULTS, Crash, World, fine_tune

VERSIONS = st.sampled_from([None, 1, 2, 3])
ROUNDS = st.lists(
    st.tuples(
        st.fixed_dictionaries(dict.fromkeys(("a", "b", "c"), VERSIONS)),
        st.sampled_from([None, "succeeded", "failed"]),
    ),
    min_size=1,
    max_size=4,
)
"""What is declared in each round (None: nothing), and how its jobs end; all but the last one are applied."""

Rounds = list[tuple[dict[str, int | None], str | None]]
HISTORIES = st.lists(STEPS, min_size=1, max_size=15)
LAW = settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
MOVES = st.lists(
    st.one_of(
        st.tuples(st.just("apply"), st.integers(0, 6)),
        st.tuples(st.just("crash"), st.integers(0, 6)),
        st.tuples(st.just("fault"), st.sampled_from([fault for fault in FAULTS if fault != "rejected"])),
        st.tuples(st.just("finish"), st.just("succeeded")),
        st.tuples(st.just("time"), st.sampled_from([1, 2000])),
    ),
    max_size=8,
)


def look(world: World) -> tuple[Loaded, Reviewed]:
    return world._planned(world._manager())


def saved(world: World) -> Plan:
    loaded, reviewed = look(world)
    bound = bindings(reviewed.plan, declared(loaded, everything=True), reviewed.planning.state)
    return parse_plan(plan_document(replace(reviewed.plan, bindings=bound), reviewed.review))[0]


def left(world: World, plan: Plan) -> Rest:
    loaded, reviewed = look(world)
    return rest(plan, reviewed.planning, declared(loaded, everything=True))


def apply_saved(world: World, plan: Plan) -> Rest:
    manager = world._manager()
    lease = manager.lock(Holder("id", "me", "here", 1, "apply", world.clock.now()), 0)
    try:
        loaded, reviewed = world._planned(manager)
        found = rest(plan, reviewed.planning, declared(loaded, everything=True))
        if not found.moved:
            hands = Hands(
                providers={"p": world.provider},
                manager=manager,
                lock=lease,
                clock=world.clock,
                new_nonce=lambda: f"nonce-{next(world._nonces)}",
                stopping=lambda: False,
                emit=lambda _: None,
                parallelism=1,
            )
            carry_out(loaded, reviewed, [one for one in found.changes if one.action.effective], hands)
        return found
    finally:
        lease.release()


def prepared(rounds: Rounds) -> World:
    """Declare and apply round after round; the last one is only declared. `b` version 3 starts from `a`."""
    world = World()
    world.declared = {"always": fine_tune("always")}
    world.apply()
    for versions, end in rounds:
        world.apply()
        if end is not None:
            world.provider.finish(JobStatus(end))
        for name, version in versions.items():
            world.declared.pop(name, None)
            if version is not None:
                upstream = "a" if (name, version) == ("b", 3) and versions["a"] else None
                world.declared[name] = fine_tune(name, version, upstream)
    return world


@LAW
@given(ROUNDS)
def test_a_plan_just_made_is_fresh_and_nothing_of_it_is_done(rounds: Rounds) -> None:
    world = prepared(rounds)
    plan = saved(world)
    found = left(world, plan)
    assert (found.moved, found.done) == ((), 0)
    assert tuple(one for one in found.changes if one.action.effective) == plan.effective_changes


@LAW
@given(ROUNDS)
def test_a_plan_that_was_applied_has_nothing_left_to_do(rounds: Rounds) -> None:
    world = prepared(rounds)
    plan = saved(world)
    apply_saved(world, plan)
    found = left(world, plan)
    assert found.moved == ()
    assert [one for one in found.changes if one.action.effective] == []
    assert found.done == len(plan.effective_changes)


@LAW
@given(ROUNDS, MOVES)
def test_its_own_half_done_work_and_jobs_that_go_on_never_make_it_stale(
    rounds: Rounds, moves: list[tuple[str, int | str]]
) -> None:
    world = prepared(rounds)
    plan = saved(world)
    before = set(world.provider.jobs)
    creates = [change for change in plan.changes if change.action.creates]
    for kind, value in moves:
        if kind in ("apply", "crash"):
            world.provider.crash_in = int(value) if kind == "crash" else None
            with suppress(Crash):
                assert apply_saved(world, plan).moved == ()
            world.provider.crash_in = None
        elif kind == "fault":
            world.provider.faults.append(str(value))
        elif kind == "finish":
            world.provider.finish(JobStatus.SUCCEEDED)
        else:
            world.clock.time += int(value)
    world.provider.faults.clear()
    for _ in range(4):
        world.clock.time += 2000
        assert apply_saved(world, plan).moved == ()
    assert left(world, plan).done == len(plan.effective_changes)
    new = [world.provider.jobs[job_id] for job_id in world.provider.jobs.keys() - before]
    planned = {(change.name, change.generation, change.attempt) for change in creates}
    made = [(job.stamp.name, job.stamp.generation, job.stamp.attempt) for job in new if job.stamp]
    assert len(made) == len(set(made)) == len(new)
    assert set(made) <= planned


@LAW
@given(ROUNDS, HISTORIES)
def test_whatever_moves_a_saved_plan_does_nothing_that_it_does_not_hold(
    rounds: Rounds, moves: list[tuple[str, str, int]]
) -> None:
    world = prepared(rounds)
    plan = saved(world)
    run(world, moves)
    world.provider.faults.clear()
    before = dict(world.provider.jobs)
    apply_saved(world, plan)
    held = {(one.name, one.generation, one.attempt) for one in plan.changes if one.action.creates}
    for job_id, job in world.provider.jobs.items():
        if job_id not in before:
            assert job.stamp is not None
            assert (job.stamp.name, job.stamp.generation, job.stamp.attempt) in held
    ended = {one.job_id for one in plan.changes if one.action in (Action.CANCEL, Action.REPLACE)}
    ended |= {one.cancel_first for one in plan.changes}
    for job_id, job in before.items():
        assert world.provider.jobs[job_id].status is job.status or job_id in ended


@LAW
@given(HISTORIES)
@example([("declare", "b", 1), ("fault", "not arrived", 0), ("crash", "", 0), ("declare", "b", 3)])
def test_a_state_rebuilt_from_stamps_leaves_nothing_to_do(history: list[tuple[str, str, int]]) -> None:
    assume(not any(kind == "fault" and word == "rejected" for kind, word, _ in history))
    world = World()
    world.declared["always"] = fine_tune("always")
    run(world, history)
    world.apply()
    settle(world)
    assert not look(world)[1].plan.effective_changes
    # A create that never arrived left no mark, so its number cannot be known again, and was nobody's.
    kept = {
        name: max(job.generation for job in record.jobs)
        for name, record in world._manager().read().fine_tunes.items()
        if record.jobs
    }
    jobs, lineage = set(world.provider.jobs), world._manager().read().lineage
    world.backend = type(world.backend)(world.clock.now)
    manager = world._manager()
    loaded, reviewed = world._planned(manager)
    found = rebuilt(manager.read(), reviewed.observations, loaded.fine_tunes, reviewed.plan, lost=True)
    manager.replace(found.state, None)
    assert look(world)[1].plan.effective_changes == ()
    world.apply()
    assert set(world.provider.jobs) == jobs
    after = world._manager().read()
    assert after.lineage == lineage
    assert {name: record.generation for name, record in after.fine_tunes.items()} == kept
