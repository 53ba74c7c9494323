"""The job document, read and checked by its schema, with the defaults that the schema declares."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

from .codes import Refused
from .schema import JOB, problems, schema

STDIN = "-"


@dataclass(frozen=True)
class DataFile:
    """A data file as the document names it."""

    path: str
    sha256: str


@dataclass(frozen=True)
class Hyperparameters:
    """What the schema declares, one field each; None where nothing is told and there is no default."""

    n_epochs: int
    batch_size: int
    gradient_accumulation_steps: int
    learning_rate: float
    learning_rate_multiplier: float
    lr_scheduler: str
    warmup_ratio: float
    weight_decay: float
    max_grad_norm: float
    max_length: int
    lora: bool
    lora_r: int
    lora_alpha: int
    lora_dropout: float
    target_modules: str
    modules_to_save: str | None
    beta: float
    logging_steps: int
    save_steps: int | None
    eval_steps: int | None
    keep_checkpoints: int | None
    gradient_checkpointing: bool
    bf16: bool | None


@dataclass(frozen=True)
class Job:
    """One training, from `model` or `continue_from`, of which one is there; `document` is all as it came."""

    id: str
    method: str
    model: str | None
    base_model: str | None
    continue_from: str | None
    training_file: DataFile
    validation_file: DataFile | None
    hyperparameters: Hyperparameters
    seed: int
    suffix: str | None
    output: Path
    document: Mapping[str, Any]

    @property
    def given(self) -> Mapping[str, Any]:
        """The hyperparameters that the document itself names."""
        found: Mapping[str, Any] = self.document.get("hyperparameters", {})
        return found


def read_document(place: str) -> Any:
    """Read the document from a file, or from standard input where the place is `-`. Raises Refused."""
    try:
        if place == STDIN:
            return json.load(sys.stdin)
        return json.loads(Path(place).read_text(encoding="utf-8"))
    except OSError as error:
        words = f"the job document {place} cannot be read: {error.strerror}"
        raise Refused("job_document", words, "name the file that ftops has sent") from error
    except (ValueError, RecursionError) as error:
        words = f"the job document {place} is not JSON: {error}"
        raise Refused("job_document", words, "send the job document as ftops writes it") from error


def job_of(document: Any) -> Job:
    """Check a document by the schema and fill in what it leaves out. Raises Refused."""
    found = list(problems(document, schema(JOB)))
    if found:
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        hint = "`python -m ftops_trainer --schema` prints what a job document holds"
        raise Refused("job_document", f"the job document is refused: {found[0]}{more}", hint)
    told = {**{name: rules.get("default") for name, rules in _declared("").items()}, **document}
    return Job(
        id=told["id"],
        method=told["method"],
        model=told["model"],
        base_model=told["base_model"],
        continue_from=told["continue_from"],
        training_file=DataFile(**told["training_file"]),
        validation_file=DataFile(**told["validation_file"]) if told["validation_file"] else None,
        hyperparameters=_hyperparameters(told["method"], told["hyperparameters"] or {}),
        seed=int(told["seed"]),
        suffix=told["suffix"],
        output=Path(told["output"]),
        document=document,
    )


def _hyperparameters(method: str, given: Mapping[str, Any]) -> Hyperparameters:
    declared = _declared("hyperparameters")
    for name in given:
        if method not in declared[name].get("methods", (method,)):
            hint = f"{name} belongs to {', '.join(declared[name]['methods'])}"
            raise Refused("job_document", f"hyperparameters.{name} is not one of method {method}", hint)
    told = {name: given.get(name, rules.get("default")) for name, rules in declared.items()}
    if told["learning_rate"] is None:
        told["learning_rate"] = declared["learning_rate"]["defaults"][method][
            "lora" if told["lora"] else "full"
        ]
    if told["lora_alpha"] is None:
        told["lora_alpha"] = 2 * told["lora_r"]
    return Hyperparameters(
        **{each.name: _typed(told[each.name], declared[each.name]) for each in fields(Hyperparameters)}
    )


def _typed(value: Any, rules: Mapping[str, Any]) -> Any:
    kinds = {"integer": int, "number": float}
    return kinds[rules["type"]](value) if value is not None and rules.get("type") in kinds else value


@cache
def _declared(within: str) -> Mapping[str, Mapping[str, Any]]:
    rules = schema(JOB)["properties"]
    found: Mapping[str, Mapping[str, Any]] = rules[within]["properties"] if within else rules
    return found
