"""What a branch does to the rules that judge it: that one is loosened is what no rule would show."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from msgspec import Struct, field, to_builtins

from ftops.model.budget import Budget, Budgets
from ftops.model.json_value import JSON
from ftops.model.policy import PolicyRule, Rulebook, Waiver
from ftops.model.project import Limits, Project
from ftops.model.review import Warned

RULES_CHANGED = "rules-changed"
WEAKENED = "weakened"
"""Of what the rules of a base refuse, and those of the branch let pass."""

_LONGEST = 80
_MOST_TOLD = 10


class Rules(Struct, frozen=True):
    """All that a project says of what may be done: limits, budgets, policies, waivers, and what it costs.

    `table` is the digest of the file that `price_table` names.
    """

    limits: Limits = Limits()
    budgets: Budgets = Budgets()
    book: Rulebook = Rulebook()
    prices: Mapping[str, JSON] = field(default_factory=dict)
    price_table: str | None = None
    table: str | None = None

    @classmethod
    def of(cls, project: Project, book: Rulebook, table: str | None) -> Rules:
        """Gather them."""
        return cls(project.limits, project.budgets, book, project.prices, project.price_table, table)


def changed_rules(before: Rules, after: Rules, ref: str) -> tuple[Warned, ...]:
    """Warn of every rule that differs from those of `ref`; the plan is judged by those of the branch."""
    told = list(_differences(before, after))
    if not told:
        return ()
    more = [f"and {len(told) - _MOST_TOLD} more"] if len(told) > _MOST_TOLD else []
    said = "; ".join([*told[:_MOST_TOLD], *more])
    return (Warned(RULES_CHANGED, f"this branch changes the rules that {ref} has: {said}"),)


def _differences(before: Rules, after: Rules) -> Iterator[str]:
    yield from _fields("limits", to_builtins(before.limits), to_builtins(after.limits))
    yield from _fields("budget", _budgets(before.budgets), _budgets(after.budgets))
    yield from _fields("policies", _policies(before.book), _policies(after.book))
    yield from _fields("prices", before.prices, after.prices)
    if before.price_table != after.price_table:
        yield f"price_table {_written(before.price_table)} -> {_written(after.price_table)}"
    elif before.table != after.table:
        yield f"the prices in {after.price_table} are changed"
    yield from _named("rule", _rules(before.book), _rules(after.book))
    yield from _named("waiver", _waivers(before.book), _waivers(after.book))


def _fields(section: str, before: Mapping[str, JSON], after: Mapping[str, JSON]) -> Iterator[str]:
    for name in sorted({*before, *after}):
        if before.get(name) != after.get(name):
            yield f"{section}.{name} {_written(before.get(name))} -> {_written(after.get(name))}"


def _named(kind: str, before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[str]:
    for name in sorted({*before, *after}):
        if name not in after:
            yield f"{kind} {name} is removed"
        elif name not in before:
            yield f"{kind} {name} is added"
        elif before[name] != after[name]:
            yield f"{kind} {name} is changed"


def _policies(book: Rulebook) -> Mapping[str, JSON]:
    written: dict[str, JSON] = to_builtins(book.policies)
    return written


def _budgets(budgets: Budgets) -> Mapping[str, JSON]:
    """Return each amount by where it is written; where a budget stands in the file is no difference."""
    amounts = dict(_amounts("", budgets.project))
    for kind, several in (("providers", budgets.providers), ("labels", budgets.labels)):
        for name, one in several.items():
            amounts.update(_amounts(f"{kind}.{name}.", one))
    return amounts


def _amounts(place: str, budget: Budget) -> Iterator[tuple[str, JSON]]:
    for period, most in budget.amounts().items():
        yield f"{place}{period.value}", float(most)


def _rules(book: Rulebook) -> Mapping[str, str]:
    return {rule.name: _content(rule) for rule in book.rules}


def _waivers(book: Rulebook) -> Mapping[str, str]:
    return {f"of {one.rule} for {one.name} until {one.until}": _content(one) for one in book.waivers}


def _content(of: PolicyRule | Waiver) -> str:
    """Return all of it but its place: a rule that moves is the same."""
    return json.dumps({key: value for key, value in to_builtins(of).items() if key != "source"})


def _written(value: JSON) -> str:
    if value is None:
        return "none"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}\u2026"
