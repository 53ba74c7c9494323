"""Ray's jobs as JSON: how a create is written, and how what comes back is read. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any
from urllib.parse import quote, unquote

from ftops.model.fingerprint import AUTO, canonical_json
from ftops.model.identifiers import is_providers_id
from ftops.model.job import Job, JobError, JobFile, JobStatus, Stamp
from ftops.model.json_value import JSON, JSONObject
from ftops.model.request import JobRequest, RequestFile
from ftops.model.trainer import TrainerSettings
from ftops.providers.decoding import optional_number, optional_text, require_mapping, shown_hyperparameters
from ftops.providers.dialects.ray_facts import EXIT_CODES, FAILURE_CLASSES, STATUSES
from ftops.providers.dialects.ray_log import last_line, trainers_words
from ftops.providers.flow import Unreadable
from ftops.providers.identity import STAMP_KEYS, decode_stamp, encode_stamp
from ftops.providers.trainer_package import trainer_files, trainer_version
from ftops.transport.archive import archive

OURS = "ftops-"
"""How an id of ours begins."""
LONGEST_NAME = 40
"""Characters of a fine-tune's name in an id; the digest behind it tells apart what is cut."""
_DIGEST = 16
_STEP = "#step:"
_REQUEST = "ftops_request"
_MILLISECONDS = 1000.0
_STOP_WAIT = "RAY_JOB_STOP_WAIT_TIME_S"
_FILE_ID = re.compile(r"file-(?P<sha256>[0-9a-f]{64})")
_PLACE_ID = re.compile(r"at:(?P<place>[!-~]+)#(?P<sha256>[0-9a-f]{64})")
DATA_FOLDER = "ftops_data"
"""The folder of a data file in its package."""


def chosen_id(stamp: Stamp) -> str:
    """Return the id of a create: the same create has the same one, and no other create ever has it."""
    parts = (stamp.project, stamp.lineage, stamp.name, stamp.fingerprint, stamp.generation, stamp.attempt)
    digest = sha256("\n".join(map(str, parts)).encode()).hexdigest()[:_DIGEST]
    return f"{OURS}{stamp.name[:LONGEST_NAME]}-{stamp.generation}-{stamp.attempt}-{digest}"


def id_of(request: JobRequest) -> str:
    """Return the id of a request; one that nobody marked is named by all that it asks for. Never empty."""
    if request.stamp is not None:
        return chosen_id(request.stamp)
    asked = [request.model, request.method, dict(request.hyperparameters), request.seed, request.suffix]
    files: list[JSON] = [file.id for file in request.training_files]
    return f"{OURS}{sha256(canonical_json([*asked, files])).hexdigest()[: 2 * _DIGEST]}"


def package(digest: str) -> str:
    """Return what a package is called that is named by this SHA-256 (hex)."""
    return f"_ray_pkg_{digest}.zip"


def file_id(digest: str) -> str:
    """Return the id of a data file, by the SHA-256 (hex) of its bytes."""
    return f"file-{digest}"


def digest_of_file(an_id: str) -> str | None:
    """Return the digest of a data file that is in a package, None for one that nodes read themselves."""
    found = _FILE_ID.fullmatch(an_id)
    return found["sha256"] if found else None


def place_id(place: str, digest: str) -> str:
    """Return the id of a file that nodes read from a path or URL."""
    return f"at:{quote(place, safe='/:')}#{digest}"


def _data_file(file: RequestFile) -> tuple[JSONObject, str | None]:
    """Return a data file as the job document has it, and the address of the package that holds it."""
    if (found := _FILE_ID.fullmatch(file.id)) is not None:
        digest = found["sha256"]
        told: JSONObject = {"path": f"{DATA_FOLDER}/{digest}.jsonl", "sha256": digest}
        return told, f"gcs://{package(digest)}"
    if (found := _PLACE_ID.fullmatch(file.id)) is not None:
        return {"path": unquote(found["place"]), "sha256": found["sha256"]}, None
    raise Unreadable(f"{file.id} is no file of this dialect")


def job_document(request: JobRequest, trainer: TrainerSettings) -> JSONObject:
    """Return what the trainer is to do: all that decides the result, and where it goes."""
    job_id = id_of(request)
    document: dict[str, JSON] = {
        "format_version": 1,
        "trainer_version": trainer_version(),
        "id": job_id,
        **_start(request, trainer),
        "method": request.method.value,
        "training_file": _data_file(request.training_files[0])[0],
        "hyperparameters": {key: value for key, value in request.hyperparameters.items() if value != AUTO},
        "output": _output(trainer, job_id),
    }
    if request.validation_file is not None:
        document["validation_file"] = _data_file(request.validation_file)[0]
    if request.seed is not None:
        document["seed"] = request.seed
    if request.suffix is not None:
        document["suffix"] = request.suffix
    return document


def _start(request: JobRequest, trainer: TrainerSettings) -> JSONObject:
    """Say what training starts from: a model by its name, or what an earlier job has left."""
    path, at_step, step = request.model.partition(_STEP)
    if request.chained:
        folder = path.rsplit("/", 1)[0]
        return {"continue_from": f"{folder}/checkpoint-{step}" if at_step else path}
    return {"model": trainer.models.get(request.model, request.model), "base_model": request.model}


def _output(trainer: TrainerSettings, job_id: str) -> str:
    return f"{trainer.output.rstrip('/')}/{job_id}"


def job_package(request: JobRequest, trainer: TrainerSettings) -> bytes:
    """Return the archive of the trainer and the job document: the same for the same request."""
    document = json.dumps(job_document(request, trainer), indent=1, sort_keys=True, ensure_ascii=False)
    return archive({**trainer_files(), "job.json": document.encode()})


def encode_create(request: JobRequest, trainer: TrainerSettings, sent: str) -> JSONObject:
    """Write a create; `sent` is the package with the job document. No value of a manifest is in a command."""
    files = [*request.training_files, *([request.validation_file] if request.validation_file else [])]
    packages = dict.fromkeys(name for file in files if (name := _data_file(file)[1]) is not None)
    environment = trainer.runtime_env
    told, given = environment.get("env_vars"), environment.get("py_modules")
    modules: list[JSON] = [*(given if isinstance(given, list) else []), *packages]
    variables = dict(told) if isinstance(told, Mapping) else {}
    return {
        "submission_id": id_of(request),
        "entrypoint": trainer.entrypoint,
        "metadata": {**(encode_stamp(request.stamp) if request.stamp else {}), _REQUEST: _echo(request)},
        "runtime_env": {
            **environment,
            "working_dir": f"gcs://{sent}",
            **({"py_modules": modules} if modules else {}),  # Ray fails the job of an empty list
            "env_vars": {**variables, _STOP_WAIT: str(trainer.stop_grace)},
        },
        **_resources(trainer, request),
    }


def _echo(request: JobRequest) -> str:
    """Write what a job is to train beside its mark: Ray shows nothing of what is in a package."""
    validation = request.validation_file
    shown: JSONObject = {
        "model": request.model,
        "method": request.method.value,
        "training_file": request.training_files[0].id,
        "validation_file": validation.id if validation else None,
        "hyperparameters": dict(request.hyperparameters),
        "seed": request.seed,
        "suffix": request.suffix,
    }
    return canonical_json(shown).decode()


def _resources(trainer: TrainerSettings, request: JobRequest) -> dict[str, JSON]:
    own = request.provider_options.get("resources")
    wanted = {**trainer.resources, **(own if isinstance(own, Mapping) else {})}
    names = {
        "num_cpus": "entrypoint_num_cpus",
        "num_gpus": "entrypoint_num_gpus",
        "memory": "entrypoint_memory",
        "custom": "entrypoint_resources",
    }
    return {names[key]: value for key, value in wanted.items() if key in names}


def is_training(body: Any) -> bool:
    """Return whether a row of the list is a job that some ftops has made: others are none of its business."""
    if not isinstance(body, Mapping) or body.get("type") == "DRIVER":
        return False
    metadata = body.get("metadata")
    marked = isinstance(metadata, Mapping) and any(key in metadata for key in STAMP_KEYS)
    return marked or str(body.get("submission_id") or "").startswith(OURS)


def decode_job(body: Any, provider: str) -> Job:
    """Read a job. Of one that has succeeded only its log tells the model: see `with_outcome`."""
    shown = require_mapping(body, "a job")
    job_id = optional_text(shown.get("submission_id"))
    if job_id is None or not is_providers_id(job_id):
        raise Unreadable("a job has no submission_id, or one that cannot be part of an address")
    raw = optional_text(shown.get("status"))
    if raw is None:
        raise Unreadable("a job has no status")
    status = STATUSES.get(raw, JobStatus.UNKNOWN)
    metadata = shown.get("metadata")
    asked = _asked(metadata.get(_REQUEST) if isinstance(metadata, Mapping) else None)
    plain = {key: asked[key] for key in ("method", "seed") if asked.get(key) is not None}
    return Job(
        id=job_id,
        provider=provider,
        status=status,
        raw_status=raw,
        created_at=_seconds(shown.get("start_time")),
        finished_at=_seconds(shown.get("end_time")),
        model=optional_text(asked.get("model")),
        training_files=_files(asked.get("training_file")),
        validation_files=_files(asked.get("validation_file")),
        settings={**plain, **shown_hyperparameters(asked.get("hyperparameters"))},
        suffix=optional_text(asked.get("suffix")),
        error=_error(shown) if status is JobStatus.FAILED else None,
        stamp=decode_stamp(metadata),
    )


def _asked(text: Any) -> Mapping[str, Any]:
    """Read what a job was asked to train; somebody else's metadata says nothing."""
    try:
        found = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _files(file_id: Any) -> tuple[JobFile, ...]:
    return (JobFile(file_id),) if isinstance(file_id, str) and is_providers_id(file_id) else ()


def _seconds(value: Any) -> float | None:
    milliseconds = optional_number(value)
    return None if milliseconds is None else milliseconds / _MILLISECONDS


def _error(shown: Mapping[str, Any]) -> JobError:
    """Say why a job failed: in the trainer's words, else by its exit code, else in Ray's."""
    message = optional_text(shown.get("message")) or ""
    if (told := trainers_words(message)) is not None:
        return told
    exit_code = shown.get("driver_exit_code")
    if isinstance(exit_code, int) and exit_code in EXIT_CODES:
        code, words = EXIT_CODES[exit_code]
    else:
        code = (optional_text(shown.get("error_type")) or "failed").lower()
        words = last_line(message) or "Ray gave no reason"
    return JobError(code, words, FAILURE_CLASSES.of(code, words))


def same_id(reply: Any, job_id: str) -> str:
    """Insist on the id that was sent: a job under another one would never be found."""
    shown = require_mapping(reply, "the reply").get("submission_id")
    if shown != job_id:
        raise Unreadable(f"it is about job {str(shown)[:100]!r}")
    return job_id


def rows(body: Any) -> list[Any]:
    """Insist on the bare list that this format has."""
    if not isinstance(body, list):
        raise Unreadable("the list is not a list")
    return body


def version_of(version: str) -> tuple[int, ...] | None:
    """Return the first two numbers of a version, None for one that has none."""
    found = re.match(r"(\d{1,6})\.(\d{1,6})", version)
    return (int(found[1]), int(found[2])) if found else None
