"""LiteLLM's pass-through to OpenAI, by a recording of 1.108.7 and the source of 1.110.2.

It takes the members that its own functions have out of every body before it passes it on; `metadata` is one.
"""

from ftops.emulator.wires.files import FileRoutes
from ftops.emulator.wires.models import ModelRoutes
from ftops.emulator.wires.openai.routes import OpenAIRoutes
from ftops.emulator.wires.requests import read_json
from ftops.emulator.wires.wire import Wire
from ftops.emulator.world.fields import Fields
from ftops.emulator.world.job import Family

ITS_OWN = ("metadata", "custom_llm_provider")


class PassedJobs(OpenAIRoutes):
    """OpenAI's jobs, under another path and without metadata."""

    family = Family.LITELLM_PASSTHROUGH
    prefix = "/openai_passthrough/v1/fine_tuning/jobs"

    def received(self) -> Fields:
        """Drop what it takes for its own."""
        return Fields({name: value for name, value in read_json().values.items() if name not in ITS_OWN})


class PassedFiles(FileRoutes):
    """OpenAI's files."""

    prefix = "/openai_passthrough/v1/files"


class PassedModels(ModelRoutes):
    """OpenAI's models."""

    prefix = "/openai_passthrough/v1/models"


WIRE = Wire((PassedJobs, PassedFiles, PassedModels), base_path="/openai_passthrough/v1")
