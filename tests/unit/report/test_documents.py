"""Every document can be written, is valid, and its digest is of what is written."""

from __future__ import annotations

import json
import math

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftops.errors import Problem
from ftops.manifests.schema import schema_text
from ftops.model.change import Action, Reason
from ftops.model.event import ChangeResult, Outcome
from ftops.model.fingerprint import digest
from ftops.model.job import JobStatus
from ftops.model.json_text import json_text, writable
from ftops.model.review import CostEstimate, Review, Violation
from ftops.model.state import Record, RecordedJob, State
from ftops.model.value import replace
from ftops.report.documents import status_document
from ftops.report.status import status_rows
from ftops.review.forecast import Forecast
from ftops.review.plan_document import apply_document, error_document, parse_plan, plan_document
from ftops.review.plan_file import decode_plan_file, encode_plan_file
from tests.unit.report.examples import (
    CHAINED_REVIEW,
    HOSTILE,
    chained_plan,
    change,
    hostile_plan,
    plan_of,
)

VALIDATOR = jsonschema.Draft7Validator(json.loads(schema_text("plan")))


def refuse(word: str) -> None:
    raise AssertionError(word)


def test_hostile_documents_are_written_valid_and_digested_as_written() -> None:
    plan = hostile_plan()
    review = Review((Violation(HOSTILE, HOSTILE, HOSTILE),))
    results = (ChangeResult(plan.changes[0], Outcome.FAILED, HOSTILE, (Problem(HOSTILE),), HOSTILE),)
    problems = (Problem(HOSTILE, HOSTILE, 1, 1, HOSTILE, HOSTILE),)
    for document in (
        plan_document(plan, review, problems),
        apply_document(plan, review, results, problems),
        error_document(problems, HOSTILE),
    ):
        written = json.loads(json_text(document).encode(), parse_constant=refuse)
        VALIDATOR.validate(written)
        assert written.pop("digest") == digest(written)
        assert written["errors"][0]["line"] == 1
        assert json.loads(json_text(document, ascii_only=True).encode("ascii")) == written | {
            "digest": document["digest"]
        }


@pytest.mark.parametrize(("low", "high"), [(1.0, math.inf), (math.nan, 1.0), (math.nan, math.inf)])
def test_a_cost_without_bounds_is_not_an_estimate(low: float, high: float) -> None:
    with pytest.raises(ValueError, match="unknown cost"):
        CostEstimate(low, high)


@given(st.text(st.characters(exclude_categories=()), max_size=9))
def test_any_text_becomes_writable_and_good_text_stays(text: str) -> None:
    written = writable(text)
    written.encode()
    if not any(0xD800 <= ord(sign) < 0xE000 for sign in text):
        assert written == text


def test_a_plan_with_errors_is_not_applicable_and_an_incomplete_one_reads_back_incomplete() -> None:
    plan = plan_of(change())
    assert plan_document(plan, Review())["applicable"] is True
    assert plan_document(plan, Review(), (Problem("it broke"),))["applicable"] is False
    read, _ = parse_plan(plan_document(replace(plan, incomplete={"p": "page 2 failed"}), Review()))
    assert (read.complete, read.incomplete) == (False, {"p": "page 2 failed"})


FROM_50_TO_80_CENTS = {
    "low": 0.5,
    "high": 0.8,
    "currency": "USD",
    "about": False,
    "because": [],
    "price": None,
}


def test_what_follows_is_in_the_document_and_reads_back() -> None:
    document = plan_document(chained_plan(), CHAINED_REVIEW)
    VALIDATOR.validate(json.loads(json_text(document)))
    assert document["changes"][1]["then"] == {
        "action": "create",
        "reason": "changed",
        "message": "its base model changes",
        "generation": 2,
        "attempt": 1,
        "data": [
            {
                "role": "training",
                "path": "data/b.jsonl",
                "file_id": None,
                "sha256": "0" * 64,
                "bytes": 2048,
                "examples": 60,
                "url": None,
            }
        ],
        "estimated_cost": FROM_50_TO_80_CENTS,
        "afterwards": [],
    }
    assert {key: document["summary"][key] for key in ("later", "stopped", "cancel")} == {
        "later": 1,
        "stopped": 2,
        "cancel": 0,
    }
    assert document["review"]["estimated_cost_later"] == FROM_50_TO_80_CENTS
    assert document["review"]["same_training"] == [["base", "below", "revert"]]
    saved = decode_plan_file(encode_plan_file(document), "plan.json")
    assert (saved.plan, saved.review) == (chained_plan(), CHAINED_REVIEW)


def recorded(job_id: str, status: JobStatus) -> RecordedJob:
    return RecordedJob(job_id, "p", "f1:f", 2, 1, nonce=None, status=status)


def test_the_row_of_a_name_shows_its_current_job_not_a_stray() -> None:
    record = Record(
        provider="p", fingerprint="f1:f", generation=2, attempt=1,
        spec={"model": "m"}, job=recorded("job-2", JobStatus.RUNNING),
    )  # fmt: skip
    state = State("demo", "l", fine_tunes={"a": record})
    stray = change("a", Action.CANCEL, "runs although", reason=Reason.SUPERSEDED, job_id="job-1")
    kept = change(
        "a", Action.KEEP, "the job is running", reason=Reason.IN_PROGRESS, job_id="job-2", spec={"model": "m"}
    )
    for plan in (plan_of(stray, kept), plan_of(kept, stray)):
        (row,) = status_document(status_rows(plan, state), Forecast("2026-11"))["fine_tunes"]
        assert (row["job_id"], row["status"]) == ("job-2", "running")
        assert (row["reason"], row["message"]) == ("in-progress", "the job is running")
