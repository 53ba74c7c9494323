"""Azure's models: what each can do, and when training on it and using it end."""

from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response

from ftops.emulator.context import Emulator
from ftops.emulator.wires import refusals
from ftops.emulator.wires.azure_openai.versions import ROOTS, spoken
from ftops.emulator.wires.interference import current_strike
from ftops.emulator.wires.replies import json_reply
from ftops.emulator.world.job import Family, Job
from ftops.emulator.world.lifecycle import Status, planned_end, status_at
from ftops.emulator.world.models import BASE_MODELS, RELEASED_AT

TRAINING_ENDS = int(datetime(2099, 4, 14, tzinfo=UTC).timestamp())
INFERENCE_ENDS = int(datetime(2100, 4, 14, tzinfo=UTC).timestamp())
"""One pair for all, as far off as no test lives: real dates are moved by the provider."""


class AzureModels:
    """Base models, and those of the resource. None can be deleted: a model belongs to its job."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    def blueprint(self) -> Blueprint:
        """Return the routes; endpoints are named by the operation that faults match."""
        blueprint = Blueprint("models", __name__)
        for root in ROOTS:
            blueprint.add_url_rule(f"{root}/models", "list_models", self.list_models)
            blueprint.add_url_rule(f"{root}/models/<path:model>", "retrieve_model", self.retrieve)
        return blueprint

    def list_models(self) -> Response:
        """Unpaged, base models first."""
        spoken()
        hidden = current_strike().forgotten
        jobs = self._emulator.jobs.with_finished_models(self._emulator.clock.now())
        own = [_own(job) for job in jobs if job.id not in hidden]
        return json_reply({"object": "list", "data": [_base(name) for name in _names()] + own})

    def retrieve(self, model: str) -> Response:
        """Return one model."""
        spoken()
        if model in _names():
            return json_reply(_base(model))
        job = self._emulator.jobs.with_model(model)
        if job is None or status_at(job, self._emulator.clock.now()) is not Status.SUCCEEDED:
            raise refusals.unknown_model(model)
        return json_reply(_own(job))


def _names() -> list[str]:
    return sorted(set(BASE_MODELS[Family.AZURE_OPENAI].values()))


def _base(name: str) -> dict[str, Any]:
    return _shown(name, RELEASED_AT, trains=True) | {
        "deprecation": {"fine_tune": TRAINING_ENDS, "inference": INFERENCE_ENDS}
    }


def _own(job: Job) -> dict[str, Any]:
    return _shown(job.fine_tuned_model, int(planned_end(job)), trains=False) | {
        "model": job.model,
        "fine_tune": job.id,
        "deprecation": {"inference": INFERENCE_ENDS},
    }


def _shown(name: str, created_at: int, *, trains: bool) -> dict[str, Any]:
    can = {"inference": True, "completion": False, "chat_completion": True, "embeddings": False}
    return {
        "object": "model",
        "id": name,
        "created_at": created_at,
        "status": "succeeded",
        "capabilities": {"fine_tune": trains, **can},
        "lifecycle_status": "generally-available",
    }
