"""How servers of `/fine_tuning/jobs` differ from OpenAI's own, as data: each is a dialect by its name.

A profile says where a server lives, what it takes and what becomes of a mark there. The code that reads it is
`openai_profiled.py`. Sources stand in each `Description`; what they leave open is said in `notes`.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from ftops.model.capabilities import Capabilities, DataFormat, StampPlace
from ftops.model.finetune import Method
from ftops.model.json_value import JSONObject
from ftops.model.value import replace
from ftops.providers.description import Description
from ftops.providers.dialects import openai_profile_pages as pages
from ftops.providers.dialects.openai import CAPABILITIES


class Profile(Struct, frozen=True):
    """One server. `settings` are its own keys in ftops.yaml, with whether each must be there.

    With `flat_hyperparameters` they stand at the top of a create, and `method` is not sent. `key_header`
    takes the key bare, instead of `Authorization`. A gateway is told what is behind it by `upstream_field`,
    in every query and body, or by `upstream_header`; `upstream` is what it is told where ftops.yaml does not
    say. `absent` are operations that have no route. With `model_in_checkpoints` a job never names its model.
    """

    name: str
    capabilities: Capabilities
    description: Description
    default_base_url: str | None = None
    settings: Mapping[str, bool] = field(default_factory=dict)
    flat_hyperparameters: bool = False
    key_header: str | None = None
    upstream: str | None = None
    upstream_field: str | None = None
    upstream_header: str | None = None
    absent: frozenset[str] = frozenset()
    model_in_checkpoints: bool = False


_WHOLE: JSONObject = {"type": "integer", "minimum": 1}
_SHARE: JSONObject = {"type": "number", "minimum": 0, "maximum": 1}
_POSITIVE: JSONObject = {"type": "number", "exclusiveMinimum": 0}
_NOT_NEGATIVE: JSONObject = {"type": "number", "minimum": 0}

_NEBIUS_HYPERPARAMETERS: JSONObject = {
    "n_epochs": {**_WHOLE, "description": "Passes over the data; 3 where it is not given."},
    "batch_size": {**_WHOLE, "description": "Examples of a step; 8 where it is not given."},
    "learning_rate": {**_POSITIVE, "description": "The rate itself, not a multiplier."},
    "warmup_ratio": {**_SHARE, "description": "Share of the steps in which the rate rises."},
    "weight_decay": {**_NOT_NEGATIVE, "description": "Pull of the weights towards zero."},
    "max_grad_norm": {**_NOT_NEGATIVE, "description": "Largest norm of the gradients of a step."},
    "packing": {"type": "boolean", "description": "Put several short examples into one sequence."},
    "context_length": {**_WHOLE, "description": "Tokens of a sequence; 8192 where it is not given."},
    "lora": {"type": "boolean", "description": "Train an adapter instead of all weights."},
    "lora_r": {**_WHOLE, "description": "Rank of the adapter."},
    "lora_alpha": {**_WHOLE, "description": "Scale of the adapter."},
    "lora_dropout": {**_SHARE, "description": "Share of the adapter's inputs left out."},
}
_HF_CHECKPOINT: JSONObject = {
    "type": "object",
    "description": "Start from a repository of Hugging Face instead of the base weights.",
    "properties": {
        "repo": {"type": "string", "minLength": 1},
        "type": {"enum": ["hf"]},
        "revision": {"type": "string", "minLength": 1},
    },
    "required": ["repo", "type"],
    "additionalProperties": False,
}

NEBIUS = Profile(
    "nebius",
    Capabilities(
        stamp=StampPlace.SUFFIX,
        methods={Method.SUPERVISED: _NEBIUS_HYPERPARAMETERS},
        data_formats={Method.SUPERVISED: frozenset({DataFormat.CHAT, DataFormat.PROMPT_COMPLETION})},
        options={"from_checkpoint": _HF_CHECKPOINT},
        echoes=frozenset(
            {"model", "training_file", "validation_file"}
            | {f"hyperparameters.{name}" for name in _NEBIUS_HYPERPARAMETERS}
        ),
        suffix_length=64,
        seed=True,
        chains=False,
    ),
    pages.NEBIUS,
    default_base_url="https://api.tokenfactory.nebius.com/v1",
    model_in_checkpoints=True,
)

BEDROCK = Profile(
    "bedrock",
    Capabilities(
        stamp=StampPlace.NONE,
        methods={
            Method.REINFORCEMENT: {
                name: CAPABILITIES.methods[Method.REINFORCEMENT][name]
                for name in ("n_epochs", "batch_size", "learning_rate_multiplier")
            }
        },
        data_formats={Method.REINFORCEMENT: frozenset({DataFormat.REINFORCEMENT})},
        options={},
        echoes=CAPABILITIES.echoes - {"seed"},
        suffix_length=0,
        checkpoints=None,
    ),
    pages.BEDROCK,
)

_UNMARKED = replace(CAPABILITIES, stamp=StampPlace.NONE, list_filter=False)

LITELLM = Profile(
    "litellm",
    replace(
        _UNMARKED,
        methods={Method.SUPERVISED: CAPABILITIES.methods[Method.SUPERVISED]},
        data_formats={Method.SUPERVISED: CAPABILITIES.data_formats[Method.SUPERVISED]},
        integrations=False,
        pause=False,
    ),
    pages.LITELLM,
    settings={"upstream": False},
    flat_hyperparameters=True,
    upstream="openai",
    upstream_field="custom_llm_provider",
    absent=frozenset({"events", "delete model"}),
)

LITELLM_PASSTHROUGH = Profile("litellm_passthrough", _UNMARKED, pages.LITELLM_PASSTHROUGH)

PORTKEY = Profile(
    "portkey",
    _UNMARKED,
    pages.PORTKEY,
    default_base_url="https://api.portkey.ai/v1",
    settings={"upstream": True},
    key_header="x-portkey-api-key",
    upstream_header="x-portkey-provider",
)

PROFILES: Mapping[str, Profile] = {
    profile.name: profile for profile in (NEBIUS, BEDROCK, LITELLM, LITELLM_PASSTHROUGH, PORTKEY)
}
