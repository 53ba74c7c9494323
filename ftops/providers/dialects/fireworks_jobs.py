"""Fireworks' jobs and datasets as JSON: how a create is written, and how what comes back is read. Pure.

proto3's JSON has traps: 64-bit numbers are strings, what has its default may be absent or zero, an empty list
may be no list at all, and a short name comes back as a whole resource name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256 as digest_of
from typing import Any

from ftops.model.finetune import Method
from ftops.model.fingerprint import AUTO
from ftops.model.identifiers import is_providers_id
from ftops.model.job import FileState, Job, JobError, JobFile, JobStatus, Stamp, UploadedFile
from ftops.model.json_value import JSON
from ftops.model.request import JobRequest
from ftops.providers.decoding import optional_text, require_mapping, shown_hyperparameters
from ftops.providers.dialects.fireworks_facts import (
    DPO,
    FAILURE_CLASSES,
    FILE_STATES,
    LONGEST_ID,
    SHARED,
    STATUSES,
    SUPERVISED,
    TRAINING_OPTIONS,
    grpc_code,
)
from ftops.providers.flow import Unreadable
from ftops.providers.identity import split_tag
from ftops.transport.error_words import error_in

SUPERVISED_JOBS = "supervisedFineTuningJobs"
DPO_JOBS = "dpoJobs"
COLLECTIONS: Mapping[Method, str] = {Method.SUPERVISED: SUPERVISED_JOBS, Method.DPO: DPO_JOBS}
ID_FIELDS: Mapping[str, str] = {SUPERVISED_JOBS: "supervisedFineTuningJobId", DPO_JOBS: "dpoJobId"}
_TUNERS = "fireworks"
"""The account whose models are the bases."""
_DIGEST = 16


def short(name: str) -> str:
    """Return the last part of a resource name."""
    return name.rsplit("/", 1)[-1]


def resource(account: str, kind: str, name: str) -> str:
    """Return the whole name of what may be named by its last part alone."""
    return name if "/" in name else f"accounts/{account}/{kind}/{name}"


def job_place(job_id: str) -> tuple[str, str]:
    """Return the collection and the bare id of a job: `ID`, `dpoJobs/ID` or its whole resource name."""
    *before, bare = job_id.split("/")
    return (DPO_JOBS if DPO_JOBS in before else SUPERVISED_JOBS), bare


def chosen_id(stamp: Stamp) -> str:
    """Return the id that a create asks for: the same create has the same one, so it makes no second job."""
    return _with_tag(stamp.name, stamp.tag)


def dataset_id(filename: str, sha256: str) -> str:
    """Return the id of a file's dataset: by name and content, since the service compares neither."""
    digest = digest_of(f"{filename}\n{sha256}".encode()).hexdigest()[:_DIGEST]
    return _with_tag(filename.removesuffix(".jsonl"), digest)


def _with_tag(text: str, tag: str) -> str:
    """Fit a text and a tag into an id. The tag is the last word, as in a tagged suffix."""
    words = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    if not words[:1].isalpha():
        words = f"ft-{words}"
    return f"{words[: LONGEST_ID - len(tag) - 1].strip('-')}-{tag}"


def encode_create(request: JobRequest, account: str) -> dict[str, Any]:
    """Write the body. A model of the account itself is an adapter that training starts from."""
    own = request.chained or request.model.startswith(f"accounts/{account}/")
    model = request.model if own else resource(_TUNERS, "models", request.model)
    knobs = {key: value for key, value in request.hyperparameters.items() if value != AUTO}
    training: dict[str, Any] = {
        "warmStartFrom" if own else "baseModel": model,
        "outputModel": _output_model(request, account),
        **{key: value for key, value in knobs.items() if key in SUPERVISED},
        **{key: value for key, value in request.provider_options.items() if key in TRAINING_OPTIONS},
    }
    validation = request.validation_file
    body: dict[str, Any] = {
        "dataset": resource(account, "datasets", request.training_files[0].id),
        "evaluationDataset": resource(account, "datasets", validation.id) if validation else None,
        "displayName": request.suffix,
        **{key: value for key, value in request.provider_options.items() if key not in TRAINING_OPTIONS},
    }
    if request.method is Method.DPO:
        body["trainingConfig"] = _given(training)
        loss = {"beta": knobs["beta"]} if "beta" in knobs else {}
        body["lossConfig"] = {"method": knobs.get("lossMethod", "DPO"), "dpo": loss}
    else:
        body |= training
    return _given(body)


def _given(body: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in body.items() if value is not None}


def _output_model(request: JobRequest, account: str) -> str | None:
    """Name the model after the suffix. Without one it is named after the job."""
    if not request.suffix or request.stamp is None:
        return None
    return resource(account, "models", _with_tag(request.suffix, request.stamp.tag))


def items_of(body: Any, key: str) -> tuple[Any, ...]:
    """Read a page. An empty one may be `{}`; anything else without the list is not a page."""
    page = require_mapping(body, "a list")
    if error := error_in(page):
        raise Unreadable(error)
    items = page.get(key)
    if items is None and not page.keys() - {key, "nextPageToken", "totalSize"}:
        return ()
    if not isinstance(items, list):
        raise Unreadable(f"a list has no list `{key}`")
    return tuple(items)


def decode_job(body: Any, provider: str, account: str) -> Job:
    """Read a job of either collection. Raises Unreadable for one without its resource name."""
    job = require_mapping(body, "a job")
    collection, bare = _named(job)
    config = job if collection == SUPERVISED_JOBS else job.get("trainingConfig")
    training: Mapping[str, Any] = config if isinstance(config, Mapping) else {}
    raw = optional_text(job.get("state")) or "JOB_STATE_UNSPECIFIED"
    status = STATUSES.get(raw, JobStatus.UNKNOWN)
    output = optional_text(training.get("outputModel")) or bare
    return Job(
        id=bare if collection == SUPERVISED_JOBS else f"{collection}/{bare}",
        provider=provider,
        status=status,
        raw_status=raw,
        model=optional_text(training.get("warmStartFrom")) or optional_text(training.get("baseModel")),
        fine_tuned_model=resource(account, "models", output) if status is JobStatus.SUCCEEDED else None,
        created_at=moment(job.get("createTime")),
        finished_at=None if status.active else moment(job.get("completedTime")),
        training_files=_datasets(job.get("dataset"), account),
        validation_files=_datasets(job.get("evaluationDataset"), account),
        settings=_settings(job, training, collection),
        suffix=optional_text(job.get("displayName")),
        tag=split_tag(bare)[1],
        error=_error(job.get("status"), raw) if status is JobStatus.FAILED else None,
    )


def _named(job: Mapping[str, Any]) -> tuple[str, str]:
    """Return the collection and the bare id of a job, by its resource name."""
    name = optional_text(job.get("name")) or ""
    found = re.fullmatch(rf"accounts/[^/]+/({SUPERVISED_JOBS}|{DPO_JOBS})/([^/]+)", name)
    if found is None or not is_providers_id(found[2]):
        raise Unreadable("a job has no resource name")
    return found[1], found[2]


def _datasets(name: Any, account: str) -> tuple[JobFile, ...]:
    text = optional_text(name)
    return (JobFile(resource(account, "datasets", text)),) if text else ()


def _settings(job: Mapping[str, Any], training: Mapping[str, Any], collection: str) -> dict[str, JSON]:
    known = SUPERVISED if collection == SUPERVISED_JOBS else SHARED
    shown = {key: value for key, value in training.items() if key in known}
    method = Method.SUPERVISED
    if collection == DPO_JOBS:
        method = Method.DPO
        loss = job.get("lossConfig")
        loss = loss if isinstance(loss, Mapping) else {}
        dpo = loss.get("dpo")
        found = {
            "lossMethod": loss.get("method"),
            "beta": dpo.get("beta") if isinstance(dpo, Mapping) else None,
        }
        shown |= {key: value for key, value in found.items() if key in DPO}
    return {"method": method.value, **shown_hyperparameters(shown)}


def _error(value: Any, raw: str) -> JobError:
    """Read `status`: a gRPC code and a message, which may be empty."""
    status = value if isinstance(value, Mapping) else {}
    code = optional_text(status.get("code"))
    if code in (None, "OK"):
        code = raw
    message = optional_text(status.get("message")) or "the provider gave no reason"
    return JobError(code, message, FAILURE_CLASSES.of(grpc_code(code), message))


def decode_dataset(body: Any, account: str) -> UploadedFile:
    """Read a dataset as a file: our name for it is in `displayName`, and nobody tells its size."""
    dataset = require_mapping(body, "a dataset")
    name = optional_text(dataset.get("name"))
    if name is None or not is_providers_id(name):
        raise Unreadable("a dataset has no name")
    state = optional_text(dataset.get("state")) or ""
    told = dataset.get("status")
    status: Mapping[str, Any] = told if isinstance(told, Mapping) else {}
    failed = status.get("code") not in (None, "", "OK", 0)
    return UploadedFile(
        id=resource(account, "datasets", name),
        filename=optional_text(dataset.get("displayName")) or short(name),
        status=state,
        created_at=moment(dataset.get("createTime")),
        state=FileState.FAILED if failed else FILE_STATES.get(state, FileState.UNKNOWN),
        problem=optional_text(status.get("message")) if failed else None,
    )


def moment(value: Any) -> float | None:
    """Read a time of RFC 3339; anything else says nothing."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found.timestamp() if found is not None and found.tzinfo is not None else None
