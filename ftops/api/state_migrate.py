"""A state moved to another store: a verified copy there, then a notice where it was.

Ended half way, it can be run again.
"""

from __future__ import annotations

import time

from ftops.api.state_access import StateAccess, open_state
from ftops.api.state_edit import Consent, Proposal, StateEdit, agreed, backed_up, written
from ftops.errors import Refused, StateError, StateMoved, UsageError
from ftops.model.event import Event, EventKind
from ftops.model.state import State
from ftops.model.value import replace
from ftops.records.replacing import known_only_to
from ftops.report.words import counted

_OPERATION = "state migrate"


def migrate_state(old: StateAccess, url: str, consent: Consent = agreed) -> StateEdit:
    """Copy the state to `url`, compare the copy, and mark the old one as moved; both locks are held.

    `spec.state` of ftops.yaml is to be set to `url` next. Raises Refused for a place that holds another
    state, or a copy that runs have worked with.
    """
    new = open_state(old.root, old.surroundings, url)
    if old.backend.location == new.backend.location:
        raise UsageError(f"the state is already at {old.backend.location}")
    with old.locked(_OPERATION) as old_lock, new.locked(_OPERATION) as new_lock:
        data, state = old.manager.stored() or b"", old.existing()
        there = _there(new, state)
        words = f"the state of {old.backend.location} (serial {state.serial}, "
        words += f"{counted(len(state.fine_tunes), 'fine-tune')}) moves to {new.backend.location}"
        proposal = Proposal(f"{words}; a notice stays in its place.", state, there)
        consent(proposal.words)
        kept = backed_up(old, data, state.serial, _OPERATION)
        done = written(new, new_lock, proposal, kept)
        _compare(state, open_state(old.root, old.surroundings, url))
        old_lock.check()
        old.manager.retire(new.backend.location)
    return done


def _there(new: StateAccess, state: State) -> State | None:
    """Return what the copy replaces: nothing, the notice of an earlier move, or an unfinished copy.

    Raises Refused for anything else: a state that somebody may be working with.
    """
    data = new.manager.stored()
    if data is None:
        return None
    try:
        there = new.manager.decoded(data)
    except StateMoved as moved:
        _note(new, f"{new.backend.location} holds the notice of a move to {moved.moved_to}")
        return None
    if (there.project, there.lineage) != (state.project, state.lineage):
        raise Refused(
            f"{new.backend.location} already holds a state: project {there.project}, lineage "
            f"{there.lineage}, serial {there.serial}",
            hint="nothing was changed; choose another place, or inspect that state with `ftops state pull`",
        )
    if lost := known_only_to(there, state):
        raise Refused(
            f"the copy of this state at {new.backend.location} knows jobs that this one does not "
            f"({lost[0]}): runs have worked with it",
            hint="nothing was changed; if it is the right one, set spec.state to it",
        )
    _note(new, f"{new.backend.location} holds an older copy, serial {there.serial}")
    return there


def _note(new: StateAccess, words: str) -> None:
    new.surroundings.emit(Event(EventKind.NOTED, time.time(), words))


def _compare(state: State, copy: StateAccess) -> None:
    found = copy.existing()
    if replace(found, serial=state.serial) != state:
        raise StateError(
            f"the copy at {copy.backend.location} is not what was written",
            hint="the old state is unchanged and stays in force",
        )
