"""What a plan trains, judged by the project's policies, everyday ones and its own.

Only what a plan creates, or goes on to train, is judged: a rule holds up no look, no cancel and nothing that
is there already.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal

from msgspec import Struct

from ftops.model.change import Action, Change
from ftops.model.dataset import Dataset
from ftops.model.finetune import FineTune, Source, root_model
from ftops.model.plan import Plan
from ftops.model.policy import Policies, Rulebook, Severity, Waiver
from ftops.model.review import CostEstimate, Violation, Waived, Warned
from ftops.model.tuned_model import base_model
from ftops.model.value import replace
from ftops.review.bill import epochs
from ftops.review.estimate import spec_of
from ftops.review.everyday import EVERYDAY, Steps, Training, Unknown
from ftops.review.own_rules import Judge, Step, broken_by, change_document, needs_plan
from ftops.review.prices import PriceBook
from ftops.review.prices import Unknown as NotKnown
from ftops.review.retirement import HORIZON
from ftops.review.waiving import WAIVER, Broken, Findings, Waivers, lifted

ONLY_IN_PLANS = ("max_cost_per_job", HORIZON)
"""Rules that say nothing of what is merely declared."""
_NOTHING = Policies()

Place = Callable[[str, Steps], Source | None]
"""(fine-tune, field) -> where that is written, None where it is not known."""

Overlap = Callable[[FineTune], str | Unknown]
"""Say which rows are in a training file and in the validation file; empty for none."""


class Basis(Struct, frozen=True):
    """All that policies judge by. `prices` says how providers bill, `because` why costs are unknown.

    `judge` evaluates expressions; `tokens` says how many tokens an epoch trains on at most, None where they
    are not counted.
    """

    book: Rulebook
    today: date
    fine_tunes: Mapping[str, FineTune]
    datasets: Mapping[str, Dataset]
    prices: PriceBook
    overlap: Overlap
    place: Place
    judge: Judge
    because: tuple[str, ...] = ()
    tokens: Callable[[FineTune, str], int | None] = lambda _, __: None

    @property
    def waivers(self) -> Waivers:
        """The project's waivers, today."""
        return Waivers(self.book.waivers, self.today)


class Subject(Struct, frozen=True):
    """One training that is judged: a create or a replace, now or later; None where nothing is planned."""

    fine_tune: FineTune
    action: Action | None = None
    generation: int = 0
    cost: CostEstimate | None = None


def judged_plan(plan: Plan, basis: Basis) -> Findings:
    """Judge what a plan creates, and what follows from it."""
    return _judged((one for change in plan.changes for one in _subjects(change, basis)), basis)


def judged_declarations(basis: Basis) -> Findings:
    """Judge everything that is declared, by what can be known before a plan: neither cost nor generation.

    It also warns of waivers that lift nothing, whatever their rules say.
    """
    found = _judged((Subject(one) for one in basis.fine_tunes.values()), basis)
    own = {rule.name: rule for rule in basis.book.rules}
    idle: list[Warned] = []
    for waiver in basis.book.waivers:
        planned = waiver.rule in ONLY_IN_PLANS or (waiver.rule in own and needs_plan(own[waiver.rule]))
        if waiver not in found.used and (not planned or waiver.name not in basis.fine_tunes):
            message = f"the waiver of {waiver.rule} for {waiver.name} lifts nothing: nothing breaks that rule"
            idle.append(Warned(WAIVER, message, (waiver.name,), source=waiver.source))
    lapsed = basis.waivers.lapsed(basis.book.waivers)
    return replace(found, warnings=tuple(dict.fromkeys((*found.warnings, *lapsed, *idle))))


def _subjects(change: Change, basis: Basis) -> Iterator[Subject]:
    fine_tune = basis.fine_tunes.get(change.name)
    if fine_tune is not None and change.action.creates:
        yield Subject(fine_tune, change.action, change.generation, change.estimated_cost)
    elif fine_tune is not None and change.then is not None:
        then = change.then
        yield Subject(fine_tune, then.action, then.generation, then.estimated_cost)


def _judged(subjects: Iterable[Subject], basis: Basis) -> Findings:
    violations: list[Violation] = []
    warnings: list[Warned] = []
    waived: list[Waived] = []
    used: dict[Waiver, None] = {}
    for broken in (one for subject in subjects for one in _broken(subject, basis)):
        used.update(dict.fromkeys(basis.waivers.of(broken.rule, broken.name)))
        waiver = basis.waivers.in_force(broken.rule, broken.name)
        if waiver is not None:
            waived.append(lifted(waiver, broken.message))
        elif broken.severity is Severity.DENY:
            violations.append(_violation(broken, basis))
        else:
            source = basis.place(broken.name, broken.path)
            message = f"{broken.name}: {broken.message}"
            warnings.append(Warned(broken.rule, message, (broken.name,), source=source))
    lapsed = basis.waivers.lapsed(used)
    return Findings(tuple(violations), (*warnings, *lapsed), tuple(waived), frozenset(used))


def _broken(subject: Subject, basis: Basis) -> Iterator[Broken]:
    yield from _everyday(subject, basis)
    yield from _own(subject, basis)


def _violation(broken: Broken, basis: Basis) -> Violation:
    return Violation(
        broken.rule,
        broken.message,
        broken.remedy,
        source=basis.place(broken.name, broken.path),
        name=broken.name,
    )


def _everyday(subject: Subject, basis: Basis) -> Iterator[Broken]:
    policies = basis.book.policies
    if policies == _NOTHING:
        return
    training = _training(subject, basis)
    for rule in EVERYDAY:
        breach = rule.judge(training, policies)
        if breach is not None:
            message = f"{breach.found}, and policies.{rule.name} {breach.limit}"
            yield Broken(rule.name, subject.fine_tune.name, message, rule.remedy, breach.path)


def _own(subject: Subject, basis: Basis) -> Iterator[Broken]:
    rules = [one for one in basis.book.rules if subject.action is not None or not needs_plan(one)]
    if not rules:
        return
    fine_tune = subject.fine_tune
    model = base_model(root_model(fine_tune, basis.fine_tunes))
    step = Step(
        subject.action or Action.CREATE, subject.generation, subject.cost, basis.tokens(fine_tune, model)
    )
    document = change_document(fine_tune, model, basis.datasets, step)
    for rule in rules:
        message = broken_by(rule, document, basis.judge)
        if message is not None:
            remedy = f"what it asks for is written at {rule.source.file}:{rule.source.line}"
            yield Broken(rule.name, fine_tune.name, message, remedy, ("metadata", "name"), rule.severity)


def _training(subject: Subject, basis: Basis) -> Training:
    fine_tune = subject.fine_tune
    billing = basis.prices.billing(fine_tune.provider)
    sizes = [basis.datasets.get(file.path or "") for file in fine_tune.training_files]
    size = None if None in sizes else sum(one.bytes for one in sizes if one is not None)
    passes: Decimal | Unknown
    try:
        passes = epochs(billing, fine_tune.name, spec_of(fine_tune), size).high
    except NotKnown as unknown:
        passes = Unknown(str(unknown).removeprefix(f"{fine_tune.name}: "))
    return Training(
        fine_tune,
        base_model(root_model(fine_tune, basis.fine_tunes)),
        passes,
        ("spec", *billing.epochs.split(".")),
        basis.overlap(fine_tune) if basis.book.policies.forbid_train_valid_overlap else "",
        _cost(subject, basis),
    )


def _cost(subject: Subject, basis: Basis) -> CostEstimate | Unknown | None:
    if subject.cost is not None or subject.action is None:
        return subject.cost
    name = subject.fine_tune.name
    causes = [one for one in basis.because if name in one] or list(basis.because)
    return Unknown(f"its cost is unknown{': ' if causes else ''}{'; '.join(causes)}")
