"""A model and its tokenizer, loaded. Needs torch, transformers and peft."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer, set_seed
from transformers.utils import logging as transformers_logging

from .codes import Refused
from .job import Hyperparameters, Job
from .settings import uses_bf16
from .start import Start

_T = TypeVar("_T")

transformers_logging.set_verbosity_error()
transformers_logging.disable_progress_bar()


def load_tokenizer(start: Start) -> Any:
    """Load the tokenizer; one that has no token to fill up with takes its end."""
    tokenizer = _loaded(start.tokenizer, lambda: AutoTokenizer.from_pretrained(start.tokenizer))
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def load(job: Job, start: Start) -> Any:
    """Load what is trained: a new adapter on the base, an earlier adapter, or all weights."""
    told = job.hyperparameters
    # What is new starts from the seed alone, whatever has drawn from it before.
    set_seed(job.seed)
    model = _base(start, told)
    if start.adapter is not None:
        model = _with_adapter(model, start.adapter, trainable=told.lora)
        if not told.lora:
            return model.merge_and_unload().requires_grad_(requires_grad=True)
        # peft looks the base up whenever it saves: on this node, and not by its public name on the hub.
        model.peft_config["default"].base_model_name_or_path = start.base
    elif told.lora:
        model = get_peft_model(model, _lora(told))
    return model


def reference(job: Job, start: Start) -> Any:
    """Return what DPO compares with: of an adapter trl finds it itself, of all weights it needs a copy."""
    return None if job.hyperparameters.lora else load(job, start)


def load_for_answers(start: Start, *, adapted: bool) -> Any:
    """Load a model to ask it something."""
    model = _loaded(start.base, lambda: AutoModelForCausalLM.from_pretrained(start.base))
    if adapted and start.adapter is not None:
        model = _with_adapter(model, start.adapter, trainable=False)
    return model.eval()


def _base(start: Start, told: Hyperparameters) -> Any:
    # All weights are kept in 32 bits while they learn, whatever they are computed in.
    dtype = torch.bfloat16 if told.lora and uses_bf16(told) else torch.float32
    model = _loaded(start.base, lambda: AutoModelForCausalLM.from_pretrained(start.base, dtype=dtype))
    model.config.use_cache = False
    return model


def _with_adapter(model: Any, adapter: Path, *, trainable: bool) -> Any:
    return _loaded(
        str(adapter), lambda: PeftModel.from_pretrained(model, str(adapter), is_trainable=trainable)
    )


def _lora(told: Hyperparameters) -> LoraConfig:
    names = [name.strip() for name in told.target_modules.split(",")]
    return LoraConfig(
        r=told.lora_r,
        lora_alpha=told.lora_alpha,
        lora_dropout=told.lora_dropout,
        target_modules=names[0] if names == ["all-linear"] else names,
        modules_to_save=[name.strip() for name in told.modules_to_save.split(",")]
        if told.modules_to_save
        else None,
        task_type="CAUSAL_LM",
    )


def _loaded(name: str, load_it: Callable[[], _T]) -> _T:
    try:
        return load_it()
    except OSError as error:
        first = str(error).split("\n", maxsplit=1)[0]
        hint = "name a folder that every node can read, or let the nodes reach the model hub"
        raise Refused("model_missing", f"the model {name} is not on this node: {first}", hint) from error
