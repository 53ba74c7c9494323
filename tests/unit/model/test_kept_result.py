"""What a state keeps of a trainer's result, whatever its log says."""

from __future__ import annotations

import pytest

from ftops.model.job import Job, JobStatus
from ftops.model.json_value import JSON, JSONObject
from ftops.model.kept_result import MOST_BYTES, kept_result
from ftops.model.state import RecordedJob, State
from ftops.state.statefile import decode, encode

DEEP: JSON = 1
for _ in range(1000):
    DEEP = [DEEP]


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ({"train_loss": 0.4, "steps": 3}, {"train_loss": 0.4, "steps": 3}),
        ({"train_loss": float("nan"), "valid_loss": float("inf")}, {"train_loss": None, "valid_loss": None}),
        ({"train_loss": 0.4, "log": "x" * MOST_BYTES}, {"train_loss": 0.4}),
        ({"deep": DEEP}, {}),
        ({"words": "\ud800"}, {}),
        ({}, {}),
    ],
    ids=["usual", "no number", "too long", "too deep", "no text", "none"],
)
def test_what_cannot_be_kept_is_left_out(told: JSONObject, kept: JSONObject) -> None:
    assert kept_result(told) == kept


def test_a_loss_that_is_no_number_is_taken_over_once_and_can_be_stored() -> None:
    told = Job("job-1", "p", JobStatus.SUCCEEDED, result={"train_loss": float("nan"), "seconds": 2})
    seen = RecordedJob("job-1", "p", f"f1:{'0' * 64}", 1, 1, "n", JobStatus.RUNNING).seen_as(told)
    assert seen.seen_as(told) is seen
    assert seen.result == {"train_loss": None, "seconds": 2}
    assert seen.seen_as(Job("job-1", "p", JobStatus.SUCCEEDED)).result == seen.result
    state = State("sim", "l", 1)
    assert decode(encode(state), "here") == state
