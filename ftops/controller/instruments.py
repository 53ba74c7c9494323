"""Who watches the rounds: metrics and health, served and written. Loaded where somebody asks for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path

from ftops.controller.health import Health
from ftops.controller.listen_address import ListenAddress, listen_address
from ftops.controller.metrics import CONTENT_TYPE, Metrics
from ftops.controller.reconciled import Reconciled
from ftops.controller.serving import Answer, health_answers, serving
from ftops.controller.textfile import check_place, read_textfile, write_textfile
from ftops.transport.observer import Exchange, Observer


class Instruments:
    """A listener of rounds: counts, and writes the file. Nothing that it does fails a round.

    Projects may tell it of theirs from threads of their own.

    `hearer` is for `Surroundings`, whose events `health` is to hear as well. `warn` takes warnings.
    """

    def __init__(
        self,
        file: Path | None,
        interval: float | None,
        *,
        warn: Callable[[str], None],
        silence: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if file is not None:
            check_place(file)
        self._file = file
        self._warn = warn
        self._writing = threading.Lock()
        self.metrics = Metrics(process=file is None)
        self.health = Health(interval or 0.0, clock, silence)

    def __call__(self, told: Reconciled) -> None:
        """Take in one round."""
        self.health(told)
        try:
            self.metrics(told)
        except Exception as error:  # noqa: BLE001 - what pays and cancels goes on, whatever is wrong here
            self._warn(f"the metrics of this round are incomplete: {error!r}")
        self._write()

    def expect(self, root: Path, name: Callable[[], str | None]) -> None:
        """Have the series of a project from the start, and go on from what the file says of it."""
        project = name()
        if project is not None:
            self.metrics.expect(root, project)
        if self._file is None:
            return
        try:
            if (before := read_textfile(self._file)) is not None:
                self.metrics.resume(root, project, before)
        except (OSError, ValueError) as error:
            self._warn(f"{self._file} cannot be read ({_why(error)}): its counters begin again")

    def pausing(self, root: Path, seconds: float, backoff: float = 0.0) -> None:
        """Note how far away the next round of a project is, and how much of that is for a failure."""
        self.health.moved(seconds)
        self.metrics.backing_off(root, backoff)

    def forget(self, root: Path) -> None:
        """Drop what is known of a project that is gone."""
        self.metrics.forget(root)

    def hearer(self, project: str, provider: str) -> Observer:
        """Return who hears of the requests to one provider."""
        count = self.metrics.observer(project, provider)

        def hear(told: Exchange) -> None:
            self.health.hear(told)
            count(told)

        return hear

    def _write(self) -> None:
        if self._file is None:
            return
        try:
            # One after the other, so that the last to write is the last to have looked.
            with self._writing:
                write_textfile(self._file, self.metrics.text_to_resume())
        except OSError as error:
            self._warn(f"the metrics cannot be written to {self._file}: {_why(error)}")


def _why(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)


@contextmanager
def listening(instruments: Instruments, where: str) -> Iterator[ListenAddress]:
    """Serve what was seen. Raises UsageError for what is not an address, FtopsError for one in use."""

    def metrics() -> Answer:
        return Answer(HTTPStatus.OK, instruments.metrics.text(), CONTENT_TYPE)

    answers = {"/metrics": metrics, **health_answers(instruments.health)}
    with serving(listen_address(where), answers) as served:
        yield served
