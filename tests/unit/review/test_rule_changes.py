"""A branch that loosens its own rules is told on."""

from __future__ import annotations

from decimal import Decimal

from ftops.model.budget import Budget, Budgets
from ftops.model.finetune import Source
from ftops.model.policy import Policies, PolicyRule, Rulebook, Waiver
from ftops.model.project import Limits
from ftops.model.value import replace
from ftops.review.rule_changes import RULES_CHANGED, Rules, changed_rules

RULE = PolicyRule("no-nights", "true", "no", source=Source("a.yaml", 3))
WAIVER = Waiver("max_epochs", "a", "on trial", "2026-12-31", Source("w.yaml", 1))
BEFORE = Rules(
    Limits(max_cost=25.0),
    Budgets(Budget(month=Decimal(50), line=7), labels={"team=a": Budget(day=Decimal(5))}),
    Rulebook(Policies(max_epochs=4, allowed_models=("gpt-*",)), (RULE,), ()),
)


def told(after: Rules) -> str:
    (warned,) = changed_rules(BEFORE, after, "main")
    assert warned.rule == RULES_CHANGED
    return warned.message.removeprefix("this branch changes the rules that main has: ")


def test_the_same_rules_elsewhere_in_the_files_are_no_change() -> None:
    moved = replace(
        BEFORE,
        budgets=replace(BEFORE.budgets, project=Budget(month=Decimal(50), line=9)),
        book=replace(BEFORE.book, rules=(replace(RULE, source=Source("b.yaml", 1)),)),
    )
    assert changed_rules(BEFORE, moved, "main") == ()


def test_each_kind_of_rule_is_named_with_before_and_after() -> None:
    after = Rules(
        Limits(max_cost=None, max_creates=99),
        Budgets(Budget(month=Decimal("80.5"))),
        Rulebook(Policies(max_epochs=10, allowed_models=None), (), (WAIVER,)),
    )
    assert told(after).split("; ") == [
        "limits.max_cost 25.0 -> none",
        "limits.max_creates 25 -> 99",
        "budget.labels.team=a.day 5.0 -> none",
        "budget.month 50.0 -> 80.5",
        'policies.allowed_models ["gpt-*"] -> none',
        "policies.max_epochs 4 -> 10",
        "rule no-nights is removed",
        "waiver of max_epochs for a until 2026-12-31 is added",
    ]


def test_a_rule_that_says_something_else_under_its_name_is_changed() -> None:
    after = replace(BEFORE, book=replace(BEFORE.book, rules=(replace(RULE, expression="false"),)))
    assert told(after) == "rule no-nights is changed"


def test_many_changes_are_counted() -> None:
    waivers = tuple(replace(WAIVER, name=f"n{number:02}") for number in range(14))
    assert told(replace(BEFORE, book=replace(BEFORE.book, waivers=waivers))).endswith("; and 4 more")


def test_what_limits_and_budgets_count_by_is_a_rule_too() -> None:
    before = replace(BEFORE, prices={"gpt-4o": 25}, price_table="prices.yaml", table="a")
    cheaper = replace(before, prices={"gpt-4o": 0.01}, table="b")
    (warned,) = changed_rules(before, cheaper, "main")
    assert warned.message.endswith("prices.gpt-4o 25 -> 0.01; the prices in prices.yaml are changed")
    (warned,) = changed_rules(before, replace(before, price_table=None, table=None), "main")
    assert warned.message.endswith('price_table "prices.yaml" -> none')
