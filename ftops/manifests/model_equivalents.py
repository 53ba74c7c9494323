"""Which base model at one provider stands for which at another, as data with its source.

Only what a source says can be tuned there. A model that is not here has no stand-in: none is invented.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct

from ftops.records.likeness import same_model

SAME_WEIGHTS: tuple[Mapping[str, str], ...] = (
    {"openai": "gpt-4.1-2025-04-14", "azure_openai": "gpt-4.1-2025-04-14"},
    {"openai": "gpt-4.1-mini-2025-04-14", "azure_openai": "gpt-4.1-mini-2025-04-14"},
    {"openai": "gpt-4.1-nano-2025-04-14", "azure_openai": "gpt-4.1-nano-2025-04-14"},
    {"openai": "gpt-4o-2024-08-06", "azure_openai": "gpt-4o-2024-08-06"},
    {"openai": "gpt-4o-mini-2024-07-18", "azure_openai": "gpt-4o-mini-2024-07-18"},
    {"openai": "o4-mini-2025-04-16", "azure_openai": "o4-mini-2025-04-16"},
    {"together": "openai/gpt-oss-20b", "fireworks": "accounts/fireworks/models/gpt-oss-20b"},
    {"together": "openai/gpt-oss-120b", "fireworks": "accounts/fireworks/models/gpt-oss-120b"},
    {
        "together": "meta-llama/Meta-Llama-3.1-8B-Instruct-Reference",
        "fireworks": "accounts/fireworks/models/llama-v3p1-8b-instruct",
    },
    {"together": "Qwen/Qwen3-8B", "fireworks": "accounts/fireworks/models/qwen3-8b"},
    {"alibaba": "qwen3-14b", "fireworks": "accounts/fireworks/models/qwen3-14b"},
)
"""Each row is one model: dialect -> what it is called there. Sources, read in 2026-11: Azure's and OpenAI's
pages of models for fine-tuning; docs.together.ai/docs/fine-tuning-models; fireworks.ai/models; Alibaba Model
Studio's training prices."""


class StandIn(Struct, frozen=True):
    """Another model, for models that cannot be had there. `source` says that it can be tuned."""

    models: tuple[str, ...]
    dialect: str
    model: str
    remark: str
    source: str


_OTHER = "evaluate it before you switch, and expect another price"
_SMALL = ("gpt-4o-mini", "gpt-4.1-mini", "gpt-4.1-nano", "gpt-3.5-turbo", "o4-mini")
_LARGE = ("gpt-4o", "gpt-4.1")
_TOGETHER = "docs.together.ai/docs/fine-tuning-models"
_ALIBABA = "Alibaba Model Studio, prices of model training"

CLOSEST: tuple[StandIn, ...] = (
    StandIn(_SMALL, "together", "openai/gpt-oss-20b", f"OpenAI's open weights, smaller; {_OTHER}", _TOGETHER),
    StandIn(_LARGE, "together", "openai/gpt-oss-120b", f"OpenAI's open weights, larger; {_OTHER}", _TOGETHER),
    StandIn(_SMALL, "alibaba", "qwen3-14b", f"another maker's, by size alone; {_OTHER}", _ALIBABA),
    StandIn(_LARGE, "alibaba", "qwen3-32b", f"another maker's, by size alone; {_OTHER}", _ALIBABA),
)
"""OpenAI's closed models cannot be had outside OpenAI and Azure: these are other models."""


GATEWAYS = frozenset({"litellm", "litellm_passthrough", "portkey"})
"""Formats of what passes a request on: a model there is called what it is called behind it."""

_OPENAIS = frozenset({"openai", "azure_openai"})


class Match(Struct, frozen=True):
    """The model to write, and what a person should know of it. `same`: it has the same weights.

    Where it is not `sure`, the remark has to be read although the model keeps its name.
    """

    model: str
    remark: str
    same: bool = False
    sure: bool = True


def match_for(model: str, source: str, target: str) -> Match | None:
    """Return what stands for a dialect's model at another one; None where no source says."""
    if source == target:
        return Match(model, "the same format; check that this provider trains it", same=True)
    if target in GATEWAYS and source in _OPENAIS:
        return Match(model, "check that what is behind the gateway trains it", same=True, sure=False)
    for names in SAME_WEIGHTS:
        if source in names and target in names and same_model(model, names[source]):
            return Match(names[target], "the same model", same=True)
    for closest in CLOSEST:
        if closest.dialect == target and _is_one_of(model, closest.models):
            return Match(closest.model, f"{closest.remark} (can be tuned there: {closest.source})")
    return None


def known_models(dialect: str) -> Iterator[str]:
    """Yield the models of a dialect that the tables name."""
    yield from dict.fromkeys(
        (
            *(names[dialect] for names in SAME_WEIGHTS if dialect in names),
            *(closest.model for closest in CLOSEST if closest.dialect == dialect),
        )
    )


def _is_one_of(model: str, known: tuple[str, ...]) -> bool:
    return any(same_model(model, one) for one in known)
