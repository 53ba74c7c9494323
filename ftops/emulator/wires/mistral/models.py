"""Mistral's `/v1/models`: base models, and those that the workspace has fine-tuned."""

from typing import Any

from flask import Response

from ftops.emulator.wires.interference import current_strike
from ftops.emulator.wires.models import ModelRoutes
from ftops.emulator.wires.refusals import Refusal
from ftops.emulator.wires.replies import json_reply
from ftops.emulator.world.job import Family, Job
from ftops.emulator.world.lifecycle import planned_end
from ftops.emulator.world.models import BASE_MODELS, RELEASED_AT

BASES = frozenset(BASE_MODELS[Family.MISTRAL])


class MistralModels(ModelRoutes):
    """The routes of the shared models, in this format's shapes."""

    def list_models(self) -> Response:
        """Unpaged, base models first."""
        hidden = current_strike().forgotten
        jobs = self._emulator.jobs.with_finished_models(self._emulator.clock.now())
        own = [_tuned(job) for job in jobs if job.id not in hidden]
        return json_reply({"object": "list", "data": [*map(_base, sorted(BASES)), *own]})

    def retrieve(self, model: str) -> Response:
        """Return one model."""
        return json_reply(_base(model) if model in BASES else _tuned(self._job(model)))

    def delete(self, model: str) -> Response:
        """Delete a fine-tuned model; its job still names it."""
        if model in BASES:
            raise Refusal(403, "Base models cannot be deleted.")
        return super().delete(model)


def _base(name: str) -> dict[str, Any]:
    return {
        "id": name,
        "object": "model",
        "created": RELEASED_AT,
        "owned_by": "mistralai",
        "capabilities": {"completion_chat": True, "fine_tuning": True},
        "type": "base",
    }


def _tuned(job: Job) -> dict[str, Any]:
    return {
        "id": job.fine_tuned_model,
        "object": "model",
        "created": int(planned_end(job)),
        "owned_by": "workspace",
        "capabilities": {"completion_chat": True, "fine_tuning": True},
        "type": "fine-tuned",
        "job": job.id,
        "root": job.model,
        "archived": False,
    }
