"""The events, checkpoints and metrics of a job. Events have no ids; why a job failed stands in them alone."""

from typing import Any

from ftops.emulator.wires.together.shapes import CANCEL_SECONDS, instant
from ftops.emulator.world.history import Happening, Moment, checkpoints, metrics_of, reached
from ftops.emulator.world.job import Job
from ftops.emulator.world.training import metric_steps

_BLANK: dict[str, Any] = {
    "param_count": 0,
    "token_count": 0,
    "total_steps": 0,
    "wandb_url": "",
    "step": 0,
    "checkpoint_path": "",
    "model_path": "",
    "training_offset": 0,
    "hash": "",
}
"""What the document asks for in every event, whatever it is about."""

_BREAK = "\n"
"""Between type and message of a moment."""


def show_events(job: Job, now: float) -> list[dict[str, Any]]:
    """Return the events so far, oldest first."""
    happenings = reached(job, _moments(job), now)
    if job.cancelled_at is not None:
        happenings.append(Happening(job.cancelled_at, f"cancel_requested{_BREAK}Cancel was requested"))
        if now >= job.cancelled_at + CANCEL_SECONDS:
            stopped = Happening(job.cancelled_at + CANCEL_SECONDS, f"job_stopped{_BREAK}Job was cancelled")
            happenings.append(stopped)
    return [_shown(job, happening) for happening in happenings]


def _shown(job: Job, happening: Happening) -> dict[str, Any]:
    kind, _, message = happening.message.partition(_BREAK)
    about = {"token_count": job.run.tokens} if kind == "training_data_download_complete" else {}
    return {
        "object": "fine-tune-event",
        "created_at": instant(happening.at),
        "level": happening.level,
        "message": message,
        "type": kind,
        **_BLANK,
        **about,
    }


def _moments(job: Job) -> list[Moment]:
    run = job.run
    epochs = [
        Moment(
            run.active_at_step(epoch * run.steps_per_epoch), f"epoch_complete{_BREAK}Epoch {epoch} completed"
        )
        for epoch in range(1, run.epochs + 1)
    ]
    story = [
        Moment(0, f"job_pending{_BREAK}Fine-tune request created"),
        Moment(run.validation_seconds, f"job_start{_BREAK}Job started"),
        Moment(
            run.validation_seconds,
            f"training_data_download_complete{_BREAK}Training data downloaded for {job.training_file}",
        ),
        Moment(run.active_at_step(0), f"training_start{_BREAK}Training started for model {job.model}"),
        *epochs,
        Moment(run.seconds, f"model_upload_complete{_BREAK}Model upload complete"),
        Moment(run.seconds, f"job_complete{_BREAK}Job completed"),
    ]
    if job.failure is None:
        return story
    before = [moment for moment in story if moment.active < job.failure.after]
    kind = "billing_limit" if "billing" in job.failure.code else "job_error"
    return [*before, Moment(job.failure.after, f"{kind}{_BREAK}{job.failure.message}", "error")]


def show_checkpoints(job: Job, now: float) -> list[dict[str, Any]]:
    """Return the checkpoints made so far, oldest first."""
    return [
        {
            "step": made.step,
            "created_at": instant(made.at),
            "path": f"s3://together-dev/finetune/{job.id}/{made.step}",
            "checkpoint_type": "Final" if made.step == job.run.steps else "Intermediate",
        }
        for made in checkpoints(job, now)
    ]


def show_metrics(job: Job, now: float) -> list[dict[str, float]]:
    """Return the metrics so far, flat."""
    shown = []
    for moment in reached(
        job, [Moment(job.run.active_at_step(step), str(step)) for step in metric_steps(job.run)], now
    ):
        found = metrics_of(job, int(moment.message))
        figures = {"train/loss": found.train_loss, "train/global_step": float(found.step)}
        if found.valid_loss is not None:
            figures["eval/loss"] = found.valid_loss
        shown.append(figures)
    return shown
