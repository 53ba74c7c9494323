"""What one look at the providers changes in the records."""

from __future__ import annotations

import pytest

from ftops.model.job import Job, JobStatus, Stamp
from ftops.model.observation import Observation, ProviderFacts
from ftops.model.state import ArchivedRecord, Record, RecordedJob, SentRequest, State
from ftops.model.value import replace
from ftops.providers.registry import dialects
from ftops.records.desired import DesiredSet
from ftops.records.settling import Settled, settle

FACTS = ProviderFacts("p", "openai", dialects()["openai"].capabilities)
STAMP = Stamp("sim", "l", "a", "f1:1", 1, 1, "n1")
ASKED = SentRequest("p", {"model": "m"}, ())
JOB = RecordedJob("j1", "p", "f1:1", 1, 1, "n1", JobStatus.RUNNING, request=ASKED)
SHOWN = Job("j1", "p", JobStatus.RUNNING, model="m")


def settled(seen: Observation, job: RecordedJob = JOB, now: float = 50.0) -> Settled:
    state = State("sim", "l", fine_tunes={"a": Record("p", "f1:1", 1, 1, {}, job=job)})
    return settle(state, DesiredSet((), {}, {"p": FACTS}), {"p": seen}, now)[0]


@pytest.mark.parametrize(
    ("seen", "unmarked"),
    [
        (Observation(FACTS, (SHOWN,), retrieved=frozenset({"j1"})), True),
        (Observation(FACTS, (replace(SHOWN, stamp=STAMP),), retrieved=frozenset({"j1"})), False),
        (Observation(FACTS, (SHOWN,)), False),
    ],
)
def test_a_provider_whose_retrieve_lacks_the_mark_is_unmarked_from_then_on(
    seen: Observation, *, unmarked: bool
) -> None:
    state = settled(seen).state
    assert state.unmarked("p") is unmarked
    if unmarked:
        assert state.providers["p"].unmarked_since == 50.0


def test_a_job_that_was_not_made_by_us_says_nothing_of_marks() -> None:
    seen = Observation(FACTS, (SHOWN,), retrieved=frozenset({"j1"}))
    assert not settled(seen, replace(JOB, request=None)).state.unmarked("p")
    assert not settled(seen, replace(JOB, nonce=None)).state.unmarked("p")


@pytest.mark.parametrize(
    ("seen", "job", "since", "newly"),
    [
        (Observation(FACTS, gone=frozenset({"j1"})), JOB, 50.0, 1),
        (Observation(FACTS, gone=frozenset({"j1"})), replace(JOB, missing_since=9.0), 9.0, 0),
        (Observation(FACTS, gone=frozenset({"j1"}), complete=False), JOB, None, 0),
        (Observation(FACTS), JOB, None, 0),
        (Observation(FACTS, (replace(SHOWN, stamp=STAMP),)), replace(JOB, missing_since=9.0), None, 0),
    ],
)
def test_a_job_is_missing_from_the_first_complete_list_and_retrieve_that_lack_it(
    seen: Observation, job: RecordedJob, since: float | None, newly: int
) -> None:
    found = settled(seen, job)
    (kept,) = found.state.fine_tunes["a"].jobs
    assert (kept.missing_since, found.newly_missing, found.known_active) == (since, newly, 1)


def test_a_job_that_has_ended_is_not_missed() -> None:
    ended = replace(JOB, status=JobStatus.SUCCEEDED, fine_tuned_model="ft:m")
    found = settled(Observation(FACTS, gone=frozenset({"j1"})), ended)
    assert found.state.fine_tunes["a"].job == ended
    assert (found.newly_missing, found.known_active) == (0, 0)


def test_an_archived_job_is_followed_too() -> None:
    state = State("sim", "l", archive={"a": ArchivedRecord(1, (replace(JOB, detached=True),))})
    seen = Observation(FACTS, (replace(SHOWN, status=JobStatus.SUCCEEDED, fine_tuned_model="ft:m"),))
    after = settle(state, DesiredSet((), {}, {"p": FACTS}), {"p": seen}, 50.0)[0].state
    (kept,) = after.archive["a"].jobs
    assert (kept.status, kept.fine_tuned_model, kept.detached) == (JobStatus.SUCCEEDED, "ft:m", True)


def test_an_earlier_job_is_followed_although_the_current_one_stands_still() -> None:
    earlier = replace(JOB, id="j0", nonce="n0")
    record = Record("p", "f1:1", 2, 1, {}, job=JOB, history=(earlier,))
    state = State("sim", "l", fine_tunes={"a": record})
    shown = (replace(SHOWN, model=None), replace(SHOWN, id="j0", model=None, status=JobStatus.CANCELLED))
    after = settle(state, DesiredSet((), {}, {"p": FACTS}), {"p": Observation(FACTS, shown)}, 50.0)[0].state
    ended = replace(earlier, status=JobStatus.CANCELLED, finished_at=50.0)
    assert after.fine_tunes["a"] == replace(record, history=(ended,))
