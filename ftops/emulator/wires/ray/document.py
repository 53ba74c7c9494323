"""The job document as the trainer reads it, by `schemas/job.v1.json`; one thing wrong, and it ends."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

TRAINER_VERSION = 1
REQUIRED = ("format_version", "trainer_version", "id", "method", "training_file", "output")
KNOWN = (
    *REQUIRED,
    "model",
    "base_model",
    "continue_from",
    "validation_file",
    "hyperparameters",
    "seed",
    "suffix",
)
METHODS = ("supervised", "dpo")
LONGEST_SUFFIX = 64
LARGEST_SEED = 2**32 - 1

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_MODULES = re.compile(r"[A-Za-z0-9_.-]+(, *[A-Za-z0-9_.-]+)*")
_INTEGERS: Mapping[str, tuple[int, int]] = {
    "n_epochs": (1, 1000),
    "batch_size": (1, 4096),
    "gradient_accumulation_steps": (1, 4096),
    "max_length": (8, 2**20),
    "lora_r": (1, 1024),
    "lora_alpha": (1, 4096),
    **dict.fromkeys(("logging_steps", "save_steps", "eval_steps", "keep_checkpoints"), (1, 10**6)),
}
_NUMBERS: Mapping[str, tuple[float, float]] = {
    "learning_rate": (math.ulp(0), 1),
    "learning_rate_multiplier": (math.ulp(0), 1000),
    "warmup_ratio": (0, 1),
    "weight_decay": (0, 1),
    "max_grad_norm": (math.ulp(0), 1000),
    "lora_dropout": (0, math.nextafter(1, 0)),
    "beta": (math.ulp(0), 100),
}
_FLAGS = ("lora", "gradient_checkpointing", "bf16")
_MODULE_LISTS = ("target_modules", "modules_to_save")
_SCHEDULERS = ("linear", "cosine", "constant")


class BadDocument(Exception):
    """The trainer cannot read what it is told to do."""


@dataclass(frozen=True, slots=True)
class DataFile:
    """A file of rows, and what its bytes must add up to."""

    path: str
    sha256: str


@dataclass(frozen=True, slots=True)
class JobDocument:
    """What a trainer is told to do."""

    id: str
    output: str
    method: str
    base_model: str | None
    """None: the one of what it continues from."""
    continue_from: str | None
    training: DataFile
    validation: DataFile | None
    hyperparameters: Mapping[str, Any]
    text: str
    """The whole document, its members sorted."""
    decisive: str
    """All that decides the weights, as text: where two are equal, so are the weights."""


def parse_document(content: bytes) -> JobDocument:
    """Read a document. Raises BadDocument."""
    try:
        document = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise BadDocument(f"job.json is no JSON: {error}") from None
    if not isinstance(document, dict):
        raise BadDocument("job.json holds no object")
    _check_names(document)
    _check_values(document)
    hyperparameters = document.get("hyperparameters", {})
    _check_hyperparameters(hyperparameters, document["method"])
    model, continued = document.get("model"), document.get("continue_from")
    training = _file(document, "training_file")
    validation = _file(document, "validation_file") if "validation_file" in document else None
    return JobDocument(
        id=document["id"],
        output=document["output"].rstrip("/") or "/",
        method=document["method"],
        base_model=document.get("base_model") or model,
        continue_from=continued,
        training=training,
        validation=validation,
        hyperparameters=hyperparameters,
        text=_sorted(document),
        decisive=_decisive(document, training),
    )


def _decisive(document: Mapping[str, Any], training: DataFile) -> str:
    named = {
        key: document.get(key) for key in ("model", "continue_from", "method", "hyperparameters", "seed")
    }
    return _sorted({**named, "data": training.sha256})


def _sorted(value: Mapping[str, Any]) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def _check_names(document: Mapping[str, Any]) -> None:
    for name in REQUIRED:
        if name not in document:
            raise BadDocument(f"job.json lacks {name}")
    for name in document:
        if name not in KNOWN:
            raise BadDocument(
                f"job.json has {name[:80]}, which no trainer of version {TRAINER_VERSION} knows"
            )
    if ("model" in document) == ("continue_from" in document):
        raise BadDocument("job.json needs either model or continue_from")


def _check_values(document: Mapping[str, Any]) -> None:
    for name in ("format_version", "trainer_version"):
        if document[name] != 1 or isinstance(document[name], bool):
            raise BadDocument(f"{name} is not 1")
    for name in ("model", "base_model", "continue_from", "output", "id"):
        if name in document and not (isinstance(document[name], str) and document[name]):
            raise BadDocument(f"{name} is no text, or an empty one")
    if not _ID.fullmatch(document["id"]):
        raise BadDocument("id has characters that no id has")
    if document["method"] not in METHODS:
        raise BadDocument(f"method is none of {', '.join(METHODS)}")
    suffix = document.get("suffix", "")
    if not isinstance(suffix, str) or len(suffix) > LONGEST_SUFFIX:
        raise BadDocument(f"suffix is no text of at most {LONGEST_SUFFIX} characters")
    if not _is_integer(document.get("seed", 0), 0, LARGEST_SEED):
        raise BadDocument(f"seed is no whole number up to {LARGEST_SEED}")


def _file(document: Mapping[str, Any], name: str) -> DataFile:
    said = document[name]
    if not isinstance(said, dict) or set(said) != {"path", "sha256"}:
        raise BadDocument(f"{name} does not have path and sha256, and nothing else")
    path, sha256 = said["path"], said["sha256"]
    if not isinstance(path, str) or not path:
        raise BadDocument(f"{name}.path is no text, or an empty one")
    if not isinstance(sha256, str) or not _SHA256.fullmatch(sha256):
        raise BadDocument(f"{name}.sha256 is no SHA-256 in hex")
    return DataFile(path, sha256)


def _check_hyperparameters(told: object, method: str) -> None:
    if not isinstance(told, dict):
        raise BadDocument("hyperparameters is no object")
    for name, value in told.items():
        if not _fits(name, value) or (name == "beta" and method != "dpo"):
            raise BadDocument(f"hyperparameters.{name[:80]} is unknown, or cannot be {str(value)[:80]}")


def _fits(name: str, value: Any) -> bool:
    if name in _INTEGERS:
        return _is_integer(value, *_INTEGERS[name])
    if name in _NUMBERS:
        low, high = _NUMBERS[name]
        return isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high
    if name in _FLAGS:
        return isinstance(value, bool)
    if name in _MODULE_LISTS:
        return isinstance(value, str) and _MODULES.fullmatch(value) is not None
    return name == "lr_scheduler" and value in _SCHEDULERS


def _is_integer(value: object, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
