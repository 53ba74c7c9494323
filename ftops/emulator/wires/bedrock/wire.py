"""Amazon Bedrock's OpenAI-compatible server, by its user guide (pages read 2026-11-28).

Only reinforcement with a Lambda function as grader is described, and a suffix "is not supported". Whether
`metadata` is kept is not said: here it is not, so that nothing may rely on it. The rest is OpenAI's.
"""

from typing import Any

from ftops.emulator.wires import refusals
from ftops.emulator.wires.files import FileRoutes
from ftops.emulator.wires.models import ModelRoutes
from ftops.emulator.wires.openai.routes import OpenAIRoutes
from ftops.emulator.wires.requests import read_json
from ftops.emulator.wires.wire import Wire
from ftops.emulator.world.fields import Fields
from ftops.emulator.world.job import Family

ARN = "arn:aws:lambda:"


class BedrockRoutes(OpenAIRoutes):
    """Jobs of open-weight models."""

    family = Family.BEDROCK
    absent = frozenset({"list_redirect", "pause", "resume"})

    def received(self) -> Fields:
        """Refuse a suffix, and forget metadata."""
        body = read_json()
        if body.values.get("suffix") is not None:
            raise refusals.bad_value("suffix", "suffix is not supported.")
        return Fields({name: value for name, value in body.values.items() if name != "metadata"})

    def decoded(self, body: Fields) -> dict[str, Any]:
        """Take reinforcement alone, graded by a function."""
        decoded = super().decoded(body)
        if decoded["method"] != "reinforcement":
            raise refusals.bad_value("method.type", "Supported values are: 'reinforcement'.")
        function = (decoded["grader"].get("lambda") or {}).get("function", "")
        if decoded["grader"]["type"] != "lambda" or not str(function).startswith(ARN):
            raise refusals.bad_value("method.reinforcement.grader", "Expected the ARN of a Lambda function.")
        return decoded


class BedrockModels(ModelRoutes):
    """Its base models, and those that were made."""

    families = (Family.BEDROCK,)


WIRE = Wire((BedrockRoutes, FileRoutes, BedrockModels))
