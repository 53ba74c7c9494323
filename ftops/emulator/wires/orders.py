"""Take a decoded order, whatever its wire format, and make a job of it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from ftops.emulator.context import Emulator
from ftops.emulator.wires import refusals
from ftops.emulator.wires.interference import current_strike
from ftops.emulator.world import datasets
from ftops.emulator.world.dataset_messages import BadDataset
from ftops.emulator.world.file_table import StoredFile
from ftops.emulator.world.history import checkpoints
from ftops.emulator.world.identifiers import derived_id
from ftops.emulator.world.job import Failure, Job
from ftops.emulator.world.job_table import Admission, QuotaReached
from ftops.emulator.world.lifecycle import Status, planned_end, status_at
from ftops.emulator.world.models import BASE_MODELS, checkpoint_name
from ftops.emulator.world.results import result_size
from ftops.emulator.world.training import Dataset, TrainingRun


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a client asked for, decoded and checked but for its data."""

    family: str
    model: str
    """Resolved: a snapshot, or a fine-tuned model that exists."""
    training_file: str
    validation_file: str | None
    suffix: str | None
    method: str = "supervised"
    metadata: dict[str, str] | None = None
    request: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Inspection:
    """What the provider found in an order's files."""

    dataset: Dataset
    failure: Failure | None = None


def resolve_model(emulator: Emulator, family: str, model: str) -> str | None:
    """Return the snapshot or existing fine-tuned model that a name means, None when it means nothing."""
    base = BASE_MODELS[family].get(model)
    if base is not None:
        return base
    name, _, _ = model.partition(":ckpt-step-")
    job = emulator.jobs.with_model(name)
    if job is None or job.family != family or job.model_deleted:
        return None
    now = emulator.clock.now()
    usable = {checkpoint_name(name, checkpoint.step) for checkpoint in checkpoints(job, now)}
    if status_at(job, now) is Status.SUCCEEDED:
        usable.add(name)
    return model if model in usable else None


def inspect_files(
    emulator: Emulator, order: Order, expected: datasets.Format, fewest: int, shows_after: float
) -> Inspection:
    """Check training and validation file; the first problem becomes the job's failure."""
    dataset = Dataset(0, 0)
    failure = None
    files = {"training_file": order.training_file, "validation_file": order.validation_file}
    for param, file_id in files.items():
        if file_id is None or failure is not None:
            continue
        try:
            found = _inspect(
                emulator.files.content_path(file_id), expected, fewest if param == "training_file" else 1
            )
        except BadDataset as problem:
            failure = Failure(f"invalid_{param}", str(problem), param, shows_after)
        else:
            dataset = found if param == "training_file" else dataset
    return Inspection(dataset, failure)


_inspect = lru_cache(maxsize=1024)(datasets.inspect)
"""Contents never change under an id, and thousands of jobs may name the same file."""


def new_job(emulator: Emulator, job_id: str, order: Order, run: TrainingRun, failure: Failure | None) -> Job:
    """Return a job that begins now, its model's name still to be given."""
    fault = current_strike().momentary
    if fault is not None and fault.kind == "fail_job":
        halfway = run.validation_seconds + run.queue_seconds + run.training_seconds / 2
        failure = Failure(fault.parameters["code"], fault.parameters["message"], None, halfway)
    return Job(
        id=job_id,
        family=order.family,
        created_at=emulator.clock.now(),
        created_real=emulator.clock.real(),
        model=order.model,
        fine_tuned_model="",
        training_file=order.training_file,
        validation_file=order.validation_file,
        suffix=order.suffix,
        method=order.method,
        request=order.request,
        metadata=order.metadata,
        run=run,
        failure=failure,
    )


def store(emulator: Emulator, job: Job, names: Iterator[str], result_name: str | None) -> Job:
    """Store a job with its future result file, within the quota that a fault may have set.

    Without a `result_name` there is none: not every format keeps the metrics in a file.
    """
    result = None
    if job.failure is None and result_name is not None:
        result = StoredFile(
            id=result_file_id(job),
            filename=result_name,
            purpose="fine-tune-results",
            bytes=result_size(job),
            available_at=planned_end(job),
            job_id=job.id,
        )
    refused = current_strike().standing_of("refuse")
    if refused is not None and job.model.startswith(refused.parameters["model"] or ""):
        raise refusals.worded(refused.parameters["as"], job.model)
    quota = current_strike().standing_of("quota")
    most_active: int | None = None if quota is None else quota.parameters["max"]
    if quota is not None and most_active is None:
        raise refusals.too_many_active(3, 2, 1, job.model)
    try:
        return emulator.jobs.add(job, Admission(names, result, most_active))
    except QuotaReached as reached:
        counts = (reached.most, reached.running, reached.pending)
        raise refusals.too_many_active(*counts, job.model) from None


def result_file_id(job: Job) -> str:
    """Return the id of the file that holds the job's metrics."""
    return derived_id("file-", job.id, "result")
