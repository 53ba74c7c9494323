"""The one way to change a state by hand: its order, and what each step guards."""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from ftops.api.session import hold_lock
from ftops.api.state_edit import Consent, Proposal, StateEdit, agreed, edit
from ftops.api.surroundings import Surroundings
from ftops.errors import FtopsError, LeaseLost, LockHeld, StateConflict
from ftops.model.event import Event, EventKind
from ftops.model.state import Record, State
from ftops.model.value import replace
from ftops.state.backend import Holder, Lease
from ftops.state.backends.memory import MemoryBackend
from ftops.state.manager import StateManager

OTHER = Holder("id-1", "ana", "runner-7", 42, "apply", 0.0)


class Edit:
    """A state in memory, with everything that an edit needs; time stands still unless it is moved."""

    def __init__(self, root: Path) -> None:
        self.now = 0.0
        self.backend = MemoryBackend(lambda: self.now, lease_seconds=60.0)
        self.manager = self.another()
        self.root = root
        self.events: list[Event] = []
        self.surroundings = Surroundings({}, threading.Event(), self.events.append)
        self.seen: list[str] = []

    def another(self) -> StateManager:
        return StateManager(self.backend, "p", new_lineage=lambda: "l")

    def locked(self, operation: str) -> AbstractContextManager[Lease]:
        self.seen.append("lock")
        return hold_lock(self.manager, operation, self.now, self.surroundings)

    def propose(self, data: bytes | None) -> Proposal:
        self.seen.append(f"read {data is not None}")
        before = self.manager.read()
        return Proposal("b is added", with_record(before, "b"), before)

    def done(self, consent: Consent = agreed, *, backup: bool = True) -> StateEdit | None:
        return edit(self, "state add", self.propose, consent, backup=backup)


def with_record(state: State, name: str) -> State:
    return replace(state, fine_tunes={**state.fine_tunes, name: Record("oa", "f1:" + "0" * 64, 1, 1, {})})


@pytest.fixture
def place(tmp_path: Path) -> Edit:
    place = Edit(tmp_path)
    writer = place.another()
    writer.write(with_record(writer.read(), "a"))
    return place


def test_an_edit_locks_reads_asks_backs_up_and_writes(place: Edit) -> None:
    before = place.backend.read()
    made = place.done(place.seen.append)
    assert place.seen == ["lock", "read True", "b is added"]
    assert made is not None
    assert (made.words, made.location, made.serial) == ("b is added", "memory", 2)
    assert before is not None
    assert made.backup is not None
    assert made.backup.read_bytes() == before.data
    assert made.backup.name == "serial-1-before-add.json"
    assert [(event.kind, str(made.backup) in event.message) for event in place.events] == [
        (EventKind.BACKED_UP, True)
    ]
    assert set(place.another().read().fine_tunes) == {"a", "b"}
    assert place.manager.holder() is None


def test_where_nothing_is_stored_nothing_is_backed_up(tmp_path: Path) -> None:
    place = Edit(tmp_path)
    made = place.done()
    assert made is not None
    assert (made.backup, made.serial) == (None, 1)
    assert not (tmp_path / ".ftops").exists()


def test_no_consent_no_change_and_no_backup(place: Edit) -> None:
    before = place.backend.read()

    def no(_: str) -> None:
        raise FtopsError("not done")

    with pytest.raises(FtopsError, match="not done"):
        place.done(no)
    assert place.backend.read() == before
    assert not (place.root / ".ftops").exists()
    assert place.manager.holder() is None


def test_a_lock_that_ended_during_the_question_writes_nothing(place: Edit) -> None:
    before = place.backend.read()

    def slow(_: str) -> None:
        place.now += 61

    with pytest.raises(LeaseLost):
        place.done(slow)
    assert place.backend.read() == before


def test_a_held_lock_is_respected_and_nobody_is_asked(place: Edit) -> None:
    place.backend.lock(OTHER, 0.0)
    with pytest.raises(LockHeld):
        place.done(place.seen.append)
    assert place.seen == ["lock"]


def test_without_a_backup_there_is_no_surgery(place: Edit) -> None:
    before = place.backend.read()
    (place.root / ".ftops").write_text("no folder")
    with pytest.raises(FtopsError, match="cannot keep a backup"):
        place.done()
    assert place.backend.read() == before


def test_what_others_wrote_since_this_manager_read_is_not_lost(place: Edit) -> None:
    place.manager.read()
    other = place.another()
    other.write(with_record(other.read(), "theirs"))
    place.done()
    assert set(place.another().read().fine_tunes) == {"a", "theirs", "b"}


def test_a_state_that_is_gone_by_now_is_not_written_from_memory(place: Edit) -> None:
    place.manager.read()
    place.backend._stored = None
    place.done()
    assert set(place.another().read().fine_tunes) == {"b"}


def test_a_write_that_was_refused_is_not_remembered_as_done(place: Edit) -> None:
    before = place.manager.read()

    def propose(_: bytes | None) -> Proposal:
        other = place.another()
        other.write(with_record(other.read(), "theirs"))
        return Proposal("b is added", with_record(before, "b"), before)

    with pytest.raises(StateConflict):
        edit(place, "state add", propose, backup=False)
    assert set(place.manager.read().fine_tunes) == {"a", "theirs"}
