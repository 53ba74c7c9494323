"""What is lost with a job that is stopped."""

from __future__ import annotations

from decimal import Decimal

import pytest
from msgspec import UNSET

from ftops.model.capabilities import NO_CAPABILITIES
from ftops.model.change import Action, Change, Reason, StoppedJob
from ftops.model.job import Job, JobStatus
from ftops.model.observation import Observation, ProviderFacts
from ftops.model.review import CostEstimate
from ftops.model.spending import Amount, Purchase
from ftops.model.state import Record, RecordedJob, State
from ftops.model.value import replace
from ftops.records.stake import progress_at, with_stakes

RUNNING = Job("j2", "local", JobStatus.RUNNING, created_at=1000.0, estimated_finish=2000.0)
MADE = RecordedJob("j1", "local", "f1", 1, 1, "n1", JobStatus.SUCCEEDED, fine_tuned_model="ft:made")
CURRENT = RecordedJob(
    "j2", "local", "f2", 2, 1, "n2", JobStatus.RUNNING,
    purchase=Purchase(estimate=Amount(Decimal(2), Decimal(4))),
)  # fmt: skip
RECORD = Record("local", "f2", 2, 1, job=CURRENT, history=(MADE,))
REPLACE = Change("a", Action.REPLACE, Reason.CHANGED, "", "local", job_id="j2")


def told(change: Change, record: Record = RECORD, *jobs: Job, now: float = 1250.0) -> Change:
    state = State("p", "l", fine_tunes={"a": record})
    seen = {"local": Observation(ProviderFacts("local", "openai", NO_CAPABILITIES), jobs)}
    [found] = with_stakes([change], state, seen, now)
    return found


@pytest.mark.parametrize(("now", "share"), [(1250.0, 0.25), (900.0, 0.0), (9000.0, 1.0)])
def test_progress_is_a_share_of_the_expected_time(now: float, share: float) -> None:
    assert progress_at(RUNNING, now) == share


@pytest.mark.parametrize(
    "job",
    [
        None,
        replace(RUNNING, estimated_finish=None),
        replace(RUNNING, created_at=None),
        replace(RUNNING, estimated_finish=1000.0),
    ],
)
def test_progress_that_nobody_tells_is_unknown(job: Job | None) -> None:
    assert progress_at(job, 1250.0) is None


def test_of_a_job_that_is_stopped_a_share_of_its_estimate_is_spent() -> None:
    found = told(REPLACE, RECORD, RUNNING)
    assert found.stopped == StoppedJob("running", 0.25, CostEstimate(0.5, 1.0, about=True))
    assert found.serves == "ft:made"


def test_without_an_estimate_or_a_list_it_is_unknown() -> None:
    unpriced = replace(RECORD, job=replace(CURRENT, purchase=None))
    assert told(REPLACE, unpriced, RUNNING).stopped == StoppedJob("running", 0.25, None)
    assert told(REPLACE, RECORD).stopped == StoppedJob("running", None, None)
    euros = Purchase(estimate=Amount(Decimal(2), Decimal(4), "EUR"))
    assert told(REPLACE, replace(RECORD, job=replace(CURRENT, purchase=euros)), RUNNING).stopped == (
        StoppedJob("running", 0.25, None)
    )


def test_a_job_that_nothing_knows_is_left_out() -> None:
    assert told(replace(REPLACE, job_id="j9")).stopped is UNSET


def test_what_is_kept_is_left_alone() -> None:
    kept = replace(REPLACE, action=Action.KEEP)
    assert told(kept, RECORD, RUNNING) is kept
