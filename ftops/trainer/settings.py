"""What a job document's hyperparameters come to in the words of transformers and trl."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .job import Hyperparameters, Job
from .rows import Row
from .tokens import Encoded, encode, preferences


def encoder(job: Job, tokenizer: Any) -> Callable[[Sequence[Row]], Encoded]:
    """Return what writes rows as examples of the method."""
    if job.method == "dpo":
        return lambda rows: preferences(rows, tokenizer)
    return lambda rows: encode(rows, tokenizer, job.hyperparameters.max_length)


def arguments(job: Job, *, validates: bool) -> Any:
    """Return the arguments of the method's trainer."""
    told = job.hyperparameters
    common = {
        "output_dir": str(job.output),
        "num_train_epochs": told.n_epochs,
        "per_device_train_batch_size": told.batch_size,
        "per_device_eval_batch_size": told.batch_size,
        "gradient_accumulation_steps": told.gradient_accumulation_steps,
        "learning_rate": told.learning_rate * told.learning_rate_multiplier,
        "lr_scheduler_type": _schedule(told),
        # A share, as every version since 5.0 reads a number below 1.
        "warmup_steps": told.warmup_ratio if told.warmup_ratio < 1 else 0,
        "weight_decay": told.weight_decay,
        "max_grad_norm": told.max_grad_norm,
        "max_length": told.max_length,
        "logging_steps": told.logging_steps,
        "logging_first_step": True,
        "save_strategy": "steps" if told.save_steps else "epoch",
        "save_steps": told.save_steps or 1,
        "save_total_limit": told.keep_checkpoints,
        "eval_strategy": ("steps" if told.eval_steps else "epoch") if validates else "no",
        "eval_steps": told.eval_steps or 1,
        "activation_checkpointing": told.gradient_checkpointing,
        "seed": job.seed,
        "bf16": uses_bf16(told),
        "use_cpu": not _has_device(),
        "dataloader_pin_memory": _has_device(),
        "report_to": "none",
        "disable_tqdm": True,
    }
    if job.method == "dpo":
        from trl import DPOConfig

        return DPOConfig(**common, beta=told.beta)
    from trl import SFTConfig

    return SFTConfig(**common)


def uses_bf16(told: Hyperparameters) -> bool:
    """Return whether to compute in bfloat16: as told, else where the device is a GPU that can."""
    import torch

    if told.bf16 is not None:
        return told.bf16
    return bool(torch.cuda.is_available() and torch.cuda.is_bf16_supported())


def _has_device() -> bool:
    import torch

    return bool(torch.cuda.is_available())


def _schedule(told: Hyperparameters) -> str:
    return (
        "constant_with_warmup" if told.lr_scheduler == "constant" and told.warmup_ratio else told.lr_scheduler
    )
