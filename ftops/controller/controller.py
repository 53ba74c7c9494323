"""Rounds for ever: one at once, then one after each pause, until somebody asks to stop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec import Struct

from ftops.controller.pacing import Pacing
from ftops.controller.reconciled import Reconciled

Listener = Callable[[Reconciled], None]
"""Is told of every round, from the thread of the controller, which waits for it. It must not raise."""


class Controller(Struct):
    """The rounds of one project. `pacing` is how its next round is waited for.

    `run` is one round. `wait(seconds)` lets time pass and returns True once the controller is to end, and
    `draw` returns a number from 0 to 1. `resting` is told each pause: the project's directory, its seconds,
    and how many of them are for a failure. Nothing is kept of a round: memory stays flat.
    """

    run: Callable[[], Reconciled]
    pacing: Pacing
    wait: Callable[[float], bool]
    draw: Callable[[], float]
    listeners: Sequence[Listener] = ()
    resting: Callable[[Path, float, float], None] = lambda *_: None

    def go_on(self) -> None:
        """Run until `wait` says that it is over. A round in progress is finished first."""
        over = self.wait(0.0)
        while not over:
            ended = self.run()
            for listener in self.listeners:
                listener(ended)
            self.pacing = self.pacing.after(ended)
            seconds = self.pacing.seconds(self.draw())
            self.resting(ended.root, seconds, self.pacing.backoff)
            del ended
            over = self.wait(seconds)
