"""What the contract of providers must know of each dialect: one case, and it runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ftops.model.job import JobStatus

CHAT = {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]}
PAIR = {"prompt": "q", "completion": "a"}
OPENAI_FAMILY = ("openai", "openai_legacy")
"""Those that the emulator's usual server speaks."""


@dataclass(frozen=True)
class DialectCase:
    """One create that a dialect takes, and in what its server differs from OpenAI's.

    `settings` are its own keys of a provider. `absent` are promises that cannot be asked of it: names of
    tests without `test_`, each with the reason.
    """

    model: str
    row: Mapping[str, Any]
    hyperparameters: Mapping[str, Any] = field(default_factory=lambda: {"n_epochs": 3})
    options: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    created: int = 200
    cancelled: JobStatus = JobStatus.CANCELLED
    method: str = "supervised"
    grader: Mapping[str, Any] = field(default_factory=dict)
    absent: Mapping[str, str] = field(default_factory=dict)


GRADED = {"messages": [{"role": "user", "content": "q"}], "reference_answer": "a"}
_MODEL_APART = "a job does not show the model, and its result files are weights: asked of retrieve elsewhere"
_NO_MODELS = "the proxy lists the models of its configuration, and deletes none"
_NO_EVENTS = "it has no route for events: asked without them elsewhere"

CASES: Mapping[str, DialectCase] = {
    "openai": DialectCase("gpt-4o-mini", CHAT),
    "openai_legacy": DialectCase("curie", PAIR),
    "alibaba": DialectCase(
        "qwen3-14b",
        CHAT,
        hyperparameters={"n_epochs": 3, "batch_size": 16, "max_length": 8192, "learning_rate": 1.6e-5},
        options={"lora": True},
        cancelled=JobStatus.CANCELLING,
        absent={"a_finished_job_has_a_model_and_metrics": "models and result files are in no list"},
    ),
    "nebius": DialectCase(
        "meta-llama/Meta-Llama-3.1-8B-Instruct",
        CHAT,
        hyperparameters={"n_epochs": 2, "learning_rate": 2e-5, "lora": True, "lora_r": 16},
        absent={"a_finished_job_has_a_model_and_metrics": _MODEL_APART},
    ),
    "bedrock": DialectCase(
        "openai.gpt-oss-20b",
        GRADED,
        method="reinforcement",
        grader={"type": "lambda", "lambda": {"function": "arn:aws:lambda:us-west-2:1:function:reward"}},
    ),
    "litellm": DialectCase(
        "gpt-4o-mini",
        CHAT,
        absent={
            "the_five_operations_and_their_twins_agree": _NO_EVENTS,
            "a_finished_job_has_a_model_and_metrics": _NO_MODELS,
        },
    ),
    "litellm_passthrough": DialectCase("gpt-4o-mini", CHAT),
    "portkey": DialectCase("gpt-4o-mini", CHAT, settings={"upstream": "openai"}),
}
