"""Nebius Token Factory: its OpenAPI file of 2026-05-06 (version 20260506), as its reference shows it.

`metadata` and `method.dpo` are unknown to it, a list has no cursor, and a job never names a model: what was
made stands in its checkpoints. How it refuses is only documented for 422; the rest is a guess after FastAPI.
"""

from typing import Any

from flask import Response

from ftops.emulator.wires.fastapi_refusals import detail, invalid
from ftops.emulator.wires.files import FileRoutes
from ftops.emulator.wires.interference import current_strike, listed_until
from ftops.emulator.wires.models import ModelRoutes
from ftops.emulator.wires.openai.routes import OpenAIRoutes
from ftops.emulator.wires.orders import result_file_id
from ftops.emulator.wires.refusals import Refusal
from ftops.emulator.wires.replies import json_reply
from ftops.emulator.wires.requests import read_json
from ftops.emulator.wires.wire import Wire
from ftops.emulator.world.fields import Fields
from ftops.emulator.world.history import Checkpoint
from ftops.emulator.world.job import Family, Job
from ftops.emulator.world.job_table import PageRequest

EVERY_JOB = 1_000_000
MANY = 2**31 - 1
DEFAULTS: dict[str, Any] = {
    "batch_size": 8,
    "learning_rate": 1e-5,
    "n_epochs": 3,
    "warmup_ratio": 0.0,
    "weight_decay": 0.0,
    "packing": True,
    "max_grad_norm": 1.0,
    "context_length": 8192,
    "lora": False,
    "lora_r": 8,
    "lora_alpha": 8,
    "lora_dropout": 0.0,
}
"""The values of the document's examples, which it shows for request and reply alike."""
SHOWN = (
    "id",
    "created_at",
    "finished_at",
    "estimated_finish",
    "error",
    "hyperparameters",
    "method",
    "integrations",
    "model",
    "object",
    "status",
    "trained_tokens",
    "training_file",
    "validation_file",
)


class NebiusRoutes(OpenAIRoutes):
    """Jobs, of which the supervised method is the only one."""

    family = Family.NEBIUS
    absent = frozenset({"list_redirect", "pause", "resume"})

    def received(self) -> Fields:
        """Ignore what the schema does not have, as such servers do."""
        body = read_json().values
        return Fields({name: value for name, value in body.items() if name != "metadata"})

    def decoded(self, body: Fields) -> dict[str, Any]:
        """Return method, hyperparameters with their defaults, seed and where to start from."""
        try:
            return _decoded(body)
        except Refusal as refusal:
            raise invalid(refusal) from None

    def list_jobs(self) -> Response:
        """Return all jobs: the document has no cursor, and no limit."""
        wanted = PageRequest(
            family=self.family,
            limit=EVERY_JOB,
            created_real_before=listed_until(self._emulator),
            hidden=current_strike().forgotten,
        )
        now = self._emulator.clock.now()
        data = [self.shown(job, now) for job in self._emulator.jobs.page(wanted)]
        return json_reply({"object": "list", "data": data, "has_more": False})

    def shown(self, job: Job, now: float) -> dict[str, Any]:
        """Return a job with its suffix, and neither model nor result files."""
        shown = super().shown(job, now)
        hyperparameters = {name: job.request["hyperparameters"][name] for name in DEFAULTS}
        done = shown["fine_tuned_model"] is not None
        return {
            **{name: shown[name] for name in SHOWN},
            "error": shown["error"] if shown["status"] == "failed" else None,
            "hyperparameters": hyperparameters,
            "method": {"type": "supervised", "supervised": {"hyperparameters": hyperparameters}},
            "organization_id": "",
            "result_files": [],
            "seed": 0,
            "suffix": job.suffix,
            "total_steps": job.run.steps,
            "trained_steps": job.run.steps if done else None,
        }

    def shown_checkpoint(self, job: Job, checkpoint: Checkpoint) -> dict[str, Any]:
        """Return a checkpoint with the files of its weights."""
        return {**super().shown_checkpoint(job, checkpoint), "result_files": [result_file_id(job)]}


class NebiusModels(ModelRoutes):
    """Its base models, and those that were made."""

    families = (Family.NEBIUS,)


def _decoded(body: Fields) -> dict[str, Any]:
    method = body.child("method")
    holder = body
    if method is not None:
        method.choice("type", ["supervised"])
        holder = method.child("supervised") or Fields({})
    fields = holder.child("hyperparameters") or Fields({})
    asked: dict[str, Any] = {
        **{name: fields.integer(name, 1, MANY) for name in ("n_epochs", "batch_size", "context_length")},
        **{name: fields.integer(name, 1, MANY) for name in ("lora_r", "lora_alpha")},
        **{name: fields.number(name, 0, 1) for name in ("warmup_ratio", "lora_dropout")},
        **{name: fields.number(name, 0, 1e9) for name in ("learning_rate", "weight_decay", "max_grad_norm")},
        **{name: fields.flag(name) for name in ("packing", "lora") if name in fields.values},
    }
    chosen = {name: DEFAULTS[name] if asked.get(name) is None else asked[name] for name in DEFAULTS}
    start = body.child("from_checkpoint")
    if start is not None:
        start.choice("type", ["hf"])
        start.required_text("repo")
    body.text("tags")
    return {
        "method": "supervised",
        "hyperparameters": chosen,
        "seed": body.integer("seed", 0, MANY),
        "integrations": [],
    }


WIRE = Wire((NebiusRoutes, FileRoutes, NebiusModels), refusal_body=detail)
