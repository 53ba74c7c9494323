"""LiteLLM's proxy in front of OpenAI: its own routes, by the source of litellm 1.110.2.

A create keeps seven fields and drops the rest, `metadata` and `method` among them; which provider is meant
has to be said in each request. There are no routes for events, checkpoints, pause and resume, and the models
are those of its configuration.
"""

from typing import Any

from flask import Blueprint, Response, request

from ftops.emulator.wires import refusals
from ftops.emulator.wires.fastapi_refusals import INVALID, detail, invalid
from ftops.emulator.wires.files import FileRoutes
from ftops.emulator.wires.models import ModelRoutes
from ftops.emulator.wires.openai.routes import OpenAIRoutes
from ftops.emulator.wires.refusals import Refusal
from ftops.emulator.wires.requests import read_json
from ftops.emulator.wires.wire import Wire
from ftops.emulator.world.fields import Fields
from ftops.emulator.world.job import Family

KEPT = ("model", "training_file", "hyperparameters", "suffix", "validation_file", "integrations", "seed")
PROVIDERS = ("openai", "azure", "vertex_ai")
PROVIDER = "custom_llm_provider"
NOBODY = "Invalid request, No litellm managed file id or custom_llm_provider provided."
KINDS = {400: "BadRequestError", 401: "AuthenticationError", 404: "NotFoundError", 429: "RateLimitError"}


class LiteLLMRoutes(OpenAIRoutes):
    """Jobs of the provider behind it."""

    family = Family.LITELLM
    absent = frozenset({"list_redirect", "pause", "resume", "events", "checkpoints"})

    def received(self) -> Fields:
        """Check as its model of the request does, and keep what that has."""
        body = read_json()
        try:
            named = body.choice(PROVIDER, PROVIDERS)
            body.strings("integrations")
        except Refusal as refusal:
            raise invalid(refusal) from None
        if named is None:
            # A ValueError in its code, which it answers as a failure of its own.
            raise Refusal(500, NOBODY)
        return Fields({name: body.values[name] for name in KEPT if body.values.get(name) is not None})

    def list_jobs(self) -> Response:
        """List what the named provider has."""
        _require_provider()
        return super().list_jobs()

    def retrieve(self, job_id: str) -> Response:
        """Ask the named provider."""
        _require_provider()
        return super().retrieve(job_id)


class LiteLLMModels(ModelRoutes):
    """What its configuration names; none can be deleted."""

    families = (Family.LITELLM,)

    def blueprint(self) -> Blueprint:
        """Return the one route."""
        blueprint = Blueprint("models", __name__, url_prefix=self.prefix)
        blueprint.get("", endpoint="list_models")(self.list_models)
        return blueprint


def _require_provider() -> None:
    if request.args.get(PROVIDER) is None:
        raise refusals.Refusal(400, NOBODY)


def _shape(refusal: Refusal) -> dict[str, Any]:
    """Return an error as its proxy writes it: the code is the status, as a string."""
    if refusal.status == INVALID:
        return detail(refusal)
    kind = KINDS.get(refusal.status, "InternalServerError")
    message = f"litellm.{kind}: OpenAIException - {refusal.message}"
    error = {"message": message, "type": refusal.kind, "param": refusal.param, "code": str(refusal.status)}
    return {"error": error}


WIRE = Wire((LiteLLMRoutes, FileRoutes, LiteLLMModels), refusal_body=_shape)
