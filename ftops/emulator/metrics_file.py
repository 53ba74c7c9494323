"""The table of losses that a finished job leaves as a file."""

from __future__ import annotations

import csv
import io

from ftops.emulator.lifecycle import metric_events
from ftops.emulator.store import StoredJob

LEGACY_COLUMNS = ("step", "elapsed_examples", "training_loss", "validation_loss")
COLUMNS = ("step", "train_loss", "train_accuracy", "valid_loss", "valid_mean_token_accuracy")


def metrics_csv(job: StoredJob, *, legacy: bool) -> bytes:
    """Write the losses of a job in the columns of its family."""
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(LEGACY_COLUMNS if legacy else COLUMNS)
    for event in metric_events(job, job.created_at):
        found = event.metrics or {}
        step, train, valid = found["step"], found["train_loss"], found["valid_loss"]
        accuracy = found["train_mean_token_accuracy"]
        seen = round(job.examples * job.epochs * step / found["total_steps"])
        writer.writerow((step, seen, train, valid) if legacy else (step, train, accuracy, valid, accuracy))
    return table.getvalue().encode()
