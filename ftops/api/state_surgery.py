"""Cuts into the state: a record renamed or forgotten, another state in its place, a dead run's lock freed."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable

from msgspec import Struct

from ftops.api.state_access import StateAccess
from ftops.api.state_edit import Consent, Proposal, StateEdit, agreed, edit
from ftops.errors import NeedsPerson, StateError
from ftops.model.state import State
from ftops.records.replacing import refuse_older
from ftops.records.surgery import removed, renamed
from ftops.report.words import counted
from ftops.state.features import BreaksLocks, ExplainsLocks
from ftops.state.holder import clock


def rename_record(access: StateAccess, old: str, new: str, consent: Consent = agreed) -> StateEdit:
    """Give the record of `old` the name `new`. Raises UsageError and FtopsError where that cannot be."""
    words = f"the record of {old} is renamed to {new}; no job is touched"
    return _cut(access, "state mv", words, lambda state: renamed(state, old, new), consent)


def remove_record(access: StateAccess, name: str, consent: Consent = agreed) -> StateEdit:
    """Forget a name; its job runs on, unwatched. Raises NeedsPerson while a create of it is in doubt."""
    words = f"the record of {name} is forgotten; its job is neither cancelled nor watched from now on"
    return _cut(access, "state rm", words, lambda state: removed(state, name), consent)


def push_state(
    access: StateAccess, source: tuple[bytes, str], consent: Consent = agreed, *, force: bool = False
) -> StateEdit:
    """Put a state, given as bytes and what they are called, in place of the stored one.

    Raises Refused for one of another lineage and for an older one, unless `force`.
    """
    return _put_in_place(access, source, "state push", consent, force=force)


def restore_state(access: StateAccess, version: str, consent: Consent = agreed) -> StateEdit:
    """Put an earlier version of the store in place of the present state."""
    source = access.earlier(version), version
    return _put_in_place(access, source, "state restore", consent, force=True)


class Unlocked(Struct, frozen=True):
    """What became of a lock; `broken` is False where nobody held it, and `words` say so."""

    broken: bool
    words: str


def break_lock(access: StateAccess, lock_id: str | None = None, consent: Consent = agreed) -> Unlocked:
    """Break the lock whose holder is gone; with `lock_id` that one alone.

    Raises NeedsPerson, nothing changed, where another run has it or where it comes free by itself.
    """
    backend = access.backend
    holder = backend.holder()
    why = f": {backend.explain_lock()}" if isinstance(backend, ExplainsLocks) else ""
    if holder is None:
        return Unlocked(broken=False, words=f"Nobody holds the lock of {backend.location}{why}.")
    if lock_id is not None and holder.id != lock_id:
        raise NeedsPerson(
            f"the lock {lock_id} of {backend.location} is gone: {holder} holds {holder.id}",
            hint="nothing was changed; that is another run",
        )
    if not isinstance(backend, BreaksLocks):
        here = holder.host == socket.gethostname() and holder.pid not in (0, os.getpid())
        end = f"`kill {holder.pid}`" if here else f"process {holder.pid} on {holder.host}"
        raise NeedsPerson(
            f"{holder} holds the lock of {backend.location}{why}",
            hint=f"if that run hangs, end it: {end}; nothing else has to be broken",
        )
    consent(
        f"The lock {holder.id} of {backend.location} is taken from {holder}, since {clock(holder.since)}. "
        "Make sure that this run is dead: if it is alive, two runs could create jobs."
    )
    backend.unlock(holder)
    return Unlocked(broken=True, words="unlocked")


def _cut(
    access: StateAccess, operation: str, words: str, cut: Callable[[State], State], consent: Consent
) -> StateEdit:
    def propose(_: bytes | None) -> Proposal:
        before = access.existing()
        return Proposal(f"In the state: {words}.", cut(before), before)

    return _done(edit(access, operation, propose, consent))


def _put_in_place(
    access: StateAccess, source: tuple[bytes, str], operation: str, consent: Consent, *, force: bool
) -> StateEdit:
    pushed = access.manager.decoded(*source)
    if pushed.project != access.project:
        raise StateError(
            f"{source[1]} belongs to project {pushed.project}, this is {access.project}",
            hint="nothing was changed",
        )

    def propose(data: bytes | None) -> Proposal:
        current = _readable(data, access, force=force)
        if current is not None and not force:
            refuse_older(pushed, current)
        there = f"serial {current.serial} there" if current else "what is there" if data else "nothing"
        words = f"the state of {access.backend.location}: serial {pushed.serial} replaces {there}"
        return Proposal(f"{words}; {counted(len(pushed.fine_tunes), 'fine-tune')}.", pushed, current)

    return _done(edit(access, operation, propose, consent))


def _readable(data: bytes | None, access: StateAccess, *, force: bool) -> State | None:
    try:
        return None if data is None else access.manager.decoded(data)
    except StateError:
        if not force:
            raise
        return None


def _done(edited: StateEdit | None) -> StateEdit:
    if edited is None:
        raise ValueError("an edit that always proposes something did not")
    return edited
