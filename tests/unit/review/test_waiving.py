"""Waivers: whom they let pass, until when, and what is said of those that lift nothing."""

from __future__ import annotations

from datetime import date

import pytest

from ftops.model.capabilities import NO_CAPABILITIES
from ftops.model.change import Action, Change, Reason, Then
from ftops.model.finetune import DataFile, FineTune, Source
from ftops.model.observation import ProviderFacts
from ftops.model.plan import Plan
from ftops.model.policy import Policies, PolicyRule, Rulebook, Scope, Severity, Waiver
from ftops.model.prices import PriceTable
from ftops.model.project import Limits
from ftops.model.value import replace
from ftops.providers.retirements import known_retirements
from ftops.review.check import review
from ftops.review.endings import Calendar
from ftops.review.expressions import Expressions
from ftops.review.policies import Basis, judged_declarations
from ftops.review.prices import PriceBook
from ftops.review.retirement import Ends
from ftops.review.rules import Allowed

TODAY = date(2026, 11, 28)
FINE_TUNES = {
    name: FineTune(name, "oa", "gpt-4o-mini", (DataFile(f"{name}.jsonl"),), source=Source("jobs/x.yaml", 3))
    for name in "ab"
}
LAPSED = (
    "the waiver of named-a for b ended on 2026-01-01, so it lifts nothing; "
    "give it another day in review, or remove it"
)
RULE = PolicyRule("named-a", "change.name == 'a'", "only a", source=Source("policies/p.yaml", 7))
COSTLY = PolicyRule("cheap", "change.cost != null", "its cost must be known")


def waiver(until: str, rule: str = "require_validation_file", name: str = "a") -> Waiver:
    return Waiver(rule, name, "agreed in review", until, Source("policies/w.yaml", 4))


def basis(*waivers: Waiver, rules: tuple[PolicyRule, ...] = (), asked: bool = True) -> Basis:
    book = Rulebook(Policies(require_validation_file=asked), rules, waivers)
    prices = PriceBook({}, {}, TODAY, PriceTable(1, TODAY))
    return Basis(
        book, TODAY, FINE_TUNES, {}, prices, lambda _: "", lambda _, __: Source("m", 1), Expressions()
    )


def plan(names: str = "a", action: Action = Action.CREATE) -> Plan:
    changes = (Change(name, action, Reason.NEW, "", "oa", 1, 1) for name in names)
    return Plan("p", "l", 1, tuple(changes))


def allowed(given: Basis, ends: Ends | None = None) -> Allowed:
    return Allowed(Limits(), basis=given, ends=ends)


@pytest.mark.parametrize(
    ("until", "holds"),
    [
        ("2026-11-27", False),
        ("2026-11-28", True),
        ("2027-11-29", True),
        ("2027-11-30", False),
        ("9999-12-31", False),
    ],
)
def test_a_waiver_holds_on_its_last_day_and_for_a_year_at_most(until: str, holds: bool) -> None:
    found = review(plan(), allowed(basis(waiver(until))))
    assert [one.rule for one in found.violations] == ([] if holds else ["require_validation_file"])
    assert [(one.rule, one.name, one.until, one.reason) for one in found.waived] == (
        [("require_validation_file", "a", until, "agreed in review")] if holds else []
    )
    assert [(one.rule, one.source) for one in found.warnings] == (
        [] if holds else [("waiver", Source("policies/w.yaml", 4))]
    )


def test_a_waiver_is_for_one_fine_tune_and_one_rule() -> None:
    found = review(plan("ab"), allowed(basis(waiver("2026-12-01"), waiver("2026-12-01", "named-a", "a"))))
    assert [one.name for one in found.violations] == ["b"]
    found = review(
        plan("ab"), allowed(basis(waiver("2026-12-01", "named-a", "b"), rules=(RULE,), asked=False))
    )
    assert found.violations == ()
    assert found.waived[0].message == "only a"


def test_of_two_waivers_the_one_in_force_counts() -> None:
    found = review(plan(), allowed(basis(waiver("2026-01-01"), waiver("2026-12-01"))))
    assert (found.violations, len(found.waived)) == ((), 1)


def test_a_limit_is_not_lifted_by_a_waiver_of_its_name() -> None:
    limits = Allowed(Limits(max_creates=0), basis=basis(waiver("2026-12-01", "max_creates"), asked=False))
    assert [one.rule for one in review(plan(), limits).violations] == ["max_creates"]


def test_a_rule_that_warns_refuses_nothing() -> None:
    warns = replace(RULE, severity=Severity.WARN)
    found = review(plan("b"), allowed(basis(rules=(warns,), asked=False)))
    assert found.violations == ()
    assert [(one.rule, one.message, one.names) for one in found.warnings] == [
        ("named-a", "b: only a", ("b",))
    ]


def test_a_rule_without_an_answer_denies_and_says_so() -> None:
    rule = replace(RULE, expression="change.labels.team == 'x'")
    (found,) = review(plan(), allowed(basis(rules=(rule,), asked=False))).violations
    assert found.message.startswith("only a (its expression gives no answer: no such member")
    assert found.hint == "what it asks for is written at policies/p.yaml:7"


@pytest.mark.parametrize(
    ("scope", "judged"),
    [
        (Scope(), True),
        (Scope(names=("b*",)), True),
        (Scope(names=("x",)), False),
        (Scope(providers=("o*",)), True),
        (Scope(providers=("az",)), False),
        (Scope(labels={"env": "*"}), True),
        (Scope(labels={"env": "prod"}), False),
        (Scope(names=("b",), providers=("az",)), False),
    ],
)
def test_a_rule_is_about_what_fits_every_condition(scope: Scope, judged: bool) -> None:
    rules = (replace(RULE, applies_to=scope),)
    assert bool(review(plan("b"), allowed(basis(rules=rules, asked=False))).violations) is judged


@pytest.mark.parametrize("action", [one for one in Action if not one.creates])
def test_only_what_trains_is_judged(action: Action) -> None:
    assert review(plan("ab", action), allowed(basis(rules=(RULE,)))).violations == ()
    (change,) = plan("b", action).changes
    then = Then(Action.REPLACE, Reason.CHANGED, "", 2, 1)
    later = replace(plan(), changes=(replace(change, then=then),))
    assert {one.rule for one in review(later, allowed(basis(rules=(RULE,)))).violations} == {
        "require_validation_file",
        "named-a",
    }


def test_what_is_declared_is_judged_without_what_only_a_plan_knows() -> None:
    found = judged_declarations(basis(rules=(RULE, COSTLY), asked=False))
    assert [(one.rule, one.name) for one in found.violations] == [("named-a", "b")]


def test_idle_waivers_are_said_once_and_those_of_plans_are_left_alone() -> None:
    until = "2026-12-01"
    idle = [waiver(until), waiver(until, "named-a"), waiver(until, "max_cost_per_job", "gone")]
    planned = [waiver(until, "max_cost_per_job"), waiver(until, "cheap"), waiver(until, "retirement_horizon")]
    used = [waiver(until, "named-a", "b"), waiver("2026-01-01", "named-a", "b")]
    found = judged_declarations(basis(*idle, *planned, *used, rules=(RULE, COSTLY), asked=False))
    said = [one.message.split(": ")[0] for one in found.warnings]
    assert sorted(said) == [
        "the waiver of max_cost_per_job for gone lifts nothing",
        "the waiver of named-a for a lifts nothing",
        LAPSED,
        "the waiver of require_validation_file for a lifts nothing",
    ]
    assert len(found.waived) == 1


def test_a_horizon_is_waived_by_fine_tune_though_it_is_judged_by_model() -> None:
    facts = ProviderFacts("oa", "openai", NO_CAPABILITIES, service="openai", allow_closed=True)
    ends = Ends(TODAY, Calendar(known_retirements().retirements), {"oa": facts}, FINE_TUNES, 5000)
    found = review(plan("ab"), allowed(basis(waiver("2026-12-01", "retirement_horizon"), asked=False), ends))
    (left,) = found.violations
    assert left.message.startswith("b: ")
    assert [(one.rule, one.name) for one in found.waived] == [("retirement_horizon", "a")]
    found = review(plan("ab"), allowed(basis(waiver("2026-11-01", "retirement_horizon"), asked=False), ends))
    assert found.violations[0].message.startswith("a, b: ")
    assert [one.rule for one in found.warnings][-1] == "waiver"
