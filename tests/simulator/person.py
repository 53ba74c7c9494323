"""Somebody who knows the truth: settles the holds that ask for a person, and lifts what was refused."""

from __future__ import annotations

from contextlib import suppress

from ftops.errors import FtopsError
from ftops.model.change import Action, Change, Reason
from ftops.model.job import Job
from ftops.model.state import State
from ftops.model.value import replace
from ftops.records.matching import worth_keeping
from ftops.records.rebuilding import rebuilt
from ftops.records.surgery import (
    accepted,
    arrived,
    claimed,
    in_doubt,
    never_arrived,
    not_mine,
    retried,
    take_over,
)
from tests.simulator import laws
from tests.simulator.world import World, dataset

PERSON = (
    Reason.AMBIGUOUS_CREATE,
    Reason.LOOKALIKE,
    Reason.LIKENESS,
    Reason.ALTERED,
    Reason.OTHER_LINEAGE,
    Reason.ORPHAN,
)


def ask_a_person(world: World) -> None:
    """Let somebody who knows the truth settle each hold that asks for it, as `ftops resolve` does."""
    for name in sorted(laws.names(world.plan(), world.declared, world.state())):
        for shown in world.plan().changes:
            # What was settled a moment ago is asked no more.
            asked = [one for one in world.plan().changes if (one.name, one.job_id) == (name, shown.job_id)]
            for change in asked if shown.name == name else ():
                if change.action is Action.HOLD and change.reason in PERSON:
                    if f"ftops resolve {name} --" not in change.message:
                        world.findings.law(f"the hold of {name} names no way out: {change.message}")
                    _told_apart(world, change)
                    _resolve(world, change)


def lift_refusals(world: World, *names: str) -> None:
    """Let somebody try again what the provider refused, as `ftops resolve NAME --retry` does."""
    manager = world.manager()
    for name in names:
        fine_tune = world.declared.get(name)
        paths = [file.path for _, file in fine_tune.data_files if file.path] if fine_tune else []
        # Nothing may have been refused, and the store may be out of order: then nothing is lifted.
        with suppress(FtopsError):
            state = manager.read()
            manager.write(retried(state, name, [dataset(path).file_sha256 for path in paths]))
            record = state.fine_tunes.get(name)
            if record is not None and record.intent is not None:
                world.provider.not_before.pop(record.intent.nonce, None)


def _told_apart(world: World, change: Change) -> None:
    """A doubt between jobs of several names means that their creates were in flight together."""
    paid = laws.named_in(change) & world.provider.truth.keys()
    known = [one for one in paid if world.provider.key(one) not in world.findings.forgotten]
    names = {world.provider.truth[one].name for one in known}
    sure = world.provider.marks or not world.provider.facts.capabilities.stamps
    if change.reason is Reason.AMBIGUOUS_CREATE and len(names) > 1 and sure:
        world.findings.law(f"the creates of {sorted(names)} look alike and were in flight together")


def _resolve(world: World, change: Change) -> None:
    manager, name = world.manager(), change.name
    state = manager.read()
    intent, record = in_doubt(state, name), state.fine_tunes.get(name)
    if intent is not None and change.reason is Reason.AMBIGUOUS_CREATE:
        made = [job for job in world.provider.jobs.values() if _nonce(world, job) == intent.nonce]
        answered = arrived(state, name, made[0]) if made else never_arrived(state, name, world.provider.jobs)
        manager.write(answered)
        return
    job = world.provider.jobs[change.job_id or ""]
    if record is not None and record.job is not None and record.job.id == job.id:
        manager.write(accepted(state, name, job.id))
        return
    owner = _owner(world, job, state)
    if owner is None:
        manager.write(not_mine(state, "p", job.id))
    elif owner == name:
        manager.write(_taken(world, state, change, job))


def _owner(world: World, job: Job, state: State) -> str | None:
    """Return the name that a job was paid for, as it is called by now."""
    stamp = world.provider.truth.get(job.id)
    if stamp is None:
        return None
    for name, record in state.fine_tunes.items():
        intent = (record.intent.nonce,) if record.intent else ()
        if stamp.nonce in (*record.spent_nonces, *intent, *(one.nonce for one in record.jobs)):
            return name
    return stamp.name


def _taken(world: World, state: State, change: Change, job: Job) -> State:
    """Take a job for its name: its only one, or a second one that has to go."""
    name = change.name
    record = state.fine_tunes.get(name)
    if record is not None and record.job is not None and worth_keeping(record.job):
        return claimed(accepted(state, name, record.job.id), name, [job])
    if name in world.declared and change.spec:
        return take_over(state, world.declared[name], change, job)
    if record is not None:
        return claimed(state, name, [job])
    reviewed = world.reviewed()
    seen = {"p": replace(reviewed.observations["p"], jobs=tuple(world.provider.jobs.values()))}
    found = rebuilt(state, seen, world.declared.values(), reviewed.plan, lost=False).state
    known = name in found.fine_tunes or name in found.archive
    return found if known else not_mine(state, "p", job.id)


def _nonce(world: World, job: Job) -> str | None:
    stamp = world.provider.truth.get(job.id)
    return stamp.nonce if stamp else None
