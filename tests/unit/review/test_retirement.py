"""What a plan trains that will not last: warned of, or refused where it is too near or nothing is taken."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime

import pytest

from ftops.model.capabilities import NO_CAPABILITIES
from ftops.model.change import Action, Change, Reason, Then
from ftops.model.finetune import DataFile, FineTune, Source, Upstream
from ftops.model.model_dates import ModelDates
from ftops.model.observation import ProviderFacts
from ftops.model.plan import Plan
from ftops.model.project import Limits
from ftops.model.retirement import Confidence, Precision, Retirement, What
from ftops.model.review import Review
from ftops.model.value import replace
from ftops.providers.retirements import known_retirements
from ftops.review.check import review
from ftops.review.endings import ITS_API, Calendar
from ftops.review.retirement import Ends
from ftops.review.rules import Allowed

TODAY = date(2026, 11, 28)
ROWS = known_retirements().retirements


def tune(name: str, model: str | Upstream) -> FineTune:
    return FineTune(name, "oa", model, (DataFile("d.jsonl"),), source=Source("j.yaml", 1))


def create(name: str, provider: str = "oa", method: str = "supervised") -> Change:
    return Change(name, Action.CREATE, Reason.NEW, "new", provider, 1, 1, "f1:1", spec={"method": method})


def facts(service: str | None, name: str = "oa", *, allow_closed: bool = False) -> ProviderFacts:
    return ProviderFacts(name, "openai", NO_CAPABILITIES, service=service, allow_closed=allow_closed)


def judged(*changes: Change, ends: Ends) -> Review:
    return review(Plan("p", "l", 1, changes), Allowed(Limits(), ends=ends))


def ends(
    service: str | None = "openai",
    model: str = "gpt-4o-mini",
    *,
    today: date = TODAY,
    horizon: float | None = None,
    allow_closed: bool = False,
    told: Mapping[str, ModelDates] | None = None,
    rows: tuple[Retirement, ...] = ROWS,
) -> Ends:
    return Ends(
        today,
        Calendar(rows, {"oa": told or {}}),
        {"oa": facts(service, allow_closed=allow_closed)},
        {"a": tune("a", model), "b": tune("b", Upstream("a")), "c": tune("c", model)},
        horizon,
    )


def moment(day: date) -> float:
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()


def test_a_create_is_warned_of_what_ends_when_with_the_source() -> None:
    (warned,) = judged(create("a"), create("c"), ends=ends()).warnings
    assert warned.message == (
        "a, c (gpt-4o-mini at oa): no new jobs for organizations that have never run a fine-tuning job "
        "since 2026-05-07 (205 days ago); no new jobs for organizations without inference on a fine-tuned "
        "model in the last 60 days since 2026-07-02 (149 days ago); "
        "no new jobs from 2027-01-06 (in 39 days); "
        "fine-tuned models of gpt-4o-mini-2024-07-18 end on 2027-01-14 (in 47 days). Source: "
        "https://developers.openai.com/api/docs/deprecations#update-to-openais-self-serve-fine-tuning "
        "(read 2026-06-27), https://developers.openai.com/api/docs/deprecations (read 2026-11-05)"
    )
    assert (warned.names, warned.provider, warned.model) == (("a", "c"), "oa", "gpt-4o-mini")
    assert [(one.what, str(one.date)) for one in warned.endings][2:] == [
        (What.CREATES, "2027-01-06"),
        (What.BASE, "2027-01-14"),
        (What.TUNED, "2027-01-14"),
    ]


def test_what_is_closed_for_some_is_not_refused() -> None:
    assert judged(create("a"), ends=ends()).violations == ()


def test_a_server_of_ones_own_is_nobody_of_the_table() -> None:
    found = judged(create("a"), ends=ends(service=None, horizon=600))
    assert (found.warnings, found.violations) == ((), ())


def test_what_follows_later_and_what_continues_a_chain_count_too() -> None:
    then = Then(Action.CREATE, Reason.WAITING_FOR, "then", 1, 1)
    waiting = replace(create("b"), action=Action.WAIT, then=then)
    found = judged(waiting, ends=ends(horizon=60))
    assert found.warnings[0].names == ("b",)
    assert [one.rule for one in found.violations] == ["retirement_horizon"]
    kept = judged(replace(create("a"), action=Action.KEEP), ends=ends(horizon=60))
    assert (kept.warnings, kept.violations) == ((), ())


@pytest.mark.parametrize(("days", "refused"), [(47, False), (48, True), (60, True)])
def test_a_model_that_ends_within_the_horizon_is_refused(days: float, refused: bool) -> None:
    violations = judged(create("a"), ends=ends(horizon=days)).violations
    assert [one.rule for one in violations] == ["retirement_horizon"] * refused
    if refused:
        assert violations[0].message == (
            "a: fine-tuned models of gpt-4o-mini at oa end on 2027-01-14 (in 47 days), and the horizon is "
            f"{days:g} days, says https://developers.openai.com/api/docs/deprecations (read 2026-11-05)"
        )


def test_the_day_after_openai_closes_a_create_is_refused_in_one_sentence() -> None:
    assert judged(create("a"), ends=ends(today=date(2027, 1, 5))).violations == ()
    (found,) = judged(create("a"), ends=ends(today=date(2027, 1, 6), horizon=1)).violations
    assert found.rule == "closed"
    assert found.message == (
        "a: oa has taken no new jobs since 2027-01-06, says "
        "https://developers.openai.com/api/docs/deprecations#update-to-openais-self-serve-fine-tuning "
        "(read 2026-06-27)"
    )
    assert found.hint == (
        "train at another provider, or set allow_closed: true under oa in ftops.yaml "
        "if it still takes your jobs"
    )


def test_what_only_follows_later_stops_no_plan_before_its_turn() -> None:
    then = Then(Action.CREATE, Reason.WAITING_FOR, "then", 1, 1)
    waiting = replace(create("b"), action=Action.WAIT, then=then)
    late = ends(today=date(2027, 1, 6))
    alone = judged(waiting, ends=late)
    assert alone.violations == ()
    assert "no new jobs since 2027-01-06 (today)" in alone.warnings[0].message
    (found,) = judged(create("a"), waiting, ends=late).violations
    assert found.message.startswith("a, b: oa has taken no new jobs since 2027-01-06")


def test_an_agreement_lengthens_no_models_life() -> None:
    dead = ends(model="gpt-4.1-nano", allow_closed=True, horizon=60)
    (found,) = judged(create("a"), ends=dead).violations
    assert found.rule == "retirement_horizon"


def test_who_has_an_agreement_may_say_so() -> None:
    found = judged(create("a"), ends=ends(today=date(2027, 1, 6), allow_closed=True))
    assert found.violations == ()
    assert "no new jobs since 2027-01-06 (today)" in found.warnings[0].message


def test_closed_by_the_latest_and_closed_by_method() -> None:
    (found,) = judged(create("a"), ends=ends("mistral")).violations
    assert found.message.startswith(
        "a: oa has taken no new jobs since at the latest 2026-03-27, says https://docs."
    )
    for method, refused in (("supervised", True), ("dpo", True), ("reinforcement", False)):
        found_now = judged(create("a", method=method), ends=ends("fireworks"))
        assert bool(found_now.violations) is refused
        assert found_now.warnings


def test_a_model_that_has_ended_is_refused_though_new_jobs_are_taken() -> None:
    (found,) = judged(create("a"), ends=ends(model="gpt-4.1-nano", horizon=60)).violations
    assert found.message.startswith(
        "a: gpt-4.1-nano and its fine-tuned models ended at oa on 2026-10-23, says "
    )


def test_a_tuned_model_is_known_by_its_base() -> None:
    (warned,) = judged(create("a"), ends=ends(model="ft:gpt-4o-mini-2024-07-18:acme:x:1")).warnings
    assert "fine-tuned models of gpt-4o-mini-2024-07-18 end on 2027-01-14" in warned.message


def test_what_only_some_customers_lose_refuses_nobody() -> None:
    found = judged(create("a"), ends=ends("azure_openai", "o4-mini"))
    assert found.violations == ()
    message = found.warnings[0].message
    of = "no new jobs on o4-mini-2025-04-16 for"
    assert "the base model o4-mini-2025-04-16 ended on 2026-10-16 (43 days ago)" in message
    assert f"{of} customers who are not existing ones since 2026-10-16 (43 days ago)" in message
    assert f"{of} existing customers not before 2027-04-16 (in 139 days)" in message


def test_a_guess_refuses_nobody() -> None:
    row = Retirement(
        "openai",
        "job_creation",
        "*",
        "closed",
        Precision.EXACT,
        "everyone",
        "https://a.example",
        "2026",
        Confidence.INFERRED,
        date(2026, 1, 1),
    )
    found = judged(create("a"), ends=ends(rows=(row,)))
    assert found.violations == ()
    assert "https://a.example (read 2026, inferred)" in found.warnings[0].message
    official = replace(row, confidence=Confidence.OFFICIAL, precision=Precision.NO_EARLIER_THAN)
    assert judged(create("a"), ends=ends(rows=(official,))).violations == ()


def test_what_the_api_tells_beats_the_table() -> None:
    later = ModelDates(moment(date(2028, 1, 1)), moment(date(2028, 2, 1)))
    told = {"gpt-4o-mini-2024-07-18": later, "other": ModelDates(0, 0)}
    found = judged(create("a"), ends=ends(told=told, horizon=60))
    assert found.violations == ()
    assert "2027-01-14" not in found.warnings[0].message, "the table's day for the model"
    assert "no new jobs from 2027-01-06" in found.warnings[0].message, "what the API says nothing of"
    sooner = {"gpt-4o-mini": ModelDates(None, moment(date(2026, 12, 1)))}
    (refused,) = judged(create("a"), ends=ends(told=sooner, horizon=60)).violations
    assert f"end on 2026-12-01 (in 3 days), and the horizon is 60 days, says {ITS_API}" in refused.message


def test_a_training_day_of_the_api_refuses_only_what_is_dead() -> None:
    passed = moment(date(2026, 10, 16))
    living = {"o4-mini": ModelDates(passed, moment(date(2027, 10, 16)))}
    assert judged(create("a"), ends=ends("azure_openai", "o4-mini", told=living)).violations == ()
    dead = {"o4-mini": ModelDates(passed, passed)}
    (found,) = judged(create("a"), ends=ends("azure_openai", "o4-mini", told=dead)).violations
    assert found.message == f"a: o4-mini and its fine-tuned models ended at oa on 2026-10-16, says {ITS_API}"


def test_what_ends_in_more_than_a_year_is_not_worth_a_line() -> None:
    early = ends("azure_openai", "gpt-4.1", today=date(2026, 1, 1))
    assert judged(create("a"), ends=early).warnings == ()
