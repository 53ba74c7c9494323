"""Which fields Together's `/fine-tunes` carries: facts as data.

Sources: [spec] togethercomputer/openapi, openapi.yaml of 2026-04-28 (090263a); [sdk] together 3.1.1, whose
create has fields that the document lacks (gradient accumulation, early stopping) and checks ranges that it
does not give. A model's own limits are asked for when a create was refused (`together_limits`).
"""

from __future__ import annotations

from ftops.model.capabilities import Capabilities, DataFormat, StampPlace
from ftops.model.finetune import Method
from ftops.model.json_value import JSONObject

_SHARE: JSONObject = {"type": "number", "minimum": 0, "maximum": 1}
_NOT_NEGATIVE: JSONObject = {"type": "number", "minimum": 0}
_FLAG: JSONObject = {"type": "boolean"}
_TEXT: JSONObject = {"type": "string", "minLength": 1}

_TRAINING: JSONObject = {
    "n_epochs": {"type": "integer", "minimum": 1, "description": "Passes over the data; 1 if absent."},
    "n_checkpoints": {"type": "integer", "minimum": 0, "description": "Models kept on the way; 1 if absent."},
    "n_evals": {
        "type": "integer",
        "minimum": 0,
        "maximum": 100,
        "description": "Evaluations on the validation file; none if absent.",
    },
    "batch_size": {
        "type": "integer",
        "minimum": 1,
        "description": "Examples at a time; absent or auto is what Together calls max.",
    },
    "gradient_accumulation_steps": {
        "type": "integer",
        "minimum": 0,
        "description": "Batches between two steps; the model's default if absent or 0.",
    },
    "learning_rate": {"type": "number", "exclusiveMinimum": 0, "description": "0.00001 if absent."},
    "warmup_ratio": {**_SHARE, "description": "The part of all steps in which the learning rate rises."},
    "max_grad_norm": {**_NOT_NEGATIVE, "description": "Gradient clipping; 1 if absent, 0 for none."},
    "weight_decay": {**_NOT_NEGATIVE, "description": "0 if absent."},
    "packing": {**_FLAG, "description": "Whether short examples share a sequence; true if absent."},
    "max_seq_length": {"type": "integer", "minimum": 1, "description": "Tokens of a sequence at most."},
    "early_stopping_enabled": {
        **_FLAG,
        "description": "Needs a validation file and n_evals of at least patience + warm-up evaluations + 1.",
    },
    "early_stopping_patience": {"type": "integer", "minimum": 1, "description": "2 if absent."},
    "early_stopping_min_delta": {
        **_NOT_NEGATIVE,
        "description": "How much the loss must fall to count as better.",
    },
    "early_stopping_warmup_evals": {"type": "integer", "minimum": 0, "description": "1 if absent."},
}

OF_METHOD: dict[Method, JSONObject] = {
    Method.SUPERVISED: {
        "train_on_inputs": {
            **_FLAG,
            "description": "Whether prompts are trained on too; by the form of the data if absent or auto.",
        },
    },
    Method.DPO: {
        "dpo_beta": {**_NOT_NEGATIVE, "description": "How far from the reference model; 0.1 if absent."},
        "rpo_alpha": {
            **_NOT_NEGATIVE,
            "description": "Weight of the preferred answer's own likelihood in the loss.",
        },
        "simpo_gamma": {**_NOT_NEGATIVE, "description": "Margin by which the preferred answer should win."},
        "dpo_normalize_logratios_by_length": {
            **_FLAG,
            "description": "Make up for answers of different length.",
        },
        "dpo_reference_free": {**_FLAG, "description": "Train without a reference model."},
    },
}
"""What a create sends under `training_method`, beside the name of the method."""

WIRE_METHODS = {Method.SUPERVISED: "sft", Method.DPO: "dpo"}

TRAINING_TYPE: JSONObject = {
    "description": "What is trained: adapters or the whole model. LoRA with the model's own rank if absent.",
    "type": "object",
    "required": ["type"],
    "properties": {
        "type": {"enum": ["Full", "Lora"]},
        "lora_r": {"type": "integer", "minimum": 1, "description": "Rank of the adapters."},
        "lora_alpha": {"type": "integer", "minimum": 1, "description": "Twice lora_r if absent."},
        "lora_dropout": {"type": "number", "minimum": 0, "exclusiveMaximum": 1},
        "lora_trainable_modules": {**_TEXT, "description": "all-linear if absent."},
    },
    "if": {"properties": {"type": {"const": "Lora"}}},
    "then": {"required": ["lora_r"]},
    "else": {"properties": {"type": {}}, "additionalProperties": False},
    "additionalProperties": False,
}

LR_SCHEDULER: JSONObject = {
    "description": "How the learning rate falls; cosine to 0 if absent.",
    "type": "object",
    "required": ["lr_scheduler_type"],
    "properties": {
        "lr_scheduler_type": {"enum": ["linear", "cosine"]},
        "lr_scheduler_args": {
            "type": "object",
            "properties": {
                "min_lr_ratio": {
                    **_SHARE,
                    "description": "The last learning rate, as a part of the highest.",
                },
                "num_cycles": {"type": "number", "exclusiveMinimum": 0, "description": "Of cosine alone."},
            },
            "additionalProperties": False,
        },
    },
    "additionalProperties": False,
}

OPTIONS: JSONObject = {
    "training_type": TRAINING_TYPE,
    "lr_scheduler": LR_SCHEDULER,
    "multimodal_params": {
        "description": "For models that see.",
        "type": "object",
        "properties": {"train_vision": _FLAG},
        "additionalProperties": False,
    },
    "from_hf_model": {
        **_TEXT,
        "description": "A repository of Hugging Face to start from, close to `model`.",
    },
    "hf_model_revision": {**_TEXT, "description": "Its revision; main if absent."},
    "hf_output_repo_name": {**_TEXT, "description": "Where on Hugging Face the model is put."},
}

INTEGRATIONS: JSONObject = {
    "type": "array",
    "maxItems": 1,
    "items": {
        "type": "object",
        "required": ["type", "wandb"],
        "properties": {
            "type": {"enum": ["wandb"]},
            "wandb": {
                "type": "object",
                "required": ["project"],
                "properties": dict.fromkeys(("project", "name", "entity", "base_url"), _TEXT),
                "additionalProperties": False,
            },
        },
        "additionalProperties": False,
    },
}
WANDB_FIELDS = {
    "project": "wandb_project_name",
    "name": "wandb_name",
    "entity": "wandb_entity",
    "base_url": "wandb_base_url",
}

_NOT_SHOWN = frozenset({"gradient_accumulation_steps"}) | {
    name for name in _TRAINING if name.startswith("early_stopping_")
}
SHOWN = tuple(name for name in _TRAINING if name not in _NOT_SHOWN)
"""What a job shows of the flat fields: all of it in a list, a create and a cancel, less in a retrieve."""

CAPABILITIES = Capabilities(
    stamp=StampPlace.SUFFIX,
    methods={method: {**_TRAINING, **own} for method, own in OF_METHOD.items()},
    data_formats={
        Method.SUPERVISED: frozenset({DataFormat.CHAT, DataFormat.PROMPT_COMPLETION}),
        Method.DPO: frozenset({DataFormat.PREFERENCE}),
    },
    options=OPTIONS,
    echoes=frozenset({"model", "training_file", "validation_file", "suffix", "seed", "method"})
    | {f"hyperparameters.{name}" for name in SHOWN}
    | {f"hyperparameters.{name}" for own in OF_METHOD.values() for name in own}
    | {"provider_options.training_type", "provider_options.lr_scheduler"},
    suffix_length=40,
    seed=True,
    integrations=True,
    integration_form=INTEGRATIONS,
    checkpoints="{model}:{step}",
    mark_retrieved=False,
    outcome_listed=False,
)

ESTIMATED_BY = frozenset(
    {
        "training_file",
        "validation_file",
        "model",
        "from_checkpoint",
        "n_epochs",
        "n_evals",
        "training_method",
        "training_type",
    }
)
"""What of a create an estimate takes."""

BODY_FIELDS = frozenset(
    {
        *_TRAINING,
        *OPTIONS,
        *WANDB_FIELDS.values(),
        "training_file",
        "validation_file",
        "model",
        "from_checkpoint",
        "training_method",
        "train_on_inputs",
        "random_seed",
        "suffix",
        "purpose",
        "file_name",
        "file_type",
        "file_size",
        "checksum",
        "num_parts",
        "upload_id",
        "file_id",
        "parts",
    }
)
"""What a create or an upload contains. Keys of others (`wandb_api_key`, `hf_api_token`) are not among them:
a manifest never holds a key, so they come as an extra of the provider, by reference."""

QUERY_FIELDS = frozenset({"model_name"})
