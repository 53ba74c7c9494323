"""What Alibaba Model Studio writes, read: the envelope, jobs, pages, logs, files; and a create, written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from ftops.model.finetune import Method
from ftops.model.fingerprint import AUTO
from ftops.model.job import Job, JobError, JobEvent, JobFile, UploadedFile
from ftops.model.json_value import JSON
from ftops.model.request import JobRequest
from ftops.providers.decoding import (
    decode_status,
    optional_count,
    optional_strings,
    optional_text,
    optional_whole,
    require_id,
    require_mapping,
    shown_hyperparameters,
)
from ftops.providers.dialects.alibaba_description import STATUSES
from ftops.providers.dialects.alibaba_fields import LORA, TRAINING_TYPES
from ftops.providers.dialects.alibaba_refusals import FAILURE_CLASSES, error_shape
from ftops.providers.flow import Unreadable
from ftops.providers.paging import BrokenPaging, Page

PAGE_SIZE = 100
"""The most that a page may have."""

_CHINA = timezone(timedelta(hours=8))
_METHODS = {word: of for of, word in TRAINING_TYPES.items()}


def decode_job(body: Any, provider: str) -> Job:
    """Read a job, in its envelope or without."""
    job = dict(opened(body, "a job"))
    job["id"] = job.get("job_id")
    status, raw = decode_status(job, STATUSES)
    return Job(
        id=require_id(job, "a job"),
        provider=provider,
        status=status,
        raw_status=raw,
        model=optional_text(job.get("model")),
        fine_tuned_model=optional_text(job.get("finetuned_output")) if raw.upper() == "SUCCEEDED" else None,
        created_at=_time(job.get("create_time")),
        finished_at=_time(job.get("end_time")),
        trained_tokens=optional_count(job.get("usage")),
        training_files=_job_files(job, "training"),
        validation_files=_job_files(job, "validation"),
        settings=_settings(job),
        suffix=optional_text(job.get("finetuned_output_suffix")),
        error=_error(job) if raw.upper() == "FAILED" else None,
        organization=optional_text(job.get("user_identity")),
    )


def encode_create(request: JobRequest) -> dict[str, JSON]:
    """Write the body of a create."""
    lora = request.provider_options.get(LORA) is True
    hyperparameters = {name: value for name, value in request.hyperparameters.items() if value != AUTO}
    body: dict[str, JSON] = {
        "model": request.model,
        "training_file_ids": [file.id for file in request.training_files],
        "validation_file_ids": [request.validation_file.id] if request.validation_file else None,
        "hyper_parameters": hyperparameters,
        "training_type": TRAINING_TYPES[request.method, lora],
        "finetuned_output_suffix": request.suffix,
    }
    return {name: value for name, value in body.items() if value is not None}


def opened(body: Any, what: str) -> Mapping[str, Any]:
    """Open the envelope. Raises Unreadable for a failure that came with status 200."""
    envelope = require_mapping(body, what)
    inner = next((envelope[name] for name in ("output", "data") if name in envelope), None)
    if inner is None and "request_id" not in envelope:
        return envelope
    if not isinstance(inner, Mapping):
        said = error_shape(envelope)
        raise Unreadable(f"{said.code}: {said.message}" if said else f"{what} has no content")
    return inner


def decode_page(body: Any, member: str) -> Page:
    """Read one page: what follows is known by the count of all."""
    page = opened(body, "a list")
    items = page.get(member)
    if items is None and optional_whole(page.get("total")) == 0:
        items = []
    if not isinstance(items, list):
        raise Unreadable(f"a list has no list `{member}`")
    number, size, total = (optional_whole(page.get(name)) for name in ("page_no", "page_size", "total"))
    if number is None or size is None or total is None:
        if len(items) >= PAGE_SIZE:
            raise BrokenPaging("a list does not say which page it is")
        return Page(tuple(items))
    more = items and number * size < total
    return Page(tuple(items), str(number + 1) if more else None)


def _settings(job: Mapping[str, Any]) -> dict[str, JSON]:
    settings = dict(shown_hyperparameters(job.get("hyper_parameters")))
    method, lora = _METHODS.get(str(job.get("training_type")), (None, False))
    if isinstance(method, Method):
        settings |= {"method": method.value, f"provider_options.{LORA}": lora}
    return settings


def _job_files(job: Mapping[str, Any], role: str) -> tuple[JobFile, ...]:
    """Read the files of a role under either of its names; newer pages show the second."""
    sets = job.get(f"{role}_datasets")
    named = [one.get("file_id") for one in sets if isinstance(one, Mapping)] if isinstance(sets, list) else []
    return tuple(map(JobFile, optional_strings(job.get(f"{role}_file_ids")) or optional_strings(named)))


def _error(job: Mapping[str, Any]) -> JobError | None:
    code, message = optional_text(job.get("code")), optional_text(job.get("message"))
    if code is None and message is None:
        return None
    reason = message or "the provider gave no reason"
    return JobError(code, reason, FAILURE_CLASSES.of(code, message))


def _time(value: Any) -> float | None:
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
        return (
            None if found is None else (found if found.tzinfo else found.replace(tzinfo=_CHINA)).timestamp()
        )
    except (ValueError, OverflowError):
        return None


def log_lines(body: Any) -> list[str]:
    """Read the lines of a log, which may also be one string."""
    logs = opened(body, "a log").get("logs")
    if isinstance(logs, str):
        return logs.splitlines()
    return [str(line) for line in logs] if isinstance(logs, list) else []


_TIMED = re.compile(r"\s*(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d),\d+ - (\w+) - ")


def log_event(line: str, number: int) -> JobEvent:
    """Make an event of a line; some begin with a time and a level."""
    timed = _TIMED.match(line)
    if timed is None:
        return JobEvent(None, "info", line.strip(), id=str(number))
    return JobEvent(_time(timed[1]), timed[2].lower(), line[timed.end() :].strip(), id=str(number))


def decode_upload(body: Any) -> UploadedFile:
    """Read the one file that was uploaded."""
    data = opened(body, "the reply to an upload")
    uploaded, failed = data.get("uploaded_files"), data.get("failed_uploads")
    if isinstance(failed, list) and failed:
        why = optional_text(failed[0].get("message")) if isinstance(failed[0], Mapping) else None
        raise Unreadable(why or "the file was not taken")
    if not isinstance(uploaded, list) or len(uploaded) != 1:
        raise Unreadable("the reply to an upload does not name one file")
    return decode_file(uploaded[0])


def decode_file(body: Any) -> UploadedFile:
    """Read a file; how far it is checked is not said."""
    file = require_mapping(body, "a file")
    return UploadedFile(
        id=require_id({"id": file.get("file_id")}, "a file"),
        filename=optional_text(file.get("name")) or "",
        bytes=optional_count(file.get("size")),
        purpose=optional_text(file.get("purpose")),
        created_at=_time(file.get("gmt_create") or file.get("upload_time")),
    )
