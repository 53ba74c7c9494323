"""The reference training: supervised or DPO, LoRA or full, by transformers, peft and trl.

Imports nothing heavy before its data is read: a row that is wrong is refused on a node that has no torch.
"""

from __future__ import annotations

import os
import shutil
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .codes import Refused, Stopped
from .contract import Outcome, Run
from .data import file_sha256
from .rows import Row, read_rows
from .start import Start, adapter_settings, name_base, start_of
from .tokens import Encoded

ADAPTER = "adapter"
MODEL = "model"


def train(run: Run) -> Outcome:
    """Train what a job document says, from the last whole checkpoint on where there is one."""
    rows = read_rows(run.training_file, run.job.method)
    validation = read_rows(run.validation_file, run.job.method) if run.validation_file else []
    _check_adapter(run)
    run.message(f"{len(rows):,} rows are read; loading {run.job.model or run.job.continue_from}")
    _quiet()
    # Who has no torch is told so, and not that it has none of what needs it.
    import torch  # noqa: F401

    from .loading import load, load_tokenizer

    start = start_of(run.job)
    tokenizer = load_tokenizer(start)
    model = load(run.job, start)
    trainer, tokens = _trainer(run, start, (model, tokenizer), (rows, validation))
    return _trained(run, start, trainer, tokens)


def _check_adapter(run: Run) -> None:
    """Refuse what a person asked for that an adapter trained on would silently not have."""
    if run.job.continue_from is None or not run.job.hyperparameters.lora:
        return
    for name, has in adapter_settings(Path(run.job.continue_from)).items():
        told = run.job.given.get(name, has)
        if name == "modules_to_save":
            told = ",".join(sorted(each.strip() for each in told.split(",")))
        if told != has:
            words = f"hyperparameters.{name} is {told}, and that of {run.job.continue_from} is {has}"
            raise Refused(
                "job_document", words, f"leave {name} out: an adapter keeps it while it is trained on"
            )


def _quiet() -> None:
    """Progress bars, and what libraries say to whoever calls them, are of no use in a log."""
    warnings.filterwarnings("ignore", category=FutureWarning)
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")


def _trainer(
    run: Run, start: Start, loaded: tuple[Any, Any], rows: tuple[Sequence[Row], Sequence[Row]]
) -> tuple[Any, int]:
    """Return the trainer of the method, and the tokens of one epoch."""
    from datasets import Dataset, disable_progress_bars
    from transformers import PrinterCallback

    from .reporting import Reporter
    from .settings import arguments, encoder

    disable_progress_bars()
    model, tokenizer = loaded
    write = encoder(run.job, tokenizer)
    learnt = write(rows[0])
    told = {
        "model": model,
        "processing_class": tokenizer,
        "train_dataset": Dataset.from_list(learnt.examples),
        "eval_dataset": Dataset.from_list(write(rows[1]).examples) if rows[1] else None,
        "args": arguments(run.job, validates=bool(rows[1])),
        "callbacks": [Reporter(run, start.public, learnt.tokens)],
    }
    trainer = _of_method(run, start, told)
    # It prints to the log what the reporter says there.
    trainer.remove_callback(PrinterCallback)
    _announce(run, start, trainer, learnt)
    return trainer, learnt.tokens


def _announce(run: Run, start: Start, trainer: Any, learnt: Encoded) -> None:
    if learnt.cut:
        words = f"{learnt.cut:,} examples are longer than max_length and were cut; nothing to learn was left"
        run.message(f"{words} of {learnt.left_out:,}", "warn", cut=learnt.cut, left_out=learnt.left_out)
    sizes = [(each.numel(), each.requires_grad) for each in trainer.model.parameters()]
    trainable, whole = sum(size for size, learns in sizes if learns), sum(size for size, _ in sizes)
    words = f"training {len(learnt.examples):,} examples from {start.public}"
    run.message(
        f"{words}: {trainable:,} of {whole:,} parameters",
        examples=len(learnt.examples),
        tokens=learnt.tokens,
        trainable=trainable,
        parameters=whole,
        base_model=start.public,
    )


def _of_method(run: Run, start: Start, told: dict[str, Any]) -> Any:
    if run.job.method != "dpo":
        from trl import SFTTrainer

        return SFTTrainer(**told)
    from trl import DPOTrainer

    from .loading import reference

    return DPOTrainer(ref_model=reference(run.job, start), **told)


def _trained(run: Run, start: Start, trainer: Any, tokens: int) -> Outcome:
    from .reporting import last_logged

    for torn in run.output.torn_checkpoints():
        shutil.rmtree(torn, ignore_errors=True)
    kept = run.output.checkpoints()
    resume = str(kept[-1][1]) if kept else None
    if resume is not None:
        run.message(f"going on from {resume}", step=kept[-1][0], path=resume)
    run.stop.training()
    trainer.train(resume_from_checkpoint=resume)
    state = trainer.state
    if state.global_step < state.max_steps:
        raise Stopped(state.global_step, str(run.output.folder / f"checkpoint-{state.global_step}"))
    folder = run.output.folder / (ADAPTER if run.job.hyperparameters.lora else MODEL)
    _save(trainer, folder, start)
    return Outcome(
        fine_tuned_model=folder,
        base_model=start.public,
        steps=state.global_step,
        trained_tokens=run.job.hyperparameters.n_epochs * tokens,
        gpus=trainer.args.world_size if trainer.args.device.type == "cuda" else 0,
        train_loss=last_logged(state.log_history, "loss"),
        valid_loss=last_logged(state.log_history, "eval_loss"),
        weights_sha256=weights_sha256(folder) if trainer.args.should_save else None,
    )


def _save(trainer: Any, folder: Path, start: Start) -> None:
    """Write the model anew, with its tokenizer: a start that was killed may have left half of it."""
    if trainer.args.should_save:
        shutil.rmtree(folder, ignore_errors=True)
    trainer.save_model(str(folder))
    if trainer.args.should_save:
        name_base(folder, start.public)
        # What DPO compared with is no part of what it has made.
        shutil.rmtree(folder / "ref", ignore_errors=True)


def weights_sha256(folder: Path) -> str:
    """Return the digest of the weights: of their file, or of the names and digests of several."""
    import hashlib

    files = sorted(folder.glob("*.safetensors"))
    digests = [file_sha256(file) for file in files]
    if len(digests) == 1:
        return digests[0]
    lines = "".join(f"{digest}  {file.name}\n" for file, digest in zip(files, digests, strict=True))
    return hashlib.sha256(lines.encode()).hexdigest()
