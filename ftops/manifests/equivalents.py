"""What one training knob is called in the wire formats, and where a like-named one means something else.

Of no format's own: it is about pairs of them. Names are those of manifests, which are the providers' own; a
name in two parts is a member of an option. What is not here is carried only under its own name.
"""

from __future__ import annotations

from collections.abc import Mapping

SAME_KNOB: tuple[tuple[str, ...], ...] = (
    ("n_epochs", "epochs"),
    ("batch_size", "batchSizeSamples"),
    ("learning_rate", "learningRate"),
    ("beta", "dpo_beta"),
    ("seed", "random_seed"),
    ("weight_decay", "optimizerWeightDecay"),
    ("warmup_ratio", "warmup_fraction"),
    ("max_seq_length", "max_length", "seq_len", "maxContextLength", "context_length"),
    ("gradient_accumulation_steps", "gradientAccumulationSteps"),
    ("lora_r", "lora_rank", "loraRank", "training_type.lora_r"),
    ("lora_alpha", "training_type.lora_alpha"),
    ("lora_dropout", "training_type.lora_dropout"),
)
"""Each row is one knob: the same value trains the same way under any of its names."""

COMPANIONS: Mapping[str, Mapping[str, str]] = {
    "training_type.lora_r": {"training_type.type": "Lora"},
    "training_type.lora_alpha": {"training_type.type": "Lora"},
}
"""What has to stand beside a name for it to mean what its row says."""

NOT_THE_SAME: Mapping[str, str] = {
    "learning_rate_multiplier": (
        "it multiplies a rate that the provider chooses and does not tell: no absolute learning_rate follows"
    ),
    "learning_rate": "it is absolute, and learning_rate_multiplier multiplies a rate that nobody is told",
    "learningRate": "it is absolute, and learning_rate_multiplier multiplies a rate that nobody is told",
    "batchSize": "it counts tokens, and a batch_size counts examples",
    "prompt_loss_weight": "where it exists, train_on_inputs is yes or no, and not a weight",
    "trainingType": "it chooses where the provider trains, and so its price",
}
"""Why a knob has no equivalent although one looks like it."""

OF_THE_MODEL: Mapping[str, str] = {
    "batch_size": "it has to suit the model and its hardware, and the model is another one",
}
"""Why a knob is not carried to another model: many a value was chosen by the provider for the old one."""


def names_of(knob: str) -> tuple[str, ...]:
    """Return every name of a knob, its own first."""
    for names in SAME_KNOB:
        if knob in names:
            return (knob, *(name for name in names if name != knob))
    return (knob,)
