"""Decode a create, refusing as Mistral's server does: 422 with the place of what does not fit."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ftops.emulator.wires.refusals import Refusal
from ftops.emulator.world.fields import Fields

UNPROCESSABLE = 422
LONGEST_SUFFIX = 18
CLOSED = "Model not available for this type of fine-tuning ({kind})."
"""What every create has answered since March 2026 (mistralai/client-python#450)."""
DEFAULTS = {"learning_rate": 0.0001, "weight_decay": 0.1, "warmup_fraction": 0.05, "fim_ratio": 0.9}


@contextmanager
def as_a_model() -> Iterator[None]:
    """Answer what does not fit with 422, as FastAPI does, whatever the shared code has for it."""
    try:
        yield
    except Refusal as refusal:
        if refusal.status == 400:  # noqa: PLR2004 - OpenAI's status for the same
            raise Refusal(UNPROCESSABLE, refusal.message, param=refusal.param, code=refusal.code) from None
        raise


def decode(body: Fields) -> dict[str, Any]:
    """Return what only this format echoes, with the defaults filled in."""
    kind = body.choice("job_type", ("completion", "classifier")) or "completion"
    asked = body.child("hyperparameters")
    if asked is None:
        raise Refusal(UNPROCESSABLE, "Field required", param="hyperparameters")
    skipped = body.number("invalid_sample_skip_percentage", 0, 0.5)
    return {
        "job_type": kind,
        "auto_start": body.flag("auto_start"),
        "hyperparameters": _hyperparameters(asked),
        "training_files": _training_files(body),
        "invalid_sample_skip_percentage": skipped or 0,
    }


def _hyperparameters(asked: Fields) -> dict[str, Any]:
    return {
        "training_steps": asked.integer("training_steps", 1, 10**9),
        "learning_rate": _or(asked.number("learning_rate", 1e-8, 1), "learning_rate"),
        "weight_decay": _or(asked.number("weight_decay", 0, 1), "weight_decay"),
        "warmup_fraction": _or(asked.number("warmup_fraction", 0, 1), "warmup_fraction"),
        "epochs": _positive(asked, "epochs"),
        "seq_len": asked.integer("seq_len", 100, 10**9),
        "fim_ratio": _or(asked.number("fim_ratio", 0, 1), "fim_ratio"),
    }


def _or(value: float | None, name: str) -> float:
    return DEFAULTS[name] if value is None else value


def _positive(fields: Fields, name: str) -> float | None:
    value = fields.number(name, 0, 1e9)
    if value == 0:
        raise Refusal(UNPROCESSABLE, "Input should be greater than 0", param=fields.param(name))
    return value


def _training_files(body: Fields) -> list[str]:
    """Read `{file_id, weight}`; the guide's plain strings too."""
    given = body.values.get("training_files")
    if isinstance(given, list) and given and all(isinstance(item, str) for item in given):
        return list(given)
    found = []
    for file in body.children("training_files"):
        found.append(file.required_text("file_id"))
        _positive(file, "weight")
    if not found:
        text = "Value error, At least one training file or repository is required."
        raise Refusal(UNPROCESSABLE, text, param="job_in")
    return found


def validation_file(body: Fields) -> str | None:
    """Read the plain ids; jobs of this world validate on one file."""
    given = body.strings("validation_files") or []
    return given[0] if given else None
