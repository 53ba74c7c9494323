"""The models: `/v1/models`, a bare array, and what can be trained within which limits."""

from flask import Blueprint, Response, request

from ftops.emulator.context import Emulator
from ftops.emulator.wires.replies import json_reply
from ftops.emulator.wires.together.catalog import BASES, Base, show_base, show_limits
from ftops.emulator.world.job import Family


class ModelRoutes:
    """Base models; those that were trained are in another API."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    def blueprint(self) -> Blueprint:
        """Return the routes; endpoints are named by the operation that faults match."""
        blueprint = Blueprint("models", __name__, url_prefix="/v1")
        blueprint.get("/models", endpoint="list_models")(self.list_models)
        blueprint.get("/fine-tunes/models/supported", endpoint="supported_models")(self.supported)
        blueprint.get("/fine-tunes/models/limits", endpoint="model_limits")(self.limits)
        return blueprint

    def list_models(self) -> Response:
        """Return every model."""
        return json_reply([show_base(base) for base in BASES.values()])

    def supported(self) -> Response:
        """Return the names of what can be trained."""
        return json_reply({"models": list(BASES)})

    def _of_a_job(self, name: str) -> Base | None:
        """Find what a job or its model began from: the SDK asks for these too."""
        job = self._emulator.jobs.find(name, Family.TOGETHER) or self._emulator.jobs.with_model(name)
        return None if job is None else BASES.get(job.model)

    def limits(self) -> Response:
        """Return the limits of one; a 404 here has a shape of its own."""
        name = request.args.get("model_name", "")
        base = BASES.get(name) or self._of_a_job(name)
        if base is None:
            return json_reply({"message": f"Model {name[:200]} is not available for fine-tuning."}, 404)
        return json_reply(show_limits(base))
