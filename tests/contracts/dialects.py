"""What the contract of providers must know of each dialect: one case, and it runs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import pytest

from ftops.model.job import JobStatus
from ftops.testing import DialectCase

__all__ = ["CASES", "CHAT", "OFTEN", "OPENAI_FAMILY", "PAIR", "DialectCase", "dialect_of", "in_turn"]

CHAT = {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]}
PAIR = {"prompt": "q", "completion": "a"}
OPENAI_FAMILY = ("openai", "openai_legacy")
"""Those that the emulator's usual server speaks."""


NO_RESULTS = "a_finished_job_has_a_model_and_metrics"
NO_DELETE = "a_fine_tuned_model_can_be_deleted"
NO_MODEL_DELETE = {
    "a_fine_tuned_model_can_be_deleted": "no version of Azure's API has it: a model goes with its job"
}
GRADED = {"messages": [{"role": "user", "content": "q"}], "reference_answer": "a"}
_MODEL_APART = "a job does not show the model, and its result files are weights: asked of retrieve elsewhere"
_NO_MODELS = "the proxy lists the models of its configuration, and deletes none"
_ENGINE = "an engine knows no billing, scopes or models; its words are asked in the dialect's own tests"
_NO_EVENTS = "it has no route for events: asked without them elsewhere"

CASES: Mapping[str, DialectCase] = {
    "openai": DialectCase("gpt-4o-mini", CHAT),
    "openai_legacy": DialectCase("curie", PAIR),
    "azure_openai": DialectCase(
        "gpt-4.1-mini-2025-04-14", CHAT, options={"trainingType": "GlobalStandard"}, absent=NO_MODEL_DELETE
    ),
    "azure_openai 2025-04-01-preview": DialectCase(
        "gpt-4.1-mini-2025-04-14",
        CHAT,
        options={"trainingType": "developerTier"},
        settings={"api_version": "2025-04-01-preview"},
        created=201,
        absent=NO_MODEL_DELETE,
    ),
    "azure_openai 2024-10-21": DialectCase(
        "gpt-4o-mini-2024-07-18",
        CHAT,
        options={"trainingType": "Standard"},
        settings={"api_version": "2024-10-21"},
        created=201,
        absent=NO_MODEL_DELETE,
    ),
    "mistral": DialectCase(
        "open-mistral-7b",
        CHAT,
        {"epochs": 3},
        cancelled=JobStatus.CANCELLING,
        absent={NO_RESULTS: "metrics are in the job's checkpoints, and in no file"},
    ),
    "fireworks": DialectCase(
        "accounts/fireworks/models/llama-v3p1-8b-instruct",
        CHAT,
        {"epochs": 3},
        settings={"account": "acme"},
        cancelled=JobStatus.CANCELLING,
        lists=2,
        absent={NO_RESULTS: "metrics are at a signed URL, and in no file of the account"},
    ),
    "together": DialectCase(
        "Qwen/Qwen3-8B",
        CHAT,
        options={"training_type": {"type": "Lora", "lora_r": 16}},
        cancelled=JobStatus.CANCELLING,
        absent=dict.fromkeys(
            (NO_RESULTS, "a_fine_tuned_model_can_be_deleted"),
            "another API keeps models, and no file has metrics",
        ),
    ),
    "alibaba": DialectCase(
        "qwen3-14b",
        CHAT,
        hyperparameters={"n_epochs": 3, "batch_size": 16, "max_length": 8192, "learning_rate": 1.6e-5},
        options={"lora": True},
        cancelled=JobStatus.CANCELLING,
        absent=dict.fromkeys((NO_RESULTS, NO_DELETE), "models and result files are in no list"),
    ),
    "nebius": DialectCase(
        "meta-llama/Meta-Llama-3.1-8B-Instruct",
        CHAT,
        hyperparameters={"n_epochs": 2, "learning_rate": 2e-5, "lora": True, "lora_r": 16},
        absent=dict.fromkeys((NO_RESULTS, NO_DELETE), _MODEL_APART),
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
            NO_RESULTS: _NO_MODELS,
            NO_DELETE: _NO_MODELS,
        },
    ),
    "litellm_passthrough": DialectCase("gpt-4o-mini", CHAT),
    "ray": DialectCase(
        "random:tiny",
        CHAT,
        hyperparameters={"n_epochs": 3, "learning_rate": 1e-4, "lora_r": 8},
        settings={"settle": 120, "trainer": {"output": "/mnt/models", "models": {"tiny": "random:tiny"}}},
        cancelled=JobStatus.CANCELLING,
        told_after=30,
        absent={
            **dict.fromkeys((NO_RESULTS, NO_DELETE), "models and results are folders of the nodes"),
            "a_refusal_in_the_formats_own_words_means_what_its_table_says": _ENGINE,
        },
    ),
    "portkey": DialectCase("gpt-4o-mini", CHAT, settings={"upstream": "openai"}),
}
"""By dialect; what follows a space is a variant, where what it can carry depends on its settings."""


OFTEN = frozenset({*OPENAI_FAMILY, "azure_openai", "together", "mistral", "fireworks", "ray"})
"""Variants that share the least code; the others are asked in `make test-slow` alone."""


def in_turn(names: Iterable[str], often: Collection[str] = OFTEN) -> list[Any]:
    """Return variants as parameters of a test, those that need not be asked each time marked as slow."""
    return [name if name in often else pytest.param(name, marks=pytest.mark.slow) for name in sorted(names)]


def dialect_of(name: str) -> str:
    """Return the dialect of a case."""
    return name.partition(" ")[0]
