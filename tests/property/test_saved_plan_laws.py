"""What a saved plan may do, and what a rebuilt state must hold, over random histories."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ftops.model.change import Action, Change, Reason
from ftops.model.job import JobStatus
from ftops.model.plan import Plan
from ftops.model.value import replace
from ftops.reconciler.loading import declared
from ftops.reconciler.values import Loaded, Reviewed
from ftops.records.rebuilding import rebuilt
from ftops.review.freshness import Rest, bindings, rest
from ftops.review.plan_document import parse_plan, plan_document
from tests.simulator.account import CREATE_FAULTS, FOR_GOOD
from tests.simulator.history import History, Step
from tests.simulator.player import Player
from tests.simulator.world import World, fine_tune

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
PASSING = [kind for kind in CREATE_FAULTS if kind not in FOR_GOOD]
BOUNDARIES = st.integers(0, 30)
MOVES = st.lists(
    st.one_of(
        st.tuples(st.just("apply")),
        st.tuples(st.just("crash"), BOUNDARIES),
        st.tuples(st.just("fault"), st.sampled_from(PASSING)),
        st.tuples(st.just("finish")),
        st.tuples(st.just("time"), st.sampled_from([1, 100, 2000])),
    ),
    max_size=8,
)


def steps(faults: Sequence[str]) -> st.SearchStrategy[list[Step]]:
    """Draw edits, faults, crashes and runs; after each step the laws of the simulator are asked."""
    names = st.sampled_from(["a", "b", "c"])
    kinds = st.one_of(
        st.tuples(st.just("declare"), names, st.integers(1, 3)),
        st.tuples(st.just("chain"), st.just("b"), st.just("a")),
        st.tuples(st.just("remove"), names),
        st.tuples(st.just("fault"), st.just("create"), st.sampled_from(faults)),
        st.tuples(st.just("run")),
        st.tuples(st.just("crash"), BOUNDARIES),
        st.tuples(st.just("finish"), st.sampled_from(["succeeded", "failed"]), st.just(0)),
        st.tuples(st.just("lag"), st.sampled_from([0, 60])),
        st.tuples(st.just("time"), st.sampled_from([1, 100, 2000])),
    )
    return st.lists(kinds, min_size=1, max_size=15)


LAW = settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])


def saved(world: World) -> Plan:
    loaded, reviewed = world.look()
    bound = bindings(reviewed.plan, declared(loaded, everything=True), reviewed.planning.state)
    return parse_plan(plan_document(replace(reviewed.plan, bindings=bound), reviewed.review))[0]


def left(world: World, plan: Plan) -> Rest:
    loaded, reviewed = world.look()
    return rest(plan, reviewed.planning, declared(loaded, everything=True))


def apply_saved(world: World, plan: Plan, dies_after: int | None = None) -> Rest | None:
    """Do what is left of a plan; None if the run died before it knew what that is."""
    found: list[Rest] = []

    def chosen(loaded: Loaded, reviewed: Reviewed) -> tuple[Reviewed, Iterable[Change]] | None:
        found.append(rest(plan, reviewed.planning, declared(loaded, everything=True)))
        return (
            None if found[0].moved else (reviewed, [one for one in found[0].changes if one.action.effective])
        )

    world.apply(dies_after=dies_after, choose=chosen)
    return found[0] if found else None


def player() -> Player:
    return Player(History("openai", None, None, ()))


def prepared(rounds: Rounds) -> Player:
    """Declare and apply round after round; the last one is only declared. `b` version 3 starts from `a`."""
    made = player()
    world = made.world
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
    return made


def rested(made: Player) -> None:
    """Let all come to rest without a fault, and see that no law was broken on the way."""
    world = made.world
    world.provider.faults.clear()
    world.provider.lag = 0.0
    for _ in range(8):
        made.do_time(2000)
        world.apply()
    made.check()


@LAW
@given(ROUNDS)
def test_a_plan_just_made_is_fresh_and_nothing_of_it_is_done(rounds: Rounds) -> None:
    made = prepared(rounds)
    world = made.world
    plan = saved(world)
    found = left(world, plan)
    assert (found.moved, found.done) == ((), 0)
    assert tuple(one for one in found.changes if one.action.effective) == plan.effective_changes


@LAW
@given(ROUNDS)
def test_a_plan_that_was_applied_has_nothing_left_to_do(rounds: Rounds) -> None:
    made = prepared(rounds)
    world = made.world
    plan = saved(world)
    apply_saved(world, plan)
    found = left(world, plan)
    assert found.moved == ()
    assert [one for one in found.changes if one.action.effective] == []
    assert found.done == len(plan.effective_changes)


@LAW
@given(ROUNDS, MOVES)
def test_its_own_half_done_work_and_jobs_that_go_on_never_make_it_stale(
    rounds: Rounds, moves: list[tuple[Any, ...]]
) -> None:
    made = prepared(rounds)
    world = made.world
    plan = saved(world)
    before = set(world.provider.jobs)
    creates = [change for change in plan.changes if change.action.creates]
    for kind, *values in moves:
        if kind in ("apply", "crash"):
            found = apply_saved(world, plan, *values)
            assert found is None or found.moved == ()
        elif kind == "fault":
            world.provider.faults["create"] += values
        elif kind == "finish":
            world.provider.finish(JobStatus.SUCCEEDED)
        else:
            made.do_time(*values)
    world.provider.faults.clear()
    for _ in range(4):
        made.do_time(2000)
        found = apply_saved(world, plan)
        assert found is not None
        assert found.moved == ()
    made.check()
    assert left(world, plan).done == len(plan.effective_changes)
    new = [world.provider.jobs[job_id] for job_id in world.provider.jobs.keys() - before]
    planned = {(change.name, change.generation, change.attempt) for change in creates}
    paid = [(job.stamp.name, job.stamp.generation, job.stamp.attempt) for job in new if job.stamp]
    assert len(paid) == len(set(paid)) == len(new)
    assert set(paid) <= planned


@LAW
@given(ROUNDS, steps(CREATE_FAULTS))
def test_whatever_moves_a_saved_plan_does_nothing_that_it_does_not_hold(
    rounds: Rounds, moves: list[Step]
) -> None:
    made = prepared(rounds)
    world = made.world
    plan = saved(world)
    made.walk(moves)
    world.provider.faults.clear()
    before = dict(world.provider.jobs)
    apply_saved(world, plan)
    made.check()
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
@given(steps(PASSING))
@example([("declare", "b", 1), ("fault", "create", "not arrived"), ("crash", 12), ("declare", "b", 3)])
@example([("declare", "a", 2), ("run",), ("remove", "a"), ("declare", "b", 2)])
@example(
    [
        ("declare", "c", 2),
        ("run",),
        ("finish", "succeeded", 0),
        ("remove", "c"),
        ("run",),
        ("declare", "a", 2),
    ]
)
@example([("declare", "c", 2), ("run",), ("declare", "a", 2), ("remove", "c"), ("finish", "succeeded", 0)])
@example(
    [
        ("declare", "c", 2),
        ("run",),
        ("declare", "a", 2),
        ("fault", "create", "not arrived"),
        ("finish", "succeeded", 0),
        ("run",),
        ("remove", "c"),
    ]
)
@example(
    [
        ("declare", "d", 0),
        ("declare", "b", 3),
        ("run",),
        ("finish", "succeeded", 0),
        ("declare", "d", 3),
        ("remove", "b"),
    ]
)
def test_a_state_rebuilt_from_stamps_leaves_nothing_to_do(history: list[Step]) -> None:
    made = player()
    world = made.world
    world.declared["always"] = fine_tune("always")
    made.walk(history)
    world.apply()
    rested(made)
    assert not world.plan().effective_changes
    # A create that never arrived left no mark, so its number cannot be known again, and was nobody's.
    records = world.state().fine_tunes
    kept = {name: max(job.generation for job in one.jobs) for name, one in records.items() if one.jobs}
    jobs, lineage = set(world.provider.jobs), world.state().lineage
    # Nor is a number known that was counted on from under another name: only what the marks say is.
    stamps = [stamp for _, stamp in world.provider.ours()]
    marked = {name: max((one.generation for one in stamps if one.name == name), default=0) for name in kept}
    moved = {
        name for name in kept if any(world.provider.truth[one.id].name != name for one in records[name].jobs)
    }
    world.lose_state()
    manager = world.manager()
    state = manager.read()
    loaded, reviewed = world.look()
    found = rebuilt(state, reviewed.observations, loaded.fine_tunes, reviewed.plan, lost=True)
    manager.replace(found.state, None)
    # A stamp keeps the name from before a quiet rename: it is followed once more, and pays nothing.
    free = (Reason.RENAMED, Reason.RESTORED)
    assert [one for one in world.plan().effective_changes if one.reason not in free] == []
    world.apply()
    assert set(world.provider.jobs) == jobs
    after = world.state()
    assert after.lineage == lineage
    numbers = {name: record.generation for name, record in after.fine_tunes.items()}
    assert {name: number for name, number in numbers.items() if name not in moved} == {
        name: number for name, number in kept.items() if name not in moved
    }
    assert all(marked[name] <= numbers[name] for name in moved)
