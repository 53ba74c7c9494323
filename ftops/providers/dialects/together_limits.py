"""Why a create may have been refused, by the limits of its model: asked for after a refusal alone.

The SDK 3.1.1 asks for them before each create. ftops does not: nothing may come between the check of its
lease and the create, and a plan asks for nothing more than it must.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ftops.errors import ProviderError
from ftops.model.finetune import Method
from ftops.model.json_value import JSON
from ftops.model.request import JobRequest
from ftops.providers.decoding import optional_number
from ftops.providers.flow import Flow
from ftops.transport.exchange import Request

_NOT_FOUND = 404
_BOUNDS = {
    "n_epochs": (None, "max_num_epochs"),
    "n_evals": (None, "max_num_evals"),
    "n_checkpoints": (None, "max_num_checkpoints"),
    "learning_rate": ("min_learning_rate", "max_learning_rate"),
}


def reason(request: JobRequest) -> Flow[str | None]:
    """Compare a request that was refused with its model's limits; None where they do not explain it."""
    if request.chained:
        return None
    query = {"model_name": request.model}
    takes = frozenset({_NOT_FOUND})
    try:
        answer = yield Request("limits", "GET", "/fine-tunes/models/limits", query, takes=takes)
    except ProviderError:
        return None
    told = answer.reply.body
    if answer.reply.status == _NOT_FOUND:
        # A server that has no such route answers with 404 too, but not with a message about the model.
        known = isinstance(told, Mapping) and isinstance(told.get("message"), str)
        return f"Together does not train {request.model}" if known else None
    return next(_beyond(request, told), None) if isinstance(told, Mapping) else None


def _beyond(request: JobRequest, limits: Mapping[str, Any]) -> Iterator[str]:
    asked = request.hyperparameters
    for name, (low, high) in _BOUNDS.items():
        yield from _outside(name, asked.get(name), limits.get(low or ""), limits.get(high))
    dpo = request.method is Method.DPO
    longest = limits.get("max_seq_length_dpo" if dpo else "max_seq_length_sft")
    lowest = limits.get("min_max_seq_length")
    yield from _outside("max_seq_length", asked.get("max_seq_length"), lowest, longest)
    told = request.provider_options.get("training_type")
    kind = told if isinstance(told, Mapping) else {}
    full = kind.get("type") == "Full"
    if full and limits.get("supports_full_training") is False:
        yield f"{request.model} is trained with LoRA alone"
    found = limits.get("full_training" if full else "lora_training")
    of_kind = found if isinstance(found, Mapping) else {}
    largest = of_kind.get("max_batch_size_dpo" if dpo else "max_batch_size")
    yield from _outside("batch_size", asked.get("batch_size"), of_kind.get("min_batch_size"), largest)
    yield from _outside("lora_r", kind.get("lora_r"), None, of_kind.get("max_rank"))


def _outside(name: str, asked: JSON, low: Any, high: Any) -> Iterator[str]:
    """Say what is too small or too large; a limit of 0 is none."""
    if isinstance(asked, bool) or not isinstance(asked, int | float):
        return
    least, most = optional_number(low), optional_number(high)
    if least is not None and asked < least:
        yield f"{name} is {asked:g}, and this model takes at least {least:g}"
    if most is not None and asked > most:
        yield f"{name} is {asked:g}, and this model takes at most {most:g}"
