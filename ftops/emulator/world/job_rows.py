"""A job as a row of the table, and back."""

from typing import Any

import orjson

from ftops.emulator.world.job import Failure, Job, Pause
from ftops.emulator.world.lifecycle import planned_end
from ftops.emulator.world.training import TrainingRun

COLUMNS = tuple(name for name in Job.__slots__ if name != "number")
SELECT = f"SELECT number, {', '.join(COLUMNS)} FROM jobs"  # noqa: S608 - the names of our own columns
INSERT = f"INSERT INTO jobs ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"  # noqa: S608


def to_row(job: Job) -> tuple[Any, ...]:
    """Return the values of `COLUMNS`; the planned end is computed here and nowhere else."""
    encoded = {
        "request": to_json(job.request),
        "metadata": None if job.metadata is None else to_json(job.metadata),
        "run": to_json(job.run),
        "failure": None if job.failure is None else to_json(job.failure),
        "pauses": to_json(job.pauses),
        "ends_at": planned_end(job),
    }
    return tuple(encoded[name] if name in encoded else getattr(job, name) for name in COLUMNS)


def from_row(row: tuple[Any, ...]) -> Job:
    """Read a row of `SELECT`."""
    (number, job_id, family, created_at, created_real, model, fine_tuned_model, training_file) = row[:8]
    (validation_file, suffix, method, request, metadata, run, failure) = row[8:15]
    (pauses, cancelled_at, ends_at, model_deleted) = row[15:]
    return Job(
        number=number,
        id=job_id,
        family=family,
        created_at=created_at,
        created_real=created_real,
        model=model,
        fine_tuned_model=fine_tuned_model,
        training_file=training_file,
        validation_file=validation_file,
        suffix=suffix,
        method=method,
        request=orjson.loads(request),
        metadata=None if metadata is None else orjson.loads(metadata),
        run=TrainingRun(**orjson.loads(run)),
        failure=None if failure is None else Failure(**orjson.loads(failure)),
        pauses=() if pauses == "[]" else tuple(Pause(**pause) for pause in orjson.loads(pauses)),
        cancelled_at=cancelled_at,
        ends_at=ends_at,
        model_deleted=bool(model_deleted),
    )


def to_json(value: object) -> str:
    """JSON text of a value or a dataclass."""
    return orjson.dumps(value).decode()
