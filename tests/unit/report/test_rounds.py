"""What a log and a document say of a round."""

from __future__ import annotations

import json

import jsonschema
import pytest

from ftops.errors import ExitCode, Problem
from ftops.manifests.schema import schema_text
from ftops.model.ack import Ack
from ftops.model.change import Action, Change, Reason
from ftops.model.event import ChangeResult, Event, EventKind, Outcome
from ftops.model.plan import Plan, PlanFacts
from ftops.model.review import Violation
from ftops.model.value import replace
from ftops.report.rounds import LogLine, RoundFacts, event_line, round_document, round_lines
from ftops.review.alarms import failure_of

VALIDATOR = jsonschema.Draft7Validator(json.loads(schema_text("reconcile")))
NOW = 1_795_895_553.25


def change(name: str, action: Action, reason: Reason) -> Change:
    return Change(name, action, reason, f"{name} because", "local")


RUNNING = change("r", Action.KEEP, Reason.IN_PROGRESS)
WAITING = change("w", Action.WAIT, Reason.WAITING_FOR)
HELD = tuple(change(f"h{n}", Action.HOLD, Reason.FAILED) for n in range(7))
MADE = change("c", Action.CREATE, Reason.NEW)
PLAN = Plan("p", "l", 1, (RUNNING, WAITING, *HELD), facts=PlanFacts(declared=10))
QUIET = RoundFacts("id", "p", NOW, 0.25, "done", ExitCode.JOB_FAILED, PLAN)
NO_PLAN = replace(QUIET, plan=None)


def lines(told: RoundFacts) -> list[str]:
    return [f"{line.level} {line.message}" for line in round_lines(told)]


def test_a_round_that_did_nothing_is_one_line_of_bounded_length() -> None:
    held = "7 held (h0: failed, h1: failed, h2: failed, h3: failed, h4: failed, 2 more)"
    assert lines(QUIET) == [
        f"warning 10 fine-tunes: nothing to do; 1 running; 1 waiting (1 waiting-for); {held} (0.2 s)"
    ]


def test_what_was_done_is_counted_and_why_not_comes_first() -> None:
    results = (ChangeResult(MADE, Outcome.DONE, "j"), ChangeResult.why(MADE, Outcome.FAILED, "no"))
    plan = replace(PLAN, changes=(MADE,), incomplete={"local": "it is away"})
    told = replace(QUIET, plan=plan, results=results, code=ExitCode.ERROR)
    assert lines(told) == [
        "warning nothing is done at provider local: it is away",
        "error 10 fine-tunes: 1 done, 1 failed (0.2 s)",
    ]
    refused = replace(QUIET, violations=(Violation("max-creates", "too many", "lift it"),))
    assert lines(refused)[0] == "error refused: too many (lift it)"
    assert "refused, nothing was done" in lines(refused)[1]


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (
            replace(QUIET, plan=None, holder="ana@x (pid 1, apply)", code=ExitCode.NOTHING),
            "info standing by: ",
        ),
        (
            replace(QUIET, plan=None, problems=(Problem("oops", "a.yaml"),), code=ExitCode.ERROR),
            "error a.yaml",
        ),
    ],
)
def test_a_round_without_a_plan_is_one_line_too(told: RoundFacts, said: str) -> None:
    (line,) = lines(told)
    assert line.startswith(said)


def test_every_document_is_valid_and_sorts_changes_by_what_is_to_be_done() -> None:
    document = round_document(replace(QUIET, results=(ChangeResult.why(MADE, Outcome.FAILED, "no"),)))
    VALIDATOR.validate(document)
    assert [one["name"] for one in document["needs_person"]] == [one.name for one in HELD]
    assert [one["name"] for one in document["waiting"]] == ["w"]
    assert [one["name"] for one in document["failed"]] == ["c"]
    VALIDATOR.validate(round_document(replace(QUIET, plan=None)))


def test_what_somebody_knows_about_is_told_apart() -> None:
    known = {"h0": Ack((failure_of(HELD[0]),), "looked at", "ana", NOW - 60, NOW + 60)}
    told = replace(QUIET, plan=replace(PLAN, changes=HELD[:2]), acks=known, at=NOW)
    assert lines(told) == [
        "warning 10 fine-tunes: nothing to do; 1 held (h1: failed); 1 acknowledged (0.2 s)"
    ]
    document = round_document(told)
    VALIDATOR.validate(document)
    assert [one["name"] for one in document["needs_person"]] == ["h1"]
    assert [one["name"] for one in document["acknowledged"]] == ["h0"]
    assert round_document(replace(told, at=NOW + 61))["acknowledged"] == []


def test_a_problem_that_somebody_knows_about_is_no_error_in_the_log() -> None:
    held = replace(HELD[0], reason=Reason.INVALID_DATA, problems=(Problem("bad row", "a.jsonl", 3),))
    known = {"h0": Ack((failure_of(held),), "looked at", "ana", NOW - 60, NOW + 60)}
    told = replace(QUIET, plan=replace(PLAN, changes=(held,)), acks=known, at=NOW)
    assert lines(told)[0] == "info a.jsonl:3: bad row"
    assert lines(replace(told, at=NOW + 61))[0] == "error a.jsonl:3: bad row"


@pytest.mark.parametrize(("kind", "level"), [("change-failed", "error"), ("unmarked", "warning")])
def test_an_event_knows_its_fine_tune_and_job(kind: str, level: str) -> None:
    line = event_line(Event(EventKind(kind), NOW, "words", MADE, "job-1"))
    assert line == LogLine(level, "words", {"event": kind, "fine_tune": "c", "job": "job-1"})
