"""Make many jobs at once, for benchmarks: without files, in one transaction."""

from typing import Any

from ftops.emulator.context import Emulator
from ftops.emulator.wires import refusals
from ftops.emulator.world.fields import Fields
from ftops.emulator.world.identifiers import new_id
from ftops.emulator.world.job import Failure, Family, Job, Pause
from ftops.emulator.world.job_table import NotUnique
from ftops.emulator.world.models import BASE_MODELS, azure_name, legacy_name, modern_name
from ftops.emulator.world.training import TrainingRun

PREFIXES = {Family.OPENAI: "ftjob-", Family.OPENAI_LEGACY: "ft-", Family.AZURE_OPENAI: "ftjob-"}
DEFAULT_MODELS = {
    Family.OPENAI: "gpt-4o-mini",
    Family.OPENAI_LEGACY: "curie",
    Family.AZURE_OPENAI: "gpt-4o-mini-2024-07-18",
}
STATUSES = ("succeeded", "failed", "cancelled", "running", "queued", "paused")
DAY = 86_400.0
WORK_SECONDS = 600.0
LASTING = 1e9
"""Seconds for which a seeded active job stays as it is, whatever the speed."""
JOB_PARAMETERS = (
    "id",
    "status",
    "model",
    "training_file",
    "validation_file",
    "suffix",
    "metadata",
    "method",
    "hyperparameters",
    "seed",
    "error",
)


def seed_jobs(emulator: Emulator, body: Fields) -> list[str]:
    """Store `{"family", "age", "jobs": [...]}`; a job is `{id, status, model, training_file, ...}`."""
    body.refuse_unknown(("family", "age", "jobs"))
    family = Family(body.choice("family", Family) or Family.OPENAI)
    age = body.number("age", 0, 1e9)
    orders = body.children("jobs")
    latest = emulator.clock.now() - (DAY if age is None else age)
    start = min(latest, emulator.jobs.earliest(family)) - len(orders)
    jobs = [_seeded(emulator, family, start + second, order) for second, order in enumerate(orders)]
    try:
        emulator.jobs.add_many(jobs)
    except NotUnique as error:
        raise refusals.bad_value("jobs", f"{error}.") from None
    return [job.id for job in jobs]


def _seeded(emulator: Emulator, family: Family, created_at: float, order: Fields) -> Job:
    """Jobs are created a second apart and before all others, so that legacy model names differ."""
    order.refuse_unknown(JOB_PARAMETERS)
    if order.values.get("metadata") is not None and family is Family.OPENAI_LEGACY:
        raise refusals.bad_value(order.param("metadata"), "the founding format has no metadata.")
    job_id = order.text("id") or new_id(PREFIXES[family])
    asked = order.text("model") or DEFAULT_MODELS[family]
    model = BASE_MODELS[family].get(asked, asked)
    status = order.choice("status", STATUSES) or "succeeded"
    suffix = order.text("suffix")
    hyperparameters = (order.child("hyperparameters") or Fields({})).values
    run = _run(status, hyperparameters)
    name = _name(emulator, family, job_id, model, suffix, created_at + run.seconds)
    return Job(
        id=job_id,
        family=family,
        created_at=created_at,
        created_real=emulator.clock.real() - DAY,
        model=model,
        fine_tuned_model=name,
        training_file=order.text("training_file") or "file-seeded",
        validation_file=order.text("validation_file"),
        suffix=suffix,
        method=order.choice("method", ("supervised", "dpo", "reinforcement")) or "supervised",
        request=_request(family, hyperparameters, order),
        metadata=order.metadata(),
        run=run,
        failure=_failure(order) if status == "failed" else None,
        pauses=(Pause(created_at + 1),) if status == "paused" else (),
        cancelled_at=created_at + 1 if status == "cancelled" else None,
    )


def _name(
    emulator: Emulator, family: Family, job_id: str, model: str, suffix: str | None, ends_at: float
) -> str:
    if family is Family.AZURE_OPENAI:
        return azure_name(model, suffix, job_id)
    organization = emulator.settings.organization
    if family is Family.OPENAI:
        return modern_name(model, organization, suffix, job_id)
    return legacy_name(model, organization, suffix, ends_at)


def _request(family: Family, hyperparameters: dict[str, Any], order: Fields) -> dict[str, Any]:
    if family is Family.OPENAI_LEGACY:
        return {**hyperparameters, "seeded": True}
    return {
        "hyperparameters": hyperparameters,
        "seed": order.integer("seed", 0, 2**31 - 1),
        "seeded": True,
    }


def _run(status: str, hyperparameters: dict[str, Any]) -> TrainingRun:
    fields = Fields(hyperparameters, "hyperparameters.")
    return TrainingRun(
        examples=60,
        tokens=9000,
        epochs=fields.integer("n_epochs", 1, 50, auto=True) or 3,
        batch_size=fields.integer("batch_size", 1, 256, auto=True) or 1,
        learning_rate_multiplier=fields.number("learning_rate_multiplier", 0, 1e9, auto=True) or 2.0,
        validation_seconds=0,
        queue_seconds=LASTING if status == "queued" else 0,
        training_seconds=LASTING if status in ("running", "paused") else WORK_SECONDS,
    )


def _failure(order: Fields) -> Failure:
    error = order.child("error") or Fields({})
    return Failure(
        code=error.text("code") or "server_error",
        message=error.text("message") or "Training failed.",
        param=error.text("param"),
        after=WORK_SECONDS / 2,
    )
