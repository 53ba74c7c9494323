"""What a person says of a job uses no number twice, and every hold names the commands that settle it."""

from __future__ import annotations

from ftops.model.change import Reason
from ftops.model.job import Job
from ftops.model.value import replace
from ftops.records.surgery import take_over
from tests.simulator.world import World, fine_tune


def twin_of_the_only_job(world: World) -> Job:
    """Let a job appear that looks just like the one that is there."""
    (job,) = world.provider.jobs.values()
    world.provider.jobs["by-hand"] = replace(job, id="by-hand")
    return world.provider.jobs["by-hand"]


def test_a_job_taken_over_by_hand_leaves_the_numbers_of_a_create_that_never_arrived_unused() -> None:
    other = World("openai_legacy")
    other.declared["a"] = fine_tune("a")
    other.apply()
    job = twin_of_the_only_job(other)
    world = World("openai_legacy")
    world.declared["a"] = fine_tune("a")
    world.provider.faults["create"] = ["quota"]
    world.apply()
    state = world.state()
    lapsed = state.fine_tunes["a"].intent
    assert lapsed is not None
    (change,) = world.plan().changes
    record = take_over(state, world.declared["a"], change, job).fine_tunes["a"]
    assert record.intent is None
    assert lapsed.nonce in record.spent_nonces
    assert record.job is not None
    assert record.job.generation > lapsed.generation


def test_a_hold_names_each_job_that_it_could_be_in_a_command_of_its_own() -> None:
    world = World("openai_legacy")
    world.declared["a"] = fine_tune("a")
    world.apply()
    twin_of_the_only_job(world)
    world.lose_state()
    (change,) = world.plan().changes
    assert change.reason is Reason.LOOKALIKE
    for job_id in world.provider.jobs:
        assert f"`ftops resolve a --job {job_id}`" in change.message
        assert f"`ftops resolve a --not-mine {job_id}`" in change.message
    assert world.plan().unmanaged == 0
