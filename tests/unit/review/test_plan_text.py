"""The document that is written piece by piece is the one that is made whole, and no piece comes unseen."""

from __future__ import annotations

import math

import pytest

from ftops.errors import SecretExposed
from ftops.model.change import Action, Change, FieldDifference, Reason
from ftops.model.json_text import json_text
from ftops.model.plan import Plan
from ftops.model.review import Review, Violation
from ftops.model.value import replace
from ftops.review.plan_document import plan_document
from ftops.review.plan_text import AT_ONCE, plan_text
from tests.unit.report.examples import CHAINED_REVIEW, HOSTILE, chained_plan, hostile_plan

CHANGE = Change("a", Action.CREATE, Reason.NEW, "new", "p", 1, 1, "f1:1", spec={"seed": 3, "x": [1.0, None]})
PLAN = Plan("sim", "l", 7, (CHANGE,), notes=('\n  "changes": []',), bindings={"changes": []})
ODD = replace(
    CHANGE,
    spec={"rate": 1e-05, "none": math.nan},
    differences=(FieldDifference("rate", math.inf, "\ud83d"),),
)
REFUSED = Review(violations=(Violation(HOSTILE, HOSTILE, HOSTILE),))


@pytest.mark.parametrize(
    ("plan", "review"),
    [
        (PLAN, Review()),
        (replace(PLAN, changes=()), Review()),
        (replace(PLAN, changes=(ODD, CHANGE)), Review()),
        (chained_plan(), CHAINED_REVIEW),
        (hostile_plan(), REFUSED),
        *(
            (replace(PLAN, changes=tuple(replace(CHANGE, name=f"n{n}") for n in range(count))), Review())
            for count in (AT_ONCE - 1, AT_ONCE, 2 * AT_ONCE + 1)
        ),
    ],
)
def test_the_pieces_are_the_document(plan: Plan, review: Review) -> None:
    pieces = list(plan_text(plan, review, lambda _: None))
    assert "".join(pieces) == json_text(plan_document(plan, review))
    assert len(pieces) >= len(plan.changes) / AT_ONCE


@pytest.mark.parametrize("place", ["changes", "notes"])
def test_nothing_is_written_of_a_document_that_is_refused(place: str) -> None:
    held = {
        "changes": replace(PLAN, changes=(*[CHANGE] * AT_ONCE, replace(CHANGE, message="sk-live"))),
        "notes": replace(PLAN, notes=("sk-live",)),
    }

    def refuse(text: str) -> None:
        if "sk-live" in text:
            raise SecretExposed("no")

    pieces = plan_text(held[place], Review(), refuse)
    with pytest.raises(SecretExposed):
        next(pieces)
