"""What every trainer does around its training: for a trainer of your own `sys.exit(main(train))`.

`train` is given a Run and returns an Outcome; it raises Refused for what it cannot do, and Stopped once it
has saved itself after SIGTERM. Around it: the job document is checked, the output folder is locked, a job
that is done is not trained again, the data is the planned data, and every end is an event and an exit code.
"""

from __future__ import annotations

import argparse
import errno
import os
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .codes import Exit, Refused, Stopped
from .data import found
from .events import EventLog
from .job import Job, job_of, read_document
from .output import Output, mark_complete, not_writable
from .schema import JOB, schema, schema_text
from .stopping import Stop

_FULL = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EROFS))
_DISK_FULL = ("no space left on device", "pytorchstreamwriter failed")
"""What libraries say that hide the number of the error."""
_OUT_OF_MEMORY = ("out of memory", "can't allocate memory", "cannot allocate memory", "unable to allocate")


@dataclass(frozen=True)
class Outcome:
    """What a training has made; `fine_tuned_model` is a folder within the output folder."""

    fine_tuned_model: Path
    base_model: str
    steps: int
    trained_tokens: int | None = None
    gpus: int = 0
    train_loss: float | None = None
    valid_loss: float | None = None
    weights_sha256: str | None = None


@dataclass(frozen=True)
class Run:
    """What a training is given. The data files are on this node and are the planned ones."""

    job: Job
    events: EventLog
    output: Output
    stop: Stop
    training_file: Path
    validation_file: Path | None

    def message(self, text: str, level: str = "info", /, **data: Any) -> None:
        """Say something to people."""
        self.events.emit("message", text, level, **data)

    def metrics(self, step: int, total_steps: int, **figures: float | None) -> None:
        """Report figures of a step: epoch, train_loss, valid_loss, learning_rate, tokens."""
        told: dict[str, Any] = {name: value for name, value in figures.items() if value is not None}
        names = {"train_loss": "training loss", "valid_loss": "validation loss"}
        losses = [f"{words} {told[name]:.4f}" for name, words in names.items() if name in told]
        words = ", ".join([f"step {step} of {total_steps}", *losses])
        self.events.emit("metrics", words, step=step, total_steps=total_steps, **told)

    def checkpoint(self, step: int, path: Path) -> None:
        """Report a checkpoint that is whole: from now on a start goes on from it."""
        mark_complete(path)
        self.events.emit("checkpoint", f"checkpoint at step {step}", step=step, path=str(path))


Train = Callable[[Run], Outcome]


def main(train: Train, arguments: Sequence[str] | None = None) -> int:
    """Run a trainer as a program: `PROGRAM job.json`, `-` for standard input. Return its exit code."""
    parser = argparse.ArgumentParser(prog="ftops_trainer", description="Train what a job document says.")
    parser.add_argument("document", nargs="?", help="the job document, - for standard input")
    parser.add_argument("--schema", action="store_true", help="print the JSON Schema of the job document")
    parser.add_argument("--version", action="store_true", help="print the version of the trainer")
    told = parser.parse_args(arguments)
    if told.schema:
        print(schema_text(JOB), end="")
        return Exit.DONE
    if told.version:
        print(schema(JOB)["properties"]["trainer_version"]["const"])
        return Exit.DONE
    if told.document is None:
        parser.error("name the job document")
    return run(told.document, train)


def run(document: str, train: Train) -> Exit:
    """Train what the document says, once. Never raises: every end is an event and an exit code."""
    # Of the processes of one training on several devices, the first alone holds the folder and speaks.
    leads = os.environ.get("RANK", "0") == "0"
    events = EventLog(silent=not leads)
    stop = Stop()
    try:
        stop.install()
        job = job_of(read_document(document))
        return _lead(job, train, stop, events) if leads else _follow(job, train, stop, events)
    except Exception as error:  # noqa: BLE001 # every end is an event
        early = stop.early and not isinstance(error, Stopped)
        return _ended(Stopped() if early else error, events)


def _lead(job: Job, train: Train, stop: Stop, events: EventLog) -> Exit:
    output = Output.hold(job.output)
    events.attach(output.folder)
    output.claim(job.document)
    if (done := output.result()) is not None:
        events.emit("result", f"job {job.id} is already done: nothing is trained again", **done)
        return Exit.DONE
    started = time.monotonic()
    outcome = train(_run(job, events, output, stop))
    stop.finishing()
    result = _result(job, outcome, output, time.monotonic() - started)
    output.finish(result)
    events.emit("result", f"job {job.id} is done after {outcome.steps} steps", **result)
    return Exit.DONE


def _follow(job: Job, train: Train, stop: Stop, events: EventLog) -> Exit:
    output = Output(job.output, -1)
    if output.result() is None:
        train(_run(job, events, output, stop))
    return Exit.DONE


def _run(job: Job, events: EventLog, output: Output, stop: Stop) -> Run:
    training = found(job.training_file, output.folder)
    validation = found(job.validation_file, output.folder) if job.validation_file else None
    return Run(job, events, output, stop, training, validation)


def _result(job: Job, outcome: Outcome, output: Output, seconds: float) -> dict[str, Any]:
    return {
        "format_version": 1,
        "id": job.id,
        "status": "succeeded",
        "fine_tuned_model": str(outcome.fine_tuned_model),
        "base_model": outcome.base_model,
        "steps": outcome.steps,
        "trained_tokens": outcome.trained_tokens,
        "gpus": outcome.gpus,
        "train_loss": outcome.train_loss,
        "valid_loss": outcome.valid_loss,
        "seconds": round(seconds, 1),
        "checkpoints": [{"step": step, "path": str(path)} for step, path in output.checkpoints()],
        "weights_sha256": outcome.weights_sha256,
    }


def _ended(error: Exception, events: EventLog) -> Exit:
    if isinstance(error, Stopped):
        kept = (
            f"; checkpoint {error.checkpoint} is kept"
            if error.checkpoint
            else ", before there was anything to keep"
        )
        words = f"stopped by SIGTERM at step {error.step}{kept}"
        events.emit("cancelled", words, "warn", step=error.step, path=error.checkpoint)
        return Exit.STOPPED
    refused = error if isinstance(error, Refused) else _refusal(error)
    events.emit("error", refused.message, "error", code=refused.code, hint=refused.hint)
    return refused.exit


def _refusal(error: Exception) -> Refused:
    """Say what an error of a library comes to. Its traceback goes to the log, for whoever asks on."""
    traceback.print_exception(type(error), error, error.__traceback__, file=sys.stderr)
    words = " ".join(f"{type(error).__name__}: {error}".split())
    if isinstance(error, OSError) and error.errno in _FULL:
        return not_writable(Path(error.filename or "the output folder"), error)
    if any(each in words.lower() for each in _DISK_FULL):
        return Refused("output_not_writable", words, "make room where trainer.output is")
    if isinstance(error, MemoryError) or any(each in words.lower() for each in _OUT_OF_MEMORY):
        hint = "lower batch_size or max_length, or set gradient_checkpointing"
        return Refused("out_of_memory", f"the node ran out of memory: {words}", hint)
    if isinstance(error, ImportError):
        hint = "install what the extra `train` of ftops names on every node"
        return Refused("library_missing", f"a library is missing on the node: {words}", hint)
    return Refused("trainer_failed", f"the training failed: {words}", "the job's log has the traceback")
