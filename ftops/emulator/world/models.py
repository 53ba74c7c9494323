"""The base models of each family, and the names of fine-tuned ones."""

import re
from datetime import UTC, datetime

from ftops.emulator.world.job import Family

_CHAT_MODELS = {
    "gpt-4.1": "gpt-4.1-2025-04-14",
    "gpt-4.1-2025-04-14": "gpt-4.1-2025-04-14",
    "gpt-4.1-mini": "gpt-4.1-mini-2025-04-14",
    "gpt-4.1-mini-2025-04-14": "gpt-4.1-mini-2025-04-14",
    "gpt-4.1-nano": "gpt-4.1-nano-2025-04-14",
    "gpt-4.1-nano-2025-04-14": "gpt-4.1-nano-2025-04-14",
    "gpt-4o": "gpt-4o-2024-08-06",
    "gpt-4o-2024-08-06": "gpt-4o-2024-08-06",
    "gpt-4o-mini": "gpt-4o-mini-2024-07-18",
    "gpt-4o-mini-2024-07-18": "gpt-4o-mini-2024-07-18",
    "o4-mini": "o4-mini-2025-04-16",
    "o4-mini-2025-04-16": "o4-mini-2025-04-16",
}
"""Those that OpenAI and Azure both train."""

BASE_MODELS: dict[str, dict[str, str]] = {
    Family.OPENAI: {
        "babbage-002": "babbage-002",
        "davinci-002": "davinci-002",
        "gpt-3.5-turbo": "gpt-3.5-turbo-0125",
        "gpt-3.5-turbo-0125": "gpt-3.5-turbo-0125",
        "gpt-3.5-turbo-0613": "gpt-3.5-turbo-0613",
        "gpt-3.5-turbo-1106": "gpt-3.5-turbo-1106",
        "gpt-4-0613": "gpt-4-0613",
        **_CHAT_MODELS,
    },
    Family.AZURE_OPENAI: _CHAT_MODELS,
    Family.OPENAI_LEGACY: {name: name for name in ("ada", "babbage", "curie", "davinci")},
    Family.MISTRAL: {
        "open-mistral-7b": "open-mistral-7b",
        "open-mistral-nemo": "open-mistral-nemo",
        "ministral-3b-latest": "ministral-3b-latest",
        "ministral-8b-latest": "ministral-8b-latest",
        "mistral-small-latest": "mistral-small-latest",
        "mistral-large-latest": "mistral-large-latest",
        "codestral-latest": "codestral-latest",
    },
    Family.FIREWORKS: {
        f"{prefix}{name}": f"accounts/fireworks/models/{name}"
        for prefix in ("", "accounts/fireworks/models/")
        for name in ("llama-v3p1-8b-instruct", "llama-v3p3-70b-instruct", "qwen3-8b")
    },
    Family.NEBIUS: {
        name: name for name in ("meta-llama/Meta-Llama-3.1-8B-Instruct", "meta-llama/Llama-3.3-70B-Instruct")
    },
    Family.ALIBABA: {name: name for name in ("qwen3-8b", "qwen3-14b", "qwen3-32b")},
    Family.BEDROCK: {"openai.gpt-oss-20b": "openai.gpt-oss-20b"},
}
_GATEWAYS = (Family.LITELLM, Family.LITELLM_PASSTHROUGH, Family.PORTKEY)
BASE_MODELS |= dict.fromkeys(_GATEWAYS, BASE_MODELS[Family.OPENAI])
"""By family: the name a client may ask for, and the snapshot it is answered with."""

COMPLETION_BASES = ("babbage-002", "davinci-002")
"""Modern models that are no chat models and take prompt-completion files."""

RELEASED_AT = 1_649_358_449
"""`created` of every base model: one believable time for all."""


def base_of(model: str) -> str:
    """Return the base of a fine-tuned model: `ft:BASE:org:suffix:id` or `BASE:ft-org:suffix-date`."""
    parts = model.split(":")
    return parts[1] if parts[0] == "ft" and len(parts) > 1 else parts[0]


def slug(text: str) -> str:
    """Lower case, punctuation to dashes, as the server does to a suffix (help of the openai 0.28 client)."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def modern_name(model: str, organization: str, suffix: str | None, job_id: str) -> str:
    """`ft:gpt-4o-mini-2024-07-18:org:suffix:7q8mpxmy`; the place of an absent suffix stays empty."""
    owner = organization.removeprefix("org-")
    return f"ft:{base_of(model)}:{owner}:{slug(suffix or '')}:{job_id[-8:]}"


def azure_name(model: str, suffix: str | None, job_id: str) -> str:
    """`gpt-4o-mini-2024-07-18.ft-<the job's hex digits>-suffix`."""
    base, _, _ = model.partition(".ft-")
    return f"{base}.ft-{job_id.rpartition('-')[2]}{f'-{suffix}' if suffix else ''}"


def legacy_name(model: str, organization: str, suffix: str | None, finished_at: float) -> str:
    """`ada:ft-org:suffix-2022-02-15-04-21-04`, or `ada:ft-org-2022-02-15-04-21-04` without a suffix."""
    owner = organization.removeprefix("org-")
    stamp = f"{datetime.fromtimestamp(finished_at, UTC):%Y-%m-%d-%H-%M-%S}"
    marker = f":{slug(suffix)}" if suffix and slug(suffix) else ""
    return f"{base_of(model)}:ft-{owner}{marker}-{stamp}"


def checkpoint_name(fine_tuned_model: str, step: int) -> str:
    """Return the name by which a checkpoint can be used as a model."""
    return f"{fine_tuned_model}:ckpt-step-{step}"
