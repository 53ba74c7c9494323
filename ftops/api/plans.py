"""What a program gets from a plan and an apply: values to inspect, which only `Project` can use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from ftops.errors import ExitCode, FtopsError, NeedsPerson, Refused
from ftops.model.change import Change
from ftops.model.event import ChangeResult, Outcome
from ftops.model.review import CostEstimate, Violation, Warned
from ftops.reconciler.values import Reviewed
from ftops.report.terminal import render_plan
from ftops.review.plan_document import plan_document


class ReviewedPlan:
    """All changes of one plan, with the rules that forbid applying it. Made by `Project.plan`.

    Passing it to `Project.apply` is the approval: what it shows may be done, and nothing else.
    """

    def __init__(self, reviewed: Reviewed) -> None:
        self._reviewed = reviewed

    @property
    def changes(self) -> tuple[Change, ...]:
        """Every change with its reason, in an order in which nothing precedes what it depends on."""
        return self._reviewed.plan.changes

    @property
    def effective_changes(self) -> tuple[Change, ...]:
        """The changes that would do something; empty when everything is as declared, or waits."""
        return self._reviewed.plan.effective_changes

    @property
    def summary(self) -> Mapping[str, int]:
        """The number of changes by action, of jobs `stopped` now, `later` trained, and `unmanaged`."""
        return self._reviewed.plan.summary

    @property
    def violations(self) -> tuple[Violation, ...]:
        """The rules that forbid applying it: limits and guards."""
        return self._reviewed.review.violations

    @property
    def estimated_cost(self) -> CostEstimate | None:
        """What its creates may cost in USD; None when that is not known, which is not zero."""
        return self._reviewed.review.estimated_cost

    @property
    def estimated_cost_later(self) -> CostEstimate | None:
        """What may follow (each change's `then`) and be paid by a later apply; None when not known."""
        return self._reviewed.review.estimated_cost_later

    @property
    def same_training(self) -> tuple[tuple[str, ...], ...]:
        """Groups of names that train the same thing: each of them is paid."""
        return self._reviewed.review.same_training

    @property
    def warnings(self) -> tuple[Warned, ...]:
        """What a reviewer should know of what it trains, such as when its models end; forbids nothing."""
        return self._reviewed.review.warnings

    @property
    def applicable(self) -> bool:
        """Whether `Project.apply` would take it."""
        return not self.violations and not self._reviewed.plan.offline

    @property
    def incomplete(self) -> Mapping[str, str]:
        """The providers that could not be listed to the end, and why: nothing is done there."""
        return self._reviewed.plan.incomplete

    def raise_for_violations(self) -> None:
        """Do nothing if the plan may be applied. Raises Refused, or NeedsPerson, with every violation."""
        if not self.violations:
            return
        message = "; ".join(f"{found.rule}: {found.message}" for found in self.violations)
        hint = next((found.hint for found in self.violations if found.hint), None)
        refused = any(found.exit_code is ExitCode.REFUSED for found in self.violations)
        raise Refused(message, hint=hint) if refused else NeedsPerson(message, hint=hint)

    def to_dict(self) -> dict[str, Any]:
        """Return the document of `ftops plan --format json` (`ftops schema plan`)."""
        return plan_document(self._reviewed.plan, self._reviewed.review)

    def __str__(self) -> str:
        return render_plan(self._reviewed.plan, self._reviewed.review)

    def __repr__(self) -> str:
        counts = ", ".join(f"{name}={count}" for name, count in self.summary.items() if count)
        return f"<ReviewedPlan {self._reviewed.plan.project}: {counts or 'nothing'}>"


class ApplyResult(Struct, frozen=True):
    """The outcome of each change that does something. A change that failed has not stopped another."""

    results: tuple[ChangeResult, ...]

    @property
    def done(self) -> tuple[ChangeResult, ...]:
        """What was done."""
        return self._of(Outcome.DONE)

    @property
    def failed(self) -> tuple[ChangeResult, ...]:
        """What failed, or may have: an `ambiguous` one is looked for by the next plan, never repeated."""
        return self._of(Outcome.FAILED)

    @property
    def skipped(self) -> tuple[ChangeResult, ...]:
        """What was not tried, because the provider is full, somebody asked to stop, or ftops is frozen."""
        return self._of(Outcome.SKIPPED)

    def raise_for_failures(self) -> None:
        """Do nothing if nothing failed. Raises FtopsError, or NeedsPerson when only doubts are left."""
        if not self.failed:
            return
        message = "; ".join(f"{one.change.name}: {one.error}" for one in self.failed)
        if all(one.ambiguous for one in self.failed):
            raise NeedsPerson(message, hint="plan again: the next plan looks for these jobs")
        raise FtopsError(message, hint="what was done is recorded; plan and apply again for the rest")

    def __iter__(self) -> Iterator[ChangeResult]:
        return iter(self.results)

    def __len__(self) -> int:
        return len(self.results)

    def _of(self, outcome: Outcome) -> tuple[ChangeResult, ...]:
        return tuple(result for result in self.results if result.outcome is outcome)
