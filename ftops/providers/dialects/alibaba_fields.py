"""What a create at Alibaba Model Studio carries: methods, hyperparameters, options.

Facts: "Model tuning API reference" (help.aliyun.com, updated 2026-02-11) for names, types and defaults;
"Create a tuning task" (alibabacloud.com, 2026-06-06) for what is required of text models. Ranges are not
published but for `max_length` and shares; the server checks the rest.
"""

from __future__ import annotations

from collections.abc import Mapping

from ftops.model.capabilities import Capabilities, DataFormat, StampPlace
from ftops.model.finetune import Method
from ftops.model.json_value import JSONObject

LORA = "lora"

TRAINING_TYPES: Mapping[tuple[Method, bool], str] = {
    (Method.SUPERVISED, False): "sft",
    (Method.SUPERVISED, True): "efficient_sft",
    (Method.DPO, False): "dpo_full",
    (Method.DPO, True): "dpo_lora",
}
"""Method, and whether an adapter is trained -> `training_type`. `cpt` has no method of ours."""

_WHOLE: JSONObject = {"type": "integer", "minimum": 1}
_SHARE: JSONObject = {"type": "number", "minimum": 0, "maximum": 1}
_WORD: JSONObject = {"type": "string", "minLength": 1}

HYPERPARAMETERS: JSONObject = {
    "n_epochs": {**_WHOLE, "description": "Passes over the data; required for text models."},
    "batch_size": {**_WHOLE, "description": "Examples of a step; required for text models."},
    "max_length": {
        "type": "integer",
        "minimum": 500,
        "maximum": 131072,
        "description": "Tokens of an example, above which it is dropped; required for text models.",
    },
    "learning_rate": {"type": "number", "exclusiveMinimum": 0, "description": "How far a step goes."},
    "lr_scheduler_type": {**_WORD, "description": "`cosine` where it is not given; `linear`, ..."},
    "warmup_ratio": {**_SHARE, "description": "Share of the steps in which the learning rate rises."},
    "weight_decay": {"type": "number", "minimum": 0, "description": "Pull of the weights towards zero."},
    "split": {**_SHARE, "description": "Share that is trained on, where there is no validation file."},
    "max_split_val_dataset_sample": {
        **_WHOLE,
        "description": "Most rows that `split` leaves for validation.",
    },
    "eval_steps": {**_WHOLE, "description": "Steps from one validation to the next."},
    "logging_steps": {**_WHOLE, "description": "Steps from one reported loss to the next."},
    "freeze_vit": {"type": "boolean", "description": "Models that see only."},
    "lora_rank": {**_WHOLE, "description": "With `lora` alone."},
    "lora_alpha": {**_WHOLE, "description": "With `lora` alone."},
    "lora_dropout": {**_SHARE, "description": "With `lora` alone: share of the adapter's inputs left out."},
    "data_augmentation": {
        "type": "boolean",
        "description": "Mix in data of the provider's, which is billed.",
    },
    "augmentation_types": {**_WORD, "description": "Which of the provider's data to mix in."},
    "augmentation_ratio": {**_WORD, "description": "How much of it to mix in."},
    "save_strategy": {
        "enum": ["epoch", "steps"],
        "description": "When a checkpoint is made: each epoch, or every `save_steps`.",
    },
    "save_steps": {**_WHOLE, "description": "Steps from one checkpoint to the next."},
    "save_total_limit": {**_WHOLE, "description": "Most checkpoints that are kept."},
}

CAPABILITIES = Capabilities(
    stamp=StampPlace.NONE,
    methods={Method.SUPERVISED: HYPERPARAMETERS, Method.DPO: HYPERPARAMETERS},
    data_formats={
        Method.SUPERVISED: frozenset({DataFormat.CHAT}),
        Method.DPO: frozenset({DataFormat.PREFERENCE}),
    },
    options={LORA: {"type": "boolean", "description": "Train an adapter instead of all weights."}},
    echoes=frozenset(
        {"model", "training_file", "validation_file", "method", f"provider_options.{LORA}"}
        | {f"hyperparameters.{name}" for name in HYPERPARAMETERS}
    ),
    required_hyperparameters=frozenset({"n_epochs", "batch_size", "max_length"}),
    suffix_length=64,
)
"""`suffix_length` is a guess: no limit is published. A suffix is shown only in the name of the model."""
