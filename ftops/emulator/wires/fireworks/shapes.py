"""How Fireworks' server shows a job: proto3's JSON, with its defaults written out. Pure."""

from typing import Any

from ftops.emulator.wires.fireworks.errors import CODES
from ftops.emulator.wires.fireworks.resources import short, timestamp
from ftops.emulator.world.job import Job
from ftops.emulator.world.lifecycle import Status, active_seconds, planned_end, status_at

SUPERVISED, DPO = "supervisedFineTuningJobs", "dpoJobs"
CREATE_SECONDS = 2.0
CANCEL_SECONDS = 10.0
"""How long a job is being cancelled. Not documented; a client must live with any."""
PRICE_PER_MILLION = 0.5
_STATES = {
    Status.VALIDATING: "VALIDATING",
    Status.QUEUED: "PENDING",
    Status.RUNNING: "RUNNING",
    Status.PAUSED: "PAUSED",
    Status.SUCCEEDED: "COMPLETED",
    Status.FAILED: "FAILED",
}
TRAINING_FIELDS: dict[str, Any] = {
    "epochs": 1,
    "learningRate": 0.0001,
    "learningRateWarmupSteps": 0,
    "loraRank": 8,
    "maxContextLength": 32768,
    "batchSize": 65536,
    "batchSizeSamples": 0,
    "gradientAccumulationSteps": 1,
    "optimizerWeightDecay": 0,
    "jinjaTemplate": "",
    "region": "US_IOWA_1",
    "samplerCheckpointSaveIntervalSteps": 0,
}
"""What both kinds of jobs train with, and what the server fills in for what was not sent."""
SUPERVISED_FIELDS: dict[str, Any] = {"earlyStop": False, "evalAutoCarveout": False, "isTurbo": False}
SHARED_FIELDS: dict[str, Any] = {
    "rendererHuggingFaceRepoId": "",
    "reservationTarget": "",
    "useReservation": False,
}


def state_of(job: Job, now: float) -> str:
    """Return one of the client's 18 states."""
    status = status_at(job, now)
    if status is Status.CANCELLED and job.cancelled_at is not None:
        return f"JOB_STATE_CANCELL{'ED' if now >= job.cancelled_at + CANCEL_SECONDS else 'ING'}"
    if status is Status.VALIDATING and active_seconds(job, now) < CREATE_SECONDS:
        return "JOB_STATE_CREATING"
    return f"JOB_STATE_{_STATES[status]}"


def show_job(job: Job, now: float, account: str) -> dict[str, Any]:
    """Return a job; what was sent short comes back as a whole resource name."""
    asked = job.request
    collection = DPO if job.method == "dpo" else SUPERVISED
    training = {name: asked[name] for name in TRAINING_FIELDS}
    training |= {
        "baseModel": "" if asked["warm"] else job.model,
        "warmStartFrom": job.model if asked["warm"] else "",
        "outputModel": job.fine_tuned_model,
    }
    shown: dict[str, Any] = {
        "name": f"accounts/{account}/{collection}/{short(job.id)}",
        "displayName": job.suffix or "",
        "dataset": f"accounts/{account}/datasets/{job.training_file}",
        "state": state_of(job, now),
        "status": _status(job, now),
        "createTime": timestamp(job.created_at),
        "createdBy": "dev@example.com",
        **{name: asked[name] for name in SHARED_FIELDS},
        **_given(asked, "awsS3Config", "azureBlobStorageConfig", "wandbConfig"),
    }
    if now >= planned_end(job):
        shown["completedTime"] = timestamp(planned_end(job))
    if collection == DPO:
        return {**shown, "trainingConfig": training, "lossConfig": asked["lossConfig"]}
    evaluation = f"accounts/{account}/datasets/{job.validation_file}" if job.validation_file else ""
    return {
        **shown,
        **training,
        **{name: asked[name] for name in SUPERVISED_FIELDS},
        "evaluationDataset": evaluation,
        "jobProgress": _progress(job, now),
        "estimatedCost": _cost(job),
        "updateTime": timestamp(min(now, planned_end(job))),
    }


def _given(asked: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: asked[name] for name in names if asked.get(name) is not None}


def _status(job: Job, now: float) -> dict[str, str]:
    if status_at(job, now) is not Status.FAILED or job.failure is None:
        return {"code": "OK", "message": ""}
    code = job.failure.code.lower()
    if code not in CODES:
        code = "invalid_argument" if code.startswith("invalid") else "internal"
    return {"code": code.upper(), "message": job.failure.message}


def _progress(job: Job, now: float) -> dict[str, int]:
    run = job.run
    trained = active_seconds(job, now) - run.validation_seconds - run.queue_seconds
    done = max(0.0, min(1.0, trained / run.training_seconds))
    return {"percent": int(100 * done), "epoch": int(run.epochs * done)}


def _cost(job: Job) -> dict[str, Any]:
    """Return money as google.type.Money: a 64-bit number of units is a string."""
    nanos = int(PRICE_PER_MILLION * job.run.trained_tokens * 1000)
    return {"currencyCode": "USD", "units": str(nanos // 10**9), "nanos": nanos % 10**9}
