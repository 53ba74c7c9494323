"""SIGTERM: ask a training to save itself and end; before there is anything to save, end at once."""

from __future__ import annotations

import signal
from types import FrameType

from .codes import Stopped


class Stop:
    """Whether SIGTERM has come.

    Until `training` says that steps are made, the signal raises Stopped wherever the program is: loading a
    large model takes longer than any engine waits. From then on it only sets `requested`, which the training
    looks at after each step.
    """

    def __init__(self) -> None:
        self.requested = False
        self._training = False

    @property
    def early(self) -> bool:
        """Whether SIGTERM came before steps were made: a library may have made another error of it."""
        return self.requested and not self._training

    def install(self) -> None:
        """Take SIGTERM from now on. To be called in the main thread."""
        signal.signal(signal.SIGTERM, self._signalled)

    def training(self) -> None:
        """Steps are made from here on."""
        self._training = True
        if self.requested:
            raise Stopped

    def finishing(self) -> None:
        """All is trained: a stop that comes from here on finds a job that is done."""
        self._training = True

    def _signalled(self, _number: int, _frame: FrameType | None) -> None:
        again, self.requested = self.requested, True
        if not self._training and not again:
            raise Stopped
