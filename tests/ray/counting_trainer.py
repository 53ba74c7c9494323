"""A trainer that only counts: it obeys the trainer's contract, and its steps are lines of a ledger.

It runs on a node, beside the contract that travels with every job, and needs nothing else. Its settings come
by the environment, which is no part of a job's fingerprint:

- `COUNT_LEDGER`: a file that every step of every training appends a line to, `{"id", "start", "step"}`.
- `COUNT_GATE`: a file; steps after the first wait until it is there. Without it, nothing waits.
- `COUNT_EXIT`: end with this exit code after the first step, or by this signal where it is negative.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
import uuid
from pathlib import Path

from ftops_trainer.codes import Stopped  # type: ignore[import-not-found] # it travels with a job
from ftops_trainer.contract import Outcome, Run, main  # type: ignore[import-not-found]

START = uuid.uuid4().hex
"""Of this process: two trainings of one job have two."""
STEPS_OF_AN_EPOCH = 4


def train(run: Run) -> Outcome:
    """Count to four for each epoch, from the last checkpoint on."""
    rows = run.training_file.read_bytes()
    total = STEPS_OF_AN_EPOCH * run.job.hyperparameters.n_epochs
    done = max((step for step, _ in run.output.checkpoints()), default=0)
    run.stop.training()
    for step in range(done + 1, total + 1):
        _note(run.job.id, step)
        run.metrics(step, total, train_loss=round(total / step, 4), tokens=step * len(rows))
        _leave_early()
        _wait_at_the_gate(run, step)
    seeded = f"{run.job.seed} {run.job.model} {run.job.continue_from} {total}".encode()
    weights = hashlib.sha256(seeded + rows).hexdigest()
    adapter = run.output.folder / "adapter"
    adapter.mkdir(exist_ok=True)
    (adapter / "weights").write_text(weights)
    base = run.job.base_model or run.job.model or str(run.job.continue_from)
    return Outcome(adapter, base, total, total * len(rows), train_loss=1.0, weights_sha256=weights)


def _note(job_id: str, step: int) -> None:
    """Append a line in one write: trainings that overlap, which is what tests look for, do not mix."""
    ledger = os.open(os.environ["COUNT_LEDGER"], os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o644)
    try:
        os.write(ledger, (json.dumps({"id": job_id, "start": START, "step": step}) + "\n").encode())
    finally:
        os.close(ledger)


def _wait_at_the_gate(run: Run, step: int) -> None:
    """Wait until the gate is there. Raises Stopped, with a checkpoint, when the training is to stop."""
    gate = os.environ.get("COUNT_GATE")
    while not run.stop.requested and gate and not Path(gate).exists():
        time.sleep(0.02)
    if run.stop.requested:
        checkpoint = run.output.folder / f"checkpoint-{step}"
        checkpoint.mkdir(exist_ok=True)
        run.checkpoint(step, checkpoint)
        raise Stopped(step, str(checkpoint))


def _leave_early() -> None:
    code = int(os.environ.get("COUNT_EXIT", "0"))
    if code < 0:
        os.kill(os.getpid(), -code)
    if code > 0:
        os._exit(code)


if __name__ == "__main__":
    sys.exit(main(train))
