"""What a reader of a plan is told: headline, alert, facts and rows."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftops.model.change import Action, Reason
from ftops.model.plan import Plan
from ftops.model.review import Review
from ftops.model.value import replace
from ftops.report.summarizing import summarized
from ftops.report.summary import MARKS, SIGNS, VERDICT_WORDS, Summary, Verdict, Word
from tests.unit.report.examples import HOSTILE, change, hostile_plan, plan_of
from tests.unit.report.summaries import (
    CLERK,
    GONE,
    KEPT,
    OFFERS,
    PLAN,
    REFUSED,
    REVIEW,
    UNREADABLE,
    VOICE,
    cost,
)

UNPRICED = replace(VOICE, estimated_cost=None)
HELD = change("vip-desk", Action.HOLD, "two jobs look like its create", reason=Reason.AMBIGUOUS_CREATE)
DARK = change("a", Action.HOLD, "no list", reason=Reason.UNREACHABLE)


def told(*changes: object, review: Review = REVIEW, **more: object) -> Summary:
    return summarized(replace(PLAN, base=None, changes=changes, **more), review)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("summary", "verdict", "headline"),
    [
        (told(*KEPT), "nothing", "changes nothing"),
        (told(CLERK), "trains", "trains 1 model for about $0.37"),
        (summarized(PLAN, REVIEW), "stops", "trains 6 models for about $4.79, stops 1 running job"),
        (
            told(UNPRICED, CLERK),
            "cost-unknown",
            "trains 2 models for at least $0.37; the cost of 1 is unknown",
        ),
        (told(UNPRICED), "cost-unknown", "trains 1 model; what it costs is unknown"),
        (told(CLERK, HELD), "held", "trains 1 model for about $0.37; 1 is held"),
        (
            summarized(PLAN, REFUSED),
            "refused",
            "blocked by 2 rules; would train 6 models for about $4.79, stop 1 running job",
        ),
        (
            summarized(replace(PLAN, changes=()), REVIEW, problems=UNREADABLE),
            "not-loaded",
            "cannot be planned; 1 error in 1 file",
        ),
        (
            told(DARK, incomplete={"oa": "answered in part"}),
            "not-planned",
            "not planned; oa could not be listed to the end",
        ),
        (
            told(CLERK, offline=True),
            "preview",
            "a preview without keys: 1 model would be trained for about $0.37",
        ),
        (told(OFFERS, GONE), "records", "trains nothing; 1 is renamed, 1 is forgotten"),
        (
            told(change("a", Action.CANCEL, "removed", reason=Reason.REMOVED, job_id="j")),
            "stops",
            "trains nothing, stops 1 running job",
        ),
    ],
)
def test_the_headline_says_what_happens_for_how_much_and_what_is_stopped(
    summary: Summary, verdict: str, headline: str
) -> None:
    assert (summary.verdict.value, summary.headline) == (verdict, headline)


def test_every_verdict_and_word_can_be_drawn() -> None:
    assert MARKS.keys() == VERDICT_WORDS.keys() == set(Verdict)
    assert SIGNS.keys() == set(Word)


def test_one_alert_says_what_is_lost_and_what_stays() -> None:
    alert = summarized(PLAN, REVIEW).alert
    assert alert is not None
    assert alert.lead == "night-report is running and would be stopped."
    assert alert.text == "It is at 34 %. About $0.57 is spent and lost; its last model stays."
    unknown = told(change("a", Action.CANCEL, "removed", job_id="j")).alert
    assert unknown is not None
    assert unknown.text == "How much of it is lost is not known; it has made no model yet."


def test_what_the_alert_does_not_say_is_a_fact_and_there_are_at_most_four() -> None:
    facts = {fact.lead: fact.text for fact in summarized(PLAN, REFUSED).facts}
    assert facts == {
        "Cost": "about $4.79: $3.00 at once, $1.79 for 3 that start later, when the base is ready. "
        "Limit of one apply: $25.00",
        "Stops": "1 running job: night-report, at 34 %",
        "Data": "5 of 480 rows in data/refunds.jsonl",
        "Kept": "every finished model; 4 of 12 fine-tunes as they are",
    }


def test_what_was_pending_already_is_not_blamed_on_the_branch() -> None:
    marked = [replace(one, brought=one.name != "house-voice") for one in (VOICE, CLERK)]
    summary = summarized(replace(PLAN, changes=tuple(marked)), REVIEW)
    assert summary.headline == "trains 1 model for about $0.37; 1 is pending already"
    assert [row.name for row in summary.rows] == ["refund-clerk"]
    assert [row.name for row in summary.pending] == ["house-voice"]
    assert summary.total.trainings == 1
    facts = {fact.lead: fact.text for fact in summary.facts}
    assert facts["Pending"] == (
        "1 training for about $0.94, due on main before this branch; the same apply does it"
    )
    rest: dict[str, Any] = {
        "brought": False,
        "action": Action.CANCEL,
        "reason": Reason.REMOVED,
        "job_id": "j",
    }
    for changes, words in (
        ([replace(HELD, brought=False)], "1 is held, due on main before this branch"),
        (
            [change("gone", **rest, message="removed")],
            "stops 1 running job, due on main before this branch; the same apply does it",
        ),
        (
            [replace(HELD, brought=False), replace(GONE, brought=False)],
            "1 is held, due on main before this branch; the same apply does it",
        ),
        (
            [replace(GONE, brought=False)],
            "records only, due on main before this branch; the same apply does it",
        ),
    ):
        odd = summarized(replace(PLAN, changes=(marked[1], *changes)), REVIEW)
        assert {fact.lead: fact.text for fact in odd.facts}["Pending"] == words
    steady = [replace(one, brought=False) for one in KEPT]
    calm = summarized(replace(PLAN, changes=(marked[1], *steady)), REVIEW)
    assert [fact.lead for fact in calm.facts] == ["Cost", "Data", "Kept"], "what is kept is not pending"
    quiet = summarized(replace(PLAN, changes=(marked[0], *KEPT)), REVIEW)
    assert quiet.headline == "this branch changes nothing; 1 is pending already"


def test_what_follows_stands_under_what_it_follows() -> None:
    rows = [(row.depth, row.word.value, row.name) for row in summarized(PLAN, REVIEW).rows]
    assert rows == [
        (0, "replace", "night-report"),
        (0, "create", "refund-clerk"),
        (0, "create", "house-voice"),
        (1, "later", "guest-answers"),
        (2, "later", "guest-answers-french"),
        (2, "later", "guest-answers-german"),
        (0, "update", "spa-offers"),
        (0, "forget", "route-night"),
    ]


def test_a_cause_is_the_difference_itself_or_a_count() -> None:
    causes = {row.name: row.why for row in summarized(PLAN, REVIEW).rows}
    assert causes["night-report"] == "learning_rate_multiplier: auto \u2192 0.5"
    assert causes["refund-clerk"] == "5 of 480 training rows"
    assert causes["guest-answers"] == "starts from the new house-voice"
    several = replace(VOICE, differences=VOICE.differences * 2)
    assert told(several).rows[0].why == "2 settings"
    assert told(change("a", spec={"model": "m"})).rows[0].why == "new, from m"
    removed = change("a", Action.FORGET, "removed; the model m stays", reason=Reason.REMOVED, serves="m")
    assert told(removed).rows[0].why == "removed; its model stays at the provider"


def test_a_document_that_goes_in_a_circle_loses_no_change() -> None:
    one, other = change("a", depends_on=("b",)), change("b", depends_on=("a",))
    itself = change("c", depends_on=("c",))
    assert sorted(row.name for row in told(one, other, itself).rows) == ["a", "b", "c"]


def test_chains_show_what_changes_and_its_neighbours() -> None:
    chains = summarized(PLAN, REVIEW).chains
    assert ("support-triage", "refund-clerk") in chains.edges
    assert {node.name: node.word for node in chains.nodes}["support-triage"] is None
    assert chains.models["house-voice"] == "gpt-4o-mini-2024-07-18"
    assert told(*KEPT).chains.nodes == ()


def test_sums_count_what_is_paid_now_and_later() -> None:
    total = summarized(PLAN, REVIEW).total
    assert (total.now, total.later, total.unknown) == (3, 3, 0)
    assert (total.known, total.known_now, total.known_later) == (cost(4.79), cost(3.0), cost(1.79))


@given(st.lists(st.sampled_from([*PLAN.changes, HELD, UNPRICED]), unique_by=lambda one: one.name))
def test_every_change_but_a_keep_is_one_row(changes: list[object]) -> None:
    plan = Plan("p", "l", 1, tuple(changes))  # type: ignore[arg-type]
    shown = [one.name for one in plan.changes if one.action is not Action.KEEP]
    summary = summarized(plan, Review())
    assert sorted(row.name for row in summary.rows) == sorted(shown)
    assert len(summary.facts) <= 4


def test_a_strangers_text_breaks_nothing() -> None:
    summary = summarized(hostile_plan(), Review())
    assert summary.rows[0].name in (HOSTILE, "b")
    assert summarized(plan_of(), Review()).verdict is Verdict.NOTHING
