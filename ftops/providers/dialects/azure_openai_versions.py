"""What each version of Azure's API can carry: two dated documents, and v1.

Facts: Azure/azure-rest-api-specs, `AzureOpenAI/authoring/stable/2024-10-21` and `preview/2025-04-01-preview`,
and `OpenAI.v1/azure-v1-v1-generated.yaml`, read 2026-11-27. What a version between the two dated ones has is
not known: it is taken for the older.

`trainingType` is in none of them. Microsoft's own samples and SDK tests send it, and without it a create is
refused with "The specified base model does not support fine-tuning" (BerriAI/litellm#24687). 2024-10-21 does
not take it and trains Standard: there the option says just that, is not sent, and keeps a fine-tune the same
when its provider moves on to a newer version.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from msgspec import Struct

from ftops.errors import FtopsError
from ftops.model.capabilities import Capabilities, DataFormat, StampPlace
from ftops.model.finetune import Method
from ftops.model.json_value import JSONObject
from ftops.model.value import replace
from ftops.providers.dialects.openai_modern import DATA_FORMATS, ECHOES, METHODS

TRAINING_TYPE = "trainingType"
API_VERSION: JSONObject = {
    "type": "string",
    "pattern": r"^(v1|preview|20(2[4-9]|[3-9]\d)-\d\d-\d\d(-preview)?)$",
    "patternErrorMessage": "must be v1, preview, or a date of a version such as 2024-10-21 or "
    "2025-04-01-preview",
}
"""Without one v1 is spoken."""

_DESCRIPTION = "Where it trains, which decides the price: Standard, GlobalStandard, developerTier."
_PASSED_ON: JSONObject = {
    "type": ["string", "integer"],
    "minLength": 1,
    "description": f"{_DESCRIPTION} Passed on as it is written.",
}
_STANDARD_ALONE: JSONObject = {
    "enum": ["Standard", "standard", 1],
    "description": f"{_DESCRIPTION} This version of the API trains Standard alone.",
}
_HYPERPARAMETERS: JSONObject = {
    "n_epochs": {"type": "integer", "minimum": 1, "description": "Passes over the data."},
    "batch_size": {"type": "integer", "minimum": 1, "description": "Examples in one step."},
    "learning_rate_multiplier": {
        "type": "number",
        "exclusiveMinimum": 0,
        "description": "Times the learning rate that the service chooses.",
    },
}
"""The documents name no upper bounds, and no `auto`: what is left to the service is not sent."""

_CHAT = frozenset({DataFormat.CHAT})
"""The models that took prompts and completions (babbage-002, davinci-002) are not trained any more."""

_ECHOES = ECHOES | {"suffix"}

FIRST = Capabilities(
    stamp=StampPlace.SUFFIX,
    methods={Method.SUPERVISED: _HYPERPARAMETERS},
    data_formats={Method.SUPERVISED: _CHAT},
    options={TRAINING_TYPE: _STANDARD_ALONE},
    echoes=_ECHOES - {"method"},
    suffix_length=40,
    suffix_letters="A-Za-z0-9_-",
    seed=True,
    checkpoints="{model}:ckpt-step-{step}",
    required_options=frozenset({TRAINING_TYPE}),
)
PREVIEW = replace(
    FIRST,
    methods={Method.SUPERVISED: _HYPERPARAMETERS, Method.DPO: _HYPERPARAMETERS},
    data_formats={Method.SUPERVISED: _CHAT, Method.DPO: DATA_FORMATS[Method.DPO]},
    options={TRAINING_TYPE: _PASSED_ON},
    echoes=_ECHOES,
    integrations=True,
    pause=True,
)
V1 = replace(
    PREVIEW,
    stamp=StampPlace.METADATA,
    methods=METHODS,
    data_formats={**DATA_FORMATS, Method.SUPERVISED: _CHAT},
    suffix_length=64,
    suffix_letters=None,
)


class Version(Struct, frozen=True):
    """How one version is spoken. `root` begins its paths, `query` goes with every request.

    One that `has_methods` takes the method, its hyperparameters and `trainingType`; the others take bare
    hyperparameters.
    """

    root: str
    query: Mapping[str, str]
    capabilities: Capabilities
    has_methods: bool = True

    @property
    def marks_whole(self) -> bool:
        """Return whether a job has room for our whole mark."""
        return self.capabilities.stamp is StampPlace.METADATA


def version_of(name: str | None) -> Version:
    """Return how a version is spoken. Raises FtopsError for what is not the name of one."""
    if name is None or name == "v1":
        return Version("/openai/v1", {}, V1)
    if name == "preview":
        return Version("/openai/v1", {"api-version": name}, V1)
    if re.fullmatch(str(API_VERSION["pattern"]), name) is None:
        raise FtopsError(f"api_version {name!r} {API_VERSION['patternErrorMessage']}")
    newer = name >= "2025-04-01"
    return Version("/openai", {"api-version": name}, PREVIEW if newer else FIRST, newer)
