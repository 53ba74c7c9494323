"""How a trainer ends: its exit codes, the codes of its errors, and the exceptions that carry them."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """What the exit code of a trainer tells the engine and ftops."""

    DONE = 0
    """Trained now or before, and said so with a `result` event."""
    FAILED = 1
    DATA_REFUSED = 65
    """The data or the job document."""
    MISSING = 69
    """The model, or a library of the trainer, is not on this node."""
    OUT_OF_MEMORY = 71
    NOT_WRITABLE = 73
    RUNNING = 75
    """Another process trains into the same folder: never 0, which would be taken for a training."""
    STOPPED = 143
    """By SIGTERM; what was trained is kept in a checkpoint."""


ERRORS: dict[str, Exit] = {
    "data_refused": Exit.DATA_REFUSED,
    "digest_mismatch": Exit.DATA_REFUSED,
    "job_document": Exit.DATA_REFUSED,
    "model_missing": Exit.MISSING,
    "library_missing": Exit.MISSING,
    "out_of_memory": Exit.OUT_OF_MEMORY,
    "output_not_writable": Exit.NOT_WRITABLE,
    "already_running": Exit.RUNNING,
    "trainer_failed": Exit.FAILED,
}
"""Code of an `error` event -> how the trainer ends."""


class Refused(Exception):
    """What a trainer cannot do: a sentence that says where, and what to do next."""

    def __init__(self, code: str, message: str, hint: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint

    @property
    def exit(self) -> Exit:
        """How the trainer ends."""
        return ERRORS[self.code]


class Stopped(Exception):
    """A training that SIGTERM has ended; `checkpoint` is where the next start goes on."""

    def __init__(self, step: int = 0, checkpoint: str | None = None) -> None:
        super().__init__(f"stopped at step {step}")
        self.step = step
        self.checkpoint = checkpoint
