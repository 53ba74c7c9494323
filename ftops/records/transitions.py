"""Which conditions have newly come true: each is a transition once, across restarts, crashes and runners.

A job's phase never goes back, so it is remembered for as long as any state is; every other condition may come
again after it was over. What nobody could look at stays as it was.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence

from ftops.model.change import Reason
from ftops.model.state import RecordedJob, State
from ftops.model.transition import (
    MOST_TRANSITIONS,
    PROJECT,
    Delivery,
    Telling,
    Transition,
    TransitionKind,
)
from ftops.model.value import replace
from ftops.records.delivering import bounded
from ftops.records.standing import (
    ACTIVE,
    ENDED,
    FORGOTTEN,
    HELD,
    Seen,
    Standing,
    blind,
    fitted,
    is_forgotten,
    jobs_of,
    standing,
)

Observed = Mapping[str, tuple[str, ...]]
News = list[tuple[str, Transition]]
"""Conditions that have newly come true, and those that are over, each with what is to be told."""

_PHASES = frozenset({ACTIVE, *(kind.value for kind in ENDED.values())})


def observe(state: State, seen: Seen) -> State:
    """Return the state with what has newly come true: in `observed`, as transitions, as deliveries.

    Where nothing has, it is the very same state. One that was never observed is taken as it was stored,
    silently: what came true before is no news.
    """
    now = standing(state, seen)
    before = state.observed if state.observed is not None else _unseen(seen, now)
    phases, of_jobs = _phases(state, before)
    conditions, of_conditions = _conditions(state, before, now, seen)
    observed = _joined(phases, conditions, before)
    news = [*of_jobs, *of_conditions]
    if not news and observed == state.observed:
        return state
    told = [(key, _finished(one, seen)) for key, one in news]
    events = (*state.events, *(one for _, one in told))[-MOST_TRANSITIONS:]
    new = tuple(delivery for key, one in told for delivery in _deliveries(key, one, state, seen))
    return replace(
        state, observed=observed, events=events, deliveries=bounded((*state.deliveries, *new), seen.now)
    )


def _unseen(seen: Seen, now: Standing) -> Observed:
    """Return what was true of a state that no round has observed."""
    stored = seen.stored
    known = {*stored.fine_tunes, *stored.archive}
    phases: dict[str, set[str]] = {}
    for name, job in jobs_of(stored):
        phases.setdefault(name, set()).add(f"{_phase(job)}:{job.id}")
    conditions = {name: set(keys) for name, keys in now.items() if name in known}
    return {
        name: tuple(sorted(phases.get(name, set()) | conditions.get(name, set())))
        for name in phases.keys() | conditions.keys()
    }


def _phase(job: RecordedJob) -> str:
    kind = ENDED.get(job.status)
    return kind.value if kind else ACTIVE


def _phases(state: State, before: Observed) -> tuple[dict[str, set[str]], News]:
    """Return the phases that each job has reached, by the name that has it now, and what of it is new.

    A job is known whatever name it had before. One that the state has lost stays under its last name: were
    it found again, it would be no news.
    """
    reached: dict[str, set[str]] = {}
    last: dict[str, str] = {}
    for name, keys in before.items():
        for key in keys:
            phase, _, job_id = key.partition(":")
            if job_id and phase in _PHASES:
                reached.setdefault(job_id, set()).add(phase)
                last[job_id] = name
    found: dict[str, set[str]] = {}
    news: News = []
    for name, job in sorted(jobs_of(state), key=_in_order):
        known = reached.get(job.id)
        if known is None:
            news += [(f"{ACTIVE}:{job.id}", one) for one in _first_seen(state, name, job)]
        phase, ended = _phase(job), set(known or ()) - {ACTIVE}
        adopted = known is None and job.purchase is None
        if phase != ACTIVE and phase not in ended and not adopted:
            news.append((f"{phase}:{job.id}", _ended(name, job, ENDED[job.status])))
        kept = ended | {phase} - ({ACTIVE} if ended else set())
        found.setdefault(name, set()).update(f"{one}:{job.id}" for one in kept)
        last.pop(job.id, None)
    for job_id, name in last.items():
        found.setdefault(name, set()).update(f"{phase}:{job_id}" for phase in reached[job_id])
    return found, news


def _in_order(one: tuple[str, RecordedJob]) -> tuple[str, int, int, str]:
    name, job = one
    return name, job.generation, job.attempt, job.id


def _first_seen(state: State, name: str, job: RecordedJob) -> Iterator[Transition]:
    about = _about(name, job)
    if job.purchase is None:
        words = f"job {job.id} was taken over; it is {job.status.value}"
        yield replace(about, kind=TransitionKind.ADOPTED, message=words)
        return
    record = state.fine_tunes.get(name)
    earlier = [
        one for one in (record.jobs if record else ()) if one.id != job.id and one.generation < job.generation
    ]
    numbers = f"generation {job.generation}, attempt {job.attempt}"
    made = replace(about, commit=job.purchase.commit, by=job.purchase.by)
    if earlier:
        old = max(earlier, key=lambda one: (one.generation, one.attempt, one.id))
        words = f"job {job.id} was created in place of {old.id}: {numbers}"
        yield replace(made, kind=TransitionKind.REPLACED, message=words)
    else:
        yield replace(made, message=f"job {job.id} was created: {numbers}")


def _ended(name: str, job: RecordedJob, kind: TransitionKind) -> Transition:
    if kind is TransitionKind.SUCCEEDED:
        model = f": its model is {job.fine_tuned_model}" if job.fine_tuned_model else ""
        words = f"job {job.id} has succeeded{model}"
    elif kind is TransitionKind.FAILED:
        words = f"job {job.id} has failed: {job.error or 'the provider does not say why'}"
    else:
        words = f"job {job.id} was cancelled"
    return replace(_about(name, job), kind=kind, message=words)


def _about(name: str, job: RecordedJob) -> Transition:
    return Transition(
        0,
        TransitionKind.CREATED,
        "",
        name,
        provider=job.provider,
        job_id=job.id,
        generation=job.generation,
    )


def _conditions(
    state: State, before: Observed, now: Standing, seen: Seen
) -> tuple[dict[str, set[str]], News]:
    """Compare what is true besides the phases of jobs."""
    earlier = {
        name: {key for key in keys if key.partition(":")[0] not in _PHASES} for name, keys in before.items()
    }
    earlier = _followed({name: keys for name, keys in earlier.items() if keys}, state, before)
    unsure = _unsure(earlier, state, seen)
    found: dict[str, set[str]] = {}
    news: News = []
    for name in sorted(earlier.keys() | now.keys()):
        was, present = earlier.get(name, set()), now.get(name, {})
        found[name] = (set(present) | was) if name in unsure else set(present)
        news += [(key, present[key]) for key in sorted(present.keys() - was)]
        if over := {key for key in was - found[name] if key.startswith(HELD)}:
            news += _released(name, over, found[name], seen)
    return {name: keys for name, keys in found.items() if keys}, news


def _followed(earlier: dict[str, set[str]], state: State, before: Observed) -> dict[str, set[str]]:
    """Take what was true of a name along to the name that has its jobs now: a rename changes nothing."""
    gone = {name for name in earlier if name != PROJECT and name not in state.fine_tunes}
    if not gone:
        return earlier
    holder = {job.id: name for name, record in state.fine_tunes.items() for job in record.jobs}
    for old in gone:
        jobs = (key.partition(":")[2] for key in before[old] if key.partition(":")[0] in _PHASES)
        new = next((holder[job_id] for job_id in jobs if job_id in holder), None)
        if new is not None:
            earlier.setdefault(new, set()).update(earlier.pop(old) - {FORGOTTEN})
    return earlier


def _unsure(earlier: Iterable[str], state: State, seen: Seen) -> set[str]:
    """Return the names of which this round does not say whether what was true of them is over."""
    refused = bool(seen.review.violations)
    told = {change.name for change in seen.plan.changes}
    names = {
        change.name for change in seen.plan.changes if blind(change) or (refused and change.action.effective)
    }
    untold = {name for name in earlier if name not in told and not is_forgotten(state, name)}
    # A whole plan has a change of everything that is declared or recorded.
    return names | {name for name in untold if not seen.complete or name in state.fine_tunes}


def _released(name: str, over: set[str], still: set[str], seen: Seen) -> News:
    """Say that a hold is over, unless the same fine-tune is held for another reason, or is gone."""
    gone = name != PROJECT and all(change.name != name for change in seen.plan.changes)
    if gone or any(key.startswith(HELD) for key in still):
        return []
    reasons = ", ".join(sorted({key.removeprefix(HELD).partition(":")[0] for key in over}))
    about = None if name == PROJECT else name
    words = f"it is no longer held ({reasons})" if about else f"the project is no longer held ({reasons})"
    return [(min(over), Transition(0, TransitionKind.RELEASED, words, about))]


def _joined(phases: Mapping[str, set[str]], conditions: Mapping[str, set[str]], before: Observed) -> Observed:
    """Join both. What did not change is the very same value, so that it is not written out again."""
    nothing: set[str] = set()
    joined: dict[str, tuple[str, ...]] = {}
    for name in sorted(phases.keys() | conditions.keys()):
        keys, old = phases.get(name, nothing) | conditions.get(name, nothing), before.get(name, ())
        joined[name] = old if keys == set(old) else tuple(sorted(keys))
    return joined


def _finished(one: Transition, seen: Seen) -> Transition:
    """Add when it was seen, and by whom where nobody is named yet."""
    message = fitted(one.message)
    made = one.by is not None or one.commit is not None
    commit, by = (one.commit, one.by) if made else (seen.commit, seen.by)
    return replace(one, at=seen.now, message=message, commit=commit, by=by)


def _deliveries(key: str, one: Transition, state: State, seen: Seen) -> Iterator[Delivery]:
    labels = _labels(one, state, seen)
    wanting = {telling.key: telling for telling in seen.telling if _wants(telling, one, labels)}
    for target in sorted(wanting):
        parts = (state.lineage, str(state.serial), one.name or "", key, one.kind.value, target)
        digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()
        yield Delivery(digest[:32], target, seen.now, one)


def _labels(one: Transition, state: State, seen: Seen) -> Mapping[str, str]:
    if one.name is None:
        return {}
    record = state.fine_tunes.get(one.name)
    declared: Sequence[Mapping[str, str]] = [
        change.labels for change in seen.plan.changes if change.name == one.name and change.labels
    ]
    return declared[0] if declared else record.labels if record else {}


def _wants(telling: Telling, one: Transition, labels: Mapping[str, str]) -> bool:
    """Return whether a target is told. A hold is no second message about what was told already."""
    if one.kind not in telling.on or not telling.labels.items() <= labels.items():
        return False
    if one.kind is not TransitionKind.HELD:
        return True
    told = {Reason.FAILED.value: TransitionKind.FAILED}
    told[Reason.CANCELLED_EXTERNALLY.value] = TransitionKind.CANCELLED
    return one.reason != Reason.UPSTREAM.value and told.get(one.reason or "") not in telling.on
