"""Which model serves: a table, and the law over random records."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftops.model.change import FieldDifference
from ftops.model.job import JobError, JobStatus
from ftops.model.state import Intent, Record, RecordedJob, State
from ftops.model.value import replace
from ftops.records.dependencies import rooted
from ftops.records.desired import DesiredSet
from ftops.records.serving import Lack, Output, Serving, serving, serving_job
from tests.simulator.world import World, dataset, fine_tune

ALTERED = (FieldDifference("method", "dpo", "supervised"),)


def job(number: int, status: JobStatus = JobStatus.SUCCEEDED, **more: object) -> RecordedJob:
    model = f"ft:{number}" if status is JobStatus.SUCCEEDED else None
    made = RecordedJob(
        f"j{number}", "p", f"fp{number}", number, 1, f"n{number}", status, fine_tuned_model=model
    )
    return replace(made, **more)  # type: ignore[arg-type]  # keywords of a test


def record(*jobs: RecordedJob, fingerprint: str | None = None, intent: Intent | None = None) -> Record:
    """Jobs in the order of the state: the current one, then the newest."""
    return Record(
        "p", fingerprint or jobs[0].fingerprint, 9, 1, {}, job=jobs[0], history=jobs[1:], intent=intent
    )


@pytest.mark.parametrize(
    ("jobs", "serves"),
    [
        ([job(1)], "j1"),
        ([job(2, JobStatus.RUNNING), job(1)], "j1"),
        ([job(2, JobStatus.FAILED), job(1)], "j1"),
        ([job(2, JobStatus.CANCELLED), job(1)], "j1"),
        ([job(3, JobStatus.FAILED), job(2, JobStatus.CANCELLED), job(1)], "j1"),
        # After a revert the older number is the newest record, also during what comes next.
        ([job(1), job(2)], "j1"),
        ([job(3, JobStatus.RUNNING), job(1), job(2)], "j1"),
        ([job(2, altered=ALTERED), job(1)], "j1"),
        ([job(2, detached=True), job(1)], "j1"),
        ([job(2, JobStatus.RUNNING), job(1, detached=True)], None),
        ([job(2, JobStatus.RUNNING), job(1, altered=ALTERED)], None),
        # Nobody's job: stopped too late, with neither a nonce nor a person's word.
        ([job(2, JobStatus.RUNNING), job(1, nonce=None)], None),
        ([job(2, JobStatus.RUNNING), job(1, nonce=None, accepted=True)], "j1"),
        ([job(1, nonce=None, accepted=True)], "j1"),
        ([job(2, fine_tuned_model=None), job(1)], "j1"),
        ([job(1, JobStatus.PENDING)], None),
        ([job(1, JobStatus.UNKNOWN)], None),
    ],
)
def test_the_model_of_the_newest_record_that_succeeded_serves(
    jobs: list[RecordedJob], serves: str | None
) -> None:
    found = serving_job(record(*jobs))
    assert (found.id if found else None) == serves


STATUSES = st.sampled_from(list(JobStatus))
JOBS = st.lists(
    st.builds(
        lambda status, detached, altered, stray: (status, detached, altered, stray),
        STATUSES,
        st.booleans(),
        st.booleans(),
        st.booleans(),
    ),
    min_size=1,
    max_size=6,
)


@given(JOBS)
def test_nothing_that_never_stood_for_it_serves_and_nothing_newer_was_passed_over(
    drawn: list[tuple[JobStatus, bool, bool, bool]],
) -> None:
    jobs = [
        job(
            number,
            status,
            detached=detached,
            altered=ALTERED if altered else (),
            nonce=None if stray and number else f"n{number}",
        )
        for number, (status, detached, altered, stray) in enumerate(drawn)
    ]
    found = serving_job(record(*jobs))
    sound = [one for one in jobs if one.fine_tuned_model and not (one.detached or one.altered) and one.nonce]
    assert found == next(iter(sound), None)


def served(world: World, *, whole: bool = True, read: bool = True) -> Serving:
    """What serves of a world's state, against what it declares."""
    paths = [file.path for one in world.declared.values() for _, file in one.data_files if file.path]
    data = {path: dataset(path) for path in paths if read}
    desired = DesiredSet(world.declared.values(), data, {"p": world.provider.facts})
    return serving(world.reviewed().planning.state, desired, {}, whole=whole)


def test_through_a_life_the_last_model_serves_and_says_whether_it_is_the_declared_one() -> None:
    world = World()
    world.declared["a"] = fine_tune("a")
    assert "not been created yet" in served(world).lacks["a"].why
    world.apply()
    assert not served(world).outputs
    world.provider.finish(JobStatus.SUCCEEDED)
    world.apply()
    first = served(world).outputs["a"]
    assert first.current
    assert not served(world).lacks
    world.declared["a"] = fine_tune("a", 2)
    assert served(world).lacks["a"].why == "what is declared has not been applied yet"
    world.apply()
    assert served(world).outputs["a"] == replace(first, current=False)
    assert "is pending" in served(world).lacks["a"].why
    world.provider.finish(JobStatus.FAILED)
    world.apply()
    assert served(world).outputs["a"] == replace(first, current=False)
    assert "has failed" in served(world).lacks["a"].why
    # The revert: the old one is declared again, and nothing is trained.
    world.declared["a"] = fine_tune("a")
    world.apply()
    assert served(world).outputs["a"] == first


def test_what_is_declared_no_more_serves_until_it_is_forgotten() -> None:
    world = World()
    world.declared["a"] = fine_tune("a")
    world.apply()
    world.provider.finish(JobStatus.SUCCEEDED)
    world.apply()
    world.declared.clear()
    found = served(world)
    assert not found.outputs["a"].current
    assert found.lacks["a"].why == "it is no longer declared"
    # Where manifests cannot be read, what was applied last is what is known to be declared.
    found = served(world, whole=False)
    assert found.outputs["a"].current
    assert found.assumed == {"a"}


def test_data_that_cannot_be_read_leaves_a_model_current_as_it_was_applied() -> None:
    world = World()
    world.declared["a"] = fine_tune("a")
    world.apply()
    world.provider.finish(JobStatus.SUCCEEDED)
    world.apply()
    found = served(world, read=False)
    assert found.outputs["a"].current
    assert found.assumed == {"a"}


def test_a_create_in_doubt_is_what_was_applied_last() -> None:
    intent = Intent("p", "n9", "fp9", 9, 1, {}, 0.0, 1.0)
    state = State("x", "l", 1, {"a": record(job(1), intent=intent)})
    found = serving(state, DesiredSet((), {}, {}), {}, whole=False)
    assert not found.outputs["a"].current
    assert "not known whether its create arrived" in found.lacks["a"].why


def test_why_there_is_none_says_how_its_job_ended() -> None:
    ended = job(1, JobStatus.FAILED, error=JobError("bad_data", "row 3"))
    state = State("x", "l", 1, {"a": record(ended)})
    lack = serving(state, DesiredSet((), {}, {}), {}, whole=False).lacks["a"]
    assert lack.why.startswith("job j1 has failed: ")
    assert "row 3" in lack.why
    assert lack.hint == "see `ftops events a`"


@pytest.mark.parametrize(
    ("only", "why", "hint"),
    [
        (
            job(1, altered=ALTERED),
            "job j1 trains, or has trained, with settings that differ from those sent",
            "see `ftops status a`",
        ),
        (job(1, JobStatus.RUNNING), "job j1 is running", "wait for it with `ftops apply --wait`"),
        (job(1, fine_tuned_model=None), "the provider names no model for job j1", "see `ftops events a`"),
        (job(1, JobStatus.FAILED), "job j1 has failed", "see `ftops events a`"),
        (job(1, JobStatus.CANCELLED), "job j1 was cancelled", "see `ftops events a`"),
    ],
)
def test_why_there_is_none_says_what_to_do_about_it(only: RecordedJob, why: str, hint: str) -> None:
    state = State("x", "l", 1, {"a": record(only)})
    found = serving(state, DesiredSet((), {}, {}), {}, whole=False)
    assert found.outputs == {}
    assert found.lacks["a"] == Lack(why, hint)


def test_a_model_that_serves_says_where_it_is_from() -> None:
    state = State("x", "l", 1, {"a": record(job(3))})
    found = serving(state, DesiredSet((), {}, {}), {}, whole=False)
    assert found.outputs == {"a": Output("a", "ft:3", "p", "j3", 3, current=True)}


def test_only_chains_that_end_in_a_model_are_compared() -> None:
    declared = {
        "a": fine_tune("a"),
        "b": fine_tune("b", 1, "a"),
        "c": fine_tune("c", 1, "nobody"),
        "d": fine_tune("d", 1, "e"),
        "e": fine_tune("e", 1, "d"),
    }
    assert sorted(rooted(declared)) == ["a", "b"]
