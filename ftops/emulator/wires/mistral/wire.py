"""Mistral's server, written from its OpenAPI file, its guides and public issues."""

from ftops.emulator.wires.mistral.files import MistralFiles
from ftops.emulator.wires.mistral.models import MistralModels
from ftops.emulator.wires.mistral.routes import MistralRoutes
from ftops.emulator.wires.mistral.shapes import refusal_body
from ftops.emulator.wires.wire import Wire

WIRE = Wire((MistralRoutes, MistralFiles, MistralModels), refusal_body=refusal_body)
