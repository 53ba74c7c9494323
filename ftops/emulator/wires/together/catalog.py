"""The models that are trained, with their limits and prices. Figures are believable, not Together's own."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ftops.emulator.world.models import RELEASED_AT


@dataclass(frozen=True, slots=True)
class Base:
    """One base model. Prices are dollars for a million tokens."""

    name: str
    context: int
    full: bool
    lora_dollars: float
    full_dollars: float = 0.0
    rank: int = 64
    epochs: int = 20
    vision: bool = False


BASES: dict[str, Base] = {
    base.name: base
    for base in (
        Base("Qwen/Qwen3-8B", 8192, full=True, lora_dollars=0.48, full_dollars=0.54),
        Base("Qwen/Qwen3-0.6B", 32768, full=True, lora_dollars=0.48, full_dollars=0.54),
        Base("meta-llama/Meta-Llama-3.1-8B-Instruct-Reference", 8192, True, 0.48, 0.54),
        Base("meta-llama/Llama-3.3-70B-Instruct-Reference", 8192, full=False, lora_dollars=2.9),
        Base("openai/gpt-oss-20b", 16384, full=False, lora_dollars=1.5),
        Base("openai/gpt-oss-120b", 16384, full=False, lora_dollars=5.0),
        Base("google/gemma-3-4b-it-VLM", 8192, True, 0.48, 0.54, vision=True),
    )
}

LARGEST_BATCH = 8
LEAST_RATE, LARGEST_RATE = 1e-8, 1.0
SHORTEST_SEQUENCE = 256
MOST_EVALS, MOST_CHECKPOINTS = 100, 20
DOLLARS_LIMIT = 100.0
MILLION = 1_000_000


def show_limits(base: Base) -> dict[str, Any]:
    """Return what `/fine-tunes/models/limits` says, the SDK's additions among it."""
    batches = {"max_batch_size": LARGEST_BATCH, "max_batch_size_dpo": LARGEST_BATCH, "min_batch_size": 1}
    none = dict.fromkeys(batches, 0)
    return {
        "model_name": base.name,
        "full_training": batches if base.full else none,
        "lora_training": {
            **batches,
            "max_rank": base.rank,
            "default_rank": base.rank,
            "target_modules": ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"],
        },
        "max_num_epochs": base.epochs,
        "max_num_evals": MOST_EVALS,
        "max_num_checkpoints": MOST_CHECKPOINTS,
        "max_learning_rate": LARGEST_RATE,
        "min_learning_rate": LEAST_RATE,
        "max_seq_length_sft": base.context,
        "max_seq_length_dpo": base.context,
        "min_max_seq_length": SHORTEST_SEQUENCE,
        "default_gradient_accumulation_steps": 1,
        "supports_full_training": base.full,
        "supports_vision": base.vision,
        "supports_tools": True,
        "supports_reasoning": base.name.startswith("Qwen/"),
        "merge_output_lora": True,
    }


def show_base(base: Base) -> dict[str, Any]:
    """Return an item of `/models`."""
    per_million = {"hourly": 0, "input": 0.2, "output": 0.2, "base": 0, "finetune": base.lora_dollars}
    return {
        "id": base.name,
        "object": "model",
        "created": RELEASED_AT,
        "type": "chat",
        "display_name": base.name.rpartition("/")[2],
        "organization": base.name.partition("/")[0],
        "context_length": base.context,
        "pricing": per_million,
    }


def rate(base: Base, *, full: bool) -> Decimal:
    """Return the dollars for a million trained tokens."""
    return Decimal(str(base.full_dollars if full else base.lora_dollars))


def dollars(base: Base, tokens: int, *, full: bool) -> float:
    """Return the price of a training."""
    return tokens / MILLION * (base.full_dollars if full else base.lora_dollars)
