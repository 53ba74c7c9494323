"""The log of a Ray job: the trainer's events among all that is printed, and what is kept of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ftops.model.job import Job, JobError, JobEvent, JobStatus
from ftops.model.json_value import JSON, JSONObject
from ftops.model.value import replace
from ftops.providers.decoding import optional_number, optional_text, require_mapping
from ftops.providers.dialects.ray_facts import FAILURE_CLASSES
from ftops.providers.flow import Unreadable

_EVENT = "FTOPS "
_LONGEST_EVENT = 64 * 1024
_LONGEST_WORDS = 500


def trainers_words(log: str) -> JobError | None:
    """Return why a training failed, as its last error event tells it."""
    told = [event for event in events_in(log) if event.type == "error" and isinstance(event.data, Mapping)]
    if not told or not isinstance(told[-1].data, Mapping):
        return None
    code = optional_text(told[-1].data.get("code"))
    hint = optional_text(told[-1].data.get("hint"))
    words = f"{told[-1].message}; {hint}" if hint else told[-1].message
    return JobError(code, words[:_LONGEST_WORDS], FAILURE_CLASSES.of(code, words))


def last_line(text: str) -> str:
    """Return the last line that says something."""
    lines = [" ".join(line.split()) for line in text.splitlines() if line.strip()]
    return lines[-1][-_LONGEST_WORDS:] if lines else ""


def log_of(body: Any) -> str:
    """Read the reply that holds a whole log."""
    log = require_mapping(body, "a log").get("logs")
    if not isinstance(log, str):
        raise Unreadable("a log has no text `logs`")
    return log


def events_in(log: str) -> Iterator[JobEvent]:
    """Yield the trainer's events in a log; every other line is the log of whatever else ran."""
    for line in log.splitlines():
        if not line.startswith(_EVENT) or len(line) > _LONGEST_EVENT:
            continue
        try:
            event = json.loads(line.removeprefix(_EVENT))
        except (ValueError, RecursionError):
            continue
        if isinstance(event, dict) and isinstance(event.get("type"), str):
            yield _event(event)


def all_events(body: Any, job: Job, log: str) -> list[JobEvent]:
    """Return what the trainer says, with Ray's own words around it: why a job waits, how one has failed."""
    told = list(events_in(log))
    words = last_line(optional_text(body.get("message")) or "") if isinstance(body, Mapping) else ""
    found = [JobEvent(job.created_at, "info", "the cluster has taken the job", id="taken"), *told]
    if job.status is JobStatus.PENDING and words:
        found.append(JobEvent(job.created_at, "info", words, id="waiting"))
    if job.error is not None and not any(event.type == "error" for event in told):
        found.append(JobEvent(job.finished_at, "error", str(job.error), type="error", id="failed"))
    return found


def _event(event: Mapping[str, Any]) -> JobEvent:
    number = event.get("id")
    return JobEvent(
        optional_number(event.get("created_at")),
        optional_text(event.get("level")) or "info",
        optional_text(event.get("message")) or str(event["type"]),
        type=str(event["type"]),
        data=event.get("data"),
        id=str(number) if isinstance(number, int | str) and not isinstance(number, bool) else None,
    )


def summary_of(events: Iterable[JobEvent]) -> JSONObject:
    """Return what is kept of a training when its log is gone: its result, else how far it came."""
    found: dict[str, JSON] = {}
    checkpoints: list[JSON] = []
    for event in events:
        data = event.data if isinstance(event.data, Mapping) else {}
        if event.type == "result":
            return dict(data)
        if event.type == "metrics":
            found |= {key: value for key, value in data.items() if key in _KEPT and value is not None}
        elif event.type == "checkpoint":
            checkpoints.append({key: data.get(key) for key in ("step", "path")})
    return {**found, **({"checkpoints": checkpoints[-_MOST_CHECKPOINTS:]} if checkpoints else {})}


_KEPT = ("step", "total_steps", "epoch", "train_loss", "valid_loss", "tokens")
_MOST_CHECKPOINTS = 100


def with_outcome(job: Job, log: str | None) -> Job:
    """Add what the trainer's log tells of a job that has ended."""
    events = list(events_in(log or ""))
    job = replace(job, result=summary_of(events))
    if job.status is not JobStatus.SUCCEEDED:
        return job
    if log is None:
        # It may have trained: only a person can see, in its folder. Nothing trains it again meanwhile.
        return replace(job, status=JobStatus.UNKNOWN, raw_status="SUCCEEDED, but its log is gone")
    model = optional_text(job.result.get("fine_tuned_model"))
    if model is None:
        message = "it ended well and left no result: trainer.entrypoint does not do what a trainer has to"
        return replace(job, status=JobStatus.FAILED, error=JobError("no_result", message))
    tokens = job.result.get("trained_tokens")
    return replace(
        job,
        fine_tuned_model=model,
        trained_tokens=tokens if isinstance(tokens, int) and tokens > 0 else None,
    )
