"""Many projects at once: one that hangs or fails delays no other, and those that come are followed."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ftops.controller.fleet import Fleet, Member, Slots
from ftops.controller.pacing import Pacing
from ftops.controller.reconciled import Reconciled, Result
from ftops.errors import ExitCode

PATIENCE = 60.0
PACING = Pacing(0.01)


class Play:
    """Projects whose rounds are counted; those of `hanging` ones wait until `let_go` is set."""

    def __init__(self, *names: str, hanging: tuple[str, ...] = ()) -> None:
        self.names = list(names)
        self.hanging = hanging
        self.counts: Counter[str] = Counter()
        self.let_go = threading.Event()
        self.stop = threading.Event()
        self._news = threading.Condition()

    def find(self) -> list[Path]:
        return [Path(name) for name in self.names]

    def begin(self, path: Path) -> Member:
        def run() -> Reconciled:
            if path.name in self.hanging:
                assert self.let_go.wait(PATIENCE)
            return Reconciled("1", path.name, path, 0.0, 0.0, Result.DONE, ExitCode.NOTHING)

        return Member(run, (self._hear,))

    def _hear(self, ended: Reconciled) -> None:
        with self._news:
            self.counts[ended.project] += 1
            self._news.notify_all()

    def wait_for(self, condition: Callable[[], bool]) -> None:
        with self._news:
            assert self._news.wait_for(condition, PATIENCE), self.counts

    @contextmanager
    def going_on(self, slots: Slots) -> Iterator[None]:
        fleet = Fleet(self.find, self.begin, PACING, self.stop, lambda: 0.5, slots)
        thread = threading.Thread(target=fleet.go_on, args=(0.01,))
        thread.start()
        try:
            yield
        finally:
            self.let_go.set()
            self.stop.set()
            thread.join(PATIENCE)
            assert not thread.is_alive()


def test_projects_that_hang_give_their_slots_to_the_others() -> None:
    hanging = ("h1", "h2", "h3")
    play = Play("a", "b", *hanging, hanging=hanging)
    with play.going_on(Slots(count=2, slow=0.01)):
        play.wait_for(lambda: play.counts["a"] >= 5 and play.counts["b"] >= 5)
        assert not any(play.counts[name] for name in hanging)
    assert all(play.counts[name] for name in hanging)


def test_a_round_has_its_slot_to_itself_and_gives_it_back_once() -> None:
    slots = Slots(count=1, slow=PATIENCE)
    with slots.taken(lambda: False), slots.taken(lambda: True):
        pass
    with slots.taken(lambda: False):
        pass


def test_a_slot_of_a_slow_round_is_not_given_back_twice() -> None:
    slots = Slots(count=1, slow=0.0)
    with slots.taken(lambda: False), slots.taken(lambda: False):
        pass
    free = slots._free
    assert free.acquire(blocking=False)
    assert not free.acquire(blocking=False)


def test_projects_come_and_go_while_it_runs() -> None:
    play = Play("a")
    with play.going_on(Slots()):
        play.wait_for(lambda: play.counts["a"] >= 2)
        play.names = ["b"]
        play.wait_for(lambda: play.counts["b"] >= 2)
        before = play.counts["a"]
        play.names = ["a", "b"]
        play.wait_for(lambda: play.counts["a"] >= before + 3)
