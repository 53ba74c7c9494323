"""The wire format of `/v1/models`, shared by both families of jobs."""

from typing import Any

from flask import Blueprint, Response

from ftops.emulator.context import Emulator
from ftops.emulator.wires import refusals
from ftops.emulator.wires.interference import current_strike
from ftops.emulator.wires.replies import json_reply
from ftops.emulator.world.job import Family, Job
from ftops.emulator.world.lifecycle import Status, planned_end, status_at
from ftops.emulator.world.models import BASE_MODELS, RELEASED_AT


class ModelRoutes:
    """Base models, and those that the organization has fine-tuned."""

    prefix = "/v1/models"
    families: tuple[Family, ...] = (Family.OPENAI, Family.OPENAI_LEGACY)
    """Whose base models are listed."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    def blueprint(self) -> Blueprint:
        """Return the routes; endpoints are named by the operation that faults match."""
        blueprint = Blueprint("models", __name__, url_prefix=self.prefix)
        blueprint.get("", endpoint="list_models")(self.list_models)
        blueprint.get("/<path:model>", endpoint="retrieve_model")(self.retrieve)
        blueprint.delete("/<path:model>", endpoint="delete_model")(self.delete)
        return blueprint

    def list_models(self) -> Response:
        """Unpaged, base models first."""
        hidden = current_strike().forgotten
        jobs = self._emulator.jobs.with_finished_models(self._emulator.clock.now())
        own = [self._shown(job) for job in jobs if job.id not in hidden]
        return json_reply({"object": "list", "data": [_base(name) for name in self._bases()] + own})

    def retrieve(self, model: str) -> Response:
        """Return one model."""
        return json_reply(_base(model) if model in self._bases() else self._shown(self._job(model)))

    def delete(self, model: str) -> Response:
        """Delete a fine-tuned model; its job still names it."""
        if model in self._bases():
            raise refusals.Refusal(
                403, "You have insufficient permissions for this operation.", param="model"
            )
        job = self._job(model)
        with self._emulator.jobs.change(job.id, job.family) as loan:
            if loan is not None:
                loan.delete_model()
        return json_reply({"id": model, "object": "model", "deleted": True})

    def _bases(self) -> set[str]:
        return {name for family in self.families for name in BASE_MODELS[family]}

    def _job(self, model: str) -> Job:
        job = self._emulator.jobs.with_model(model)
        if job is None or job.model_deleted or job.id in current_strike().forgotten:
            raise refusals.unknown_model(model)
        if status_at(job, self._emulator.clock.now()) is not Status.SUCCEEDED:
            raise refusals.unknown_model(model)
        return job

    def _shown(self, job: Job) -> dict[str, Any]:
        return {
            "id": job.fine_tuned_model,
            "object": "model",
            "created": int(planned_end(job)),
            "owned_by": self._emulator.settings.organization,
        }


def _base(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": RELEASED_AT, "owned_by": "openai"}
