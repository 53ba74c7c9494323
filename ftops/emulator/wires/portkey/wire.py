"""Portkey's gateway in front of OpenAI, by a recording of the open-source gateway 1.15.2 and its reference.

It needs to be told the provider by a header, takes its own key in another, and drops `metadata`.
"""

from typing import Any

from flask import request

from ftops.emulator.wires.files import FileRoutes
from ftops.emulator.wires.models import ModelRoutes
from ftops.emulator.wires.openai.routes import OpenAIRoutes
from ftops.emulator.wires.refusals import Refusal
from ftops.emulator.wires.requests import read_json
from ftops.emulator.wires.wire import Wire
from ftops.emulator.world.fields import Fields
from ftops.emulator.world.job import Family

WHO = ("x-portkey-provider", "x-portkey-config")


class PortkeyRoutes(OpenAIRoutes):
    """OpenAI's jobs, without metadata."""

    family = Family.PORTKEY

    def received(self) -> Fields:
        """Drop what its mapping of a create does not have."""
        if not any(request.headers.get(name) for name in WHO):
            raise Refusal(400, f"Either {WHO[1]} or {WHO[0]} header is required")
        return Fields({name: value for name, value in read_json().values.items() if name != "metadata"})


class PortkeyModels(ModelRoutes):
    """OpenAI's models."""

    families = (Family.PORTKEY,)


def _shape(refusal: Refusal) -> dict[str, Any]:
    """Return OpenAI's error with the provider in front of its message and beside it."""
    body = refusal.body()
    return {"error": {**body["error"], "message": f"openai error: {refusal.message}"}, "provider": "openai"}


WIRE = Wire(
    (PortkeyRoutes, FileRoutes, PortkeyModels), key_headers=("x-portkey-api-key",), refusal_body=_shape
)
