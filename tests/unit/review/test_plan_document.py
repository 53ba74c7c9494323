"""A plan's document reads back whole, and says by itself whether the plan may be applied."""

from __future__ import annotations

from pathlib import Path

import pytest

from ftops.errors import FtopsError, Problem
from ftops.model.change import Action, Change, Reason
from ftops.model.plan import Plan
from ftops.model.review import Review, Violation
from ftops.model.value import replace
from ftops.review.plan_document import error_document, parse_plan, plan_document
from ftops.review.plan_file import decode_plan_file, encode_plan_file
from tests.unit.report.examples import CHAINED_REVIEW, chained_plan

PLAN = Plan(
    "sim",
    "l",
    7,
    (Change("a", Action.CREATE, Reason.NEW, "new", "p", 1, 1, "f1:1"),),
    incomplete={"other": "page 2 failed"},
    notes=("two names train the same",),
    unmanaged=3,
    bindings={"data": {"a.jsonl": "abc"}},
)
REFUSED = Review(violations=(Violation("max_creates", "too many", "--allow creates=2 lifts it"),))


def test_everything_that_a_plan_says_is_read_back() -> None:
    for review in (Review(), REFUSED):
        read, reviewed = parse_plan(plan_document(PLAN, review))
        assert read == PLAN
        assert reviewed.violations == review.violations


def test_a_plan_that_is_refused_or_went_wrong_is_not_applicable() -> None:
    problem = Problem("is broken", "a.yaml", 1)
    assert plan_document(PLAN, Review())["applicable"]
    assert not plan_document(PLAN, REFUSED)["applicable"]
    document = plan_document(PLAN, Review(), [problem])
    assert (document["applicable"], len(document["errors"])) == (False, 1)
    assert document["state"] == {"lineage": "l", "serial": 7}


def test_a_run_without_a_plan_says_what_went_wrong_in_the_same_form() -> None:
    document = error_document([Problem("is broken", "a.yaml", 1)], "sim")
    assert document.keys() == plan_document(PLAN, Review()).keys()
    assert (document["project"], document["state"], document["complete"]) == ("sim", None, False)
    assert (document["applicable"], document["changes"], len(document["errors"])) == (False, [], 1)


def test_the_digest_is_of_all_else_in_it() -> None:
    first = plan_document(PLAN, Review())["digest"]
    assert first == plan_document(PLAN, Review())["digest"]
    assert first != plan_document(replace(PLAN, notes=()), Review())["digest"]


def test_a_file_that_holds_errors_is_no_plan_to_apply() -> None:
    document = plan_document(PLAN, Review())
    assert decode_plan_file(encode_plan_file(document), "here").applicable
    wrong = plan_document(PLAN, Review(), [Problem("is broken", "a.yaml", 1)])
    with pytest.raises(FtopsError, match="here holds errors, not a plan"):
        decode_plan_file(encode_plan_file(wrong), "here")


GOLDEN = Path(__file__).parents[2] / "golden/plan-document/v1"
KEPT = {"chained": (chained_plan(), CHAINED_REVIEW), "refused": (PLAN, REFUSED)}


def test_every_document_that_is_kept_is_looked_at() -> None:
    assert {path.stem for path in GOLDEN.glob("*.json")} == KEPT.keys()


@pytest.mark.parametrize("name", KEPT)
def test_a_document_of_format_1_is_read_for_ever_and_written_the_same(name: str) -> None:
    data = (GOLDEN / f"{name}.json").read_bytes()
    saved = decode_plan_file(data, "here")
    assert (saved.plan, saved.review) == KEPT[name]
    assert encode_plan_file(plan_document(saved.plan, saved.review)) == data
