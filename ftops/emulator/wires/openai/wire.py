"""OpenAI's server: `/fine_tuning/jobs`, the founding `/fine-tunes`, and the files and models of both."""

from collections.abc import Mapping

from ftops.emulator.wires.files import FileRoutes
from ftops.emulator.wires.models import ModelRoutes
from ftops.emulator.wires.openai.routes import OpenAIRoutes
from ftops.emulator.wires.openai_legacy.routes import LegacyRoutes
from ftops.emulator.wires.wire import Wire
from ftops.emulator.world.settings import EmulatorSettings


def _headers(settings: EmulatorSettings) -> Mapping[str, str]:
    return {"openai-version": "2020-10-01", "openai-organization": settings.organization}


WIRE = Wire((OpenAIRoutes, LegacyRoutes, FileRoutes, ModelRoutes), reply_headers=_headers)
