from __future__ import annotations

from collections.abc import Callable
from itertools import count

import pytest

from ftops.errors import StateConflict, StateError, StateUncertain
from ftops.model.state import State
from ftops.model.value import replace
from ftops.state.backend import Stored
from ftops.state.backends.memory import MemoryBackend
from ftops.state.manager import StateManager
from ftops.state.statefile import encode


class DoubtfulBackend(MemoryBackend):
    """Loses the answer to a write, before or after it was made."""

    def __init__(self, *, made: bool) -> None:
        super().__init__(lambda: 0.0)
        self._made = made

    def write(self, data: bytes, expected: str | None) -> str:
        if self._made:
            super().write(data, expected)
        raise StateUncertain("the connection broke")


class ReplaceableBackend(MemoryBackend):
    """A store that somebody else can put anything into."""

    def put(self, state: State | None) -> None:
        self._stored = None if state is None else Stored(encode(state), f"put {state.serial}")


def lineages() -> Callable[[], str]:
    numbers = count(1)
    return lambda: f"lineage-{next(numbers)}"


def manager(backend: MemoryBackend, project: str = "p") -> StateManager:
    return StateManager(backend, project, new_lineage=lineages())


def test_a_new_state_gets_its_lineage_once() -> None:
    new = manager(MemoryBackend(lambda: 0.0))
    assert new.read() == new.read() == State("p", "lineage-1", observed={})
    assert not new.exists
    assert new.write(new.read()).serial == 1
    assert new.exists


def test_a_state_of_another_project_is_refused() -> None:
    backend = MemoryBackend(lambda: 0.0)
    ours = manager(backend)
    ours.write(ours.read())
    with pytest.raises(StateError, match="belongs to project p, this is q"):
        manager(backend, "q").read()


def test_a_write_without_a_read_is_refused() -> None:
    with pytest.raises(StateConflict):
        manager(MemoryBackend(lambda: 0.0)).write(State("p", "l"))


def test_a_state_renamed_to_another_project_is_not_written() -> None:
    ours = manager(MemoryBackend(lambda: 0.0))
    with pytest.raises(StateError, match="cannot be written as p"):
        ours.write(replace(ours.read(), project="q"))


def test_a_write_whose_answer_was_lost_is_recognised() -> None:
    doubtful = manager(DoubtfulBackend(made=True))
    assert doubtful.write(doubtful.read()).serial == 1
    assert doubtful.read().serial == 1


def test_a_write_that_was_not_made_is_not_believed() -> None:
    doubtful = manager(DoubtfulBackend(made=False))
    with pytest.raises(StateUncertain):
        doubtful.write(doubtful.read())
    assert not doubtful.exists


@pytest.mark.parametrize(
    ("put", "words"),
    [
        (State("p", "lineage-1", 1), "went back from serial 2 to 1"),
        (State("p", "another", 9), "or is another state"),
        (None, "was there a moment ago and is gone"),
    ],
)
def test_a_state_that_changed_under_a_run_other_than_by_growing_is_refused(
    put: State | None, words: str
) -> None:
    backend = ReplaceableBackend(lambda: 0.0)
    ours = manager(backend)
    ours.write(ours.write(ours.read()))
    backend.put(put)
    with pytest.raises(StateError, match=words):
        ours.read()
