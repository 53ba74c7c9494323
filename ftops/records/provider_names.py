"""The same training under another fingerprint: a provider row renamed (`renamed_from`), an older form. Pure.

A provider's name is in the fingerprint, so what was trained under the old name would count as another
training; so would what an older ftops made, once the canonical form has a new version. The state therefore
remembers the names that a provider had, and a fingerprint under one of them, or of an older form, that is
what is declared now becomes the present one, wherever it is: in a record, a job, its history, the
archive, an intent. A stamp cannot be rewritten: it is read as if it had been.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar, cast

from msgspec import Struct
from msgspec.structs import asdict

from ftops.model.observation import Observation, ProviderFacts
from ftops.model.provider_memory import ProviderMemory
from ftops.model.state import ArchivedRecord, Record, State
from ftops.model.value import replace
from ftops.records.desired import DesiredSet

_T = TypeVar("_T")
_Kept = TypeVar("_Kept", Record, ArchivedRecord)

Names = Mapping[str, str]
"""What something was called -> what it is called now: providers, or fingerprints."""

Observations = Mapping[str, Observation]


def renames(providers: Iterable[ProviderFacts]) -> Names:
    """Return which providers go by another name now."""
    return {facts.renamed_from: facts.name for facts in providers if facts.renamed_from is not None}


def follow_providers(state: State, names: Names) -> State:
    """Move everything that is remembered of a renamed provider to its present name."""
    if not names or not names.keys() & set(_mentioned(state)):
        return state
    return replace(
        state,
        fine_tunes={name: _moved(record, names) for name, record in state.fine_tunes.items()},
        archive={name: _moved(entry, names) for name, entry in state.archive.items()},
        datasets=_joined(state.datasets, names, lambda new, old: {**old, **new}),
        not_mine=_joined(state.not_mine, names, lambda new, old: tuple(sorted({*new, *old}))),
        providers=_remembering(_joined(state.providers, names, _merged), names),
    )


def followed(before: State, after: State) -> dict[str, str]:
    """Return the names whose record moved to another provider name, with the old one."""
    pairs = ((name, record.provider, after.fine_tunes[name]) for name, record in before.fine_tunes.items())
    return {name: old for name, old, record in pairs if record.provider != old}


def in_present_form(
    state: State, observations: Observations, desired: DesiredSet
) -> tuple[State, Observations]:
    """Follow renamed providers, and turn each fingerprint that is declared now into its present form.

    In the state that is for good; in the stamps of the observed jobs, for this plan.
    """
    facts = [seen.provider for seen in observations.values()]
    state = follow_providers(state, renames(facts))
    formers = {one.name: _former_names(state, one) for one in facts}
    known = dict(_translations(state, desired, formers))
    if not known:
        return state, observations
    if known.keys() & set(_fingerprints(state)):
        records = {name: _translated(record, known) for name, record in state.fine_tunes.items()}
        archive = {name: _translated(entry, known) for name, entry in state.archive.items()}
        state = replace(state, fine_tunes=records, archive=archive)
    return state, {name: _restamped(seen, known) for name, seen in observations.items()}


def _restamped(seen: Observation, known: Names) -> Observation:
    jobs = tuple(
        replace(job, stamp=replace(job.stamp, fingerprint=known[job.stamp.fingerprint]))
        if job.stamp is not None and job.stamp.fingerprint in known
        else job
        for job in seen.jobs
    )
    return replace(seen, jobs=jobs)


def _former_names(state: State, facts: ProviderFacts) -> tuple[str, ...]:
    memory = state.providers.get(facts.name)
    declared = (facts.renamed_from,) if facts.renamed_from is not None else ()
    return tuple(dict.fromkeys((*declared, *(memory.former_names if memory else ()))))


def _translations(
    state: State, desired: DesiredSet, formers: Mapping[str, tuple[str, ...]]
) -> Iterator[tuple[str, str]]:
    """Yield a fingerprint as it was, and what it is now. One that fits already costs nothing."""
    for name, fine_tune in desired.comparable.items():
        record, now = state.fine_tunes.get(name), desired.fingerprint(name)
        differs = record is None or record.fingerprint != now or bool(record.cancelled_by_hand)
        if differs or (record and record.job and record.job.fingerprint != now):
            for was in desired.earlier_fingerprints(name, formers.get(fine_tune.provider, ())):
                yield was, now


def _fingerprints(state: State) -> Iterator[str]:
    for record in state.fine_tunes.values():
        yield record.fingerprint
        yield from (job.fingerprint for job in record.jobs)
        yield from record.cancelled_by_hand
        if record.intent is not None:
            yield record.intent.fingerprint
    for entry in state.archive.values():
        yield from (job.fingerprint for job in entry.jobs)
        yield from entry.cancelled_by_hand


def _mentioned(state: State) -> Iterator[str]:
    yield from (*state.datasets, *state.not_mine, *state.providers)
    for record in state.fine_tunes.values():
        yield record.provider
        yield from (job.provider for job in record.jobs)
        if record.intent is not None:
            yield record.intent.provider
    for entry in state.archive.values():
        yield from (job.provider for job in entry.jobs)


def _moved(kept: _Kept, names: Names) -> _Kept:
    """Rename the provider of a record and of whatever it holds; in a spec, only the provider itself."""

    def member(name: str, value: Any) -> Any:
        if name == "provider":
            return names.get(value, value)
        if name == "spec" and value.get("provider") in names:
            return {**value, "provider": names[value["provider"]]}
        return value

    return _rebuilt(kept, member)


def _translated(kept: _Kept, known: Mapping[str, str]) -> _Kept:
    """Replace fingerprints in a record and whatever it holds: in a spec it is the upstream's."""

    def member(_: str, value: Any) -> Any:
        if isinstance(value, str):
            return known.get(value, value)
        if isinstance(value, Mapping):
            return {key: member(key, one) for key, one in value.items()}
        return value

    return _rebuilt(kept, member)


def _rebuilt(value: _T, member: Callable[[str, Any], Any], name: str = "") -> _T:
    """Apply `member` to every member of a value, by name, however deep; what stays equal stays the same."""
    made: Any = value
    if isinstance(value, Struct):
        old = asdict(value)
        new = {key: _rebuilt(one, member, key) for key, one in old.items()}
        changed = {key: one for key, one in new.items() if one != old[key]}
        made = replace(made, **changed) if changed else made
    elif isinstance(value, tuple):
        made = tuple(_rebuilt(one, member, name) for one in value)
    else:
        made = member(name, value)
    return cast("_T", made)


def _joined(kept: Mapping[str, _T], names: Names, join: Callable[[_T, _T], _T]) -> dict[str, _T]:
    """Return what is kept by provider under the present names; what a name has already stays in front."""
    joined = {name: value for name, value in kept.items() if name not in names}
    for old, new in names.items():
        if old in kept:
            joined[new] = join(joined[new], kept[old]) if new in joined else kept[old]
    return joined


def _merged(new: ProviderMemory, old: ProviderMemory) -> ProviderMemory:
    unmarked = [one.unmarked_since for one in (new, old) if one.unmarked_since is not None]
    names = tuple(dict.fromkeys((*new.former_names, *old.former_names)))
    return ProviderMemory(
        unmarked_since=min(unmarked, default=None),
        former_names=names,
        refused_uploads={**old.refused_uploads, **new.refused_uploads},
    )


def _remembering(providers: Mapping[str, ProviderMemory], names: Names) -> dict[str, ProviderMemory]:
    remembered = dict(providers)
    for old, new in names.items():
        memory = remembered.get(new, ProviderMemory())
        remembered[new] = replace(memory, former_names=tuple(dict.fromkeys((old, *memory.former_names))))
    return remembered
