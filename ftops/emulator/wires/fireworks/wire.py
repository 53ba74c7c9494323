"""Fireworks' server, written from the types of its client and from its documents."""

from ftops.emulator.wires.fireworks.datasets import FireworksDatasets
from ftops.emulator.wires.fireworks.errors import refusal_body
from ftops.emulator.wires.fireworks.models import FireworksModels
from ftops.emulator.wires.fireworks.routes import FireworksRoutes
from ftops.emulator.wires.wire import Wire

WIRE = Wire((FireworksRoutes, FireworksDatasets, FireworksModels), refusal_body=refusal_body)
