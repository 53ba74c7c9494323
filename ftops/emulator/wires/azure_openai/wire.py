"""Azure's server: jobs, files and models under dated versions and under v1."""

import uuid
from collections.abc import Mapping

from ftops.emulator.wires.azure_openai.files import AzureFiles
from ftops.emulator.wires.azure_openai.models import AzureModels
from ftops.emulator.wires.azure_openai.refusals import shown
from ftops.emulator.wires.azure_openai.routes import AzureRoutes
from ftops.emulator.wires.wire import Wire
from ftops.emulator.world.settings import EmulatorSettings


def _headers(settings: EmulatorSettings) -> Mapping[str, str]:
    del settings
    return {"apim-request-id": str(uuid.uuid4()), "x-ms-region": "Emulated"}


WIRE = Wire(
    (AzureRoutes, AzureFiles, AzureModels),
    base_path="",
    key_headers=("api-key",),
    refusal_body=shown,
    reply_headers=_headers,
)
