"""Which names the options of a run come to, and what is said where they come to none."""

from __future__ import annotations

import pytest

from ftops.errors import UsageError
from ftops.model.commit import Commit
from ftops.model.finetune import FineTune
from ftops.model.plan import Plan, PlanFacts
from ftops.model.state import Record, State
from ftops.model.value import replace
from ftops.review.selection import ANY_COMMIT, Selection, selected_names, unmatched
from tests.simulator.world import fine_tune


def labelled(name: str, **labels: str) -> FineTune:
    return replace(fine_tune(name), labels=labels)


DECLARED = (labelled("a", team="x", tier="1"), labelled("b", team="y"), labelled("c"))
STATE = State("sim", "l", fine_tunes={"gone": Record("p", "f1:1", 1, 1, {}, labels={"team": "z"})})


@pytest.mark.parametrize(
    ("selection", "names"),
    [
        (Selection(), None),
        (Selection(exactly=frozenset({"a"})), {"a"}),
        (Selection(("a", "gone")), {"a", "gone"}),
        (Selection(labels={"team": "x"}), {"a"}),
        (Selection(labels={"team": "z"}), {"gone"}),
        (Selection(labels={"team": "x", "tier": "2"}), set()),
        (Selection(("c",), {"team": "y"}), {"b", "c"}),
    ],
)
def test_targets_and_labels_come_to_names(selection: Selection, names: set[str] | None) -> None:
    assert selected_names(selection, DECLARED, STATE) == names


def test_a_target_that_nobody_knows_is_refused() -> None:
    with pytest.raises(UsageError, match="no fine-tune is named d"):
        selected_names(Selection(("d",)), DECLARED, STATE)


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ({}, []),
        ({"team": "x"}, []),
        ({"team": "z"}, []),
        ({"team": "q"}, ["no fine-tune has the label team=q; known: team=x, team=y, team=z"]),
        ({"owner": "q"}, ["no fine-tune has the label owner=q; their labels are team, tier"]),
        (
            {"team": "x", "tier": "2"},
            ["no fine-tune has all of the labels team=x, tier=2; known: team=x, team=y, team=z, tier=1"],
        ),
    ],
)
def test_labels_that_choose_nothing_are_said_with_those_there_are(
    labels: dict[str, str], said: list[str]
) -> None:
    assert list(unmatched(Selection(labels=labels), DECLARED, STATE)) == said


def test_a_project_without_labels_says_so_and_a_long_list_is_cut() -> None:
    none = unmatched(Selection(labels={"team": "x"}), (fine_tune("a"),), State("sim", "l"))
    assert list(none) == ["no fine-tune has the label team=x; none has a label"]
    many = [labelled(f"a{number:02}", team=f"t{number:02}") for number in range(12)]
    (said,) = unmatched(Selection(labels={"team": "x"}), many, State("sim", "l"))
    assert said.endswith("t08, team=t09 and 2 more")


def test_what_may_be_older_is_bound_to_the_commit_that_the_plan_showed() -> None:
    shown = Commit("b" * 40, 1)
    plan = Plan("sim", "l", 1, (), facts=PlanFacts(older_than=shown))
    anything = Selection(allow_older=ANY_COMMIT)
    assert anything.accepts(shown)
    bound = anything.as_shown(plan)
    assert bound.accepts(shown)
    assert not bound.accepts(Commit("c" * 40, 2))
    assert bound.as_shown(replace(plan, facts=PlanFacts(older_than=Commit("c" * 40, 2)))) == bound
    nothing = anything.as_shown(replace(plan, facts=PlanFacts()))
    assert not nothing.accepts(shown)
    assert not Selection().accepts(shown)
    assert not anything.accepts(None)
