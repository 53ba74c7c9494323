"""A job as Ray shows it. Pure."""

import hashlib
from typing import Any

from ftops.emulator.wires.ray.records import RayJob
from ftops.emulator.wires.ray.resources import needs

RAY_COMMIT = "b7f4259e944bf6959f721b106adc366ddfa0c356"
AGENT = "http://127.0.0.1:52365"
_MESSAGES = {
    "RUNNING": "Job is currently running.",
    "SUCCEEDED": "Job finished successfully.",
    "STOPPED": "Job was intentionally stopped.",
}


def show_job(job: RayJob, session: str) -> dict[str, Any]:
    """Return a row of the list, which is all that there is to see of a job."""
    if job.is_driver:
        return {**job.body, **_times(job)}
    on_node = job.began_at is not None
    return {
        "type": "SUBMISSION",
        "job_id": None,
        "submission_id": job.id,
        "driver_info": None,
        "status": job.status,
        "entrypoint": job.body["entrypoint"],
        "message": _message(job),
        "error_type": job.error_type,
        **_times(job),
        "metadata": job.body.get("metadata"),
        "runtime_env": job.body.get("runtime_env"),
        "driver_agent_http_address": AGENT if on_node else None,
        "driver_node_id": hashlib.sha224(session.encode()).hexdigest() if on_node else None,
        "driver_exit_code": job.exit_code,
    }


def _times(job: RayJob) -> dict[str, int | None]:
    end = None if job.ended_at is None else int(job.ended_at * 1000)
    return {"start_time": int(job.created_at * 1000), "end_time": end}


def _message(job: RayJob) -> str | None:
    if job.message is not None:
        return job.message
    if job.status in _MESSAGES:
        return _MESSAGES[job.status]
    message = "Job has not started yet."
    if needs(job.body):
        message += (
            " It may be waiting for resources (CPUs, GPUs, memory, custom resources) to become available."
        )
    if job.body.get("runtime_env"):
        message += " It may be waiting for the runtime environment to be set up."
    return message
