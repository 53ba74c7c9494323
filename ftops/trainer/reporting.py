"""What a training reports while it runs, and how it stops. Needs transformers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from .contract import Run
from .start import name_base


class Reporter(TrainerCallback):  # type: ignore[misc] # transformers has no types where it is not installed
    """Turns what transformers logs and saves into events, and SIGTERM into a checkpoint at that step."""

    def __init__(self, run: Run, base: str, tokens_of_an_epoch: int) -> None:
        self._run = run
        self._base = base
        self._tokens = tokens_of_an_epoch

    def on_log(
        self, args: Any, state: Any, control: Any, logs: Mapping[str, Any] | None = None, **_: Any
    ) -> None:
        """Report losses. What transformers logs at the end is a mean over the run, and no step's."""
        told = logs or {}
        if "loss" in told or "eval_loss" in told:
            self._run.metrics(
                state.global_step,
                state.max_steps,
                epoch=_rounded(state.epoch),
                train_loss=_number(told.get("loss")),
                valid_loss=_number(told.get("eval_loss")),
                learning_rate=_number(told.get("learning_rate")),
                tokens=round((state.epoch or 0) * self._tokens),
            )

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Report a checkpoint, once everything of it is written."""
        checkpoint = Path(args.output_dir) / f"checkpoint-{state.global_step}"
        if state.is_world_process_zero:
            name_base(checkpoint, self._base)
            self._run.checkpoint(state.global_step, checkpoint)

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """After SIGTERM, save at this step and end. All processes of a training must decide alike."""
        if _any_process(requested=self._run.stop.requested) and state.global_step < state.max_steps:
            control.should_save = control.should_training_stop = True


def last_logged(history: list[dict[str, Any]], name: str) -> float | None:
    """Return the last figure of this name that a training has logged, in this start or an earlier one."""
    found = [entry[name] for entry in history if name in entry]
    return _number(found[-1]) if found else None


def _any_process(*, requested: bool) -> bool:
    import torch
    from torch import distributed

    if not (distributed.is_available() and distributed.is_initialized()):
        return requested
    device = "cuda" if distributed.get_backend() == "nccl" else "cpu"
    flag = torch.tensor([int(requested)], device=device)
    distributed.all_reduce(flag, op=distributed.ReduceOp.MAX)
    return bool(flag.item())


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _rounded(value: Any) -> float | None:
    return None if value is None else round(float(value), 4)
