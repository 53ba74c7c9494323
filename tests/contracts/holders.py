"""Processes of their own that hold a lock or write a state, for tests that kill and pause them."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path

from ftops.errors import LeaseLost, LockHeld, StateConflict
from ftops.model.value import replace
from ftops.state.backend import Holder, Opening
from ftops.state.manager import StateManager
from ftops.state.registry import open_backend

CONTEXT = multiprocessing.get_context("spawn")
PATIENCE = 30.0


def holder(name: str) -> Holder:
    return Holder(f"id-of-{name}", name, "here", os.getpid(), "apply", 1_700_000_000.0)


class HoldingProcess:
    """A process that holds the lock, asks every 20 ms whether it still does, and notes when it does not."""

    def __init__(self, process: BaseProcess, notes: Path) -> None:
        self._process = process
        self._notes = notes

    def says(self, word: str) -> bool:
        return self._notes.exists() and word in self._notes.read_text().split()

    def wait_for(self, word: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not self.says(word):
            assert time.monotonic() < deadline, f"the holding process never said {word!r}"
            time.sleep(0.01)

    def send(self, number: signal.Signals) -> None:
        os.kill(self._process.pid or 0, number)

    def kill(self) -> None:
        self.send(signal.SIGKILL)
        self._process.join()


@contextmanager
def holding(opening: Opening, notes: Path, name: str = "first") -> Iterator[HoldingProcess]:
    """Start a process and wait until it holds the lock; it is dead at the end."""
    process = CONTEXT.Process(target=_hold, args=(opening, str(notes), name))
    process.start()
    held = HoldingProcess(process, notes)
    try:
        held.wait_for("held")
        yield held
    finally:
        process.kill()
        process.join()


def _hold(opening: Opening, notes: str, name: str) -> None:
    def note(word: str) -> None:
        with Path(notes).open("a") as file:
            file.write(f"{word}\n")

    lease = open_backend(opening).lock(holder(name), PATIENCE)
    note("held")
    while True:
        try:
            lease.check()
        except LeaseLost:
            break
        time.sleep(0.02)
    note("lost")
    try:
        lease.check()
    except LeaseLost:
        note("stays-lost")
    lease.release()
    note("released")


def write_marks(opening: Opening, who: str, rounds: int) -> None:
    """Add marks to a state, each on top of whatever is there; a target for processes."""
    manager = StateManager(open_backend(opening), "p", new_lineage=lambda: "l")
    added = 0
    while added < rounds:
        state = manager.read()
        marks = (*state.not_mine.get("p", ()), f"{who}{added}")
        try:
            manager.write(replace(state, not_mine={"p": marks}))
        except (StateConflict, LockHeld):
            continue
        added += 1
