"""A plan and its review in, the Summary out that every report draws."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from shlex import quote

from msgspec import UNSET

from ftops.errors import Problem
from ftops.model.change import Action, Change
from ftops.model.data_difference import RowsDifference
from ftops.model.plan import Plan
from ftops.model.review import Afterwards, CostEstimate, Review
from ftops.model.steps import Steps
from ftops.report.alerts import alert, facts
from ftops.report.summary import Chains, Counts, Data, JobNote, Node, Origin, Sum, Summary
from ftops.report.summary_rows import rows_of, settings_alike, word_of
from ftops.report.verdicts import Told, headline, opening
from ftops.report.words import remarks, same_training_words
from ftops.review.retirement import trains


def summarized(plan: Plan, review: Review, *, digest: str = "", problems: Sequence[Problem] = ()) -> Summary:
    """Say what a reader must know of a plan; `digest` is its document's, `problems` are why there is none."""
    pending = [one for one in plan.changes if one.brought is False and one.action is not Action.KEEP]
    brought = [change for change in plan.changes if change.brought is not False]
    data = _data(brought)
    told = Told(plan, review, brought, pending, _sum(brought), _sum(pending), data, problems)
    raised = alert(told)
    commit, base = plan.facts.commit, plan.base
    return Summary(
        project=plan.project,
        verdict=told.verdict,
        headline=headline(told),
        opening=opening(told),
        alert=raised,
        facts=facts(told, raised),
        rows=rows_of(brought, offline=plan.offline),
        pending=rows_of(pending, offline=plan.offline),
        total=told.total,
        settings=settings_alike(brought),
        data=data,
        chains=_chains(plan),
        jobs=tuple(_jobs(plan.changes)),
        afterwards=_afterwards(plan.changes),
        notes=tuple(_notes(plan, review)),
        violations=review.violations,
        warnings=review.warnings,
        waived=review.waived,
        errors=raised.bullets if problems and raised else (),
        counts=_counts(plan, told),
        origin=Origin(
            digest,
            commit.id if commit else None,
            base.commit.id if base else None,
            base.ref if base else None,
        ),
        max_cost=review.max_cost,
        offline=plan.offline,
        commands=(_command(plan),),
    )


def _command(plan: Plan) -> str:
    """Return how a reader plans the same."""
    offline = " --offline" if plan.offline else ""
    return f"ftops plan{offline}{f' --base {quote(plan.base.ref)}' if plan.base else ''}"


def _sum(changes: Sequence[Change]) -> Sum:
    now = _costs(change for change in changes if change.action.creates)
    later = _costs(change for change in changes if change.then is not None)
    together = Steps({("", 0, number): cost for number, cost in enumerate([*now, *later])})
    return Sum(
        now=len(now),
        later=len(later),
        unknown=sum(1 for cost in (*now, *later) if cost is None),
        known=together.known,
        known_now=_known(now),
        known_later=_known(later),
    )


def _costs(changes: Iterable[Change]) -> list[CostEstimate | None]:
    return [(change.then or change).estimated_cost for change in changes]


def _known(costs: Iterable[CostEstimate | None]) -> CostEstimate | None:
    return Steps({("", 0, number): cost for number, cost in enumerate(costs)}).known


def _data(changes: Iterable[Change]) -> tuple[Data, ...]:
    """Return each file whose rows differ once, with all that train on it."""
    names: dict[RowsDifference, list[str]] = {}
    samples = {}
    for change in changes:
        for one in change.differences:
            if one.rows is UNSET or not trains(change):
                continue
            names.setdefault(one.rows, []).append(change.name)
            if one.samples is not UNSET:
                samples[one.rows] = one.samples
    return tuple(Data(rows, tuple(dict.fromkeys(of)), samples.get(rows, ())) for rows, of in names.items())


def _chains(plan: Plan) -> Chains:
    """Return what changes with what it starts from, or is started from; nothing where nothing is chained."""
    by_name = {change.name: change for change in plan.changes if change.spec or change.depends_on}
    edges = [(base, one.name) for one in by_name.values() for base in one.depends_on if base in by_name]
    moving = {one.name for one in by_name.values() if one.action is not Action.KEEP}
    near = [(base, name) for base, name in edges if base in moving or name in moving]
    names = dict.fromkeys(name for edge in near for name in edge)
    nodes = tuple(_node(by_name[name], offline=plan.offline) for name in names)
    models = {name: by_name[name].spec.get("model") for name in names}
    return Chains(
        nodes, tuple(near), {name: model for name, model in models.items() if isinstance(model, str)}
    )


def _node(change: Change, *, offline: bool) -> Node:
    if change.action is Action.KEEP:
        return Node(change.name)
    pays = trains(change)
    cost = (change.then or change).estimated_cost if pays else None
    return Node(change.name, word_of(change, offline=offline), pays, cost)


def _jobs(changes: Iterable[Change]) -> Iterator[JobNote]:
    for change in changes:
        model = None if change.serves is UNSET else change.serves
        job = change.stops or change.job_id
        if change.action is not Action.KEEP and (model or job):
            following = change.then or change
            yield JobNote(
                change.name, f"{following.generation}.{following.attempt}", job, bool(change.stops), model
            )


def _afterwards(changes: Iterable[Change]) -> tuple[tuple[Afterwards, tuple[str, ...]], ...]:
    names: dict[Afterwards, list[str]] = {}
    for change in changes:
        for after in (change.then or change).afterwards if trains(change) else ():
            names.setdefault(after, []).append(change.name)
    return tuple((after, tuple(of)) for after, of in names.items())


def _notes(plan: Plan, review: Review) -> Iterator[str]:
    yield from remarks(plan)
    yield from map(same_training_words, review.same_training)
    if any(trains(change) for change in plan.changes):
        yield from (f"Cost unknown: {cause}" for cause in review.cost_unknown_because)


def _counts(plan: Plan, told: Told) -> Counts:
    actions = Counter(change.action for change in plan.changes)
    return Counts(
        kept=actions[Action.KEEP],
        fine_tunes=len({change.name for change in plan.changes}),
        unmanaged=plan.unmanaged,
        stopped=len(told.stopped_at_all),
        held=len(told.held),
    )
