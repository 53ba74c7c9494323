"""A plan compared with what would be planned at an earlier commit: what the branch brings, what was pending.

Both are made from the same lists, state and instant, so that they differ by what is declared alone. It is
for people: no decision, limit or approval looks at it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from ftops.model.change import Action
from ftops.model.finetune import FineTune
from ftops.model.observation import Observation, ProviderFacts
from ftops.model.plan import Base, Plan
from ftops.model.planning import Inputs
from ftops.model.project import ProviderSettings
from ftops.model.value import replace
from ftops.planner.planner import plan
from ftops.reconciler.data_samples import DataSamples
from ftops.reconciler.earlier_commit import Earlier, Incomparable, digest_of, earlier_commit, is_below
from ftops.reconciler.elsewhere import known_by
from ftops.reconciler.policies import weakened
from ftops.reconciler.values import Loaded, Reviewed
from ftops.review.brought import marked
from ftops.review.freshness import account_of
from ftops.review.rule_changes import Rules, changed_rules
from ftops.review.selection import selected_names

MOST_NAMED = 5


Read = Callable[[], Earlier | None]
"""Reads what the base declares, None where it has no project. Raises Incomparable."""


def since(loaded: Loaded, reviewed: Reviewed, base: Base, read: Read | None = None) -> Reviewed:
    """Return the plan with what is new in it since its base. Raises nothing for what that declares.

    `read` is for whoever has read it already.
    """
    try:
        earlier = (read or partial(earlier_commit, loaded, base.commit.id))()
    except Incomparable as error:
        return _with_note(reviewed, f"what was pending at {base.ref} is not known: {error}")
    shown = replace(reviewed.plan, base=base)
    if earlier is None:
        shown = replace(shown, changes=marked(shown.changes, (), ()))
        new = replace(reviewed, planning=replace(reviewed.planning, plan=shown))
        return _with_note(new, f"{base.ref} has no project here: everything counts as new")
    compared = _compared(loaded, reviewed, shown, earlier)
    told = replace(reviewed, planning=replace(reviewed.planning, plan=compared))
    return _with_rules(loaded, told, earlier, base.ref)


def _with_note(reviewed: Reviewed, note: str) -> Reviewed:
    plan = replace(reviewed.plan, notes=(*reviewed.plan.notes, note))
    return replace(reviewed, planning=replace(reviewed.planning, plan=plan))


def _with_rules(loaded: Loaded, reviewed: Reviewed, earlier: Earlier, ref: str) -> Reviewed:
    """Warn of rules that the branch changes: it is judged by its own, as an apply after the merge will be."""
    before, verdict = earlier.loaded, reviewed.review
    table = digest_of(loaded.root, loaded.project.price_table)
    old = Rules.of(before.project, before.rulebook, earlier.price_table)
    new = Rules.of(loaded.project, loaded.rulebook, table)
    changed = (*changed_rules(old, new, ref), *weakened(loaded, reviewed, before, ref))
    return replace(reviewed, review=replace(verdict, warnings=(*verdict.warnings, *changed)))


def _compared(loaded: Loaded, reviewed: Reviewed, shown: Plan, earlier: Earlier) -> Plan:
    if shown.base is None or all(change.action is Action.KEEP for change in shown.changes):
        return replace(shown, changes=marked(shown.changes, shown.changes, ()))
    base, ref = shown.base, shown.base.ref
    elsewhere = frozenset(_elsewhere(loaded, earlier.loaded))
    unknown = _unknown(loaded, earlier, elsewhere)
    changes = marked(shown.changes, _planned(earlier, reviewed, elsewhere).changes, unknown)
    changes = DataSamples(loaded, earlier.loaded, base.commit.id).added(changes)
    told = {change.name for change in changes if change.action is not Action.KEEP} & unknown
    notes = (*shown.notes, *_notes(ref, earlier, elsewhere, told))
    return replace(shown, changes=changes, notes=notes)


def _planned(earlier: Earlier, reviewed: Reviewed, elsewhere: frozenset[str]) -> Plan:
    """Plan what the commit declares, from what was seen for the plan of now."""
    state, declared = reviewed.stored, known_by(earlier.loaded, reviewed.stored)
    seen = {
        name: _seen(facts, None if name in elsewhere else reviewed.observations.get(name))
        for name, facts in declared.facts.items()
    }
    inputs = Inputs(
        project=declared.project.name,
        fine_tunes=declared.fine_tunes,
        datasets=declared.datasets,
        observations=seen,
        state=state,
        now=reviewed.at,
        selection=selected_names(reviewed.selection, declared.fine_tunes, state),
        configured=frozenset(declared.facts),
        patient=reviewed.selection.patient,
        unattended=reviewed.selection.defers,
        data_problems=declared.data_problems,
        fingerprints=declared.fingerprints,
    )
    return plan(inputs).plan


def _seen(facts: ProviderFacts, observation: Observation | None) -> Observation:
    """Return what was seen, with the settings of then; nothing where no provider was asked for it."""
    if observation is None:
        return Observation(facts)
    told = observation.provider
    then = replace(
        facts,
        organization=told.organization,
        organization_shown=told.organization_shown,
        service=told.service,
        region=told.region,
    )
    return replace(observation, provider=then)


def _elsewhere(now: Loaded, before: Loaded) -> Iterator[str]:
    """Yield the providers whose lists of now say nothing of then: another account, or another name."""
    for name in now.project.providers.keys() | before.project.providers.keys():
        one, other = now.project.providers.get(name), before.project.providers.get(name)
        if one is None or other is None or _where(one) != _where(other):
            yield name


def _where(settings: ProviderSettings) -> tuple[str, str | None]:
    return account_of(settings), settings.renamed_from


def _unknown(loaded: Loaded, earlier: Earlier, elsewhere: frozenset[str]) -> frozenset[str]:
    """Return the names of which nothing can be said, and all that start from them."""
    before = {one.name: one for one in earlier.loaded.fine_tunes}
    now = {one.name: one for one in loaded.fine_tunes}
    found = {*earlier.unknown, *(name for name, one in before.items() if one.provider in elsewhere)}
    found |= {name for name, one in now.items() if is_below(one.source.file, earlier.submodules)}
    return frozenset({*found, *_starting_from(found, now), *_starting_from(found, before)})


def _starting_from(names: set[str], fine_tunes: Mapping[str, FineTune]) -> Iterator[str]:
    for name, one in fine_tunes.items():
        seen: set[str] = set()
        above = one.upstream
        while above is not None and above not in seen:
            if above in names:
                yield name
                break
            seen.add(above)
            above = fine_tunes[above].upstream if above in fine_tunes else None


def _notes(ref: str, earlier: Earlier, elsewhere: frozenset[str], unknown: set[str]) -> Iterator[str]:
    if not unknown:
        return
    names = sorted(unknown)
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    why = ["data of then is not here"] if earlier.unknown else []
    if earlier.submodules:
        why.append("submodules are not looked into")
    if elsewhere:
        why.append(f"the settings of {', '.join(sorted(elsewhere))} in ftops.yaml differ")
    yield (
        f"whether {', '.join(names[:MOST_NAMED])}{more} was pending at {ref} already is not known: "
        f"{' and '.join(why)}"
    )
