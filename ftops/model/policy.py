"""What a project forbids: everyday rules, rules of its own, and waivers of either."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct, field

from ftops.model.finetune import Source


class Severity(StrEnum):
    """What a broken rule does: `deny` refuses the plan, `warn` only says so."""

    WARN = "warn"
    DENY = "deny"


class Policies(Struct, frozen=True):
    """The everyday rules of ftops.yaml; None, empty or False: not asked for.

    Patterns may hold `*`. A required label with no values may have any. `max_cost_per_job` is in USD.
    """

    allowed_providers: tuple[str, ...] | None = None
    allowed_models: tuple[str, ...] | None = None
    required_labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    max_epochs: float | None = None
    max_cost_per_job: float | None = None
    require_validation_file: bool = False
    forbid_train_valid_overlap: bool = False
    retirement_horizon: str | None = None


class Scope(Struct, frozen=True, gc=False):
    """What a rule applies to: every condition that is given has to fit. Patterns may hold `*`."""

    names: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)


class PolicyRule(Struct, frozen=True, gc=False):
    """A rule of a project's own: it is kept where its CEL expression is true of a change."""

    name: str
    expression: str
    message: str
    severity: Severity = Severity.DENY
    applies_to: Scope = Scope()
    source: Source = Source("", 0)


class Waiver(Struct, frozen=True, gc=False):
    """Lets one fine-tune break one rule, up to and with the day `until` (UTC, as YYYY-MM-DD)."""

    rule: str
    name: str
    reason: str
    until: str
    source: Source = Source("", 0)


class Rulebook(Struct, frozen=True):
    """Everything that a plan is judged by and that files of a project say: a branch may weaken its own."""

    policies: Policies = Policies()
    rules: tuple[PolicyRule, ...] = ()
    waivers: tuple[Waiver, ...] = ()
